"""The shipped definitions: up to date, complete, and loaded by the real daemons with 1 Harbor and with 200."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from harborlib.judge.isolation import COMPONENTS, OWNERS

import pytest

from support.runner import NAMES, RUNS_OTHERS

from .engine import ROOT, Engine, Harbor
from .icinga import Icinga

sys.path.insert(0, str(ROOT / "tools"))

import definitions
import services

EXAMPLES = {
    "icinga2": ["icinga2/examples/host.conf"],
    "nagios4": ["nagios/examples/host.cfg", "nagios/examples/remote.cfg"],
}
#: Who brings the configuration below /etc.
DEBIAN = {"icinga2": "icinga2-common", "nagios4": "nagios4-common"}
#: Whom the examples tell, as distributions have them.
PEOPLE = {
    "icinga2": """
        object NotificationCommand "mail-service-notification" { command = [ "/bin/true" ] }
        object UserGroup "icingaadmins" { }
    """,
    "nagios4": """
define contact {
    contact_name                   nagiosadmin
    host_notification_period       24x7
    service_notification_period    24x7
    host_notification_options      d,u,r
    service_notification_options   w,u,c,r
    host_notification_commands     tell
    service_notification_commands  tell
}
""",
}


@pytest.mark.parametrize("name", definitions.FILES)
def test_definitions_are_up_to_date(name: str) -> None:
    assert definitions.path(name).read_text(encoding="utf-8") == definitions.FILES[name](), "run `make docs`"


def test_every_probe_has_a_service() -> None:
    served = {f"check_harbor_{service.probe}" for service in services.shipped() if service.probe}
    assert served == set(NAMES) - RUNS_OTHERS


def test_a_component_service_for_every_owner() -> None:
    assert {service.component for service in services.shipped() if service.component} == set(COMPONENTS)


def test_patience_where_an_explanation_may_come_later() -> None:
    """Harbor notices a frozen component after up to 66 s."""
    patient = [
        service for service in services.shipped() if service.service.attempts > 1 and service.name != "selfcheck"
    ]
    assert all((service.service.attempts - 1) * service.retry >= 75 for service in patient)


def test_no_note_breaks_nagios() -> None:
    """A semicolon begins a comment, an exclamation mark an argument, a dollar sign a macro."""
    assert not [service.name for service in services.shipped() if set(service.service.notes) & set(";!$\n")]


def test_nagios_hosts_name_the_owners_that_they_have() -> None:
    text = (ROOT / "nagios" / "check_harbor" / "templates.cfg").read_text()
    named = [set(line.split()[1].split(",")) for line in re.findall(r"^ +_HARBOR_OWNERS .*$", text, re.MULTILINE)]
    stack = {service.owner for service in services.shipped() if service.probe and not service.service.hosts} & set(
        OWNERS
    )
    robot, canary = {"api", "storage"}, {"login", "pull", "push"}
    assert named == [stack, stack | robot, stack | robot | canary]
    assert named[-1] == set(OWNERS)


@pytest.mark.parametrize("service", services.shipped(), ids=lambda service: service.title)
def test_runbook_has_a_section_for_every_service(service: services.Shipped) -> None:
    assert f"\n## {service.title}\n" in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("count", [1, 200])
def test_daemon_takes_the_definitions(kind: type[Engine], count: int, tmp_path: Path) -> None:
    harbors = [everything(f"harbor-{number}") for number in range(count)]
    assert accepted(kind(tmp_path / "engine", Path("/opt/check_harbor/bin"), harbors))


def test_daemon_takes_a_harbor_without_any_login(kind: type[Engine], tmp_path: Path) -> None:
    harbors = [Harbor("harbor.example.com", "https://harbor.example.com")]
    assert accepted(kind(tmp_path / "engine", Path("/opt/check_harbor/bin"), harbors))


def test_icinga_says_once_that_a_host_has_no_url(tmp_path: Path) -> None:
    Icinga.needed()
    harbors = [Harbor("harbor.example.com", "", robot_authfile="/etc/harbor/robot.auth")]
    engine = Icinga(tmp_path / "engine", Path("/opt/check_harbor/bin"), harbors)
    engine.configure()
    taken, said = engine.accepts()
    assert not taken
    (error,) = re.findall("critical/config: Error: (.*)", said)
    assert error == (
        'Host "harbor.example.com" imports "harbor" and needs vars.harbor_url, as "https://harbor.example.com".'
    )


def test_daemon_takes_the_examples(kind: type[Engine], tmp_path: Path) -> None:
    engine = kind(tmp_path / "engine", Path("/opt/check_harbor/bin"), [])
    engine.configure()
    with (engine.folder / engine.objects).open("a") as objects:
        for file in EXAMPLES[kind.name]:
            objects.write((ROOT / file).read_text())
        objects.write(PEOPLE[kind.name])
    taken, said = engine.accepts()
    assert taken, said


def test_debians_configuration_takes_the_examples(kind: type[Engine], tmp_path: Path) -> None:
    """Copied to where docs/setup.md says, with nothing else changed."""
    engine = kind(tmp_path / "engine", Path("/opt/check_harbor/bin"), [])
    engine.configure()
    install(DEBIAN[kind.name], f"/etc/{kind.name}", engine.folder)
    here, *others = (ROOT / file for file in EXAMPLES[kind.name])
    shutil.copytree(here.parents[1] / "check_harbor", engine.folder / "conf.d" / "check_harbor")
    for file in (here, *others):
        shutil.copy(file, engine.folder / "conf.d" / f"harbor-{file.name}")
    taken, said = engine.accepts()
    assert taken, said


def install(package: str, below: str, folder: Path) -> None:
    """Put a Debian package's configuration files into this folder, and what they keep elsewhere below it.

    Nagios remains whoever runs the tests: its own user may not look in here.
    """
    if not shutil.which("dpkg-query"):
        pytest.skip(f"needs the Debian package {package}")
    asked = ["dpkg-query", "-W", "-f", "${Conffiles}", package]
    listed = subprocess.run(asked, capture_output=True, text=True, timeout=30).stdout.splitlines()
    shipped = [line.split()[:2] for line in listed if line.startswith(f" {below}/")]
    if not shipped:
        pytest.skip(f"needs the Debian package {package}")
    for name, digest in shipped:
        if not os.access(name, os.R_OK):
            pytest.skip(f"needs to read {name}")
        content = Path(name).read_bytes()
        if hashlib.md5(content).hexdigest() != digest:
            pytest.skip(f"needs {name} as Debian has it")
        text = re.sub("(?:/etc|/var/[a-z]+)/nagios4", str(folder), content.decode())
        text = re.sub("^nagios_user=.*", f"nagios_user={os.getuid()}", text, flags=re.MULTILINE)
        copy = folder / Path(name).relative_to(below)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)
    # What the packages make when they are installed.
    (folder / "spool" / "checkresults").mkdir()
    (folder / "features-enabled").mkdir()
    for feature in ("checker", "mainlog", "notification"):
        (folder / "features-enabled" / f"{feature}.conf").write_text(f'include "../features-available/{feature}.conf"')


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["/check_harbor_v2", "-H", "https://h"], "check_harbor_v2"),
        (["/check_harbor_component", "-H", "https://h", "--component", "redis"], "check_harbor_component_redis"),
        (["/check_harbor_certificate", "--judge", "expiry", "--reminder", "third"], "check_harbor_certificate_third"),
    ],
)
def test_agent_is_asked_for_the_command_of_the_service(words: list[str], asked: str) -> None:
    script = ROOT / "nagios" / "examples" / "nrpe.sh"
    command = ["sh", str(script), "agent.example.com" + words[0], *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, env={**os.environ, "CHECK_NRPE": "echo"})
    assert done.stdout == f"-u -t 60 -H agent.example.com -c {asked}\n"
    assert f"command[{asked}]=" in (script.parent / "nrpe.cfg").read_text()


def test_agent_has_the_commands_of_all_services_without_credentials() -> None:
    asked = set()
    for service in services.shipped():
        if service.probe and not service.service.hosts:
            own = [service.service.options.get(option) for option in ("--component", "--reminder")]
            asked.add("_".join(["check_harbor", service.probe, *filter(None, own)]))
    given = re.findall(r"^command\[(\w+)\]=", (ROOT / "nagios" / "examples" / "nrpe.cfg").read_text(), re.MULTILINE)
    assert sorted(given) == sorted(asked)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "the configuration of Nagios, {0}/nagios.cfg, which names its status file"),
        ("status_file={0}/status.dat\n", "the status file {0}/status.dat (status_file in {0}/nagios.cfg)"),
    ],
)
def test_selfcheck_of_nagios_names_the_file_that_it_cannot_read(text: str | None, said: str, tmp_path: Path) -> None:
    script, config = ROOT / "nagios" / "check_harbor" / "selfcheck.sh", tmp_path / "nagios.cfg"
    if text:
        config.write_text(text.format(tmp_path))
    done = subprocess.run(["sh", script, config, "harbor.example.com"], capture_output=True, text=True, timeout=10)
    expected = f"HARBOR SELFCHECK WARNING - cannot read {said.format(tmp_path)}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, expected, "")


def everything(name: str) -> Harbor:
    """A host that has every service."""
    robot, canary = "/etc/harbor/robot.auth", "/etc/harbor/canary.auth"
    return Harbor(name, f"https://{name}.example.com", robot, canary, "canary", "canary/alpine:3")


def accepted(engine: Engine) -> bool:
    """Whether the daemon takes it without a warning, but for Icinga's of rules that match no host."""
    engine.configure()
    taken, said = engine.accepts()
    complaints = [line for line in said.splitlines() if re.search("warn|err", line, re.IGNORECASE)]
    complaints = [line for line in complaints if "does not match anywhere" not in line and not re.search(": +0$", line)]
    assert not complaints
    return taken
