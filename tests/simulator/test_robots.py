"""Robot accounts and projects that are made through the API, as far as no recording shows it: what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from harbor_simulator import Account, Simulator

from .client import get

ADMIN = ("admin", "admin's")
ROBOTS, PROJECTS, SYSTEMINFO = "/api/v2.0/robots", "/api/v2.0/projects", "/api/v2.0/systeminfo"


@pytest.fixture
def harbor() -> Iterator[Simulator]:
    with Simulator(users={"admin": Account("admin's", sysadmin=True)}) as simulator:
        simulator.content.robots = []
        yield simulator


def send(harbor: Simulator, method: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(method, harbor.url + path, json=body, auth=ADMIN, verify=harbor.ca_file, timeout=30)


def wanted(name: str = "monitoring", permission: str = "quota:list", **traits: object) -> dict[str, object]:
    resource, _, action = permission.partition(":")
    granted = {"kind": "system", "namespace": "/", "access": [{"resource": resource, "action": action}]}
    return {"name": name, "level": "system", "duration": -1, "permissions": [granted], **traits}


def made(harbor: Simulator, **traits: Any) -> dict[str, Any]:
    robot: dict[str, Any] = send(harbor, "POST", ROBOTS, wanted(**traits)).json()
    return robot


def taken(harbor: Simulator, robot: dict[str, Any]) -> bool:
    """Whether Harbor knows who asks."""
    answer = get(harbor, SYSTEMINFO, auth=(robot["name"], robot["secret"])).json()
    return "current_time" in answer


def message(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["message"]


def test_an_account_has_the_permissions_that_it_was_given(harbor: Simulator) -> None:
    robot = made(harbor)
    login = (robot["name"], robot["secret"])
    assert get(harbor, "/api/v2.0/quotas", auth=login).status_code == 200
    assert get(harbor, "/api/v2.0/registries", auth=login).status_code == 403


def test_a_new_secret_takes_the_place_of_the_old_one(harbor: Simulator) -> None:
    robot = made(harbor)
    assert taken(harbor, robot)
    rotated = send(harbor, "PATCH", f"{ROBOTS}/{robot['id']}", {"secret": ""}).json()
    assert taken(harbor, {**robot, **rotated})
    assert not taken(harbor, robot)


def test_a_secret_of_ones_own_is_not_answered(harbor: Simulator) -> None:
    robot = made(harbor)
    assert send(harbor, "PATCH", f"{ROBOTS}/{robot['id']}", {"secret": "My0wnSecret"}).json() == {}
    assert taken(harbor, {**robot, "secret": "My0wnSecret"})


def test_a_disabled_account_is_refused_until_it_is_enabled(harbor: Simulator) -> None:
    robot = made(harbor)
    path = f"{ROBOTS}/{robot['id']}"
    send(harbor, "PUT", path, wanted(name=robot["name"], disable=True))
    assert not taken(harbor, robot)
    harbor.authenticator._locked_until.clear()
    send(harbor, "PUT", path, wanted(name=robot["name"]))
    assert taken(harbor, robot)


def test_a_deleted_account_is_refused(harbor: Simulator) -> None:
    robot = made(harbor)
    assert send(harbor, "DELETE", f"{ROBOTS}/{robot['id']}").status_code == 200
    assert not taken(harbor, robot)


def test_more_time_counts_from_the_creation_on(harbor: Simulator) -> None:
    robot = made(harbor, duration=30)
    harbor.content.now = harbor.world.clock() + 86400
    send(harbor, "PUT", f"{ROBOTS}/{robot['id']}", wanted(name=robot["name"], duration=60))
    row = send(harbor, "GET", f"{ROBOTS}/{robot['id']}").json()
    assert (row["duration"], row["expires_at"]) == (60, robot["expires_at"] + 30 * 86400)


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"name": "other"}, "cannot update the level or name of robot"),
        ({"level": "project"}, "cannot update the level or name of robot"),
        ({"permissions": []}, "bad request empty permission"),
    ],
)
def test_what_cannot_be_changed(harbor: Simulator, traits: dict[str, object], expected: str) -> None:
    robot = made(harbor)
    body = {**wanted(name=robot["name"]), **traits}
    assert message(send(harbor, "PUT", f"{ROBOTS}/{robot['id']}", body)) == (400, expected)


@pytest.mark.parametrize(
    ("version", "status"), [("2.9.5", 201), ("2.10.3", 400), ("2.11.0", 400), ("2.12.0", 201), ("2.14.4", 201)]
)
def test_which_harbor_knows_the_permission_to_list_robots(harbor: Simulator, version: str, status: int) -> None:
    harbor.world.version = tuple(map(int, version.split(".")))
    assert send(harbor, "POST", ROBOTS, wanted(permission="robot:list")).status_code == status


@pytest.mark.parametrize(("version", "status"), [("2.9.5", 201), ("2.10.3", 400)])
def test_an_unknown_permission(harbor: Simulator, version: str, status: int) -> None:
    harbor.world.version = tuple(map(int, version.split(".")))
    assert send(harbor, "POST", ROBOTS, wanted(permission="coffee:make")).status_code == status


def test_the_name_has_the_configured_prefix_and_is_found_without(harbor: Simulator) -> None:
    harbor.content.robot_prefix = "bot-"
    assert made(harbor)["name"] == "bot-monitoring"
    made(harbor, name="my-monitoring")
    for query, expected in (("=monitoring", ["bot-monitoring"]), ("=~monit", ["bot-monitoring", "bot-my-monitoring"])):
        rows = send(harbor, "GET", f"{ROBOTS}?q=name{query}").json()
        assert [row["name"] for row in rows] == expected


def test_a_robot_of_a_project_may_push_there_and_nowhere_else(harbor: Simulator) -> None:
    send(harbor, "POST", PROJECTS, {"project_name": "canary"})
    access = [{"resource": "repository", "action": action} for action in ("pull", "push")]
    permission = {"kind": "project", "namespace": "canary", "access": access}
    robot = made(harbor, level="project", permissions=[permission])
    number = send(harbor, "GET", f"{PROJECTS}/canary").json()["project_id"]
    rows = send(harbor, "GET", f"{ROBOTS}?q=Level=project,ProjectID={number}").json()
    assert [row["name"] for row in rows] == ["robot$canary+monitoring"]
    login = (robot["name"], robot["secret"])
    for project, status in (("canary", 202), ("priv", 401)):
        upload = requests.post(
            f"{harbor.url}/v2/{project}/img/blobs/uploads/", auth=login, verify=harbor.ca_file, timeout=30
        )
        assert upload.status_code == status


def test_a_robot_for_a_project_that_there_is_not(harbor: Simulator) -> None:
    permission = {"kind": "project", "namespace": "nosuch", "access": [{"resource": "repository", "action": "pull"}]}
    answer = send(harbor, "POST", ROBOTS, wanted(level="project", permissions=[permission]))
    assert message(answer) == (404, "project nosuch not found")


def test_what_was_made_is_gone_after_a_reset(harbor: Simulator) -> None:
    robot = made(harbor)
    send(harbor, "POST", PROJECTS, {"project_name": "canary"})
    harbor.reset()
    assert not taken(harbor, robot)
    assert send(harbor, "GET", f"{PROJECTS}/canary").status_code == 404
