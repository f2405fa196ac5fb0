"""GET /quotas: hard limit and use of each project; -1 means no limit."""

from __future__ import annotations

from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.messages import Request, Response
from harbor_simulator.world import World

from .listing import paged

CREATED = 1795328292.5


def listing(world: World, request: Request, login: Login) -> Response:
    """Newest first, or the most used first if Harbor obeys; `reference_id` selects one project."""
    quotas = world.content.all_quotas()
    if request.query.get("sort") == "-used.storage" and world.content.sorts_quotas:
        quotas.sort(key=lambda quota: -quota[2])
    if world.state.part("quota") == "used up":
        quotas = [(name, hard, hard if name == "tiny" else used) for name, hard, used in quotas]
    wanted = request.query.get("reference_id")
    if wanted:
        quotas = [quota for quota in quotas if str(world.content.number_of(quota[0])) == wanted]

    def row(quota: tuple[str, int, int]) -> dict[str, object]:
        name, hard, used = quota
        number = world.content.number_of(name)
        return {
            "creation_time": moment(CREATED),
            "hard": {"storage": hard},
            "id": number,
            "ref": {"id": number, "name": name, "owner_name": ""},
            "update_time": moment(CREATED),
            "used": {"storage": used},
        }

    return paged(request, quotas, row)
