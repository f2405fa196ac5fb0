"""harbor-selfcheck under attack: no text makes it run something, miss a service, or take another host's for its own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.runner import NAMES

from .engine import ROOT, Engine, Harbor
from .icinga import Icinga

pytestmark = pytest.mark.timeout(120)

HERE, OTHER = "harbor.example.com", "other.example.com"
SELFCHECK = "harbor-selfcheck"
OK = (0, "HARBOR SELFCHECK OK - every check could judge")
#: A plugin that prints a file of its name, whatever it is asked.
STUB = "#!/bin/sh\ncat '{texts}/{name}'\nexit 3\n"
BLOCK = b"servicestatus {\n\thost_name=%b\n\tservice_description=harbor-portal\n\tcurrent_state=0\n\t}\n"
#: What a plugin prints, and what harbor-selfcheck repeats of it in Nagios and in Icinga 2.
TEXTS = {
    "health": b"$(touch CANARY)`touch CANARY`;'\"&\\1%s" * 110,
    "v2": b"404: gone (see harbor-health), says the server\n(see harbor-health)",
    "portal": b"}\n}\n" + BLOCK.replace(b"%b", HERE.encode()) + b" (see harbor-health)",
    "certificate": b"\xff\x1b[2J\t\\n\tcurrent_state=0 (see harbor-certificate)(see harbor-health) ",
    "signin": b"}\n'; touch CANARY; (see harbor-health)(see harbor-signin",
    "component": b"(see harbor-component-redis) (see harbor-component redis)",
}


class Watched:
    """Two hosts whose plugins print what a test wants; the first failing check counts."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder

    def selfcheck(self, host: str) -> tuple[int, str]:
        """What harbor-selfcheck of this host finds."""
        time.sleep(self.engine.written)
        self.engine.run([(host, SELFCHECK)])
        found = self.engine.last[host, SELFCHECK]
        return found.state, found.output


@pytest.fixture
def watched(kind: type[Engine], tmp_path: Path) -> Iterator[Watched]:
    plugins, texts = tmp_path / "plugins", tmp_path / "texts"
    plugins.mkdir()
    texts.mkdir()
    for name in NAMES:
        (plugins / name).write_text(STUB.format(texts=texts, name=name))
        (plugins / name).chmod(0o755)
    for name, text in TEXTS.items():
        content = b"HARBOR UNKNOWN - " + text.replace(b"CANARY", bytes(tmp_path / "canary"))
        (texts / f"check_harbor_{name}").write_bytes(content[:4096])
    harbors = [Harbor(name, f"https://{name}") for name in (HERE, OTHER)]
    with kind(tmp_path / "engine", plugins, harbors) as engine:
        engine.pass_all()
        engine.alert_at_once()
        yield Watched(engine, tmp_path)


def test_comments_and_downtimes_are_no_services(watched: Watched) -> None:
    engine = watched.engine
    engine.submit(OTHER, "harbor-v2", 3, "HARBOR V2 UNKNOWN - of the other host")
    for host in (HERE, OTHER):
        engine.remark(host, "harbor-health", "HARBOR HEALTH UNKNOWN - of a comment")
    assert watched.selfcheck(HERE) == OK
    only = "HARBOR SELFCHECK WARNING - 1 check could not judge: harbor-v2 (HARBOR V2 UNKNOWN - of the other host)"
    assert watched.selfcheck(OTHER) == (1, only)


def test_no_text_of_a_plugin_runs_anything_or_hides_a_service(watched: Watched) -> None:
    services = [check for check in watched.engine.services() if check[0] == HERE and check[1] != SELFCHECK]
    watched.engine.run(services, pace=0.02)
    state, output = watched.selfcheck(HERE)
    assert state == 1
    assert output.startswith(f"HARBOR SELFCHECK WARNING - {len(services)} checks could not judge: ")
    assert [name for _, name in services if f"{name} (HARBOR UNKNOWN - " not in output] == []
    assert "harbor-v2 (HARBOR UNKNOWN - 404: gone (see harbor-health), says the server)" in output
    assert not (watched.folder / "canary").exists()
    assert watched.selfcheck(OTHER) == OK


class Interfering(Icinga):
    """The hosts have variables of their own, which other commands take."""

    def definitions(self) -> str:
        variables = {
            "dummy_state": 0,
            "dummy_text": "fine",
            "cluster_zone": "none",
            "command": "none",
            "output": "json",
        }
        lines = "".join(f"  vars.{name} = {json.dumps(value)}\n" for name, value in variables.items())
        found = super().definitions()
        file = self.folder / self.objects
        file.write_text(file.read_text().replace('  import "harbor"\n', f'  import "harbor"\n{lines}'))
        return found


def test_no_variable_of_a_host_silences_it(tmp_path: Path) -> None:
    Icinga.needed()
    with Interfering(tmp_path / "engine", tmp_path / "nothing", [Harbor(HERE, f"https://{HERE}")]) as engine:
        engine.pass_all()
        engine.alert_at_once()
        engine.submit(HERE, "harbor-v2", 3, "HARBOR V2 UNKNOWN - robot$canary: no right")
        engine.run([(HERE, SELFCHECK)])
        found = engine.last[HERE, SELFCHECK]
    only = "HARBOR SELFCHECK WARNING - 1 check could not judge: harbor-v2 (HARBOR V2 UNKNOWN - robot$canary: no right)"
    assert (found.state, found.output) == (1, only)


@pytest.mark.parametrize("host", ["harbor", ".*", "5", ""])
def test_nagios_host_must_be_named_exactly(host: str, tmp_path: Path) -> None:
    fields = "service_description=harbor-v2\n\tcurrent_state=3\n\tstate_type=1\n"
    blocks = "".join(f"servicestatus {{\n\thost_name={name}\n\t{fields}\t}}\n" for name in (HERE, "5e0"))
    (tmp_path / "status.dat").write_text(blocks)
    (tmp_path / "nagios.cfg").write_text(f"status_file={tmp_path}/status.dat\n")
    script = ROOT / "nagios" / "check_harbor" / "selfcheck.sh"
    command = ["sh", str(script), str(tmp_path / "nagios.cfg"), host]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    assert done.stdout == f"HARBOR SELFCHECK WARNING - the status file has no service of {host} | unjudged=0;0\n"
