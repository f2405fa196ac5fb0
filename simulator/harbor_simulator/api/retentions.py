"""/retentions: the tag retention policies of projects and their executions. Permissions are those in the project."""

from __future__ import annotations

from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.messages import Request, Response, error, json_response
from harbor_simulator.records import Execution, Job
from harbor_simulator.world import World

from .listing import paged

RUNNING = ("Running", "Pending", "InProgress")


def _refusal(world: World, request: Request, login: Login, permission: str) -> Response | None:
    """The policy is looked up before the permission: an unknown one is 500 or 400 for every logged-in account."""
    if login.account is None:
        return error(401, "UNAUTHORIZED", "unauthorized")
    if _number(request) not in world.content.retentions:
        if "/executions" in request.path:
            return error(400, "BAD_REQUEST", f"bad request: no such Retention policy with id {_number(request)}")
        return error(500, "UNKNOWN", "internal server error")
    if not login.account.may_in_projects(permission):
        return error(403, "FORBIDDEN", "forbidden")
    return None


def _number(request: Request) -> int:
    return int(request.path.split("/")[4])


def policy(world: World, request: Request, login: Login) -> Response:
    """GET /retentions/{id}."""
    refusal = _refusal(world, request, login, "tag-retention:read")
    if refusal:
        return refusal
    project, job = world.content.retentions[_number(request)]
    selectors = {"repository": [{"decoration": "repoMatches", "kind": "doublestar", "pattern": "**"}]}
    tags = {"decoration": "matches", "extras": '{"untagged":true}', "kind": "doublestar", "pattern": "**"}
    rule = {"action": "retain", "scope_selectors": selectors, "tag_selectors": [tags], "template": "always"}
    settings = {"cron": job.cron}
    if job.cron:
        settings["next_scheduled_time"] = moment(job.since + 86400)
    return json_response(
        {
            "algorithm": "or",
            "id": _number(request),
            "rules": [rule],
            "scope": {"level": "project", "ref": world.content.number_of(project)},
            "trigger": {"kind": "Schedule", "settings": settings},
        }
    )


def executions(world: World, request: Request, login: Login) -> Response:
    """GET /retentions/{id}/executions."""
    refusal = _refusal(world, request, login, "tag-retention:list")
    if refusal:
        return refusal
    number = _number(request)
    job: Job = world.content.retentions[number][1]

    def row(run: Execution) -> dict[str, object]:
        ended = None if run.status in RUNNING else run.started + run.seconds
        return {
            "dry_run": run.dry_run,
            "end_time": moment(ended),
            "id": run.number,
            "policy_id": number,
            "start_time": moment(run.started),
            "status": run.status,
            "trigger": "SCHEDULE" if run.scheduled else "MANUAL",
        }

    return paged(request, sorted(job.runs, key=lambda run: -run.started), row)
