"""The basket in a real Icinga Director: restored twice, deployed, and a host made there has all its services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from engines import plugins
from engines.engine import ROOT, until
from engines.icinga import Icinga
from engines.watched import authfiles, host, simulated

from .director import NEEDED, Director, Reachable
from .icingaweb import IcingaWeb
from .mariadb import MariaDB

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

BASKET = (ROOT / "icinga2" / "director" / "basket.json").read_text(encoding="utf-8")
HOST, FROM_FILE = "made-in-director", "from-a-file"


class Deployed(NamedTuple):
    """What a Director has made of the basket."""

    icinga: Icinga
    fields: list[int]  # after each time that the basket was restored
    variables: dict[str, Any]  # of the same host, as made from a file


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    Icinga.needed()
    Director.needed()
    folder = tmp_path_factory.mktemp("director")
    with simulated() as simulator:
        watched = host(FROM_FILE, simulator, authfiles(folder), 15)
        with Reachable(folder / "icinga", plugins.install(folder / "plugins"), [watched]) as icinga:
            variables = icinga.attributes("hosts", FROM_FILE)["vars"]
            with MariaDB(folder / "mariadb") as database:
                files = Director.files(icinga)
                director = Director(IcingaWeb(folder / "web", database, ["director"], NEEDED, files), database)
                director.run("kickstart", "run")
                fields = []
                for _ in range(2):
                    director.run("basket", "restore", text=BASKET)
                    fields.append(director.count("director_datafield"))
                given = {name: value for name, value in variables.items() if isinstance(value, str)}
                given.pop("dummy_text")
                properties = {"object_type": "object", "imports": ["harbor-director"], "vars": given}
                director.create("host", HOST, properties)
                director.run("config", "deploy")
                until(lambda: HOST in {name for name, _ in answers(icinga)}, "the deployed configuration is active")
            yield Deployed(icinga, fields, variables)


def answers(icinga: Icinga) -> list[tuple[str, str]]:
    """The services, none while Icinga 2 reloads."""
    return icinga.services() if icinga.ready() else []


def test_restoring_twice_adds_no_field(deployed: Deployed) -> None:
    assert deployed.fields == [BASKET.count('"varname"')] * 2


def test_its_host_is_like_one_from_a_file(deployed: Deployed) -> None:
    made, other = (deployed.icinga.attributes("hosts", name) for name in (HOST, FROM_FILE))
    own = {"harbor_notifications"}
    assert made["vars"] == {name: value for name, value in deployed.variables.items() if name not in own}
    for name in ("check_command", "check_interval", "enable_notifications", "icon_image", "groups"):
        assert made[name] == other[name], name


def test_its_services_run(deployed: Deployed) -> None:
    found = deployed.icinga.services()
    services = {name: {service for of, service in found if of == name} for name in (HOST, FROM_FILE)}
    assert services[HOST] == services[FROM_FILE]
    checks = [(HOST, "harbor-health"), (HOST, "harbor-login"), (HOST, "harbor-component-trivy"), (HOST, "harbor-gc")]
    deployed.icinga.run(checks)
    assert {check: deployed.icinga.last[check].state for check in checks} == dict.fromkeys(checks, 0)


def test_its_people_are_notified(deployed: Deployed) -> None:
    found = [entry["attrs"] for entry in deployed.icinga._get("objects/notifications", {})]
    types = {entry["service_name"]: entry["types"] for entry in found if entry["host_name"] == HOST}
    reminders = {name for name in types if "-reminder-" in name}
    assert set(types) == {service for name, service in deployed.icinga.services() if name == HOST}
    assert {tuple(types[name]) for name in reminders} == {("Problem",)}
    assert all("Recovery" in types[name] for name in set(types) - reminders)
    assert {tuple(entry["user_groups"]) for entry in found if entry["host_name"] == HOST} == {("harbor-people",)}
