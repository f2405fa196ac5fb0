"""The fire drill without an engine: its list of failures, its directory, and what it refuses."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import harbor_simulator
from engines.daemons import free_port
from harbor_simulator.drill.failures import FAILURES
from harbor_simulator.drill.site import Site, opened
from isolation.scenarios import COMPONENTS, PEOPLE, STEADY

from .nagios import configured

COMMAND = (sys.executable, "-W", "error", "-m", "harbor_simulator.drill")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(harbor_simulator.__file__).parents[1])}


def run(*options: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, *options], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_every_failure_is_a_tested_scenario_with_the_same_owner() -> None:
    known = {scenario.title: scenario for scenario in (*STEADY, *PEOPLE)}
    for failure in FAILURES:
        if failure.refused == "canary":
            continue  # tests/engines has it
        scenario = known[failure.title]
        (owner,) = (*scenario.critical, *scenario.warning, *scenario.elsewhere)
        assert failure.owner == (f"component-{owner}" if owner in COMPONENTS else owner)
        assert (failure.switches, failure.certificate) == (scenario.switches, scenario.certificate)
        assert scenario.login is (failure.refused != "monitor")


@pytest.mark.parametrize("module", ["harbor_simulator", "harbor_simulator.drill"])
def test_list_whose_reader_has_had_enough(module: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", module, "--list"]
    done = subprocess.run(
        command, env=ENVIRONMENT, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(writing)
    assert done.stderr == ""


def test_prepare_makes_secrets_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "drill"
    code, out, err = run("--directory", str(folder), "--prepare", "--host", "drill-1", "--port", "8444")
    assert (code, err) == (0, "")
    assert 'object Host "drill-1"' in out
    assert "_HARBOR_URL             https://127.0.0.1:8444" in out
    modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in ("ca.key", "monitor.auth", "canary.auth")}
    assert set(modes.values()) == {0o600}
    assert opened(folder) == Site(folder, "drill-1", 8444)
    again = run("--directory", str(folder), "--prepare")
    assert again == (
        3,
        "",
        f"check_harbor_drill: {folder} is prepared already: run the drill, or name another directory\n",
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--nagios", "{folder}/nagios.cfg", "--only", "registry-dwon"], "no such failure: registry-dwon (see --list)"),
        (["--nagios", "/nowhere/nagios.cfg"], "cannot read /nowhere/nagios.cfg: No such file or directory"),
        (["--nagios", "{folder}/lost.cfg"], "cannot read {folder}/gone.log: No such file or directory"),
        (["--icinga", "https://127.0.0.1:1", "--icinga-authfile", "{folder}/monitor.auth"], "Connection refused"),
        (["--icinga", "https://127.0.0.1:1", "--icinga-authfile", "{folder}/open.auth"], "others may read or change"),
        ([], "one of --prepare, --nagios and --icinga is needed"),
    ],
)
def test_what_makes_a_drill_impossible(options: list[str], told: str, tmp_path: Path) -> None:
    Site(tmp_path, "drill", free_port()).prepare()
    config = configured(tmp_path)
    (tmp_path / "lost.cfg").write_text(Path(config).read_text().replace("nagios.log", "gone.log"))
    (tmp_path / "open.auth").write_text("username=a\npassword=b\n")
    (tmp_path / "open.auth").chmod(0o644)
    code, out, err = run("--directory", str(tmp_path), *(option.format(folder=tmp_path) for option in options))
    assert code in (2, 3)
    assert out == ""
    assert told.format(folder=tmp_path) in err
    assert "Traceback" not in err


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        Site(tmp_path, "drill", port).prepare()
        done = run("--directory", str(tmp_path), "--nagios", configured(tmp_path))
    assert done == (3, "", f"check_harbor_drill: cannot listen on port {port}: Address already in use\n")
