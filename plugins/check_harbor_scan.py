#!/usr/bin/env python3
"""Did the last scan of all images go well?

Reads what Harbor counts of the last scan of all images (/api/v2.0/scans/all/metrics), of the last one that its schedule
began (/api/v2.0/scans/schedule/metrics), and that schedule (/api/v2.0/system/scanAll/schedule).

States:
  OK        few or none of the scans failed; one goes on; there was none yet, and the schedule is not due
  WARNING   some of the scans failed (-w); images wait while none is being scanned; the schedule never fired, although
            it was due longer than --schedule-grace ago
  CRITICAL  many of the scans failed (-c)
  UNKNOWN   usage error, no login, a right is missing, Harbor has no scanner, no answer that can be judged; with
            --isolate: another probe reports the cause, named in the line (trivy, jobservice, database, the login)

-w and -c are percent of all scans of that run, also while it goes on.

Perfdata:
  errors     percent of the scans that failed
  failed     how many failed
  waiting    images that wait to be scanned
  completed  scans that have ended
  total      images to scan
  time       seconds that the answers took

Rights: scan-all:read, on system level. Harbor: 2.0 or newer; robot accounts can hold this right from 2.9 on.

Does not see: when the last one was, and so a schedule that has fired once and does no more: Harbor does not tell; how
long a single scan takes (check_harbor_workers); scans that a push or a person began; the age of the scanner's database
(check_harbor_scanner).
"""

from harborlib import endpoints, isolation, judgement, options, plugin, summaries, units, words
from harborlib.judgement import Finding, Shown, Threshold
from harborlib.rest import Rest
from harborlib.runs import History, Schedule

import nagiosplugin
from nagiosplugin import Warn

NEXT = "read the log of a failed scan in the UI (the artifact's vulnerabilities), then docker logs trivy-adapter"
AGAIN = "save the schedule anew in the UI (Interrogation Services), so that the job service learns of it"
WAIT = "look at Administration > Job Service Dashboard (queue IMAGE_SCAN), and at docker logs harbor-jobservice"


class ScanAll(nagiosplugin.Resource):
    """The last scan of all images, and the schedule of such scans."""

    def __init__(self, rest, grace):
        self.rest = rest
        self.grace = grace
        self.failed = self.total = 0
        self.fine = ""

    def probe(self):
        newest = self.rest.get(endpoints.SCAN_ALL_METRICS)
        scheduled = self.rest.get(endpoints.SCAN_SCHEDULE_METRICS)
        found = self.rest.find(endpoints.SCAN_ALL_SCHEDULE)
        counts = newest.inner("metrics")
        completed, waiting = newest.count("completed"), counts.count("Pending")
        self.failed, self.total = counts.count("Error"), newest.count("total", needed=True)
        ongoing = newest.flag("ongoing")
        share = round(self.failed * 100 / self.total, 2) if self.total else 0
        cron = found.inner("schedule").name("cron") if found else ""
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("errors", share, "%", min=0, max=100)
        stuck = ongoing and waiting and not counts.count("Running")
        text = f"{waiting} of {self.total} images wait, and none is being scanned"
        yield nagiosplugin.Metric("stuck", text if stuck else "")
        schedule = Schedule(cron, found.moment("update_time")) if cron else None
        never = None if "trigger" in scheduled else schedule
        missed = History((), self.rest.now, never, self.grace).missed
        text = f"the schedule {schedule} has never fired, due at {words.moment(missed or 0)}"
        yield nagiosplugin.Metric("schedule", text if missed else "")
        counted = {"failed": self.failed, "waiting": waiting, "completed": completed, "total": self.total}
        for name, value in counted.items():
            yield nagiosplugin.Metric(name, value, min=0, context="value")
        what = f"{completed} of {self.total} done, {self.failed} failed"
        self.fine = f"{'a scan of all images goes on' if ongoing else 'last scan of all images'}: {what}"
        if "trigger" not in newest:
            self.fine = "no scan of all images yet"
        self.fine += f", scheduled {schedule}" if schedule else ", none scheduled"


def declare(parser):
    options.thresholds(parser, "", "percent of the scans that failed", "5", "25", units.PERCENT)
    parser.add_argument("--schedule-grace", metavar="TIME", type=units.duration, default=3600.0,
                        help="how late a scheduled scan may begin (default 1h)")  # fmt: skip


def check(args, harbor):
    scan = ScanAll(Rest(harbor), args.schedule_grace)
    limits = (args.warning, args.critical)
    sentence = "{resource.failed} of {resource.total} scans failed, {value}"
    return nagiosplugin.Check(
        scan,
        Threshold("errors", *limits, sentence, words.percent, NEXT),
        Finding("stuck", Warn, WAIT, kind=isolation.STANDSTILL),
        Finding("schedule", Warn, AGAIN, kind=isolation.STANDSTILL),
        Shown("value"),
        Shown("time"),
        summaries.Summary(scan),
    )


main = plugin.main(__name__, declare, check)
