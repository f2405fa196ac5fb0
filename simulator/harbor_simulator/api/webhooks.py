"""/projects/{project}/webhook/policies and the deliveries of each. Permissions are those in the project.

Written from Harbor's source; there are no recordings of these.
"""

from __future__ import annotations

import time
from functools import partial

from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.messages import Request, Response, error
from harbor_simulator.records import Execution, Webhook
from harbor_simulator.world import World

from .listing import paged

CREATED = 1795328486.8
COUNT_OF = {"Success": "success_task_count", "Error": "error_task_count", "Stopped": "stopped_task_count"}


def policies(world: World, request: Request, login: Login) -> Response:
    """GET /projects/{project}/webhook/policies; `enabled` is omitted if it is false."""
    project = request.path.split("/")[4]
    refusal = _refusal(login, "notification-policy:list")
    if refusal:
        return refusal

    def row(webhook: Webhook) -> dict[str, object]:
        return {
            "creation_time": moment(CREATED),
            "creator": "admin",
            **({"enabled": True} if webhook.enabled else {}),
            "event_types": ["PUSH_ARTIFACT"],
            "id": webhook.number,
            "name": webhook.name,
            "project_id": world.content.number_of(webhook.project),
            "targets": [{"address": "http://chat.example.com/hook", "payload_format": "Default", "type": "http"}],
            "update_time": moment(CREATED),
        }

    return paged(request, _of(world, project), row)


def executions(world: World, request: Request, login: Login) -> Response:
    """GET /projects/{project}/webhook/policies/{id}/executions, newest first."""
    project, number = request.path.split("/")[4], request.path.split("/")[7]
    refusal = _refusal(login, "notification-policy:read")
    if refusal:
        return refusal
    for webhook in _of(world, project):
        if str(webhook.number) == number:
            return paged(request, sorted(webhook.runs, key=lambda run: -run.started), partial(_row, webhook))
    return error(404, "NOT_FOUND", f"project id:{project}, webhook policy id: {number} not found")


def _of(world: World, project: str) -> list[Webhook]:
    """Those of a project, given by its name or number."""
    content = world.content
    return [hook for hook in content.webhooks if project in (hook.project, str(content.number_of(hook.project)))]


def _refusal(login: Login, permission: str) -> Response | None:
    if login.account is None:
        return error(401, "UNAUTHORIZED", "unauthorized")
    return None if login.account.may_in_projects(permission) else error(403, "FORBIDDEN", "forbidden")


def _row(webhook: Webhook, run: Execution) -> dict[str, object]:
    """An execution in general form; its times have no fractions of seconds, and zeros are omitted."""
    ended = run.status in COUNT_OF
    count = COUNT_OF.get(run.status, "running_task_count")
    return {
        "end_time": _second(run.started + run.seconds) if ended else "0001-01-01T00:00:00Z",
        "extra_attrs": {"event_type": "PUSH_ARTIFACT"},
        "id": run.number,
        "metrics": {count: 1, "task_count": 1},
        "start_time": _second(run.started),
        "status": run.status,
        **({"status_message": run.text} if run.text else {}),
        "trigger": "EVENT",
        "vendor_id": webhook.number,
        "vendor_type": "WEBHOOK",
    }


def _second(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
