"""harbor_robot from the first run to the last, before and after Harbor 2.10 (robots with both kinds of permissions).

The runs build on each other: each is made when the first test asks for it, after those before it.
"""

from __future__ import annotations

import contextlib
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_roles.controller import Controller
from ansible_roles.robot_play import ADMINISTRATORS, instance, play
from ansible_roles.robot_story import Story
from harbor_simulator import Simulator

pytestmark = pytest.mark.timeout(300)
VERSIONS = {"old": "2.9.5", "middle": "2.11.0", "new": "2.14.4"}

SYSTEM = {
    "system-volumes:read", "quota:list", "jobservice-monitor:list", "garbage-collection:list",
    "garbage-collection:read", "purge-audit:list", "purge-audit:read", "replication-policy:list", "replication:list",
    "registry:list", "registry:read", "scan-all:read", "scanner:list", "scanner:read", "security-hub:read",
    "robot:list", "project:list",
}  # fmt: skip
PROJECTS = {
    "project:read", "repository:list", "repository:read", "artifact:list", "artifact:read", "accessory:list",
    "tag-retention:list", "tag-retention:read", "notification-policy:list", "notification-policy:read", "robot:list",
}  # fmt: skip
CANARY = {"repository:pull", "repository:push", "repository:delete", "artifact:delete"}
LISTING = {"robot:list"}
MONITORING = {
    "old": {("system", "/"): SYSTEM},
    "middle": {("system", "/"): SYSTEM - LISTING, ("project", "*"): PROJECTS - LISTING},
    "new": {("system", "/"): SYSTEM, ("project", "*"): PROJECTS},
}


@pytest.fixture(scope="module")
def story(collection: Controller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with contextlib.ExitStack() as stack:
        harbors = {
            name: stack.enter_context(Simulator(users=ADMINISTRATORS, version=version))
            for name, version in VERSIONS.items()
        }
        for harbor in harbors.values():
            harbor.content.robots = []
        harbors["middle"].content.robot_prefix = "bot-"
        yield Story(collection, tmp_path_factory.mktemp("robots"), harbors)


def test_check_mode_reports_what_a_first_run_would_do(story: Story) -> None:
    assert story.said(story.checked) == [
        "old: would create the robot account monitoring, with its credentials in old/robot.auth",
        "old: would create the project canary",
        "old: would create the robot account canary, with its credentials in old/canary.auth",
        "middle: would create the robot account monitoring, with its credentials in middle/robot.auth",
        "new: would create the robot account monitoring, with its credentials in new/robot.auth",
        "new: would create the project canary",
        "new: would create the robot account canary, with its credentials in new/canary.auth",
    ]
    assert story.checked.played.changed == 7


def test_check_mode_does_nothing(story: Story) -> None:
    assert (story.checked.writes, story.checked.files) == ([], {})
    assert not story.secrets.exists()


def test_a_first_run_makes_projects_and_accounts(story: Story) -> None:
    both = ["POST /api/v2.0/robots", "POST /api/v2.0/projects", "POST /api/v2.0/robots"]
    wanted = {"old": both, "middle": both[:1], "new": both}
    assert story.first.writes == [f"{name}: {request}" for name, requests in wanted.items() for request in requests]
    for name in ("old", "new"):
        assert story.ask(name, "GET", "/projects/canary").json()["metadata"] == {"public": "false"}


def permissions(robot: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    return {
        (permission["kind"], permission["namespace"]): {
            f"{access['resource']}:{access['action']}" for access in permission["access"]
        }
        for permission in robot["permissions"]
    }


@pytest.mark.parametrize("name", VERSIONS)
def test_the_accounts_have_exactly_the_permissions_that_they_need(story: Story, name: str) -> None:
    assert story.first
    robots = {full: (robot["level"], permissions(robot)) for full, robot in story.robots(name).items()}
    prefix = "bot-" if name == "middle" else "robot$"
    expected = {f"{prefix}monitoring": ("system", MONITORING[name])}
    if name != "middle":
        expected["robot$canary+canary"] = ("project", {("project", "canary"): CANARY})
    assert robots == expected


@pytest.mark.parametrize("name", VERSIONS)
def test_the_accounts_never_expire_by_default(story: Story, name: str) -> None:
    assert story.first
    assert {robot["duration"] for robot in story.robots(name).values()} == {-1}


def test_the_logins_are_stored_for_nobody_else_to_read(story: Story) -> None:
    assert list(story.first.files) == [
        "middle/robot.auth", "new/canary.auth", "new/robot.auth", "old/canary.auth", "old/robot.auth"
    ]  # fmt: skip
    for name, harbor in story.harbors.items():
        for robot in harbor.content.robots:
            file = f"{name}/{'canary' if robot.project else 'robot'}.auth"
            assert story.first.files[file] == f"username={robot.name}\npassword={robot.secret}\n"
        assert (story.secrets / name / "version").read_text() == f"{VERSIONS[name].rpartition('.')[0]}\n"
    modes = {stat.filemode(path.stat().st_mode) for path in story.secrets.rglob("*")}
    assert modes == {"drwx------", "-rw-------"}


PROBES = [
    "api",
    "gc",
    "quota",
    "remote_registry",
    "replication",
    "scan",
    "scanner",
    "storage",
    "queue",
    "vulnerabilities",
]


@pytest.mark.parametrize("name", VERSIONS)
def test_the_plugins_can_work_with_the_monitoring_robot(story: Story, name: str) -> None:
    assert story.first
    options = {"quota": ("--project", "*")}
    probes = (
        PROBES
        + {"old": ["robots"], "middle": ["retention", "webhook"], "new": ["retention", "webhook", "robots"]}[name]
    )
    lines = [story.plugin(probe, name, "robot.auth", *options.get(probe, ())) for probe in probes]
    assert lines == [f"HARBOR {probe.upper()} OK 0" for probe in probes]


@pytest.mark.parametrize("name", ["old", "new"])
def test_the_plugins_can_log_in_pull_and_push_with_the_canary_robot(story: Story, name: str) -> None:
    assert story.first
    story.harbors[name].content.put_image("canary/img", "1.0")
    assert (
        story.plugin("login", name, "canary.auth", "--repository", "canary/img", "--actions", "pull,push,delete")
        == "HARBOR LOGIN OK 0"
    )
    assert (
        story.plugin("pull", name, "canary.auth", "--image", "canary/img:1.0", "--blobs", "config")
        == "HARBOR PULL OK 0"
    )
    assert story.plugin("push", name, "canary.auth", "--project", "canary", "--depth", "session") == "HARBOR PUSH OK 0"


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.second.played.changed == 0
    assert (story.second.writes, story.second.files) == ([], story.first.files)


def test_check_mode_reports_a_requested_rotation(story: Story) -> None:
    assert story.said(story.rotation_checked) == [
        "new: would rotate the secret of the robot account robot$monitoring, with its credentials in new/robot.auth",
        "new: would rotate the secret of the robot account robot$canary+canary, with its"
        " credentials in new/canary.auth",
    ]
    assert (story.rotation_checked.writes, story.rotation_checked.files) == ([], story.second.files)


def test_check_mode_reports_what_would_be_repaired(story: Story) -> None:
    assert story.said(story.broken_checked) == [
        "old: would update the robot account robot$monitoring (duration)",
        "old: would rotate the secret of the robot account robot$monitoring, with its credentials in old/robot.auth",
        "old: would update the robot account robot$canary+canary (duration)",
        "old: would rotate the secret of the robot account robot$canary+canary, with its"
        " credentials in old/canary.auth",
        "middle: would update the robot account bot-monitoring (permissions, duration, disabled)",
        "new: would delete the robot account robot$monitoring, whose time runs out",
        "new: would create the robot account monitoring, with its credentials in new/robot.auth",
        "new: would update the robot account robot$canary+canary (duration)",
    ]
    assert story.broken_checked.writes == []


def test_what_is_broken_is_repaired(story: Story) -> None:
    writes = [re.sub(r"\d+$", "N", line) for line in story.repaired.writes]
    update, rotate = "PUT /api/v2.0/robots/N", "PATCH /api/v2.0/robots/N"
    assert writes == [
        *(f"old: {request}" for request in (update, rotate, update, rotate)),
        f"middle: {update}",
        "new: DELETE /api/v2.0/robots/N",
        "new: POST /api/v2.0/robots",
        f"new: {update}",
    ]
    for name in VERSIONS:
        robots = story.robots(name)
        assert {(robot["duration"], robot["disable"]) for robot in robots.values()} == {(30, False)}
        assert permissions(robots["bot-monitoring" if name == "middle" else "robot$monitoring"]) == MONITORING[name]


def test_only_secrets_that_were_of_no_use_change(story: Story) -> None:
    before, after = story.broken, story.repaired.files
    kept = [file for file in before if before[file] == after[file]]
    assert kept == ["middle/robot.auth", "new/canary.auth"]
    assert stat.filemode((story.secrets / "middle" / "robot.auth").stat().st_mode) == "-rw-------"


def test_all_logins_work_again(story: Story) -> None:
    assert story.repaired
    for name in VERSIONS:
        for path in sorted((story.secrets / name).glob("*.auth")):
            assert story.plugin("api", name, path.name) == "HARBOR API OK 0"


def test_check_mode_finds_nothing_to_do_afterwards(story: Story) -> None:
    assert (story.settled.played.changed, story.said(story.settled), story.settled.writes) == (0, [], [])


def test_check_mode_reports_what_would_be_removed(story: Story) -> None:
    assert story.said(story.removal_checked) == [
        "new: would delete the robot account robot$monitoring",
        "new: would delete the robot account robot$canary+canary",
    ]
    assert (story.removal_checked.writes, story.removal_checked.files) == ([], story.settled.files)


def test_accounts_and_files_are_removed_but_not_the_project(story: Story) -> None:
    writes = [re.sub(r"\d+$", "N", line) for line in story.removed.writes]
    delete = "DELETE /api/v2.0/robots/N"
    # The project of the new one has gone, and with it the account: its file goes, too.
    assert writes == [f"old: {delete}", f"old: {delete}", f"middle: {delete}", f"new: {delete}"]
    assert list(story.secrets.iterdir()) == []
    assert story.ask("old", "GET", "/projects/canary").json()["name"] == "canary"


def test_second_run_on_a_harbor_that_does_not_show_its_clock(collection: Controller, tmp_path: Path) -> None:
    """/systeminfo has `current_time` from 2.5 on only: neither login may be taken for refused."""
    with Simulator(users=ADMINISTRATORS, version="2.4.3") as harbor:
        harbor.content.robots = []
        variables = {
            "harbor_checks_instances": [instance("old", harbor)],
            "harbor_checks_secrets_dir": str(tmp_path / "s"),
        }
        assert [play(collection, tmp_path, variables).changed > 0 for _ in range(2)] == [True, False]
