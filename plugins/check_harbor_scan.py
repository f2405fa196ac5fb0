#!/usr/bin/env python3
"""Did the last scan of all images succeed?

Reads Harbor's counts for the last scan of all images (/api/v2.0/scans/all/metrics) and for the last scheduled one
(/api/v2.0/scans/schedule/metrics), and the schedule (/api/v2.0/system/scanAll/schedule).

States:
  OK        few or none of the scans failed; a scan is in progress; there was none yet, and the schedule is not due
  WARNING   some of the scans failed (-w); images are waiting while none is being scanned; Harbor has lost track:
            scan-all is in progress, but none of its scans is; the last scan-all scanned no image; the schedule never
            fired and was due longer than --schedule-grace ago
  CRITICAL  many of the scans failed (-c)
  UNKNOWN   usage error, no credentials, a missing permission, Harbor has no scanner, an unexpected answer; with
            --isolate: another probe reports the cause, named in the line (trivy, jobservice, database, the credentials)

-w and -c are percent of all scans of that scan-all, even while it is in progress.

Perfdata:
  errors     percent of the scans that failed
  failed     how many failed
  waiting    images that are waiting to be scanned
  completed  scans that have ended
  total      images to scan
  time       seconds that the answers took

Permissions: scan-all:read, at the system level. Harbor: 2.0 or newer; robot accounts can hold this permission from 2.9
on.

Does not see: when the last scan-all was, because Harbor does not report it, and so a schedule that fired once and then
stopped; how long a single scan takes (check_harbor_workers); scans started by a push or a person; the age of the
scanner's database (check_harbor_scanner).
"""

import harbor_preloaded

import argparse

from harborlib.harbor import Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.judge import STANDSTILL, Limit, Problem, Readings, Shown
from harborlib.judge.executions import History
from harborlib.judge.schedules import Schedule
from harborlib.run import Probe, Service, plugin
from harborlib.text import PERCENT, WARNING, words
from harborlib.text.units import duration

READ_LOG = "read the log of a failed scan in the web UI (the artifact's vulnerabilities), then run {logs:trivy}"
SAVE = "save the schedule again in the web UI (Interrogation Services), so that the job service gets it"
WAIT = "open Administration > Job Service Dashboard (queue IMAGE_SCAN), then run {logs:jobservice}"
AGAIN = "if this Harbor holds images: run check_harbor_scanner, then start scan-all again in the web UI"
STOP_LOST = (
    "look again in a minute; then stop it in the web UI (Interrogation Services > Vulnerability), "
    "because it blocks the next scan-all"
)
NO_IMAGE = "it succeeded without any image"
GRACE = "1h"

failing = Limit("scan.scans-failed", "errors", PERCENT, "{failed} of {total} scans failed, {value}", "5%", "25%",
                help="percent of the scans that failed", next_step=READ_LOG)  # fmt: skip
stuck = Problem("scan.stuck", WARNING, WAIT, STANDSTILL)
lost = Problem("scan.lost-track", WARNING, STOP_LOST, STANDSTILL)
nothing = Problem("scan.nothing-scanned", WARNING, AGAIN)
never_fired = Problem("scan.schedule-never-fired", WARNING, SAVE, STANDSTILL)
scans_failed = Shown("failed")
images_waiting = Shown("waiting")
scans_completed = Shown("completed")
images = Shown("total")


def measure(run: Run) -> Readings:
    """The last scan of all images, and the schedule of such scans."""
    newest = run.rest.get(endpoints.SCAN_ALL_METRICS)
    scheduled = run.rest.get(endpoints.SCAN_SCHEDULE_METRICS)
    found = run.rest.find(endpoints.SCAN_ALL_SCHEDULE)
    metrics = newest.inner("metrics")
    completed, waiting, running = newest.count("completed"), metrics.count("Pending"), metrics.count("Running")
    failed, total = metrics.count("Error"), newest.count("total", needed=True)
    stopped, ongoing, ever = metrics.count("Stopped"), newest.flag("ongoing"), began(newest)
    yield failing(words.share(failed, total) if total else 0, high=100, failed=failed, total=total)
    if waiting and not running:
        yield stuck(f"{waiting} of {total} images are waiting, and none is being scanned")
    elif ongoing and not running:
        yield lost(f"a scan of all images is in progress, but {lost_track(completed, total)}")
    elif ever and not ongoing and stopped == total:
        yield nothing("the last scan-all scanned no image: " + (f"all {total} were stopped" if total else NO_IMAGE))
    schedule = Schedule.of_system_job(found)
    never = None if began(scheduled) else schedule
    missed = History((), run.rest.now, never, run.args.schedule_grace).missed
    if missed:
        yield never_fired(f"the schedule ({schedule}) has never fired, due at {words.moment(missed)}")
    yield scans_failed(failed)
    yield images_waiting(waiting)
    yield scans_completed(completed)
    yield images(total)
    text = "scan-all in progress" if ongoing else "last scan-all"
    text += f": {completed} of {total} done, {failed} failed" + (f", {stopped} stopped" if stopped else "")
    if not ever:
        text = "no scan-all yet"
    return text + (f", {schedule.phrase}" if schedule else ", not scheduled")


def lost_track(completed: int, total: int) -> str:
    """What Harbor counts of a scan of all images that is in progress while none of its scans is."""
    if not total:
        return "it has no image"
    return f"all {total} of its scans have ended" if completed >= total else f"only {completed} of {total} have ended"


def began(metrics: Fields) -> bool:
    """Whether there was such a scan: Harbor 2.0 and 2.1 show who requested it, later ones how it started."""
    return "trigger" in metrics or bool(metrics.name("requester"))


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare how late the schedule may fire."""
    parser.add_argument("--schedule-grace", metavar="TIME", type=duration, default=GRACE,
                        help=f"how late a scheduled scan may begin (default {GRACE})")  # fmt: skip


main = plugin.main(Probe(
    __name__,
    measure,
    [failing, stuck, lost, nothing, never_fired, scans_failed, images_waiting, scans_completed, images],
    declare=declare,
    asks=[endpoints.SCAN_ALL_METRICS, endpoints.SCAN_SCHEDULE_METRICS, endpoints.SCAN_ALL_SCHEDULE],
    services=[
        Service(every="15min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile", "scanner"),
                notes="Scanning all images fails or does not finish: vulnerabilities go unseen. "
                "Look at the log of a failed scan, then at the scanner.")
    ],
))  # fmt: skip
