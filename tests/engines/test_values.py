"""Values under attack: what stands in a host's variables reaches a plugin as it is, or runs nothing at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from . import recorded
from .engine import Engine, Harbor
from .icinga import escaped
from .nagios import SHIPPED, Nagios

pytestmark = pytest.mark.timeout(120)

HOST, URL = "harbor.example.com", "https://harbor.example.com"
PORTAL = "check_harbor_portal"
#: Whatever means something to a shell, to Nagios, to Icinga 2 or to Ansible.
HOSTILE = r"""a\b; touch CANARY "b c" 'd' $HOME$ $(touch CANARY) `touch CANARY` ~: * ? # ! & | < > (x) {{ 7*7 }} %s"""


def test_every_character_of_an_option_arrives(kind: type[Engine], tmp_path: Path) -> None:
    """With Nagios through an options file: it removes some of them from its own variables."""
    keyword = HOSTILE.replace("CANARY", str(tmp_path / "canary"))
    if kind is Nagios:
        file = tmp_path / "portal.options"
        file.write_text(f"--keyword {keyword}\n--warning ~:5\n")
        file.chmod(0o644)
        options = {"--options-file": str(file)}
    else:
        keyword += "\n--insecure"
        options = {"--keyword": escaped(keyword), "--warning": "~:5"}
    plugins = recorded.install(tmp_path / "plugins", PORTAL)
    with kind(tmp_path / "engine", plugins, [Harbor(HOST, URL, options={"portal": options})]) as engine:
        engine.run([(HOST, "harbor-portal")])
    came = recorded.came(plugins, PORTAL)
    assert (came["keyword"], came["warning"], came["insecure"]) == (keyword, "~:5", "False")
    assert not (tmp_path / "canary").exists()


class Attacked(Nagios):
    """Every variable of the host holds what Nagios does not remove, and what it does, with the settings of Debian."""

    def _host(self, harbor: Harbor) -> str:
        canary = self.folder / "canary"
        hostile = rf"x\; touch {canary} \; '`touch {canary}`' || touch {canary} # \\ *"
        names = re.findall(r"_HOST(HARBOR_[A-Z0-9_]+)", "".join(file.read_text() for file in SHIPPED.glob("*.cfg")))
        values = {**dict.fromkeys(names, hostile), "HARBOR_PLUGINS": rf"{self.plugins}\; touch {canary} \;"}
        lines = [f"    _{name}  {value}" for name, value in values.items()]
        return "\n".join(["define host {", "    use  harbor-canary", f"    host_name  {harbor.name}", *lines, "}", ""])


def test_nagios_runs_nothing_of_a_variable(tmp_path: Path) -> None:
    Nagios.needed()
    with Attacked(tmp_path / "engine", tmp_path / "plugins", [Harbor(HOST, URL)]) as engine:
        engine.run(engine.services(), pace=0.02)
        outputs = {check[1]: result.output for check, result in engine.last.items()}
    assert not (engine.folder / "canary").exists()
    wrong = {name: output for name, output in outputs.items() if "/plugins:: not found" not in output}
    assert list(wrong) == ["harbor-selfcheck"], wrong
    assert "x: touch" in wrong["harbor-selfcheck"]


def test_every_variable_of_a_nagios_command_is_quoted() -> None:
    """A variable outside of quotes is read by the shell."""
    for file in SHIPPED.glob("*.cfg"):
        for line in file.read_text().splitlines():
            words = line.split("'")[::2] if line.split()[:1] == ["command_line"] else []
            assert not [word for word in words if "$_HOST" in word or "$ARG" in word], line
