#!/usr/bin/env python3
"""Are the images scanned, and how many vulnerabilities were found?

Reads the counts of the security hub (/api/v2.0/security/summary) and of the last scan-all
(/api/v2.0/scans/all/metrics): how many images it found, and how many scans failed. When scans fail, Harbor's counts
drop to 0 although it still reports the images as scanned.

States:
  OK        enough of the images are scanned, or there is no artifact
  WARNING   few of the images are scanned (-w); 0 vulnerabilities, but scans failed; the number of critical ones is
            outside --critical-cves
  CRITICAL  very few of them are (-c)
  UNKNOWN   most artifacts are not scanned, and no scan-all has counted how many of them are images; usage error, no
            credentials, a missing permission, Harbor is older than 2.9 or has no scanner, an unexpected answer; with
            --isolate: another probe reports the cause, named in the line (database, the credentials)

-w and -c are percent of the images that are scanned. Harbor's number of artifacts includes indexes, signatures and
SBOMs, which are never scanned: the number of images is the one that the last scan-all found. The numbers of
vulnerabilities are not judged, unless --critical-cves asks for it.

Perfdata:
  coverage   percent of the images that are scanned
  images     images that the last scan-all found
  artifacts  artifacts in Harbor, of every kind
  scanned    those that are scanned
  critical   vulnerabilities of this severity, each counted in every artifact that has it; in the same way high, medium,
             low, unknown, none
  fixable    those for which there is a fixed version
  total      all of them
  time       seconds that the answers took

Permissions: security-hub:read and scan-all:read, at the system level. Harbor: 2.9 or newer; robot accounts can hold
these permissions from 2.9 on.

Does not see: which artifact has them (the UI's Security Hub, or check_harbor_artifact); how old a scan is; images
pushed or deleted, and scans that failed, after the last scan-all.
"""

import harbor_preloaded

import argparse

from harborlib.harbor import Run, endpoints
from harborlib.judge import Limit, Problem, Reading, Readings, Shown
from harborlib.judge.readings import Options, Range
from harborlib.run import Probe, Service, plugin
from harborlib.text import COUNT, PERCENT, UNKNOWN, WARNING, words
from harborlib.text.units import LOW, RangeType

SCAN = "start scan-all in the web UI (Interrogation Services), or let projects scan on push"
COUNT_THEM = "start scan-all in the web UI (Interrogation Services), or set a schedule there: it counts them"
FAILING = "run check_harbor_scan and check_harbor_scanner: as long as scans fail, these counts mean nothing"
REBUILD = "find the worst artifacts in the web UI's Security Hub, and have them rebuilt"
SEVERITIES = ("high", "medium", "low", "unknown", "none")  # besides critical, which has a limit


class CriticalCves(Limit):
    """The number of critical vulnerabilities, with only a warning limit, and only if the option is given."""

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Declare --critical-cves."""
        parser.add_argument("--critical-cves", metavar="RANGE", type=RangeType(COUNT),
                            help=f"warning outside this range: {self.help}")  # fmt: skip

    def limits(self, reading: Reading, args: Options) -> tuple[Range, Range]:
        """The range of the option."""
        return args.critical_cves, None


coverage = Limit("vulnerabilities.few-scanned", "coverage", PERCENT, "{value} of {things} scanned",
                 "90%:", "50%:", bad=LOW, help="percent of the images that are scanned", next_step=SCAN)  # fmt: skip
uncounted = Problem("vulnerabilities.images-uncounted", UNKNOWN, COUNT_THEM)
unreliable = Problem("vulnerabilities.counts-unreliable", WARNING, FAILING)
critical = CriticalCves("vulnerabilities.too-many-critical", "critical", COUNT, "{value} critical vulnerabilities",
                        help="number of vulnerabilities of severity critical", next_step=REBUILD)  # fmt: skip
images = Shown("images")
artifacts = Shown("artifacts")
artifacts_scanned = Shown("scanned")
others = {severity: Shown(severity) for severity in SEVERITIES}
fixable = Shown("fixable")
all_found = Shown("total")


def measure(run: Run) -> Readings:
    """The counts of the security hub, and whether the last scan of all images failed."""
    summary = run.rest.get(endpoints.SECURITY_SUMMARY)
    scans = run.rest.get(endpoints.SCAN_ALL_METRICS)
    found = {severity: summary.count(f"{severity}_cnt") for severity in ("critical", *SEVERITIES)}
    scanned, total = summary.count("scanned_cnt"), summary.count("total_vuls")
    number = summary.count("total_artifact", needed=True)
    errors, found_by_scan = scans.inner("metrics").count("Error"), scans.count("total")
    failed = f"{errors} of {found_by_scan} scans failed"
    if number:
        yield coverage_of(run, scanned, number, found_by_scan)
        yield images(found_by_scan)
    if errors and scanned and not total:
        yield unreliable(f"0 vulnerabilities in {scanned} artifacts, but {failed} in the last scan-all")
    yield artifacts(number)
    yield artifacts_scanned(scanned)
    yield critical(found["critical"])
    for severity, shown in others.items():
        yield shown(found[severity])
    yield fixable(summary.count("fixable_cnt"))
    yield all_found(total)
    if not number:
        return "Harbor holds no artifact: there is nothing to check"
    text = f"{scanned} of {number} artifacts scanned"
    text += f" ({words.number(found_by_scan, 'image')})" if number > scanned and found_by_scan else ""
    text += f", {total} vulnerabilities"
    if total:
        text += f", {found['critical']} critical, {found['high']} high"
    return text + (f", {failed}, so there may be more" if errors else "")


def coverage_of(run: Run, scanned: int, number: int, found_by_scan: int) -> Reading:
    """How many of the images are scanned; if no scan of all images counted them, at least this many."""
    if found_by_scan:
        known = min(number, found_by_scan)
        return coverage(words.share(min(scanned, known), known), high=100, things=words.number(known, "image"))
    least = coverage(words.share(scanned, number), high=100, things=words.number(number, "artifact"))
    if scanned and coverage.judge(least, run.args).is_problem:
        return uncounted(f"{scanned} of {number} artifacts scanned, it is not known how many of the others are images")
    return least


main = plugin.main(Probe(
    __name__,
    measure,
    [coverage, uncounted, unreliable, critical, images, artifacts, artifacts_scanned, *others.values(), fixable,
     all_found],
    asks=[endpoints.SECURITY_SUMMARY, endpoints.SCAN_ALL_METRICS],
    services=[
        Service(every="15min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile", "scanner"),
                notes="Images are not scanned, or have more vulnerabilities than allowed. "
                "Start a scan of all images. Have the worst ones rebuilt.")
    ],
))  # fmt: skip
