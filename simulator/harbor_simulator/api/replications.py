"""/replication: policies and their executions, which use their own names for job states."""

from __future__ import annotations

from functools import partial

from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.messages import Request, Response, error
from harbor_simulator.records import Execution, Remote, Replication
from harbor_simulator.world import World

from .listing import paged
from .query import chosen
from .registries import NEVER, registry_row, unreadable

STATUS = {"Success": "Succeed", "Error": "Failed", "Stopped": "Stopped"}
RUNNING = "InProgress"  # every state that is not final
COUNTED = ("failed", "in_progress", "stopped", "succeed")
COUNT_OF = {"Succeed": "succeed", "Failed": "failed", "Stopped": "stopped", RUNNING: "in_progress"}
CREATED = 1795328486.8


def policies(world: World, request: Request, login: Login) -> Response:
    """GET /replication/policies, newest first; flags are omitted if they are false."""
    remotes = {remote.number: remote for remote in world.content.remotes}

    def row(policy: Replication) -> dict[str, object]:
        cron = policy.job.cron
        trigger = {"trigger_settings": {"cron": cron}, "type": "scheduled"} if cron else {"type": "manual"}
        return {
            "copy_by_chunk": False,
            "creation_time": moment(policy.job.since or CREATED),
            "dest_namespace": "mirror",
            "dest_namespace_replace_count": -1,
            "dest_registry": end(remotes, policy.destination),
            **({"enabled": True} if policy.enabled else {}),
            "filters": [{"type": "name", "value": policy.filter}] if policy.filter else None,
            "id": policy.number,
            "name": policy.name,
            **({"override": True} if policy.override else {}),
            "speed": 0,
            "src_registry": end(remotes, policy.source),
            "trigger": trigger,
            "update_time": moment(policy.job.since or CREATED),
        }

    found = chosen(request, world.content.replications, {"name": lambda policy: policy.name})
    return paged(request, sorted(found, key=lambda policy: -policy.number), row, partial(refusal, remotes))


def refusal(remotes: dict[int, Remote], policy: Replication) -> Response | None:
    """Why Harbor cannot show a policy, or its page: one of its registries is gone or cannot be read."""
    for number in filter(None, (policy.source, policy.destination)):
        if number not in remotes:
            return error(404, "NOT_FOUND", f"registry {number} not found")
        if not remotes[number].readable:
            return unreadable(remotes[number])
    return None


def end(remotes: dict[int, Remote], number: int) -> dict[str, object]:
    """One of the two registries of a policy; number 0 is this Harbor."""
    if number:
        return registry_row(remotes[number])
    local = registry_row(Remote(0, "Local", "http://127.0.0.1:18080", "harbor"))
    return {
        **local,
        "creation_time": NEVER,
        "credential": {"access_secret": "*****", "type": "secret"},
        "insecure": True,
        "update_time": NEVER,
    }


def executions(world: World, request: Request, login: Login) -> Response:
    """GET /replication/executions, newest first unless `sort` says otherwise."""
    policy, status = request.query.get("policy_id"), request.query.get("status")
    runs = [
        (run, known.number)
        for known in world.content.replications
        if policy in (None, str(known.number))
        for run in known.job.runs
        if status in (None, STATUS.get(run.status, RUNNING))
    ]
    newest_first = request.query.get("sort") != "start_time"
    runs.sort(key=lambda item: (item[0].started, item[0].number), reverse=newest_first)
    return paged(request, runs, lambda item: _row(*item))


def _row(run: Execution, policy: int) -> dict[str, object]:
    """An execution that could not even be passed to the job service has no tasks to count."""
    status = STATUS.get(run.status, RUNNING)
    tasks = (0 if run.text else 1) if run.tasks is None else run.tasks
    counted = COUNT_OF[status] if run.tasks is None else "succeed"
    return {
        "end_time": moment(None if status == RUNNING else run.started + run.seconds),
        **{name: tasks if counted == name else 0 for name in COUNTED},
        "id": run.number,
        "policy_id": policy,
        "start_time": moment(run.started),
        "status": status,
        "status_text": run.text,
        "total": tasks,
        "trigger": "scheduled" if run.scheduled else "manual",
    }
