"""Icinga 2 in two places: a satellite runs the plugins for its master, and is missed when it is gone."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

from harbor_simulator import Simulator

from . import icinga, plugins, recorded
from .engine import ROOT, Harbor, until
from .icinga import SHIPPED, Icinga

pytestmark = pytest.mark.timeout(200)

EXAMPLES = ROOT / "icinga2" / "examples" / "zones"
MASTER, SATELLITE = "master.example.com", "satellite.example.com"
#: Whom the example tells.
PEOPLE = """
object NotificationCommand "mail-service-notification" { command = [ "/bin/true" ] }
object UserGroup "icingaadmins" { }
"""
HEALTH, NODE = "harbor-health", "harbor-satellite"
PORTAL, KEYWORD = "check_harbor_portal", "a\\b; \"c d\" 'e' $HOME$ $(id) `id` ~ * & | < > (x) {{ 7*7 }}\n--insecure"


class Satellite(Icinga):
    """It gets its configuration from the master, in the global zone `harbor`."""

    node = SATELLITE

    def zones(self) -> str:
        return (EXAMPLES / "satellite.zones.conf").read_text()

    def definitions(self) -> str:
        return ""


class Master(Icinga):
    """The shipped definitions in the global zone, the hosts in its own; no plugins."""

    node = MASTER
    satellite_port = 0

    def zones(self) -> str:
        text = (EXAMPLES / "master.zones.conf").read_text()
        return text.replace(f'  host = "{SATELLITE}"', f'  host = "127.0.0.1"\n  port = {self.satellite_port}')

    def definitions(self) -> str:
        shutil.copytree(SHIPPED, self.folder / "zones" / "harbor")
        (self.folder / "zones" / "master").mkdir()
        hosts = [*map(icinga.host, self.harbors), (EXAMPLES / "host.conf").read_text(), PEOPLE]
        (self.folder / "zones" / "master" / "hosts.conf").write_text("\n".join(hosts))
        return ""

    def seen_from_the_satellite(self, name: str) -> bool:
        """Have health checked; whether the satellite said so."""
        self.force(name, HEALTH)
        (found,) = self._get("objects/services", {"services": [f"{name}!{HEALTH}"], "attrs": ["last_check_result"]})
        result = found["attrs"]["last_check_result"]
        return bool(result and result["state"] == 0 and result["check_source"] == SATELLITE)


def test_satellite_checks_and_is_missed(tmp_path: Path) -> None:
    Icinga.needed()
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(Simulator())
        options = {"": {"--ca-file": simulator.ca_file}, "portal": {"--keyword": icinga.escaped(KEYWORD)}}
        harbor = Harbor("far.example.com", simulator.url, endpoint=SATELLITE, options=options)
        installed = recorded.install(plugins.install(tmp_path / "plugins"), PORTAL)
        satellite = stack.enter_context(Satellite(tmp_path / "satellite", installed, []))
        Master.satellite_port = satellite.port
        master = stack.enter_context(Master(tmp_path / "master", tmp_path / "nothing", [harbor]))
        until(lambda: master.seen_from_the_satellite(harbor.name), "the satellite has checked")
        master.run([(harbor.name, NODE), (harbor.name, "harbor-portal")])
        assert recorded.came(installed, PORTAL)["keyword"] == KEYWORD
        satellite.stop()
        for _ in range(2):
            master.run([(harbor.name, NODE)])
        until(lambda: bool(master.pages()), "somebody is told")
        (page,) = master.pages()
        assert page[:4] == ("PROBLEM", harbor.name, NODE, "CRITICAL")
        assert page.output.startswith(f"Zone '{SATELLITE}' is not connected.")
