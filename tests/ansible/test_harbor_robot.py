"""harbor_robot from the first run to the last, on Harbors before and after 2.10, which gave robots both kinds of
rights.

The runs build on each other: each is made when the first test asks for it, after those before it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from controller import Controller
from robot_play import ADMIN, ADMINISTRATORS, OTHER, OTHER_PASSWORD, PASSWORD, Played, forms, instance, play

import runner
from simulator import Simulator

pytestmark = pytest.mark.timeout(300)
VERSIONS = {"old": "2.9.5", "middle": "2.11.0", "new": "2.14.4"}
DAY = 86400

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


class Run(NamedTuple):
    """A run: what was said, the requests that change something, and the files there are afterwards."""

    played: Played
    writes: list[str]
    files: dict[str, str]


class Story:
    """Three Harbors and a folder for secrets."""

    def __init__(self, collection: Controller, folder: Path, harbors: dict[str, Simulator]) -> None:
        self.collection = collection
        self.folder = folder
        self.secrets = folder / "secrets"
        self.harbors = harbors
        self.instances = {
            "old": instance("old", harbors["old"], canary_project="canary"),
            "middle": instance("middle", harbors["middle"], url=harbors["middle"].url + "/"),
            "new": instance("new", harbors["new"], canary_project="canary"),
        }
        self.known = {*forms(ADMIN, PASSWORD), *forms(OTHER, OTHER_PASSWORD)}  # what no output may hold

    def run(self, *argv: str, only: str = "", **variables: object) -> Run:
        before = {name: len(harbor.requests) for name, harbor in self.harbors.items()}
        common = {
            "harbor_checks_instances": [self.instances[only]] if only else list(self.instances.values()),
            "harbor_checks_secrets_dir": str(self.secrets),
            "harbor_robot_admin_logins": {"middle": {"username": OTHER, "password": OTHER_PASSWORD}},
        }
        played = play(self.collection, self.folder, {**common, **variables}, *argv)
        writes = [
            f"{name}: {request.method} {request.target}"
            for name, harbor in self.harbors.items()
            for request in harbor.requests[before[name] :]
            if request.method != "GET"
        ]
        for harbor in self.harbors.values():
            for robot in harbor.content.robots:
                self.known.update(forms(robot.name, robot.secret))
        assert not [secret for secret in self.known if secret in played.out]
        return Run(played, writes, self.files())

    def files(self) -> dict[str, str]:
        paths = sorted(self.secrets.rglob("*.auth"))
        return {str(path.relative_to(self.secrets)): path.read_text() for path in paths}

    def said(self, run: Run) -> list[str]:
        """The messages, with the names of the Harbors for their addresses."""
        text = "\n".join(run.played.told).replace(f"{self.secrets}/", "")
        for name, harbor in self.harbors.items():
            text = text.replace(harbor.url, name)
        return text.splitlines()

    def robots(self, name: str) -> dict[str, dict]:
        """The accounts of a Harbor, as its API tells of them."""
        harbor, project = self.harbors[name], self.harbors[name].content.projects.get("canary")
        queries = ["", f"?q=Level=project,ProjectID={project.number}"] if project else [""]
        rows = [row for query in queries for row in self.ask(name, "GET", f"/robots{query}").json()]
        assert len(rows) == len(harbor.content.robots)
        return {row["name"]: row for row in rows}

    def ask(self, name: str, method: str, path: str, body: object = None) -> requests.Response:
        harbor = self.harbors[name]
        url = f"{harbor.url}/api/v2.0{path}"
        answer = requests.request(method, url, json=body, auth=(ADMIN, PASSWORD), verify=harbor.ca_file, timeout=30)
        assert answer.ok, answer.text
        return answer

    def plugin(self, probe: str, name: str, login: str, *argv: str) -> str:
        """The first line of a plugin that logs in as this robot, and its exit code."""
        harbor = self.harbors[name]
        where = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", str(self.secrets / name / login))
        outcome = runner.here(f"check_harbor_{probe}", *where, *argv)
        return f"{outcome.first.split(' - ')[0]} {outcome.code}"

    @functools.cached_property
    def checked(self) -> Run:
        return self.run("--check", "--diff")

    @functools.cached_property
    def first(self) -> Run:
        assert self.checked
        return self.run("-vvv", "--diff")

    @functools.cached_property
    def second(self) -> Run:
        assert self.first
        return self.run("-vvv", "--diff")

    @functools.cached_property
    def rotation_checked(self) -> Run:
        assert self.second
        return self.run("--check", "-e", "harbor_robot_rotate=true", only="new")

    @functools.cached_property
    def broken(self) -> dict[str, str]:
        """Files are lost and wrong, accounts changed and disabled, and one that runs out. The files as they were."""
        files = self.rotation_checked.files
        (self.secrets / "old" / "robot.auth").unlink()
        canary = next(robot for robot in self.robots("old").values() if robot["level"] == "project")
        self.ask("old", "PATCH", f"/robots/{canary['id']}", {"secret": "S0mebodyElses"})
        (robot,) = self.robots("middle").values()
        del robot["permissions"][0]["access"][3]
        self.ask("middle", "PUT", f"/robots/{robot['id']}", {**robot, "disable": True})
        (self.secrets / "middle" / "robot.auth").chmod(0o644)
        for robot in self.harbors["new"].content.robots:
            robot.created -= (30 - 6.9) * DAY if robot.name == "robot$monitoring" else (30 - 7.1) * DAY
        return files

    @functools.cached_property
    def broken_checked(self) -> Run:
        assert self.broken
        return self.run("--check", "--diff", "-vvv", harbor_robot_duration="30")

    @functools.cached_property
    def repaired(self) -> Run:
        assert self.broken_checked
        return self.run("-vvv", "--diff", "-e", "harbor_robot_duration=30")

    @functools.cached_property
    def settled(self) -> Run:
        assert self.repaired
        return self.run("--check", only="new", harbor_robot_duration=30)

    @functools.cached_property
    def removal_checked(self) -> Run:
        assert self.settled
        return self.run("--check", "--diff", only="new", harbor_robot_state="absent")

    @functools.cached_property
    def removed(self) -> Run:
        assert self.removal_checked
        self.instances["middle"]["state"] = "absent"
        self.harbors["new"].content.projects.pop("canary")
        return self.run("-vvv", harbor_robot_state="absent")


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


def test_check_mode_tells_what_a_first_run_would_do(story: Story) -> None:
    assert story.said(story.checked) == [
        "old: would create the robot account monitoring, with its login in old/robot.auth",
        "old: would create the project canary",
        "old: would create the robot account canary, with its login in old/canary.auth",
        "middle: would create the robot account monitoring, with its login in middle/robot.auth",
        "new: would create the robot account monitoring, with its login in new/robot.auth",
        "new: would create the project canary",
        "new: would create the robot account canary, with its login in new/canary.auth",
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


def rights(robot: dict) -> dict[tuple[str, str], set[str]]:
    return {
        (permission["kind"], permission["namespace"]): {
            f"{access['resource']}:{access['action']}" for access in permission["access"]
        }
        for permission in robot["permissions"]
    }


@pytest.mark.parametrize("name", VERSIONS)
def test_the_accounts_have_the_rights_that_they_need_and_no_more(story: Story, name: str) -> None:
    assert story.first
    robots = {full: (robot["level"], rights(robot)) for full, robot in story.robots(name).items()}
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
    projects = story.harbors[name].content.projects
    projects["canary"] = dataclasses.replace(projects["canary"], repositories={"img": ("1.0",)})
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


def test_check_mode_tells_of_a_rotation_that_is_asked_for(story: Story) -> None:
    assert story.said(story.rotation_checked) == [
        "new: would rotate the secret of the robot account robot$monitoring, with its login in new/robot.auth",
        "new: would rotate the secret of the robot account robot$canary+canary, with its login in new/canary.auth",
    ]
    assert (story.rotation_checked.writes, story.rotation_checked.files) == ([], story.second.files)


def test_check_mode_tells_what_would_be_repaired(story: Story) -> None:
    assert story.said(story.broken_checked) == [
        "old: would update the robot account robot$monitoring (duration)",
        "old: would rotate the secret of the robot account robot$monitoring, with its login in old/robot.auth",
        "old: would update the robot account robot$canary+canary (duration)",
        "old: would rotate the secret of the robot account robot$canary+canary, with its login in old/canary.auth",
        "middle: would update the robot account bot-monitoring (rights, duration, disabled)",
        "new: would delete the robot account robot$monitoring, whose time runs out",
        "new: would create the robot account monitoring, with its login in new/robot.auth",
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
        assert rights(robots["bot-monitoring" if name == "middle" else "robot$monitoring"]) == MONITORING[name]


def test_only_secrets_that_were_of_no_use_change(story: Story) -> None:
    before, after = story.broken, story.repaired.files
    kept = [file for file in before if before[file] == after[file]]
    assert kept == ["middle/robot.auth", "new/canary.auth"]
    assert stat.filemode((story.secrets / "middle" / "robot.auth").stat().st_mode) == "-rw-------"


def test_all_logins_work_again(story: Story) -> None:
    assert story.repaired
    for name in VERSIONS:
        for path in sorted((story.secrets / name).iterdir()):
            assert story.plugin("api", name, path.name) == "HARBOR API OK 0"


def test_check_mode_finds_nothing_to_do_afterwards(story: Story) -> None:
    assert (story.settled.played.changed, story.said(story.settled), story.settled.writes) == (0, [], [])


def test_check_mode_tells_what_would_be_removed(story: Story) -> None:
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
