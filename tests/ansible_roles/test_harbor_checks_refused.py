"""harbor_checks and an inventory that means harm: one line names the variable, and nothing has been touched."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_roles.controller import FAILURE, Controller, needed, settings

pytestmark = pytest.mark.timeout(300)

HARBOR = {"name": "harbor.test", "url": "https://harbor.test"}
SECRET = "s3same-Secret"
INSTANCES = "harbor_checks_instances: harbor.test: "
COMMAND = "touch /canary-of-harbor-checks"
#: Ends a definition of Nagios and begins one that runs something.
NAGIOS = f"x\n}}\ndefine command {{\n    command_name x\n    command_line {COMMAND}"
#: What Ansible itself looks at, and that it listens to the scripts: the variables, and what the role says.
PLAYED: dict[str, tuple[dict[str, object], str]] = {
    "values": (
        {"harbor_checks_instances": [{**HARBOR, "url": f"https://{NAGIOS}", "artifact": NAGIOS}]},
        f"{INSTANCES}url must be https://HOST or https://HOST:PORT; {INSTANCES}artifact must be PROJECT/REPOSITORY:TAG",
    ),
    "directories": (
        {"harbor_checks_dir": "FOLDER/full", "harbor_checks_state": "absent"},
        "harbor_checks_dir: FOLDER/full holds what this role has not put there (it has no .harbor_checks_dir)",
    ),
    "unit of somebody else": (
        {"harbor_checks_preloaded": True, "harbor_checks_units": ["FOLDER/full/passwd"]},
        "harbor_checks_preloaded: FOLDER/full/passwd was not written by this role: remove it first",
    ),
    "login of two lines": (
        {"harbor_checks_instances": [{**HARBOR, "robot": {"username": "x", "password": f"{SECRET}\nusername=y"}}]},
        f"{INSTANCES}robot: a username and a password, without line breaks",
    ),
    "login that is a text": (
        {"harbor_checks_instances": [{**HARBOR, "robot": f"robot$x {SECRET}"}]},
        "Validation of arguments failed:\n",
    ),
    "private key": (
        {"harbor_checks_instances": [{**HARBOR, "ca_file": "FOLDER/id.key"}]},
        INSTANCES + "ca_file must hold CA certificates, and no private key",
    ),
    "some other file": (
        {"harbor_checks_instances": [{**HARBOR, "ca_file": "/etc/hostname"}]},
        INSTANCES + "ca_file must hold CA certificates, and no private key",
    ),
    "index without TLS": (
        {"harbor_checks_index_url": f"http://u:{SECRET}@index.test/simple"},
        "harbor_checks_index_url must be a URL, with https:// if it holds a password",
    ),
    "index of two lines": (
        {"harbor_checks_index_url": f"https://u:{SECRET}@index.test/\nextra-index-url = https://evil.test"},
        "harbor_checks_index_url must be a URL, with https:// if it holds a password",
    ),
}


class Played(NamedTuple):
    """What a run of all cases said, case by case, and the files before and after it."""

    folder: Path
    out: str
    lines: dict[str, str]
    before: list[str]


@pytest.fixture(scope="module")
def played(collection: Controller, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """All cases in one run, on this machine."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "full").mkdir()
    (folder / "full" / "passwd").touch()
    (folder / "id.key").write_text("-----BEGIN PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n")
    common: dict[str, object] = {"harbor_checks_instances": [HARBOR]}
    for name in ("dir", "etc", "conf_dir", "plugin_dir"):
        common[f"harbor_checks_{name}"] = f"FOLDER/{name}"
    before = files(folder)
    tasks = json.dumps([task({**common, **variables}) for variables, _ in PLAYED.values()])
    out = run(collection, folder, json.loads(tasks.replace("FOLDER", str(folder))))
    said = failures(out)
    assert len(said) == len(PLAYED), out
    return Played(folder, out, dict(zip(PLAYED, said)), before)


def task(variables: dict[str, object]) -> dict[str, object]:
    """Apply the role, and continue with the next one when it fails."""
    role = {"ansible.builtin.include_role": {"name": "check_harbor.monitoring.harbor_checks"}, "vars": variables}
    return {"block": [role], "rescue": [{"ansible.builtin.meta": "noop"}]}


def run(collection: Controller, folder: Path, tasks: Any) -> str:
    playbook = folder.parent / f"{folder.name}.json"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = subprocess.run(
        [needed("ansible-playbook"), "-vvv", "--diff", str(playbook)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        env=settings(collection.folder),
        cwd=folder.parent,
        check=False,
    )
    return done.stdout


def failures(out: str) -> list[str]:
    """The message of each role that failed."""
    read = json.JSONDecoder().raw_decode
    return [read(out, found.end())[0]["msg"] for found in FAILURE.finditer(out)]


def files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.mark.parametrize("case", PLAYED)
def test_one_line_names_the_variable(played: Played, case: str) -> None:
    wanted = PLAYED[case][1].replace("FOLDER", str(played.folder))
    assert played.lines[case][: len(wanted)] == wanted


def test_nothing_was_touched(played: Played) -> None:
    assert files(played.folder) == played.before
    assert not Path(COMMAND.split()[1]).exists()


def test_no_secret_was_shown(played: Played) -> None:
    assert SECRET not in played.out
