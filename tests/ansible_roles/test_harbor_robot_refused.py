"""harbor_robot where a Harbor, or a variable, does not let it: one line says what, and nothing is made."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import pytest

from ansible_roles.controller import Controller
from ansible_roles.robot_play import ADMIN, ADMINISTRATORS, PASSWORD, ROLE, forms, instance, play
from harbor_simulator import Simulator
from harbor_simulator.records import Robot

pytestmark = pytest.mark.timeout(240)
#: What `SECRETS` and `HARBOR` stand for differs from run to run.
EXPECTED = {
    "no password": "HARBOR: no password for admin: set harbor_robot_admin_password, or give harbor one in"
    " harbor_robot_admin_logins",
    "wrong password": "HARBOR: refuses the login of admin (harbor_robot_admin_username, harbor_robot_admin_password)",
    "not an administrator": "HARBOR: cannot look for the robot account monitoring: plain; plain must be an"
    " administrator, and Harbor not in read-only mode",
    "permission that this Harbor does not know": "HARBOR: cannot create the robot account monitoring, with its"
    " credentials in SECRETS/harbor/robot.auth: bad request permission: robot:list",
    "name that Harbor does not like": "HARBOR: cannot create the robot account Bad Name!, with its credentials in"
    " SECRETS/harbor/robot.auth: robot name is not in lower case or contains illegal characters",
    "account that is not seen": "HARBOR: cannot create the robot account monitoring, with its credentials in"
    " SECRETS/harbor/robot.auth: robot account 0:monitoring already exists; rename or delete that one",
    "read-only mode": "HARBOR: cannot create the robot account monitoring, with its credentials in"
    " SECRETS/harbor/robot.auth: The system is in read only mode. Any modification is prohibited.; admin must be an"
    " administrator, and Harbor not in read-only mode",
    "trouble inside": "HARBOR: cannot look for the robot account monitoring: internal server error (X-Request-Id 4711)",
    "trouble with the project": "HARBOR: cannot look for the project canary: Status code was 502 and not [200]: HTTP"
    " Error 502: Bad Gateway (X-Request-Id none)",
    "core down": "HARBOR: does not report its version: Status code was 502 and not [200]: HTTP Error 502: Bad Gateway",
    "portal answers": "HARBOR: does not answer as the API of Harbor does; look at the url",
    "redirect": "HARBOR: does not report its version: Status code was 308 and not [200]: HTTP Error 308: Permanent"
    " Redirect",
    "old Harbor": "HARBOR: is Harbor 2.1; robot accounts of the system came with 2.2",
    "relative folder": "harbor_checks_secrets_dir must be an absolute path on the controller, not secrets",
    "no url": "harbor_checks_instances: each needs a url, and a name of letters, digits, dots and dashes",
    "no TLS": "harbor_checks_instances: harbor: url must be https://HOST or https://HOST:PORT: the password of an"
    " administrator is sent there, and never in clear text",
    "login in the url": "harbor_checks_instances: harbor: url must be https://HOST or https://HOST:PORT: the password of"  # noqa: E501
    " an administrator is sent there, and never in clear text",
    "project that leads elsewhere": "harbor_checks_instances: harbor: canary_project must be lower case letters and"
    " digits, with . _ - between",
    "answer that repeats the login": "HARBOR: cannot look for the robot account monitoring: ******** was Basic ***=="
    " (X-Request-Id none)",
    "no duration": "harbor_robot_duration must be days, or -1 for accounts that never expire",
}
#: Where the rest of the line is OpenSSL's, Python's or Ansible's.
PARTS = {
    "refused connection": "HARBOR: does not report its version: Status code was -1 and not [200]: Request failed: ",
    "unknown CA": "HARBOR: does not report its version: Status code was -1 and not [200]: ",
    "file of a vault": "Attempting to decrypt but no vault secrets found",
    "wrong state": "Validation of arguments failed:\nvalue of harbor_robot_state must be one of: present, absent, got:",
}


@dataclasses.dataclass
class Case:
    """What is in the way: a Harbor, and variables of the role; `traits` are of the one in harbor_checks_instances."""

    name: str
    harbor: Simulator
    variables: dict[str, object]
    traits: dict[str, object]

    def task(self, secrets: Path) -> dict[str, object]:
        """Apply the role, and continue with the next one when it fails."""
        harbor = instance("harbor", self.harbor, **self.traits)
        common = {"harbor_checks_instances": [harbor], "harbor_checks_secrets_dir": str(secrets)}
        role = {"ansible.builtin.include_role": {"name": ROLE}, "vars": {**common, **self.variables}}
        return {"name": self.name, "block": [role], "rescue": [{"ansible.builtin.meta": "noop"}]}


def hindered(case: str, folder: Path) -> Case:
    """The Harbor or the variables of a case."""
    switches = {
        "read-only mode": ("read-only-mode",),
        "core down": ("core-down",),
        "portal answers": ("misrouted-api",),
    }
    version = {"old Harbor": "2.1.0"}.get(case, "2.10.3")
    harbor = Simulator(*switches.get(case, ()), users=ADMINISTRATORS, version=version)
    harbor.content.robots = []
    variables: dict[str, dict[str, object]] = {
        "no password": {"harbor_robot_admin_password": ""},
        "wrong password": {"harbor_robot_admin_password": "wr0ng-Password"},
        "not an administrator": {"harbor_robot_admin_username": "plain"},
        "name that Harbor does not like": {"harbor_robot_name": "Bad Name!"},
        "relative folder": {"harbor_checks_secrets_dir": "secrets"},
        "no url": {"harbor_checks_instances": [{"name": "harbor"}]},
        "no duration": {"harbor_robot_duration": 0},
        "wrong state": {"harbor_robot_state": "gone"},
        "file of a vault": {"harbor_checks_secrets_dir": str(folder)},
    }
    if case == "permission that this Harbor does not know":
        about = {
            "auth_mode": "db_auth",
            "current_time": "2026-11-22T06:18:12.464Z",
            "harbor_version": "v2.12.0-1",
            "registry_url": "h",
        }
        harbor.answer("/api/v2.0/systeminfo", body=about)
    if case == "account that is not seen":
        harbor.content.robots = [Robot(7, "robot$monitoring", 0.0, project=3)]
    if case == "file of a vault":
        harbor.content.robots = [Robot(1, "robot$monitoring", 0.0)]
        (folder / "harbor").mkdir()
        (folder / "harbor" / "robot.auth").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    if case == "trouble inside":
        trouble = {"errors": [{"code": "UNKNOWN", "message": "internal server error"}]}
        harbor.answer("/api/v2.0/robots", 500, {"X-Request-Id": "4711"}, trouble)
    if case == "answer that repeats the login":
        told, header = forms(ADMIN, PASSWORD)
        harbor.answer("/api/v2.0/robots", 500, {}, {"errors": [{"message": f"{told} was Basic {header}"}]})
    if case == "trouble with the project":
        harbor.answer("/api/v2.0/projects/canary", 502)
    if case == "redirect":
        harbor.answer("/api/v2.0/systeminfo", 308, {"Location": "https://elsewhere.example.com/"})
    traits: dict[str, dict[str, object]] = {
        "trouble with the project": {"robot": {"username": "own", "password": "own"}, "canary_project": "canary"},
        "no TLS": {"url": "http://harbor.test"},
        "login in the url": {"url": "https://u:p@harbor.test"},
        "project that leads elsewhere": {"canary_project": "../robots"},
        "unknown CA": {"ca_file": "/etc/ssl/certs/ca-certificates.crt"},
    }
    return Case(case, harbor, variables.get(case, {}), traits.get(case, {}))


@pytest.fixture(scope="module")
def lines(collection: Controller, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each case ends with; all of them in one run."""
    folder = tmp_path_factory.mktemp("refused")
    secrets = folder / "secrets"
    cases = [hindered(name, folder) for name in (*EXPECTED, *PARTS)]
    with contextlib.ExitStack() as stack:
        for case in cases:
            stack.enter_context(case.harbor)
            if case.name == "refused connection":
                case.harbor.switch("nginx-down")
        played = play(collection, folder, {}, "-vvv", "--diff", tasks=[case.task(secrets) for case in cases])
        found = [
            line.replace(case.harbor.url, "HARBOR").replace(str(secrets), "SECRETS")
            for case, line in zip(cases, played.failures)
        ]
    assert len(played.failures) == len(cases), played.out
    assert not [secret for secret in (*forms(ADMIN, PASSWORD), "wr0ng-Password") if secret in played.out]
    assert not [robot for case in cases for robot in case.harbor.content.robots if robot.secret]
    assert not secrets.exists()
    return dict(zip((case.name for case in cases), found))


@pytest.mark.parametrize("case", EXPECTED)
def test_one_line_says_what_is_wrong(lines: dict[str, str], case: str) -> None:
    assert lines[case] == EXPECTED[case]


@pytest.mark.parametrize("case", PARTS)
def test_one_line_says_what_is_wrong_with_the_words_of_others(lines: dict[str, str], case: str) -> None:
    assert PARTS[case] in lines[case]
