"""The Debian package: built, checked, installed on Debian 12 and 13, and a check that the engine runs from it."""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_roles.booted import booted, uses_server
from ansible_roles.monitored import FOLDER, IcingaInRoot, InRoot, NagiosInRoot
from ansible_roles.rootfs import Namespace, Root, built, different
from engines.engine import ROOT, TELL, until
from engines.watched import simulated
from harbor_simulator import MONITOR, MONITOR_SECRET, Simulator
from packages.conftest import build, copied

pytestmark = pytest.mark.timeout(600)

HOST = "harbor.example.com"
SERVICES = [(HOST, "harbor-health"), (HOST, "harbor-api")]
AUTHFILE = "etc/check_harbor/robot.auth"
CA_FILE = "path/ca.pem"
#: The README's heading, and where it has its screen written to.
SCREENS: dict[type[InRoot], tuple[str, str]] = {
    IcingaInRoot: ("### Icinga 2", "etc/icinga2/conf.d/harbor.conf"),
    NagiosInRoot: ("### Nagios", "etc/nagios4/conf.d/harbor.cfg"),
}
#: What no other program's package is: written by the maintainer scripts of others.
NOT_OURS = ("etc/ld.so.cache", "root/.")


def test_lintian_finds_nothing(deb: Path) -> None:
    (changes,) = deb.parent.glob("*.changes")
    said = subprocess.run(["lintian", changes], capture_output=True, text=True, timeout=120, check=False).stdout
    assert [line for line in said.splitlines() if line.startswith(("E:", "W:"))] == []


def test_two_builds_are_the_same(deb: Path, tmp_path: Path) -> None:
    copied(tmp_path / "again")
    build(tmp_path / "again", "dpkg-buildpackage", "-us", "-uc", "-b")
    assert (tmp_path / deb.name).read_bytes() == deb.read_bytes()


@pytest.fixture(params=["bookworm", "trixie"], ids=["Debian 12", "Debian 13"], scope="module")
def bare(request: pytest.FixtureRequest, namespace: Namespace, deb: Path) -> Root:
    """A host with both engines, which has the package's file."""
    root = Root(namespace, [str(built(request.param))])
    shutil.copy(deb, root.seen / "root" / deb.name)
    return root


@pytest.fixture(scope="module")
def root(bare: Root, deb: Path) -> Root:
    """The host with the package."""
    root = bare.copy()
    done = root.run("apt-get", "-q", "-y", "--no-install-recommends", "install", f"/root/{deb.name}")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with simulated(HOST) as simulator:
        yield simulator


def pasted(root: Root, kind: type[InRoot], url: str) -> None:
    """What the README has a reader write, with the CA of this Harbor; only its URL differs."""
    heading, path = SCREENS[kind]
    shown = (ROOT / "README.md").read_text().partition(f"\n{heading}\n")[2].partition("\n#")[0]
    assert f"`/{path}`" in shown
    (block,) = re.findall(r"^(?: {4}.*\n|\n(?= {4}))+", shown, re.MULTILINE)
    (line,) = re.findall(r"issued the\s+certificate, add\s+`(.+?)`", shown)
    text = textwrap.dedent(block).replace(f"https://{HOST}", url).strip()
    assert text.endswith("\n}")
    (root.seen / path).write_text(f"{text[:-1]}{line}\n}}\n")
    if kind is NagiosInRoot:
        with (root.seen / kind.main).open("a") as main:
            main.write("\n".join([*re.findall(r"Add `(cfg_dir=.+?)`", shown), ""]))


def prepared(root: Root, kind: type[InRoot], simulator: Simulator) -> InRoot:
    """An engine in a copy of the host, with one Harbor, as the README says."""
    root = root.copy()
    (root.seen / "etc/hosts").write_text(f"127.0.0.1 localhost {HOST}\n")
    folder = root.seen / FOLDER
    for new in (folder, (root.seen / AUTHFILE).parent, (root.seen / CA_FILE).parent):
        new.mkdir()
    (folder / "pages").touch()
    (folder / "tell").write_text(TELL.format(pages=f"/{FOLDER}/pages"))
    (folder / "tell").chmod(0o755)
    shutil.copy(simulator.ca_file, root.seen / CA_FILE)
    (root.seen / AUTHFILE).write_text(f"username={MONITOR}\npassword={MONITOR_SECRET}\n")
    (root.seen / AUTHFILE).chmod(0o400)
    root.run("chown", "-R", "nagios:nagios", f"/{FOLDER}", f"/{AUTHFILE}")
    for action in ("start", "stop"):  # makes the folder in /run
        root.run("service", kind.name, action)
    port = kind.prepare(root)
    pasted(root, kind, simulator.url)
    return kind(root, port)


@pytest.mark.parametrize("kind", list(SCREENS), ids=["icinga2", "nagios4"])
def test_what_the_readme_shows_gives_green_checks(root: Root, kind: type[InRoot], simulator: Simulator) -> None:
    engine = prepared(root, kind, simulator)
    said = engine.root.run(*kind.check)
    assert said.returncode == 0, said.stdout
    with engine:
        engine.run(SERVICES)
        outputs = [engine.last[service].output for service in SERVICES]
    assert [output.partition(" - ")[0] for output in outputs] == ["HARBOR HEALTH OK", "HARBOR API OK"], outputs


def test_man_page_completion_and_runbook(root: Root) -> None:
    assert (root.seen / "usr/share/man/man1/check_harbor_gc.1.gz").is_file()
    completions = root.seen / "usr/share/bash-completion/completions"
    assert "--running-warning" in (completions / "check_harbor_gc").read_text()
    assert "--icinga-authfile" in (completions / "check_harbor_drill").read_text()
    assert (root.seen / "usr/share/check_harbor/runbook.md").read_text() == (ROOT / "docs/runbook.md").read_text()


def test_what_a_person_types_is_in_the_path(root: Root) -> None:
    for name in ("check_harbor_triage", "check_harbor_simulator", "check_harbor_drill"):
        assert root.run(name, "--help").stdout.startswith(f"usage: {name} "), name


def test_nothing_is_left_after_removal(bare: Root, root: Root, deb: Path) -> None:
    host = root.copy()
    done = host.run("dpkg", "--purge", deb.name.partition("_")[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (host.seen / "usr/share/check_harbor").exists()
    assert [path for path in different(bare.files(), host.files()) if "check_harbor" in path] == []


def test_preloaded_server_is_off_until_it_is_enabled(root: Root, simulator: Simulator) -> None:
    """As docs/preloaded.md says; and off again."""
    assert list((root.seen / "etc/systemd/system").rglob("harbor-preloaded.*")) == []
    plugin = "/usr/lib/nagios/plugins/check_harbor_health"
    assert (root.seen / plugin.lstrip("/")).read_text().startswith("#!/usr/bin/python3 -IS\n")
    options = ["-H", simulator.url, "--ca-file", f"/{CA_FILE}"]
    with booted(prepared(root, IcingaInRoot, simulator).root) as host:
        assert not uses_server(host, plugin, *options)
        host.run("systemctl", "daemon-reload")
        done = host.run("systemctl", "enable", "--now", "harbor-preloaded.socket")
        assert done.returncode == 0, done.stderr
        until(lambda: uses_server(host, plugin, *options), "the server runs the checks")
        host.run("systemctl", "disable", "--now", "harbor-preloaded.socket", "harbor-preloaded.service")
        assert not uses_server(host, plugin, *options)
        assert not (host.seen / "run/check_harbor/preloaded.sock").exists()


@pytest.mark.parametrize("unit", ["harbor-preloaded.service", "harbor-preloaded.socket"])
def test_systemd_accepts_the_unit(unit: str) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs the Debian package systemd")
    command = ["systemd-analyze", "verify", "--man=no", str(ROOT / "packaging" / unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert [line for line in done.stderr.splitlines() if "harbor-preloaded" in line] == []
    assert done.returncode == 0
