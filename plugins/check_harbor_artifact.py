#!/usr/bin/env python3
"""Is this artifact there, young, scanned and signed?

Reads one artifact by its tag or digest from
/api/v2.0/projects/PROJECT/repositories/REPOSITORY/artifacts/REFERENCE: when it was pushed, its scan, what is attached
to it.

States:
  OK        it is there, and as the options ask
  WARNING   its last push is long ago (-w)
  CRITICAL  it is not there; its last push is very long ago (-c, --maximum-age); it lacks what --require asks for; its
            scan found a vulnerability of the severity of --severity or a worse one
  UNKNOWN   usage error, no login, a right is missing, no answer that can be judged; with --isolate: another probe
            reports the cause, named in the line (jobservice, database, the login)

-w and -c are times since the last push of the artifact, or of its tag; both are off by default. --require scan asks for
a scan that succeeded, and so does --severity: what is not scanned is not clean. --require signature asks for one by
cosign or notation, --require sbom for one that Harbor knows (2.11 and newer).

Perfdata:
  age              seconds since the last push
  size             its size in bytes
  vulnerabilities  how many its scan found; left out without one
  critical         critical ones among them
  time             seconds that the answer took

Rights: artifact:read, in the project. Harbor: 2.5 or newer; robot accounts can hold this right from 2.9 on, there one
that has no right on system level besides.

Does not see: whether it can be pulled (check_harbor_pull); whether its signature is valid, and whose it is (Harbor 2.15
takes attestations of cosign 3 for signatures); a scan that is old. A right that is missing and a project that is not
there look alike.
"""

from argparse import ArgumentTypeError

from harborlib import endpoints, isolation, judgement, options, plugin, summaries, units, words
from harborlib.failure import Failure, Unusable
from harborlib.judgement import Finding, Shown, Threshold
from harborlib.rest import Rest

import nagiosplugin
from nagiosplugin import Critical

REPORTS = (
    "application/vnd.security.vulnerability.report; version=1.1",
    "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0",
)
REQUIREMENTS = ("scan", "signature", "sbom")
SEVERITIES = ("none", "unknown", "negligible", "low", "medium", "high", "critical")  # as Harbor ranks them
REST_OF_A_DIGEST = 52  # characters of one for which a line has no room: twelve stay
WITH = dict.fromkeys(("with_tag", "with_scan_overview", "with_accessory"), "true")
PUSH = (
    "look at the pipeline that should push it, at the project's tag retention, and in the audit log for who deleted it"
)
SCAN = "start its scan in the UI (the artifact's menu), and run check_harbor_scanner"
ATTACH = "look at the pipeline that should attach it; copies and replication can lose it"
REBUILD = "see its vulnerabilities in the UI; build it anew on a newer base, then scan it"


class Artifact(nagiosplugin.Resource):
    """One artifact, with what is known of it."""

    def __init__(self, rest, args):
        self.rest = rest
        self.image = args.artifact
        self.require = args.require
        self.severity = args.severity
        is_digest = ":" in args.artifact.reference
        self.title = str(args.artifact)[: -REST_OF_A_DIGEST if is_digest else None]
        self.fine = ""

    def probe(self):
        row = self.artifact()
        tags = [tag.moment("push_time") for tag in row.rows("tags") if tag.name("name") == self.image.reference]
        pushed = max(filter(None, [row.moment("push_time"), *tags]), default=None)
        if pushed is None:
            raise row.fail("push_time is missing")
        age = max(0.0, self.rest.now - pushed)
        kinds = [accessory.name("type").partition(".")[0] for accessory in row.rows("accessories")]
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("age", round(age), "s", min=0)
        yield nagiosplugin.Metric("size", row.count("size"), "B", min=0, context="value")
        self.fine = f"{self.title}: pushed {words.span(age)} ago, {words.size(row.count('size'))}"
        yield from self.scan(row.inner("scan_overview"))
        for kind, has, lacks in (("signature", "signed", "not signed"), ("sbom", "with an SBOM", "no SBOM")):
            missing = kind in self.require and kind not in kinds
            yield nagiosplugin.Metric(kind, lacks if missing else "", context="attached")
            self.fine += f", {has}" if kind in kinds else ""

    def artifact(self):
        project, _, repository = self.image.repository.partition("/")
        try:
            return self.rest.get(endpoints.ARTIFACT, project, repository, self.image.reference, **WITH)
        except Failure as failure:
            raise failure.but(state="critical", next_step=PUSH) if failure.absent else failure from None

    def scan(self, overviews):
        """Whether it is scanned, and what was found."""
        report = overviews.inner(next((kind for kind in REPORTS if kind in overviews), REPORTS[0]))
        status = report.name("scan_status")
        state = "scanned" if status == "Success" else f"not scanned (status {status})" if status else "not scanned"
        needed = "scan" in self.require or self.severity
        yield nagiosplugin.Metric("scan", state if needed and status != "Success" else "")
        self.fine += f", {state}"
        if status == "Success":
            summary = report.inner("summary")
            counts = {name.lower(): count for name, count in summary.inner("summary").counts().items() if count}
            found = ", ".join(f"{counts[name]:.12g} {name}" for name in reversed(SEVERITIES) if name in counts)
            self.fine += f" ({found or 'nothing found'})"
            yield nagiosplugin.Metric("severity", f"found {found}" if self.is_too_bad(report, counts) else "")
            yield nagiosplugin.Metric("vulnerabilities", summary.count("total"), min=0, context="value")
            yield nagiosplugin.Metric("critical", counts.get("critical", 0), min=0, context="value")

    def is_too_bad(self, report, counts):
        """Whether a vulnerability is as severe as --severity, or worse. Not each scanner names the worst itself."""
        found = {report.name("severity").lower() or SEVERITIES[0], *counts}
        strange = sorted(found.difference(SEVERITIES))
        if self.severity and strange:
            raise report.fail(f"the unknown severity {strange[0][:40]}")
        return self.severity and found.intersection(SEVERITIES[SEVERITIES.index(self.severity) :])


class Summary(summaries.Summary):
    """The first line, which names the artifact as soon as it is there."""

    def problem(self, results):
        return f"{self.resource.title}: " * bool(self.resource.fine) + super().problem(results)


def requirements(text):
    """A list of REQUIREMENTS, separated by commas; raises ArgumentTypeError."""
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in REQUIREMENTS]
    if unknown:
        raise ArgumentTypeError(f"not one of {', '.join(REQUIREMENTS)}: {unknown[0][:40]!r}")
    return names


def declare(parser):
    parser.add_argument("--artifact", metavar="P/R:TAG", type=options.image, required=True,
                        help="the artifact, with its project, by tag or as P/R@DIGEST")  # fmt: skip
    options.thresholds(parser, "", "time since the last push", None, None, units.SECONDS)
    parser.add_argument("--maximum-age", metavar="TIME", type=units.limit, help="the same as -c TIME, as 8d")
    parser.add_argument("--require", metavar="LIST", type=requirements, default=[],
                        help="what it must have: scan, signature, sbom")  # fmt: skip
    parser.add_argument("--severity", choices=SEVERITIES[3:], help="critical for a vulnerability as severe as this")


def check(args, harbor):
    if args.critical and args.maximum_age:
        raise Unusable("-c and --maximum-age are the same: give one of them")
    artifact = Artifact(Rest(harbor), args)
    limits = (args.warning, args.critical or args.maximum_age)
    return nagiosplugin.Check(
        artifact,
        Threshold("age", *limits, "last push {value} ago", words.span, PUSH),
        Finding("scan", Critical, SCAN, kind=isolation.STANDSTILL),
        Finding("severity", Critical, REBUILD),
        Finding("attached", Critical, ATTACH),
        Shown("value"),
        Shown("time"),
        Summary(artifact),
    )


main = plugin.main(__name__, declare, check)
