#!/usr/bin/env python3
"""Are the images scanned, and how many vulnerabilities were found?

Reads the counts of the security hub (/api/v2.0/security/summary), and how many scans of the last scan of all images
failed (/api/v2.0/scans/all/metrics): where scans fail, Harbor's counts drop to 0 while it still calls the images
scanned.

States:
  OK        enough of the artifacts are scanned; there is no artifact
  WARNING   few of the artifacts are scanned (-w); 0 vulnerabilities, but scans failed; the number of critical ones is
            outside --critical-cves
  CRITICAL  very few of them are (-c)
  UNKNOWN   usage error, no login, a right is missing, Harbor is older than 2.9 or has no scanner, no answer that can be
            judged; with --isolate: another probe reports the cause, named in the line (database, the login)

-w and -c are percent of the artifacts that are scanned. The numbers of vulnerabilities are not judged, unless
--critical-cves asks for it.

Perfdata:
  coverage   percent of the artifacts that are scanned
  artifacts  artifacts in Harbor
  scanned    those that are scanned
  critical   vulnerabilities of this severity, each counted in every artifact that has it; in the same way high, medium,
             low, unknown, none
  fixable    those for which there is a fixed version
  total      all of them
  time       seconds that the answers took

Rights: security-hub:read and scan-all:read, on system level. Harbor: 2.9 or newer; robot accounts can hold these rights
from 2.9 on.

Does not see: which artifact has them (the UI's Security Hub, or check_harbor_artifact); how old a scan is; scans that
failed after the last scan of all images.
"""

from harborlib import endpoints, judgement, options, plugin, summaries, units, words
from harborlib.judgement import Finding, Shown, Threshold
from harborlib.rest import Rest

import nagiosplugin
from nagiosplugin import Warn

SEVERITIES = ("critical", "high", "medium", "low", "unknown", "none")
SCAN = "start a scan of all images in the UI (Interrogation Services), or let projects scan on push"
FAILING = "run check_harbor_scan and check_harbor_scanner: as long as scans fail, these counts mean nothing"
REBUILD = "see the UI's Security Hub for the worst artifacts; have them rebuilt"


class Vulnerabilities(nagiosplugin.Resource):
    """What the security hub counts."""

    def __init__(self, rest):
        self.rest = rest
        self.artifacts = 0
        self.fine = ""

    def probe(self):
        summary = self.rest.get(endpoints.SECURITY_SUMMARY)
        scans = self.rest.get(endpoints.SCAN_ALL_METRICS)
        counts = {severity: summary.count(f"{severity}_cnt") for severity in SEVERITIES}
        scanned, total = summary.count("scanned_cnt"), summary.count("total_vuls")
        self.artifacts = summary.count("total_artifact", needed=True)
        failed = f"{scans.inner('metrics').count('Error')} of {scans.count('total')} scans failed"
        failing = bool(scans.inner("metrics").count("Error"))
        yield judgement.seconds(self.rest.elapsed)
        if self.artifacts:
            coverage = round(scanned * 100 / self.artifacts, 2)
            yield nagiosplugin.Metric("coverage", coverage, "%", min=0, max=100)
        doubt = f"0 vulnerabilities in {scanned} artifacts, but {failed} in the last scan of all images"
        yield nagiosplugin.Metric("doubt", doubt if failing and scanned and not total else "")
        yield nagiosplugin.Metric("artifacts", self.artifacts, min=0, context="value")
        yield nagiosplugin.Metric("scanned", scanned, min=0, context="value")
        yield nagiosplugin.Metric("critical", counts.pop("critical"), min=0)
        for name, value in (*counts.items(), ("fixable", summary.count("fixable_cnt")), ("total", total)):
            yield nagiosplugin.Metric(name, value, min=0, context="value")
        self.fine = f"{scanned} of {self.artifacts} artifacts scanned, {total} vulnerabilities"
        if total:
            self.fine += f", {summary.count('critical_cnt')} critical, {counts['high']} high"
        self.fine += f"; {failed}, so there are more" if failing else ""


def declare(parser):
    options.thresholds(parser, "", "percent of the artifacts that are scanned", "90:", "50:", units.PERCENT)
    parser.add_argument("--critical-cves", metavar="RANGE", type=units.RangeType(units.COUNT),
                        help="warning outside this range: number of critical vulnerabilities")  # fmt: skip


def check(args, harbor):
    vulnerabilities = Vulnerabilities(Rest(harbor))
    sentence = "{value} of {resource.artifacts} artifacts scanned"
    return nagiosplugin.Check(
        vulnerabilities,
        Threshold("coverage", args.warning, args.critical, sentence, words.percent, SCAN),
        Finding("doubt", Warn, FAILING),
        Threshold("critical", args.critical_cves, None, "{value} critical vulnerabilities", next_step=REBUILD),
        Shown("value"),
        Shown("time"),
        summaries.Summary(vulnerabilities),
    )


main = plugin.main(__name__, declare, check)
