"""The service that a probe is in Icinga 2 and Nagios: the definitions for both engines are written from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: Values of options that only the engine knows: the components with a service of their own, since when
#: harbor-certificate alerts, and the state in which the last check left the service.
DELEGATED, ALERTING_SINCE, LAST_STATE = "delegated", "alerting since", "last state"
#: The host variables without which a host has no service of an account's.
ROBOT, CANARY = "robot_authfile", "canary_authfile"


class Service(NamedTuple):
    """One service.

    `every` and `retry` are times, as "5min"; it alerts after `attempts`. `notes`: one sentence of meaning, one first
    step. `hosts`: the host variables without which a host does not have it. `login`: whose authfile it logs in with
    (`robot` or `canary`), if the host has it. `options`: what the plugin is given, where `{x}` is the host variable
    harbor_x. `name` where it is not that of the probe.
    """

    every: str
    notes: str
    attempts: int = 1
    retry: str = "1min"
    hosts: tuple[str, ...] = ()
    login: str = ""
    options: Mapping[str, str] = {}
    name: str = ""
