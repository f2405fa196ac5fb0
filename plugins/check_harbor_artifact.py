#!/usr/bin/env python3
"""Is this artifact there, recent, scanned and signed?

Reads one artifact by its tag or digest from /api/v2.0/projects/PROJECT/repositories/REPOSITORY/artifacts/REFERENCE:
when it was pushed, its scan, and what is attached to it.

States:
  OK        it is there and meets the options
  WARNING   its last push is older than -w
  CRITICAL  it is not there; its last push is older than -c (or --maximum-age); it lacks what --require asks for; its
            scan found a vulnerability at least as severe as --severity
  UNKNOWN   usage error, no credentials, a missing permission, an unexpected answer; with --isolate: another probe
            reports the cause, named in the line (jobservice, database, the credentials)

-w and -c are times since the last push of the artifact, or of its tag; both are off by default. --require scan asks for
a scan that succeeded, and so does --severity: an artifact without a scan does not count as clean. --require signature
asks for one by cosign or notation (Harbor 2.5 and newer), --require sbom asks for one that Harbor knows (2.11 and
newer).

Perfdata:
  age              seconds since the last push
  size             its size in bytes
  vulnerabilities  how many its scan found; left out without one
  critical         critical ones among them
  time             seconds that the answer took

Permissions: artifact:read, in the project. Harbor: 2.0 or newer; robot accounts can hold this permission from 2.9 on;
on 2.9 itself only an account without any permission at the system level.

Does not see: whether it can be pulled (check_harbor_pull); whether its signature is valid and who signed it (Harbor
2.15 counts attestations of cosign 3 as signatures); a scan that is old. A missing permission and a missing project look
the same.
"""

import harbor_preloaded

import argparse
from collections.abc import Generator, Mapping

from harborlib.harbor import Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.harbor.refusals import ABSENT, TOO_OLD
from harborlib.judge import STANDSTILL, Limit, Problem, Reading, Readings, Shown
from harborlib.judge.readings import Options, Range
from harborlib.run import Probe, Service, plugin, values
from harborlib.text import BYTES, CRITICAL, SECONDS, Summary, words
from harborlib.text.units import limit
from harborlib.wire import STATUS, Failure, Kind, Unusable

PUSH = "check the pipeline that pushes it, then the project's tag retention and the audit log for who deleted it"
SCAN = "start its scan in the web UI (the artifact's menu), and run check_harbor_scanner"
ATTACH = "check the pipeline that should attach it (copying and replication can lose it)"
REBUILD = "rebuild it on a newer base image and scan it (the web UI lists its vulnerabilities)"


class PushAge(Limit):
    """Seconds since the last push; the critical limit has a second option name."""

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Declare -w, -c and --maximum-age."""
        super().declare(parser)
        parser.add_argument("--maximum-age", metavar="TIME", type=limit, help="the same as -c TIME, as 8d")

    def limits(self, reading: Reading, args: Options) -> tuple[Range, Range]:
        """The ranges of the options."""
        return args.warning, args.critical or args.maximum_age


MISSING = Kind("artifact.missing", STATUS, CRITICAL, PUSH)
push_age = PushAge("artifact.too-old", "age", SECONDS, "last push {value} ago",
                   help="time since the last push", next_step=PUSH)  # fmt: skip
not_scanned = Problem("artifact.not-scanned", CRITICAL, SCAN, STANDSTILL)
vulnerable = Problem("artifact.vulnerable", CRITICAL, REBUILD)
not_signed = Problem("artifact.not-signed", CRITICAL, ATTACH)
no_sbom = Problem("artifact.no-sbom", CRITICAL, ATTACH)
size = Shown("size", BYTES)
vulnerabilities = Shown("vulnerabilities")
critical_ones = Shown("critical")

REQUIREMENTS = ("scan", "signature", "sbom")
SEVERITIES = ("none", "unknown", "negligible", "low", "medium", "high", "critical")  # as Harbor ranks them
REPORTS = (
    "application/vnd.security.vulnerability.report; version=1.1",
    "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0",
)
REST_OF_A_DIGEST = 52  # characters of a digest that are cut when a line is too short: twelve remain
WITH = dict.fromkeys(("with_tag", "with_scan_overview", "with_accessory"), "true")


def measure(run: Run) -> Readings:
    """One artifact and what is known about it."""
    image = run.args.artifact
    if run.args.critical and run.args.maximum_age:
        raise Unusable("-c and --maximum-age mean the same: use only one of them")
    row = artifact(run, image)
    tags = [tag.moment("push_time") for tag in row.rows("tags") if tag.name("name") == image.reference]
    pushed = max(filter(None, [row.moment("push_time"), *tags]), default=None)
    if pushed is None:
        raise row.fail("push_time is missing")
    age = max(0.0, run.rest.now - pushed)
    attached = [accessory.name("type").partition(".")[0] for accessory in row.rows("accessories")]
    yield push_age(round(age))
    yield size(row.count("size"))
    title = str(image)[: -REST_OF_A_DIGEST if ":" in image.reference else None]
    text = f"{title}: pushed {words.span(age)} ago, {words.size(row.count('size'))}"
    text += yield from scan(run, row.inner("scan_overview"))
    for kind, has, lack, lacks in (
        ("signature", "signed", not_signed, "not signed"),
        ("sbom", "with an SBOM", no_sbom, "no SBOM"),
    ):
        if kind in attached:
            text += f", {has}"
        elif kind in run.args.require and not row.shows("accessories"):
            raise Failure(TOO_OLD, f"cannot check for a {kind}: this needs Harbor 2.5 or newer")
        elif kind in run.args.require:
            yield lack(lacks)
    return Summary(text, title)


def artifact(run: Run, image: values.Image) -> Fields:
    """Harbor's data about it; raises Failure (MISSING) if it does not exist."""
    project, _, repository = image.repository.partition("/")
    try:
        return run.rest.get(endpoints.ARTIFACT, project, repository, image.reference, **WITH)
    except Failure as failure:
        raise failure.but(kind=MISSING, next_step=PUSH) if failure.kind is ABSENT else failure from None


def scan(run: Run, overviews: Fields) -> Generator[Reading, None, str]:
    """Whether it was scanned, and what was found; returns that in words."""
    report = overviews.inner(next((kind for kind in REPORTS if kind in overviews), REPORTS[0]))
    state = lack_of_scan(report)
    if state:
        if "scan" in run.args.require or run.args.severity:
            yield not_scanned(state)
        return f", {state}"
    summary = report.inner("summary")
    counts = {name.lower(): count for name, count in summary.inner("summary").counts().items() if count}
    found = ", ".join(f"{counts[name]:.12g} {name}" for name in reversed(SEVERITIES) if name in counts)
    if run.args.severity and is_too_bad(report, counts, run.args.severity):
        yield vulnerable(f"scan found {found} vulnerabilities")
    yield vulnerabilities(summary.count("total"))
    yield critical_ones(counts.get("critical", 0))
    return f", scanned ({found or 'nothing found'})"


def lack_of_scan(report: Fields) -> str:
    """Why a report does not cover a whole scan, or "": a scan can succeed without a report, or with a partial one."""
    status = report.name("scan_status")
    if status != "Success":
        return f"not scanned (status {status})" if status else "not scanned"
    if "summary" not in report:
        return "not scanned (status Success, but no report)"
    done = report.count("complete_percent") if "complete_percent" in report else 100
    return f"only partly scanned ({done:.12g}% of its parts)" if done < 100 else ""


def is_too_bad(report: Fields, counts: Mapping[str, float], severity: str) -> bool:
    """Whether a vulnerability has this severity or a worse one. Not every scanner reports the worst one itself."""
    found = {report.name("severity").lower() or SEVERITIES[0], *counts}
    strange = sorted(found.difference(SEVERITIES))
    if strange:
        raise report.fail(f"unknown severity {strange[0][:40]}")
    return bool(found.intersection(SEVERITIES[SEVERITIES.index(severity) :]))


def requirements(text: str) -> list[str]:
    """A list of REQUIREMENTS, separated by commas; raises ArgumentTypeError."""
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in REQUIREMENTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"not one of {', '.join(REQUIREMENTS)}: {unknown[0][:40]!r}")
    return names


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare which artifact is checked, and what it must have."""
    parser.add_argument("--artifact", metavar="P/R:TAG", type=values.image, required=True,
                        help="the artifact, with its project, by tag or as P/R@DIGEST")  # fmt: skip
    parser.add_argument("--require", metavar="LIST", type=requirements, default=[],
                        help="what it must have: scan, signature, sbom")  # fmt: skip
    parser.add_argument("--severity", choices=SEVERITIES[3:], help="critical for a vulnerability as severe as this")


main = plugin.main(Probe(
    __name__,
    measure,
    [push_age, not_scanned, vulnerable, not_signed, no_sbom, size, vulnerabilities, critical_ones],
    declare=declare,
    asks=[endpoints.ARTIFACT],
    services=[
        Service(every="15min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile", "artifact"),
                options={"--artifact": "{artifact}"},
                notes="An artifact is missing, old, not scanned or not signed. "
                "Look at the pipeline that makes it, and at the project's retention policy.")
    ],
    example=["--artifact", "priv/img:1.0"],
))  # fmt: skip
