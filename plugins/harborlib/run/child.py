"""A probe that runs on its own as a part of triage."""

from __future__ import annotations

import argparse
import time as clock

from harborlib.harbor.refusals import NOT_SET_UP, PERMISSION_MISSING, TOO_OLD
from harborlib.harbor.run import Run
from harborlib.judge import isolation
from harborlib.wire import deadline
from harborlib.wire.failure import Failure, Unusable

from . import options
from .attempt import OWN_SHARE, Attempt
from .judging import judged
from .probe import Probe
from .service import Service

#: How an endpoint says that it does not apply: no permission, not in this Harbor, not set up.
NOT_FOR_US = (PERMISSION_MISSING, TOO_OLD, NOT_SET_UP)
#: Service options, with the option of triage that supplies each.
OURS = dict.fromkeys(("--image", "--artifact", "--repository"), "--image P/R:TAG") | {"--project": "--push-project P"}
_PARSERS: dict[str, options.Parser] = {}


def parser_of(probe: Probe) -> options.Parser:
    """The parser of a probe, made once: check_harbor_component runs for each component."""
    if probe.module not in _PARSERS:
        _PARSERS[probe.module] = probe.parser()
    return _PARSERS[probe.module]


class Child:
    """One running probe, with the options of its scheduled service.

    `need`: the option that it lacks, or ""; `done`: it has run.
    """

    def __init__(self, probe: Probe, service: Service, whole: Run, given: dict[str, str]) -> None:
        self.done = False
        self.name = service.options.get("--component", probe.name)
        self.seconds = 0.0
        self.need = self.lacking(service, given)
        if self.need:
            return
        account = whole.args.login
        if probe.name in isolation.LOGIN_OWNER and whole.args.canary:
            account = whole.args.canary
        if probe.one_login:  # triage has the accounts of robots only
            account = None
        filled = {flag: given.get(flag, "" if "{" in value else value) for flag, value in service.options.items()}
        words = [f"{flag}={value}" for flag, value in filled.items() if value]
        try:
            own = parser_of(probe).parse_args(words)
        except options.ParserExit as ended:
            self.need = ended.problem
            return
        # Like the shipped services: an invalid certificate does not hide other problems from them.
        args = argparse.Namespace(
            **{**vars(own), **options.common(whole.args), "login": account, "isolate": frozenset(isolation.OWNERS)}
        )
        self.attempt = Attempt(probe, args, Run(whole.client.with_account(account), args, whole))

    @staticmethod
    def lacking(service: Service, given: dict[str, str]) -> str:
        """The triage option that supplies what the service needs, or ""."""
        needed = [flag for flag, value in service.options.items()
                  if any(f"{{{host}}}" in value for host in service.hosts) and not given.get(flag)]  # fmt: skip
        return f"needs {OURS[needed[0]]}" if needed else ""

    def go(self, wait: float) -> None:
        """Run the probe after `wait` seconds. An error before its first request means that an option was not given."""
        clock.sleep(wait)
        started = clock.monotonic()
        self.attempt.go(started + deadline.remaining(), OWN_SHARE)
        self.seconds = clock.monotonic() - started
        if isinstance(self.attempt.error, Unusable) and not self.attempt.run.asked:
            self.need = str(self.attempt.error)
        self.done = True

    def judge(self, snapshot: isolation.Snapshot, owners: frozenset[str]) -> None:
        """Assign each failure to its owner, unless the endpoint says that it does not apply."""
        failure = self.attempt.failure
        if failure and not snapshot.systeminfo and is_not_for_us(failure):
            self.need = failure.detail
            return
        # The failure that keeps a probe without requests to Harbor (certificate) from it also keeps health from it.
        judged(self.attempt, snapshot if self.attempt.run.asked else isolation.Snapshot(failure), owners)


def is_not_for_us(failure: Failure) -> bool:
    """Whether an endpoint of the API says that it does not apply to this account or this Harbor."""
    return failure.kind in NOT_FOR_US and failure.login and not (failure.step or failure.state)
