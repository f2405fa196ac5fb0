"""What the host itself shows: how many services are not OK, and the cause; and the links to the runbook."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from .engine import ROOT, Harbor
from .icinga import Icinga
from .nagios import Nagios
from .test_definitions import everything

sys.path.insert(0, str(ROOT / "tools"))

import release

pytestmark = pytest.mark.timeout(120)

HOST = everything("harbor-1")
RUNBOOK = "https://wiki.example.com/runbook.md"


class Shown(Icinga):
    """An Icinga whose host says something."""

    def says(self, expected: str) -> None:
        """Check the host until it says this; a result of a service may come a moment later."""
        said: list[Any] = [""]

        def shown() -> bool:
            self._post("actions/reschedule-check", {"type": "Host", "host": HOST.name, "force": True})
            time.sleep(0.2)  # the check of a host needs no process
            result = self.attributes("hosts", HOST.name)["last_check_result"]
            said[0] = result and result["output"]
            return bool(said[0] == expected)

        end = time.monotonic() + 10
        while not shown() and time.monotonic() < end:
            pass
        assert said[0] == expected


def test_host_names_the_cause(tmp_path: Path) -> None:
    Shown.needed()
    with Shown(tmp_path / "engine", Path("/opt/check_harbor/bin"), [HOST]) as engine:
        count = len(engine.services())
        start = f"Harbor at {HOST.url}: "
        engine.says(f"{start}no service has been checked yet")
        engine.pass_all()
        engine.says(f"{start}all {count} services are OK")
        engine.submit(HOST.name, "harbor-pull", 3, "HARBOR PULL UNKNOWN - 502 (see harbor-component-registry)")
        engine.submit(HOST.name, "harbor-component-registry", 2, "HARBOR COMPONENT CRITICAL - robot$a: a - b\nNext: x")
        because = "because of harbor-component-registry"
        critical = "robot$a: a - b"
        engine.says(f"{start}2 of {count} services are not OK, {because}: {critical}")
        engine.submit(HOST.name, "harbor-api", 1, "HARBOR API WARNING - slow")
        engine.says(f"{start}3 of {count} services are not OK, {because} and 1 more: {critical}")


def test_links_lead_to_the_runbook_that_the_host_names(tmp_path: Path) -> None:
    Icinga.needed()
    named = replace(HOST, name="named", options={"": {"--runbook": RUNBOOK}})
    with Icinga(tmp_path / "engine", Path("/opt/check_harbor/bin"), [HOST, named]) as engine:
        found = {
            tuple(check): engine.attributes("services", "!".join(check))["notes_url"] for check in engine.services()
        }
    assert {link for (host, _), link in found.items() if host == HOST.name} == {""}
    assert all(link == f"{RUNBOOK}#{name}" for (host, name), link in found.items() if host == "named")


class Summed(Nagios):
    """A Nagios whose hosts say something."""

    def says(self, host: str, expected: str) -> None:
        """Check the host once; the status file is written once a second."""
        self._order(f"SCHEDULE_FORCED_HOST_CHECK;{host};{int(time.time())}")
        said = ""
        end = time.monotonic() + 10
        while said != expected and time.monotonic() < end:
            time.sleep(0.1)
            text = (self.folder / "status.dat").read_text()
            said = text.split(f"hoststatus {{\n\thost_name={host}\n")[1].split("\tplugin_output=")[1].split("\n")[0]
        assert said == expected

    def links(self) -> set[str]:
        """Where the notes of the services lead, without their section."""
        pages = {values["host_name"]: values["_HARBOR_RUNBOOK"] for values in self._compiled("host")}
        return {
            values["notes_url"].replace("$_HOSTHARBOR_RUNBOOK$", pages[values["host_name"]])
            .replace(f"#{values['service_description']}", "")
            for values in self._compiled("service")
        }  # fmt: skip


def test_host_in_nagios_names_what_pages(tmp_path: Path) -> None:
    """But not what follows from it, which is UNKNOWN, and no service that the host lacks."""
    Summed.needed()
    bare = Harbor("bare", "https://bare.example.com")
    with Summed(tmp_path / "engine", Path("/opt/check_harbor/bin"), [HOST, bare]) as engine:
        counts = Counter(host for host, _ in engine.services())
        engine.pass_all()
        count = counts[HOST.name]
        engine.says(HOST.name, f"Harbor at {HOST.url}: {count} of {count} services are OK")
        engine.submit(HOST.name, "harbor-api", 1, "HARBOR API WARNING - slow")
        engine.submit(HOST.name, "harbor-pull", 3, "HARBOR PULL UNKNOWN - 502 (see harbor-component-registry)")
        engine.submit(HOST.name, "harbor-component-registry", 2, "HARBOR COMPONENT CRITICAL - registry is unhealthy")
        engine.submit("bare", "harbor-portal", 2, "HARBOR PORTAL CRITICAL - 502")
        because = "CRITICAL harbor-component-registry, WARNING harbor-api"
        engine.says(HOST.name, f"Harbor at {HOST.url}: {count - 3} of {count} services are OK, {because}")
        all_but_one = f"{counts['bare'] - 1} of {counts['bare']} services are OK"
        engine.says("bare", f"Harbor at {bare.url}: {all_but_one}, CRITICAL harbor-portal")
        assert engine.links() == {f"{release.setup()['metadata']['url']}/docs/runbook.md"}
