"""Run the simulator from a shell: `python3 tests/simulator --switch registry-down`."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from pathlib import Path

# Started by its path: let `simulator` be a package, and let its modules shadow nothing.
if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

try:
    from simulator import MONITOR, MONITOR_SECRET, Account, Simulator
    from simulator.accounts import default_accounts
    from simulator.certificates import KINDS
    from simulator.faults import FAULTS
    from simulator.hostile import DISTORTIONS
except ModuleNotFoundError as missing:
    sys.exit(f"simulator: {missing}; after `make try` there is all it needs: .venv/bin/python tests/simulator")


CANARY, CANARY_SECRET = "robot$canary", "sEcret-of/the+canary=robot"
#: What works with the canary's login: it has an image without its layer.
EXAMPLES = (
    "# check_harbor_login --repository pub/img",
    "# check_harbor_pull --image pub/img:1.0 --blobs config",
    "# check_harbor_push --project pub",
)
CANARY_RIGHTS = dict.fromkeys(("priv", "pub"), ("pull", "push", "delete"))


def switches() -> str:
    """All switches, one line each."""
    lines = [(name, fault.breaks) for name, fault in FAULTS.items()]
    lines += [(name, str(function.__doc__)) for name, function in DISTORTIONS.items()]
    lines.append(("status-NNN", "an error page with this status on all paths of core"))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="simulator", description="A Harbor stand-in on 127.0.0.1.", allow_abbrev=False
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--switch", action="append", default=[], metavar="NAME", help="a failure, repeatable")
    kinds = ", ".join([*KINDS, "days-left=N"])
    parser.add_argument("--certificate", default="good", metavar="KIND", help=f"one of {kinds}")
    parser.add_argument("--http", action="store_true", help="serve plain HTTP under an http:// URL")
    parser.add_argument("--list", action="store_true", help="print all switches and leave")
    args = parser.parse_args()
    if args.list:
        print(switches())
        return 0
    scheme = "http" if args.http else "https"
    try:
        users = {**default_accounts(), CANARY: Account(CANARY_SECRET, projects=CANARY_RIGHTS)}
        simulator = Simulator(*args.switch, scheme=scheme, certificate=args.certificate, port=args.port, users=users)
    except ValueError as problem:
        parser.error(str(problem))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    with contextlib.ExitStack() as stack:
        try:
            harbor = stack.enter_context(simulator)
        except (OSError, OverflowError) as problem:
            parser.exit(2, f"simulator: cannot listen on port {args.port}: {problem}\n")
        print(f"url={harbor.url}", f"ca_file={harbor.ca_file}", sep="\n")
        print(f"username={MONITOR}", f"password={MONITOR_SECRET}", sep="\n")
        print(f"canary_username={CANARY}", f"canary_password={CANARY_SECRET}", *EXAMPLES, sep="\n", flush=True)
        signal.sigwait([signal.SIGINT, signal.SIGTERM])
    return 0


if __name__ == "__main__":
    sys.exit(main())
