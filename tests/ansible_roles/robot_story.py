"""What becomes of three Harbors and a folder for logins, run of harbor_robot by run."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, NamedTuple

import requests

from ansible_roles.controller import Controller
from ansible_roles.robot_play import ADMIN, OTHER, OTHER_PASSWORD, PASSWORD, Played, forms, instance, play
from harbor_simulator import Simulator
from support import runner

DAY = 86400


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

    def robots(self, name: str) -> dict[str, dict[str, Any]]:
        """The accounts of a Harbor, as its API shows them."""
        harbor, project = self.harbors[name], self.harbors[name].content.projects.get("canary")
        queries = ["", f"?q=Level=project,ProjectID={project.number}"] if project else [""]
        rows = [row for query in queries for row in self.ask(name, "GET", f"/robots{query}").json()]
        assert len(rows) == len(harbor.content.robots)
        return {row["name"]: row for row in rows}

    def ask(self, name: str, method: str, path: str, body: Any = None) -> requests.Response:
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
        for account in self.harbors["new"].content.robots:
            account.created -= (30 - 6.9) * DAY if account.name == "robot$monitoring" else (30 - 7.1) * DAY
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
        for harbor in self.instances.values():
            harbor["state"] = "absent"
        self.harbors["new"].content.projects.pop("canary")
        return self.run("-vvv")
