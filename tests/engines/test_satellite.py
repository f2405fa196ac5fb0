"""Icinga 2 in two places: a satellite runs the plugins for its master, and is missed when it is gone."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harbor_simulator import Simulator
from isolation.scenarios import STEADY

from . import counted, icinga, plugins, recorded
from .engine import ROOT, Harbor, Page, until
from .icinga import SHIPPED, Icinga
from .outages import Run, begin

pytestmark = pytest.mark.timeout(400)

EXAMPLES = ROOT / "icinga2" / "examples" / "zones"
MASTER, SATELLITE = "master.example.com", "satellite.example.com"
#: Whom the example tells.
PEOPLE = """
object NotificationCommand "mail-service-notification" { command = [ "/bin/true" ] }
object UserGroup "icingaadmins" { }
"""
HEALTH, NODE, SELFCHECK = "harbor-health", "harbor-satellite", "harbor-selfcheck"
#: Of a host whose owner has checks of their own: the log of our node would always lag too much.
INTERFERING = "vars.cluster_lag_warning = -1"
PORTAL, KEYWORD = "check_harbor_portal", "a\\b; \"c d\" 'e' $HOME$ $(id) `id` ~ * & | < > (x) {{ 7*7 }}\n--insecure"


class Satellite(Icinga):
    """It gets its configuration from the master, in the global zone `harbor`."""

    node = SATELLITE

    def zones(self) -> str:
        return (EXAMPLES / "satellite.zones.conf").read_text()

    def definitions(self) -> str:
        return ""

    def again(self) -> None:
        """It is started once more."""
        self._start()


class Master(Icinga):
    """The shipped definitions in the global zone, the hosts in its own; no plugins."""

    node = MASTER
    satellite_port = 0
    further = ""  # hosts

    def zones(self) -> str:
        text = (EXAMPLES / "master.zones.conf").read_text()
        return text.replace(f'  host = "{SATELLITE}"', f'  host = "127.0.0.1"\n  port = {self.satellite_port}')

    def definitions(self) -> str:
        shutil.copytree(SHIPPED, self.folder / "zones" / "harbor")
        (self.folder / "zones" / "master").mkdir()
        hosts = [*map(icinga.host, self.harbors), self.further]
        text = "\n".join(hosts).replace('import "harbor"', f'import "harbor"\n  {INTERFERING}')
        (self.folder / "zones" / "master" / "hosts.conf").write_text(text)
        return ""

    def connected(self) -> bool:
        """Whether the satellite is there."""
        (found,) = self._get("objects/endpoints", {"endpoints": [SATELLITE], "attrs": ["connected"]})
        return bool(found["attrs"]["connected"])

    def unconnected(self, checks: list[tuple[str, str]]) -> None:
        """What Icinga says of such checks once the master has been up for five minutes, by itself before that."""
        for name, service in checks:
            self.submit(name, service, 3, f"Remote Icinga instance '{SATELLITE}' is not connected to '{MASTER}'")

    def seen_from_the_satellite(self, name: str) -> bool:
        """Have health checked; whether the satellite said so."""
        self.force(name, HEALTH)
        (found,) = self._get("objects/services", {"services": [f"{name}!{HEALTH}"], "attrs": ["last_check_result"]})
        result = found["attrs"]["last_check_result"]
        return bool(result and result["state"] == 0 and result["check_source"] == SATELLITE)


class MasterWithTheExample(Master):
    further = (EXAMPLES / "host.conf").read_text() + PEOPLE


def test_satellite_checks_and_is_missed(tmp_path: Path) -> None:
    Icinga.needed()
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(Simulator())
        options = {"": {"--ca-file": simulator.ca_file}, "portal": {"--keyword": icinga.escaped(KEYWORD)}}
        harbor = Harbor("far.example.com", simulator.url, endpoint=SATELLITE, options=options)
        installed = recorded.install(plugins.install(tmp_path / "plugins"), PORTAL)
        satellite = stack.enter_context(Satellite(tmp_path / "satellite", installed, []))
        Master.satellite_port = satellite.port
        master = stack.enter_context(MasterWithTheExample(tmp_path / "master", tmp_path / "nothing", [harbor]))
        until(lambda: master.seen_from_the_satellite(harbor.name), "the satellite has checked")
        master.run([(harbor.name, NODE), (harbor.name, "harbor-portal")])
        assert recorded.came(installed, PORTAL)["keyword"] == KEYWORD
        assert master.last[harbor.name, NODE].state == 0
        satellite.stop()
        for _ in range(2):
            master.run([(harbor.name, NODE)])
        until(lambda: bool(master.pages()), "the engine notifies")
        (page,) = master.pages()
        assert page[:4] == ("PROBLEM", harbor.name, NODE, "CRITICAL")
        assert page.output.startswith(f"Zone '{SATELLITE}' is not connected.")


#: Who owns them: nobody, health, storage before push, a component, api.
BEHIND = ("all is well", "core stopped", "storage full", "registry stopped", "login refused")


class Far(Run):
    """The outages behind a satellite, and then without it."""

    def gone(self, master: Master, satellite: Satellite) -> list[Page]:
        """The satellite is gone, which is seen in the worst order, and comes back; the notifications of that."""
        before = len(master.pages())
        nodes, selfchecks = ([(name, service) for name in self.harbors] for service in (NODE, SELFCHECK))
        checks = [check for check in master.services() if check not in (*nodes, *selfchecks)]
        for check, attempts in [*((check, 2) for check in nodes), *((check, 3) for check in selfchecks)]:
            master.attempts(*check, attempts)
        satellite.stop()
        until(lambda: not master.connected(), "the master notices")
        master.unconnected(checks)
        # harbor-selfcheck is hard after two minutes, harbor-satellite is looked at every minute.
        for seen in (selfchecks, selfchecks, nodes, selfchecks, nodes, selfchecks):
            master.run(seen, pace=self.pace)
        time.sleep(master.delayed)
        satellite.again()
        until(master.connected, "the satellite is back")
        for seen in (checks, nodes, selfchecks):
            master.run(seen, pace=self.pace)
        time.sleep(master.delayed)
        return master.pages()[before:]


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Far, list[Page]]]:
    """The notifications of the outages, and of the satellite that was gone."""
    Icinga.needed()
    folder = tmp_path_factory.mktemp("far")
    installed = plugins.install(folder / "plugins")
    cost = plugins.cost(installed)
    with contextlib.ExitStack() as stack:
        scenarios = [scenario for scenario in STEADY if scenario.title in BEHIND]
        simulators, hosts = begin(stack, scenarios, folder, cost)
        satellite = stack.enter_context(Satellite(folder / "satellite", installed, []))
        Master.satellite_port = satellite.port
        hosts = [replace(host, endpoint=SATELLITE) for host in hosts]
        master = Master(folder / "master", folder / "nothing", hosts)
        master.names = satellite.names
        stack.enter_context(master)
        run = Far(master, simulators, pace=cost / 3)
        run.change(run.harbors, broken=False)
        until(lambda: all(master.seen_from_the_satellite(host.name) for host in hosts), "the satellite has checked")
        run.everything()
        yield run, run.gone(master, satellite)


def test_one_page_from_the_owner_behind_a_satellite(far: tuple[Far, list[Page]]) -> None:
    run, _ = far
    for name in run.harbors:
        assert run.paged(name) == run.expected(name), name


def test_one_page_for_each_host_whose_satellite_is_gone(far: tuple[Far, list[Page]]) -> None:
    run, gone = far
    told = sorted((page.host, page.kind, page.service) for page in gone)
    assert told == sorted((name, kind, NODE) for name in run.harbors for kind in ("PROBLEM", "RECOVERY"))


def test_table_in_the_documentation(far: tuple[Far, list[Page]]) -> None:
    run, gone = far
    kinds = Counter(page.kind for page in gone if page.host == next(iter(run.harbors)))
    found = [(f"{title}{counted.BEHIND}", who, told) for title, who, told in map(run.counted, run.harbors)]
    found.append((counted.GONE, NODE, f"{kinds['PROBLEM']} + {kinds['RECOVERY']}"))
    if os.environ.get("WRITE_COUNTED"):
        counted.write("icinga2", found)
    assert counted.column("icinga2", part="satellite") == found
