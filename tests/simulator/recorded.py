"""What the recorded Harbor held when each answer was recorded, and the robot accounts that were tried on it."""

from __future__ import annotations

import re

from harbor_simulator.accounts import MONITOR_PERMISSIONS, Account
from harbor_simulator.content import Content, Queue
from harbor_simulator.records import Execution, Job, Permission, Project, Remote, Replication, Robot, ScanAll, Security
from support.replay import Recording

ROBOTS = {
    "robot$priv+pull": Account("pull's", projects={"priv": ("pull",)}),
    "robot$mixed": Account("mixed's", permissions=frozenset({"system-volumes:read"})),
    "robot$syspull": Account("syspull's", project_permissions=frozenset({"artifact:list", "repository:pull"})),
    "robot$priv+projpull": Account("projpull's", project_permissions=frozenset({"artifact:list", "artifact:read"})),
    "robot$priv+projpush": Account("projpush's", project_permissions=frozenset({"repository:push"})),
}
FAILED_SCANS = Security(4, 4)
# The account made last before the request, where that was not robot$monitoring with its number 101.
NEWEST_ROBOT = {
    "create": 100,
    "create-zero-duration": 102,
    "create-push-robot": 103,
    "create-unknown-permission-2.10.3": 100,
    "delete-again": 102,
    "delete-robot": 104,
}

ODD_NAMES = ("a+b", "a b", "100%", "a,b", "\xfc", "a%2Bb")  # those of the registries and policies that were asked for
UPLOAD = re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<number>[0-9a-f-]+)")
WRITTEN = {"upload-put": 20000}  # bytes before that request


def held(recording: Recording) -> Content:
    """All that it held; in the beginning only images and two remote registries."""
    content = history(recording)
    remotes = [
        Remote(1, "self-good", "https://harbor.test:8443", "harbor", user="admin"),
        Remote(2, "raw-registry", "http://127.0.0.1:15000", user="harbor_registry_user"),
        Remote(3, "remote"),
    ]
    if recording.scenario == "a0-fresh":
        content.remotes = remotes[:2]
        return content
    content.remotes = remotes
    content.replications = [
        Replication(1, "push-pub", Job(replications(recording))),
        Replication(2, "push-priv-scheduled", Job([Execution(8, "Success", 3)], "0 0 3 * * *", 1)),
    ]
    content.scan_all = (ScanAll(success=2), None)
    content.scan_schedule = Job(cron="0 0 0 * * 0", since=1)
    content.security = Security(4, 4, {"critical": 4, "high": 8, "medium": 4, "low": 4}, 12)
    content.robots = robots(recording)
    if recording.scenario == "l-canary-project" and recording.path.stem != "create-project":
        content.projects["canary"] = Project(5)
    for artifact in content.artifacts.values():
        artifact.scan, artifact.found = "Success", {"Critical": 1, "High": 2, "Low": 1, "Medium": 1}
    if recording.scenario == "f-scan-failed":
        content.scan_all = (ScanAll(error=2, ongoing="during" in recording.path.stem), None)
        content.security = FAILED_SCANS
        content.artifacts["priv/img", "1.0"].scan = "Error"
    if recording.scenario == "p-d1-q-decoding":
        content.remotes = [*remotes, *(Remote(number, name) for number, name in enumerate(ODD_NAMES, 4))]
        content.replications = [
            Replication(number, name, enabled=False, override=False, filter="")
            for number, name in enumerate(ODD_NAMES, 3)
        ]
    if recording.scenario == "p-d2-counts":
        count_all(content, recording.path.stem)
    if recording.scenario == "p-d3-broken-rows":
        content.replications.append(Replication(16, "a+b", destination=15 if "gone" in recording.path.stem else 2))
        content.remotes[1].readable = "secret" not in recording.path.stem
    begin_upload(content, recording)
    if recording.path.stem == "registry-ping-down":
        content.remotes[2].ping = 400
    return content


def count_all(content: Content, name: str) -> None:
    """What was counted before and after the second scan of all images; signatures, indexes and SBOMs came between."""
    after = name.startswith(("6", "7"))
    content.scan_all = (ScanAll(success=6 if after else 2, ongoing=name.startswith("6")), None)
    found = content.security.found if not after else {name: 2 * count for name, count in content.security.found.items()}
    content.security = Security(4 if name.startswith("0") else 12, 8 if after else 4, found, 24 if after else 12)


def begin_upload(content: Content, recording: Recording) -> None:
    """The upload that a request continues, up to where it was."""
    upload = UPLOAD.search(recording.target)
    if upload and "after-cancel" not in recording.path.stem:
        content.storage.uploads[upload["name"], upload["number"]] = bytes(WRITTEN.get(recording.path.stem, 0))


def replications(recording: Recording) -> list[Execution]:
    """The executions of the first policy: more and more of them."""
    runs = [Execution(4, "Error", 1, text="connection refused"), Execution(7, "Success", 2)]
    if recording.scenario.startswith("f-"):
        runs.append(Execution(16, "Error", 4))
    if recording.scenario == "f-queues":
        runs += [Execution(number, "Running", number) for number in (23, 24, 25)]
    if "jobservice-down" in recording.path.stem:
        runs.append(Execution(26, "Error", 26, text="connection refused"))
    return runs


def robots(recording: Recording) -> list[Robot]:
    """The accounts that there were at that time."""
    reading = (Permission("system", "/", tuple(MONITOR_PERMISSIONS)),)
    pulling = (Permission("project", "priv", ("repository:pull",)),)
    known = [Robot(4, "robot$probeall", 1, description="system probe", permissions=reading)]
    if recording.scenario == "e-robots":
        known.append(Robot(60, "robot$syspull", 1, 2, disabled=True, permissions=reading))
        known.append(Robot(61, "robot$mixed", 1, 2, permissions=reading))
        known += [Robot(number, f"robot$priv+{number}", 1, 2, 3, permissions=pulling) for number in (58, 59)]
    if recording.scenario == "p-d1-q-decoding":
        known.append(Robot(5, "robot$priv+pull", 1, project=3, permissions=pulling))
    if recording.scenario in ("k-robots-api", "l-canary-project"):
        number = NEWEST_ROBOT.get(recording.path.stem, 101)
        name = "robot$monitoring" if number == 101 else f"robot${number}"
        known.append(Robot(number, name, 1, 2, permissions=reading))
    return known


def history(recording: Recording) -> Content:
    """What the recorded Harbor had done by then; in the beginning nothing."""
    gc = [Execution(5, "Success", 0, scheduled=False)]
    failed = Execution(17, "Running", 1, scheduled=False)
    gc += {"gc-after-recovery": [failed, failed], "gc-jobservice-down": [failed, gc[0]]}.get(
        recording.path.stem, [failed] if recording.scenario == "f-gc-failed" else []
    )
    if recording.scenario == "a0-fresh" or "none" in recording.path.stem:
        return Content()
    purge = Job([Execution(10, "Success", 0, scheduled=False, dry_run=True)], "0 0 0 * * *", 1)
    retention = Job([Execution(12, "Success", 0, scheduled=False, dry_run=True)], "0 0 4 * * *", 1)
    content = Content(Job(gc, "0 0 0 * * *", 1), purge, {1: ("priv", retention)})
    if "paused" in recording.path.stem:
        content.queues["REPLICATION"] = Queue(3, 8, paused=True)
    if "scheduler-paused" in recording.path.stem:
        content.queues["REPLICATION"] = Queue()
    return content
