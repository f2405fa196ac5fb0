"""Harbor's information about itself: /health, /systeminfo, /systeminfo/volumes."""

from __future__ import annotations

import json

from harbor_simulator import signin
from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.faults import COMPONENTS
from harbor_simulator.messages import Request, Response, error, json_response
from harbor_simulator.world import World

STATUS_FIRST_BEFORE = (2, 3)
VERSION_HIDDEN_FROM = (2, 13)
CLOCK_FROM, MODE_FROM, VOLUMES_FROM = (2, 5), (2, 2), (2, 2)


def health(world: World, request: Request, login: Login) -> Response:
    """200 in every state. Harbor 2.0 to 2.2 put the status first and sorted nothing."""
    unhealthy = world.unhealthy()
    components: list[dict[str, str]] = []
    for name in COMPONENTS:
        if name in unhealthy:
            components.append({"error": unhealthy[name], "name": name, "status": "unhealthy"})
        else:
            components.append({"name": name, "status": "healthy"})
    overall = "unhealthy" if unhealthy else "healthy"
    if world.version >= STATUS_FIRST_BEFORE:
        return json_response({"components": components, "status": overall})
    unsorted = [
        {key: component[key] for key in ("name", "status", "error") if key in component}
        for component in components[3:] + components[:3]
    ]
    body = json.dumps({"status": overall, "components": unsorted}, separators=(",", ":")) + "\n"
    return Response(200, {"Content-Type": "application/json"}, body.encode())


def info(world: World, request: Request, login: Login) -> Response:
    """A few facts for everyone, more for a logged-in account."""
    if world.state.part("database") == "down" and world.state.part("configuration") != "cached":
        return error(500, "UNKNOWN", "internal server error")
    facts: dict[str, object] = {
        "auth_mode": signin.mode(world),
        "banner_message": "",
        "primary_auth_mode": False,
        "self_registration": False,
    }
    if signin.mode(world) != "db_auth":
        facts["oidc_provider_name"] = signin.PROVIDER_NAME if signin.mode(world) == "oidc_auth" else ""
    if login.account or world.version < VERSION_HIDDEN_FROM:
        facts["harbor_version"] = world.version_text
    if login.account and world.version >= CLOCK_FROM:
        facts["current_time"] = moment(world.clock())
    if login.account and world.version >= MODE_FROM:
        facts["read_only"] = world.state.part("mode") == "read-only"
    if login.account:
        facts.update(
            external_url=world.external_url,
            has_ca_root=False,
            notification_enable=True,
            project_creation_restriction="everyone",
            registry_storage_provider_name="filesystem",
            registry_url=world.external_url.split("://")[1],
        )
    return json_response(facts)


def volumes(world: World, request: Request, login: Login) -> Response:
    """The data volume. If it is full, `free` is missing, because Harbor omits zeros. Older Harbors return no list."""
    free = 0 if world.state.part("storage") == "full" else world.content.free_bytes
    volume = {**({"free": free} if free else {}), "total": world.content.volume_bytes}
    if world.state.part("volume") == "unreported":
        volume = {}
    return json_response({"storage": [volume] if world.version >= VOLUMES_FROM else volume})
