#!/usr/bin/env python3
"""Does Harbor's API accept the credentials, how fast, and is Harbor writable?

Reads /api/v2.0/systeminfo with the credentials. Harbor does not refuse wrong credentials there: it answers as it
answers anonymous requests, and this probe notices that. Its service reports bad credentials of the monitoring robot,
locked tables, an exhausted database pool and a forgotten read-only mode; with --isolate the other probes point to it.

States:
  OK        the credentials are accepted in time; Harbor is writable; its clock agrees with this host's
  WARNING   slow (-w): a slow database shows here first, and with --isolate other slow probes point here; read-only
            mode; the clocks differ (--skew-warning); Harbor is older than --minimum-version; its external_url, which it
            gives to clients, is not --external-url (by default: the URL of -H)
  CRITICAL  the credentials are refused; no answer; very slow (-c); the clocks differ much (--skew-critical): tokens are
            then refused as expired, or as not yet valid
  UNKNOWN   usage error, no credentials, an unexpected answer; with --isolate: another probe reports the cause, named in
            the line (database, redis, or Harbor as a whole: check_harbor_health)

The probe compares Harbor's clock with this host's; it cannot know which of the two is wrong.

Perfdata:
  time       response time in seconds
  skew       seconds by which the clocks differ, without the time that the answer took
  read_only  1 in read-only mode, 0 otherwise

Permissions: none; any robot account may log in. Harbor: 2.0 or newer. It shows read-only mode from 2.2 on and its clock
from 2.5 on; an older Harbor is judged without them, and the line says so.

Does not see: which permissions the account has (each probe names the ones it lacks); whether clients can log in to push
and pull (check_harbor_login).
"""

import harbor_preloaded

import argparse
import re
import time
from typing import Optional

from harborlib.harbor import Run, endpoints
from harborlib.judge import Limit, Problem, Readings, ResponseTime, Shown, isolation
from harborlib.run import Probe, Service, plugin
from harborlib.text import SECONDS, WARNING
from harborlib.text.cleaning import redacted
from harborlib.wire.origin import Origin, Target

WRITABLE = "switch it off unless maintenance is in progress (Administration > Configuration > System Settings)"
CLOCK = "compare date -u here with {clock}, and correct the wrong clock"
UPDATE = "update Harbor, or lower --minimum-version"
ADDRESS = (
    "pass --external-url if clients use another address than -H, "
    "else set external_url (chart: externalURL) to theirs and {apply}"
)

#: Facts that older Harbors do not report: the field, what it is, the Harbor that introduced it.
YOUNGER = (("read_only", "read-only mode", "2.2"), ("current_time", "clock", "2.5"))

slow = ResponseTime("api.slow", f"{isolation.SLOW_LOGIN:g}s", "8s")
skew = Limit("api.clocks-differ", "skew", SECONDS, "Harbor's clock is {value} {side} this host's", "30s", "300s",
             option="skew", help="how much the clocks differ", next_step=CLOCK)  # fmt: skip
read_only = Problem("api.read-only", WARNING, WRITABLE)
too_old = Problem("api.too-old", WARNING, UPDATE)
other_address = Problem("api.external-url-differs", WARNING, ADDRESS)
read_only_mode = Shown("read_only")


def measure(run: Run) -> Readings:
    """Harbor's information about itself, as shown to an account."""
    before = time.time()
    info = run.rest.systeminfo()
    after = time.time()
    yield slow(run.rest.elapsed)
    moment = info.moment("current_time")
    if moment is not None:
        ahead = clock_difference(moment, before, after)
        yield skew(round(abs(ahead), 1), side="ahead of" if ahead > 0 else "behind")
    is_read_only = info.flag("read_only")
    if is_read_only:
        yield read_only("Harbor is in read-only mode: pushes are refused")
    if "read_only" in info:
        yield read_only_mode(int(is_read_only), high=1)
    version = redacted(info.name("harbor_version"))  # part of it is printed
    age = version_problem(version, run.args.minimum_version)
    if age:
        yield too_old(age)
    address = address_problem(info.text("external_url"), run.args.external_url or run.client.origin)
    if address:
        yield other_address(address)
    text = f"{run.client.origin.where} accepts the credentials, Harbor {version.partition('-')[0]}"
    if "read_only" in info:
        text += f" is {'read-only' if is_read_only else 'writable'}"
    missing = [f"{what} (needs {since})" for name, what, since in YOUNGER if name not in info]
    return text + (f", not checked: {', '.join(missing)}" if missing else "")


def clock_difference(moment: float, before: float, after: float) -> float:
    """Seconds by which a clock that was read between these two times is ahead (negative: behind)."""
    return moment - after if moment > after else min(0.0, moment - before)


def version_problem(version: str, minimum: Optional[tuple[int, ...]]) -> str:
    """What is wrong with Harbor's version, or ""."""
    if not minimum:
        return ""
    wanted = ".".join(map(str, minimum))
    match = re.match(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", version)
    if not match:
        return f"Harbor's version {version or '(none)'} cannot be compared with {wanted}"
    found = tuple(int(part or 0) for part in match.groups())
    return f"Harbor {match[0]} is older than {wanted}" if found < minimum else ""


def address_problem(external_url: str, expected: Origin) -> str:
    """What is wrong with the address that Harbor gives to clients, or ""."""
    try:
        same = Target.parse(external_url) == (expected, "/")
    except ValueError:
        same = False
    return "" if same else f"Harbor's external_url is {external_url or '(none)'}, not {expected.url}"


def parse_version(text: str) -> tuple[int, ...]:
    """A version for a comparison, such as 2.10 or v2.10.3; raises ArgumentTypeError."""
    match = re.fullmatch(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", text.strip(), re.ASCII)
    if not match:
        raise argparse.ArgumentTypeError(f"not a version: {text[:40]!r}")
    return tuple(int(part or 0) for part in match.groups())


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.add_argument("--minimum-version", metavar="VERSION", type=parse_version,
                        help="warn when Harbor is older than this")  # fmt: skip
    parser.add_argument("--external-url", metavar="URL", type=Origin.parse,
                        help="what Harbor's external_url should be (default: the URL of -H)")  # fmt: skip


main = plugin.main(Probe(
    __name__,
    measure,
    [slow, skew, read_only, too_old, other_address, read_only_mode],
    declare=declare,
    asks=[endpoints.SYSTEMINFO],
    account="yes",
    services=[
        Service(every="2min", attempts=3, retry="40s", login="robot", hosts=("robot_authfile",),
                notes="The API refuses the monitoring robot's credentials or hangs, or Harbor is read-only. "
                "Check the robot's secret and expiry, then the database for locks and its connection limit.")
    ],
))  # fmt: skip
