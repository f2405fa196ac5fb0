"""/jobservice: worker pools, workers and queues; none of these lists has pages."""

from __future__ import annotations

from harbor_simulator.accounts import Login
from harbor_simulator.content import HOUR, Queue, Work, moment
from harbor_simulator.faults import WELL
from harbor_simulator.messages import Request, Response, StalledError, error, json_response
from harbor_simulator.world import World


def _trouble(world: World) -> Response | None:
    """Core asks jobservice, and jobservice asks Redis."""
    if world.state.part("jobservice") == "frozen":
        raise StalledError
    if "down" in (world.state.part("jobservice"), world.state.part("redis")):
        return error(500, "UNKNOWN", "internal server error")
    return None


def pools(world: World, request: Request, login: Login) -> Response:
    """GET /jobservice/pools."""
    now = world.clock() - (300 if world.state.part("workers") == "dead" else 0)
    rows = [
        {
            "concurrency": pool.concurrency,
            "heartbeat_at": moment(int(now - pool.heartbeat)),
            "pid": 8723,
            "start_at": moment(int(now - 86400)),
            "worker_pool_id": pool.name,
        }
        for pool in world.content.pools
    ]
    return _trouble(world) or json_response(rows)


def workers(world: World, request: Request, login: Login) -> Response:
    """GET /jobservice/pools/{pool}/workers, `all` for the workers of every pool; an idle worker has no job."""
    wanted = request.path.rstrip("/").split("/")[-2]
    rows: list[dict[str, str]] = []
    for pool in world.content.pools:
        busy = [work for work in world.content.work if work.pool == pool.name]
        if world.state.part("workers") == "busy":
            busy = [Work("IMAGE_SCAN", 13.1 * HOUR, pool.name)] * pool.concurrency
        for number in range(pool.concurrency):
            row = {"id": f"{number:024x}", "pool_id": pool.name}
            if number < len(busy):
                start = moment(world.clock() - busy[number].age)
                row.update(job_id=f"{number:032x}", job_name=busy[number].name, start_at=start)
            rows.append(row)
    return _trouble(world) or json_response([row for row in rows if wanted in ("all", row["pool_id"])])


def queues(world: World, request: Request, login: Login) -> Response:
    """GET /jobservice/queues; zeros are omitted."""
    rows = []
    found = dict(world.content.queues)
    if world.state.part("queue") != WELL:
        found["REPLICATION"] = Queue(3, 7200) if world.state.part("queue") == "stuck" else Queue(3, 8, paused=True)
    if world.state.part("scheduler") == "paused":
        found["SCHEDULER"] = Queue(paused=True)
    for name, queue in sorted(found.items()):
        numbers = {"count": queue.count, "latency": queue.latency}
        rows.append({"job_type": name, "paused": queue.paused, **{key: n for key, n in numbers.items() if n}})
    return _trouble(world) or json_response(rows)
