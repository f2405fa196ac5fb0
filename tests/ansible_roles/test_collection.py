"""The collection itself: well made, of one version, and clear about a variable that is wrong."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import harborlib

import pytest

from ansible_roles.controller import COLLECTION, Controller, needed, settings

pytestmark = pytest.mark.timeout(300)
yaml = pytest.importorskip("yaml", reason="needs ansible-core (the extra `ansible` of setup.cfg)")
ROLES = ("harbor_checks", "harbor_robot")
HARBOR = {"name": "harbor.test", "url": "https://harbor.test"}
LOGIN = {"username": "robot$x", "password": "a-secret"}
CANARY = {"canary": LOGIN, "canary_project": "canary"}


def read(path: str) -> dict:  # type: ignore[type-arg]
    """A YAML file of the collection."""
    found: dict = yaml.safe_load((COLLECTION / path).read_text(encoding="utf-8"))  # type: ignore[type-arg]
    return found


def test_ansible_lint_finds_nothing(tmp_path: Path) -> None:
    lint = needed("ansible-lint")
    folder = tmp_path / "ansible_collections" / "check_harbor" / "monitoring"
    shutil.copytree(COLLECTION, folder, ignore=shutil.ignore_patterns(".ansible"))
    command = [lint, "--offline", "--profile=production", "--strict", "--nocolor"]
    done = subprocess.run(
        command, cwd=folder, env=settings(tmp_path), capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_archive_holds_both_roles(collection: Controller) -> None:
    with tarfile.open(collection.archive) as archive:
        names = set(archive.getnames())
    wanted = {f"roles/{role}/{part}/main.yml" for role in ROLES for part in ("tasks", "defaults", "meta")}
    assert wanted | {"README.md", "CHANGELOG.md", "meta/runtime.yml", "playbooks/site.yml"} <= names
    assert not [name for name in names if name.startswith((".ansible", "tests"))]


def test_one_version() -> None:
    versions = {read("galaxy.yml")["version"], read("roles/harbor_checks/defaults/main.yml")["harbor_checks_version"]}
    assert versions == {harborlib.__version__}


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_that_are_documented(role: str) -> None:
    options = read(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    documented = {name: option["default"] for name, option in options.items() if "default" in option}
    defaults = read(f"roles/{role}/defaults/main.yml")
    assert set(defaults) <= set(options)
    assert {name: value for name, value in defaults.items() if "{{" not in str(value)} == documented


def test_playbook_and_example_fit(collection: Controller) -> None:
    inventory = str(COLLECTION / "inventory" / "example.yml")
    command = [needed("ansible-playbook"), "-i", inventory, "check_harbor.monitoring.site", "--syntax-check"]
    subprocess.run(command, env=settings(collection.folder), check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"harbor_checks_engine": "zabbix"},
            "value of harbor_checks_engine must be one of: icinga2, nagios, none, got: zabbix",
        ),
        (
            {"harbor_checks_instances": [{"name": "harbor.test"}]},
            "missing required arguments: url found in harbor_checks_instances",
        ),
        (
            {"harbor_checks_instances": [{**HARBOR, "robots": LOGIN}]},
            "harbor_checks_instances.robots. Supported parameters include: ",
        ),
        (
            {"harbor_checks_instances": [HARBOR, HARBOR]},
            "harbor_checks_instances: each name once, of letters, digits, dots and dashes: harbor.test, harbor.test",
        ),
        (
            {"harbor_checks_secrets_dir": "secrets"},
            "harbor_checks_secrets_dir must be an absolute path: secrets",
        ),
        (
            {"harbor_checks_instances": [{**HARBOR, "canary": LOGIN}]},
            "harbor_checks_instances: harbor.test has a canary robot but no canary_project to push to",
        ),
        (
            {"harbor_checks_engine": "nagios", "harbor_checks_instances": [{**HARBOR, "artifact": "shop/web:stable"}]},
            "harbor_checks_instances: harbor.test: with Nagios an artifact needs the monitoring robot",
        ),
        (
            {"harbor_checks_engine": "nagios", "harbor_checks_instances": [{**HARBOR, **CANARY}]},
            "harbor_checks_instances: harbor.test: with Nagios a canary robot needs a canary_image, and the monitoring "
            "robot",
        ),
    ],
)
def test_a_wrong_variable_is_one_clear_line(collection: Controller, variables: dict[str, object], said: str) -> None:
    played = collection.play(variables, "--check")
    assert played.problem.removeprefix("Validation of arguments failed:\n").find(said) >= 0, played.problem
    assert len(played.problem.removeprefix("Validation of arguments failed:\n").splitlines()) == 1
    assert LOGIN["password"] not in played.out
