"""/system/gc and /system/purgeaudit: executions, newest first, and schedules."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Callable

from harbor_simulator.accounts import Login
from harbor_simulator.content import DAY, Content, moment
from harbor_simulator.messages import Request, Response, json_response
from harbor_simulator.records import Execution, Job
from harbor_simulator.world import World

from .listing import paged

TYPES = {"0 0 * * * *": "Hourly", "0 0 0 * * *": "Daily", "0 0 0 * * 0": "Weekly"}
RUNNING = ("Running", "Pending", "Scheduled")


#: Harbor 2.0 and 2.1 use other words, and one row for a schedule and all its executions.
MANY_ROWS_FROM, FREED_FROM = (2, 2), (2, 9)
OLD_WORDS = {"Success": "finished"}


def _collected(world: World, run: Execution) -> dict[str, object]:
    found = {"freed_space": run.freed, "purged_blobs": 0, "purged_manifests": 0} if run.status == "Success" else {}
    found = found if world.version >= FREED_FROM else {}
    address = "redis://127.0.0.1:16379/1?idle_timeout_seconds=30"
    return {
        "delete_untagged": True,
        "dry_run": run.dry_run,
        **found,
        "redis_url_reg": address,
        "time_window": 2,
        "workers": 0,
    }


def _purged(world: World, run: Execution) -> dict[str, object]:
    return {"audit_retention_hour": 168, "dry_run": run.dry_run, "include_operations": "create,delete,pull"}


Parameters = Callable[[World, Execution], dict[str, object]]
KINDS: dict[str, tuple[str, Callable[[Content], Job], Parameters, dict[str, object]]] = {
    "gc": ("GARBAGE_COLLECTION", lambda content: content.gc, _collected, {"delete_untagged": True, "workers": 0}),
    "purgeaudit": (
        "PURGE_AUDIT_LOG",
        lambda content: content.audit_purge,
        _purged,
        {"audit_retention_hour": 168, "dry_run": False, "include_operations": "create,delete,pull"},
    ),
}


def runs(world: World, request: Request, login: Login) -> Response:
    """GET /system/gc, GET /system/purgeaudit."""
    name, job, parameters, _ = KINDS[request.path.rstrip("/").split("/")[4]]

    def row(run: Execution) -> dict[str, object]:
        kind = "SCHEDULE" if run.scheduled else "MANUAL"
        end = run.started if run.status in RUNNING else run.started + run.seconds
        return {
            "creation_time": moment(run.started),
            "id": run.number,
            "job_kind": kind,
            "job_name": name,
            "job_parameters": json.dumps(parameters(world, run), separators=(",", ":")),
            "job_status": run.status,
            "schedule": {"next_scheduled_time": moment(None), "type": kind.capitalize()},
            "update_time": moment(int(end)),
        }

    found = sorted(job(world.content).runs, key=lambda run: -run.started)
    if name == "GARBAGE_COLLECTION" and world.state.part("gc") == "failing":
        found[0] = replace(found[0], status="Error")
    if name == "GARBAGE_COLLECTION" and world.state.part("gc") == "forgotten":
        found = [run for run in found if run.started < world.clock() - 2 * DAY]
    if world.version < MANY_ROWS_FROM:
        return json_response(_old(job(world.content), [(run, row(run)) for run in found])[:10])
    return paged(request, found, row)


def _old(job: Job, rows: list[tuple[Execution, dict[str, object]]]) -> list[dict[str, object]]:
    """As listed by Harbor 2.0 and 2.1: of the scheduled executions only the newest, in the row of the schedule."""
    found = []
    scheduled = False
    for run, row in rows:
        word = str(row["job_status"])
        old = {**row, "deleted": False, "job_name": "IMAGE_GC", "job_status": OLD_WORDS.get(word, word.lower())}
        if not run.scheduled:
            found.append({**old, "job_kind": "Generic"})
        elif not scheduled:
            found.append({**old, "job_kind": "Periodic", "creation_time": moment(job.since)})
        scheduled = scheduled or run.scheduled
    return found


def schedule(world: World, request: Request, login: Login) -> Response:
    """GET .../schedule: 200 without a body if nothing is scheduled; clients must not trust the next time."""
    _, job, _, parameters = KINDS[request.path.rstrip("/").split("/")[4]]
    found = job(world.content)
    if not found.cron:
        return Response(200, {"Content-Type": "application/json"})
    return json_response(
        {
            "creation_time": moment(found.since),
            "id": 5,
            "job_kind": found.cron,
            "job_parameters": json.dumps(parameters, separators=(",", ":")),
            "job_status": "Running",
            "schedule": {
                "cron": found.cron,
                "next_scheduled_time": moment(found.since + 86400),
                "type": TYPES.get(found.cron, "Custom"),
            },
            "update_time": moment(found.since),
        }
    )
