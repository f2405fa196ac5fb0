"""harbor_robot grants the permissions that the README and the probes name, and its documented defaults hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from harborlib.harbor import endpoints

import pytest

yaml = pytest.importorskip("yaml", reason="needs PyYAML, which ansible-core brings (the extra `ansible` of setup.cfg)")
ROOT = Path(__file__).resolve().parent.parent.parent
ROLE = ROOT / "ansible" / "roles" / "harbor_robot"
KNOWN = [endpoint for endpoint in vars(endpoints).values() if isinstance(endpoint, endpoints.Endpoint)]


def read(path: str) -> Any:
    return yaml.safe_load((ROLE / path).read_text())


def given(name: str) -> set[str]:
    permissions = [
        f"{permission['resource']}:{permission['action']}"
        for permission in read("vars/main.yml")[f"harbor_robot__{name}_permissions"]
    ]
    assert len(permissions) == len(set(permissions))
    return set(permissions)


def documented(beginning: str, end: str) -> set[str]:
    """The permissions in a part of the README, where `quota:read+list` is two."""
    text = " ".join((ROOT / "README.md").read_text().split())
    part = text[text.index(beginning) : text.index(end)]
    found = re.findall(r"([a-z-]+):([a-z+]+)", part)
    return {f"{resource}:{action}" for resource, actions in found for action in actions.split("+")}


def test_on_system_level_they_are_those_of_the_readme() -> None:
    assert given("system") == documented("begin: permissions", "every project")


def test_in_projects_they_are_those_of_the_readme() -> None:
    assert given("project") == documented("every project", "end: permissions")


def test_of_the_canary_robot_they_are_those_of_the_readme() -> None:
    assert given("canary") == documented("The **canary robot**", "On Harbor 2.9 a robot")


def test_on_system_level_they_are_those_that_probes_need() -> None:
    needed = {endpoint.permission for endpoint in KNOWN if endpoint.level == endpoints.SYSTEM and endpoint.permission}
    assert given("system") == needed


def test_in_projects_no_probe_lacks_one() -> None:
    needed = {endpoint.permission for endpoint in KNOWN if endpoint.level == endpoints.PROJECT}
    assert needed <= given("project")


def test_documented_defaults_are_the_real_ones() -> None:
    options = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    told = {name: option["default"] for name, option in options.items() if "default" in option}
    defaults = read("defaults/main.yml")
    assert "HARBOR_ROBOT_ADMIN_PASSWORD" in defaults.pop("harbor_robot_admin_password")
    assert told == defaults
