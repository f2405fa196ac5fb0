"""A run as an operator sees it, with what differs from run to run taken out, and the words that many lines share."""

from __future__ import annotations

import re

from harbor_simulator import Simulator
from support.runner import Outcome

HOST = "harbor.example.com"
VARIABLE = (
    (r"\btime=[\d.]+s", "time=Ts"),
    (r"\b(after|in|the answer took|the token took|whole pull took|whole push took) [\d.]+( ?s)\b", r"\1 T\2"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"Connection reset by peer", "connection closed early"),  # the same, told by other versions of OpenSSL
    (r"Testing CA #[\w-]+", "Testing CA"),
    (r"(?<=[= ])3\d{5}(?=(;| days))", "N"),  # days that a CA of the tests is good for
)
DATE = r"\b20\d\d-\d\d-\d\d( \d\d:\d\d UTC)?"

#: Where the registry's storage and its free space show, on both platforms.
MOUNTS = "df -h /data; mount (or kubectl -n NAMESPACE get pvc)"
USAGE = "df -h /data (or kubectl -n NAMESPACE exec deploy/RELEASE-registry -c registry -- df -h /storage)"


def screen(outcome: Outcome, harbor: Simulator, dates: bool = False) -> list[str]:
    """The lines of a run and its exit code; address, times, request ids and names of CAs made the same.

    So are dates, unless they matter because the simulator has a fixed clock.
    """
    text = outcome.out.replace(f"{harbor.host}:{harbor.port}", HOST)
    for pattern, instead in VARIABLE:
        text = re.sub(pattern, instead, text)
    text = text if dates else re.sub(DATE, "DATE", text)
    return [*text.splitlines(), f"exit code {outcome.code}"]


def problem(probe: str, state: str, line: str) -> list[str]:
    """The first line of a problem that has one; where that is too long, it is cut and stands below as a whole."""
    head = f"HARBOR {probe.upper()} {state} - "
    return [head + line] if len(line) <= 120 else [f"{head}{line[:117].rstrip()}...", f"{state}: {line}"]


def look(container: str, workload: str) -> str:
    """The next step for a component: where to look."""
    return (
        f"Next: run docker ps -a; docker logs --tail 50 {container} (or kubectl -n NAMESPACE logs --tail 50 {workload})"
    )


CORE = look("harbor-core", "deploy/RELEASE-core")
DATABASE = look("harbor-db", "sts/RELEASE-database")
JOBSERVICE = look("harbor-jobservice", "deploy/RELEASE-jobservice")
PORTAL = look("harbor-portal", "deploy/RELEASE-portal")
REDIS = look("redis", "sts/RELEASE-redis")
REGISTRY = look("registry", "deploy/RELEASE-registry -c registry")
REGISTRYCTL = look("registryctl", "deploy/RELEASE-registry -c registryctl")
TRIVY = look("trivy-adapter", "sts/RELEASE-trivy")

STALLED = (
    "Next: run docker exec redis redis-cli ping (or the same in the Redis pod); if it hangs, restart Redis, "
    "if it answers PONG, restart core"
)
ASK_HEALTH = (
    "Next: run check_harbor_health with the same options: it shows whether core, Redis or the database is stalled"
)
LOCKED = (
    "Next: check the database for locks and used-up connections: docker exec harbor-db psql -U postgres registry "
    "-c 'select * from pg_stat_activity' (or the same in the database pod)"
)
BEHIND_CORE = (
    "Next: search core's log for the X-Request-Id, to see what failed behind core: docker logs --since 1h "
    "harbor-core (or kubectl -n NAMESPACE logs --since 1h deploy/RELEASE-core)"
)

CONNECT = (
    "Next: check that the Harbor host (or load balancer) is up and its reverse proxy listens: docker ps -a; "
    "docker logs --tail 50 nginx (or kubectl -n NAMESPACE get ingress,svc,endpoints)"
)
TLS = f"Next: check the TLS settings of Harbor's reverse proxy or ingress: openssl s_client -connect {HOST}"
CERTIFICATE = "Next: run check_harbor_certificate with the same options: it lists what clients refuse, and why"
NO_TLS = (
    f"Next: point -H at http://{HOST} if Harbor speaks plain HTTP there (credentials need https), "
    "or find out what listens there"
)
NGINX = "docker logs --tail 50 nginx (or the ingress controller's log)"
STUCK = (
    "Next: check the reverse proxy and its host (connects, does not answer): docker ps -a; "
    "docker logs --tail 50 nginx (or kubectl -n NAMESPACE get ingress,svc,endpoints)"
)
ANSWER = f"Next: run {CORE.partition('; ')[2]}, then {NGINX}"
BODY = f"Next: check the proxies between here and Harbor, then run {NGINX}"
MOVED = "Next: point -H at https://registry.example.net"
ROUTE = (
    "Next: check -H, then the routes of the reverse proxy (or of the ingress): /api/, /service/ and /v2/ belong "
    "to core, / to the portal"
)
IN_FRONT = f"Next: check the rules of the reverse proxy, WAF or CDN; {NGINX} shows whether the request got through"
CONTENT = "Next: fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output"
SLOW = (
    "Next: check the load with uptime; docker stats --no-stream (or kubectl -n NAMESPACE top pods), then slow "
    "statements in the database (pg_stat_activity)"
)
WAIT = "Next: wait half a minute, then check again"
