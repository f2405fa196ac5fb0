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

#: Where the free space of the registry's storage shows, on both platforms.
SPACE = "df -h /data; mount (or kubectl exec deploy/...-registry -c registry -- df -h /storage; kubectl get pvc)"


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
    return f"Next: run docker ps -a; docker logs --tail 50 {container} (or kubectl logs {workload})"


CORE = look("harbor-core", "deploy/...-core")
DATABASE = look("harbor-db", "sts/...-database")
JOBSERVICE = look("harbor-jobservice", "deploy/...-jobservice")
PORTAL = look("harbor-portal", "deploy/...-portal")
REDIS = look("redis", "sts/...-redis")
REGISTRY = look("registry", "deploy/...-registry -c registry")
REGISTRYCTL = look("registryctl", "deploy/...-registry -c registryctl")
TRIVY = look("trivy-adapter", "sts/...-trivy")

STALLED = (
    "Next: run docker exec redis redis-cli ping (or the same in the pod of Redis): if that hangs, restart Redis, "
    "otherwise core"
)
ASK_HEALTH = (
    "Next: run check_harbor_health with the same options: it shows whether core, Redis or the database is stalled"
)
LOCKED = "Next: look for locks and for free connections in the database: select * from pg_stat_activity"
BEHIND_CORE = "Next: search core's log for the X-Request-Id: the line names what failed behind core"

CONNECT = "Next: check that the Harbor host is up and its reverse proxy (container nginx, or the ingress) listens"
TLS = f"Next: check the TLS settings of Harbor's reverse proxy or ingress: openssl s_client -connect {HOST}"
CERTIFICATE = "Next: run check_harbor_certificate with the same options: it lists what clients refuse, and why"
NO_TLS = (
    f"Next: point -H at http://{HOST} if Harbor speaks plain HTTP there (logins need https), "
    "or find out what listens there"
)
NGINX = "docker logs --tail 50 nginx (or the log of the ingress controller)"
STUCK = f"Next: check the Harbor host and its reverse proxy, which accepts but does not answer: uptime; {NGINX}"
ANSWER = f"Next: check core, and nginx or the ingress: {CORE[10:]}; {NGINX}"
BODY = f"Next: check the proxies between here and Harbor, then run {NGINX}"
MOVED = "Next: point -H at https://registry.example.net"
ROUTE = "Next: check -H, then the routes of the ingress: /api/, /service/ and /v2/ belong to core, / to the portal"
IN_FRONT = (
    f"Next: look at the rules of the reverse proxy, WAF or CDN in front; {NGINX} shows whether the request got through"
)
CONTENT = "Next: fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output"
SLOW = (
    "Next: look at the load of the Harbor host: uptime, docker stats (or kubectl top pods); then for slow "
    "statements in pg_stat_activity"
)
WAIT = "Next: wait half a minute, then check again"
