"""A probe's service in Icinga 2 and Nagios: the definitions for both engines are generated from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: Option values that only the engine knows: the components with their own service, the time since when
#: harbor-certificate alerts, the state of the service after its last check, and which addresses are judged one by one.
DELEGATED, ALERTING_SINCE, LAST_STATE, REPLICAS = "delegated", "alerting since", "last state", "replicas"


class Service(NamedTuple):
    """One service.

    `every` and `retry` are durations, such as "5min"; it alerts after `attempts`. `notes`: one sentence of meaning, one
    first step. `hosts`: the host variables without which a host does not have it. `login`: the authfile that it uses
    (`robot` or `canary`), if the host has one. `options`: the plugin's arguments, where `{x}` is the host variable
    harbor_x. `name` if it is not the probe's.
    """

    every: str
    notes: str
    attempts: int = 1
    retry: str = "1min"
    hosts: tuple[str, ...] = ()
    login: str = ""
    options: Mapping[str, str] = {}
    name: str = ""
