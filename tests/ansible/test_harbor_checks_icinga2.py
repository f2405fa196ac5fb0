"""harbor_checks on Debian with Icinga 2 and a virtual environment, from a bare host to a page and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import rootfs
from controller import Controller, Played, chroot_connection, wheelhouse
from monitored import harbors, prepare_icinga
from rootfs import Namespace, Root, different

from engines.watched import CANARY_SECRET, simulated
from simulator import MONITOR_SECRET, Simulator

pytestmark = pytest.mark.timeout(600)
HOSTS = "etc/icinga2/conf.d/check_harbor/hosts"


@dataclass
class Host:
    """A monitoring host, what the first run of the role said, and the files as they were before."""

    bare: Root
    root: Root
    port: int
    variables: dict[str, Any]
    first: Played
    simulator: Simulator


@pytest.fixture(scope="module", params=["bookworm", "trixie"], ids=["Debian 12", "Debian 13"])
def host(request: pytest.FixtureRequest, namespace: Namespace, collection: Controller) -> Iterator[Host]:
    """After the first run; tests look at it, and change copies."""
    release = request.param
    bare = Root(namespace, f"{release}-icinga2", [str(rootfs.built(release))])
    chroot_connection(collection.folder)
    with simulated("harbor.test") as simulator:
        port = prepare_icinga(bare)
        variables = {
            "harbor_checks_instances": harbors(simulator),
            "harbor_checks_wheelhouse": str(wheelhouse()),
            "harbor_checks_contacts": ["oncall"],
            "harbor_checks_notification_command": "tell",
        }
        root = bare.copy(f"{release}-icinga2-first")
        first = collection.play(variables, "-vvv", "--diff", root=root)
        yield Host(bare, root, port, variables, first, simulator)


def test_check_mode_tells_what_a_first_run_would_do(host: Host, collection: Controller) -> None:
    root = host.bare.copy(f"{host.bare.path.parent.name}-checked")
    before = root.files()
    assert collection.play(host.variables, "--check", "--diff", root=root).changed > 5
    assert different(before, root.files()) == []


def test_first_run_tells_no_secret(host: Host) -> None:
    assert host.first.changed > 5
    assert not [secret for secret in (MONITOR_SECRET, CANARY_SECRET) if secret in host.first.out]


@pytest.mark.parametrize("arguments", [[], ["--check", "--diff"]], ids=["run", "check mode"])
def test_second_run_changes_nothing(host: Host, collection: Controller, arguments: list[str]) -> None:
    before = host.root.files()
    assert collection.play(host.variables, *arguments, root=host.root).changed == 0
    assert different(before, host.root.files()) == []


def test_icinga_accepts_what_was_written(host: Host) -> None:
    said = host.root.run("icinga2", "daemon", "-C")
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("user", ["nobody", "www-data"])
def test_nobody_else_reads_a_login(host: Host, user: str) -> None:
    root = host.root
    authfile = "/etc/check_harbor/harbor.test/robot.auth"
    assert f"password={MONITOR_SECRET}\n" in root.run("cat", authfile, user="nagios").stdout
    assert root.run("setpriv", f"--reuid={user}", "--regid=nagios", "--clear-groups", "cat", authfile).returncode == 1


def test_the_engines_user_runs_a_plugin(host: Host) -> None:
    options = ["-H", host.simulator.url, "--ca-file", "/etc/check_harbor/harbor.test/ca.pem"]
    options += ["--authfile", "/etc/check_harbor/harbor.test/robot.auth"]
    ran = host.root.run("/usr/lib/nagios/plugins/check_harbor_api", *options, user="nagios")
    assert (ran.returncode, ran.stdout[:14]) == (0, "HARBOR API OK ")
