"""What must hold with each engine, on each release: from a bare host to a page, and back to nothing."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from ansible_roles.monitored import HOSTILE, Host, InRoot
from ansible_roles.rootfs import Root, different
from engines.engine import until
from engines.watched import CANARY_SECRET
from harbor_simulator import MONITOR_SECRET

AUTHFILE = "/etc/check_harbor/harbor.test/robot.auth"
WATCHED = [("harbor.test", f"harbor-{name}") for name in ("health", "v2", "api", "login", "pull", "push", "storage")]
SELFCHECK = ("harbor.test", "harbor-selfcheck")
UNITS = ("etc/systemd/system/harbor-preloaded.service", "etc/systemd/system/harbor-preloaded.socket")
REGISTRY = ("harbor.test", "harbor-component-registry")


class Monitoring:
    """The role brings a monitoring host with the engine `kind` to life."""

    kind: ClassVar[type[InRoot]]
    preloaded: ClassVar[bool] = False

    def test_first_run_shows_no_secret(self, host: Host) -> None:
        assert host.first.changed > 5
        assert not [secret for secret in (MONITOR_SECRET, CANARY_SECRET) if secret in host.first.out]

    def test_second_run_changes_nothing(self, host: Host) -> None:
        before = host.root.files()
        assert host.play(host.root).changed == 0
        assert different(before, host.root.files()) == []

    def test_the_engine_accepts_what_was_written(self, host: Host) -> None:
        said = host.root.run(*self.kind.check)
        assert said.returncode == 0, said.stdout

    @pytest.mark.parametrize("user", ["nobody", "www-data"])
    def test_nobody_else_reads_a_login(self, host: Host, user: str) -> None:
        assert f"password={MONITOR_SECRET}\n" in host.root.run("cat", AUTHFILE, user="nagios").stdout
        # Even with the engine's group, which web interfaces have.
        other = host.root.run("setpriv", f"--reuid={user}", "--regid=nagios", "--clear-groups", "cat", AUTHFILE)
        assert other.returncode == 1

    def test_the_engines_user_runs_a_plugin(self, host: Host) -> None:
        options = ["-H", host.simulator.url, "--ca-file", "/etc/check_harbor/harbor.test/ca.pem"]
        plugin = "/usr/lib/nagios/plugins/check_harbor_api"
        ran = host.root.run(plugin, *options, "--authfile", AUTHFILE, user="nagios")
        assert (ran.returncode, ran.stdout[:14]) == (0, "HARBOR API OK ")

    def test_preloaded_server_is_installed_if_wanted(self, host: Host) -> None:
        assert [(host.root.seen / unit).is_file() for unit in UNITS] == [self.preloaded] * 2

    def test_services_left_out_are_not_there(self, host: Host) -> None:
        with self.kind(host.root.copy(), host.port) as engine:
            services = {service for name, service in engine.services() if name == "lab.test"}
        reminders = {f"harbor-certificate-reminder-{which}" for which in ("first", "second", "third")}
        components = {f"harbor-component-{name}" for name in ("registry", "database", "redis", "jobservice")}
        rest = {"harbor-health", "harbor-certificate", "harbor-v2", "harbor-signin", "harbor-selfcheck"}
        assert services == reminders | components | rest

    def test_all_is_green_and_a_failure_pages_once(self, host: Host) -> None:
        with self.kind(host.root.copy(), host.port) as engine:
            services = [check for check in engine.services() if check[0] == "harbor.test"]
            engine.run([check for check in services if check != SELFCHECK])
            time.sleep(engine.written)  # for harbor-selfcheck to see it
            engine.run([SELFCHECK])
            assert {check: engine.last[check].output for check in services if engine.last[check].state != 0} == {}
            assert len(services) > 30
            assert HOSTILE in engine.given("quota")
            assert not (engine.root.seen / "canary").exists()
            engine.alert_at_once()
            host.simulator.switch("registry-down")
            engine.run([*WATCHED, REGISTRY])
            time.sleep(engine.delayed)  # for whatever is held back
            host.simulator.reset()
            engine.run([REGISTRY, *WATCHED])
            time.sleep(engine.delayed)
            told = [page[:4] for page in engine.pages() if page.host == "harbor.test"]
        assert told == [("PROBLEM", *REGISTRY, "CRITICAL"), ("RECOVERY", *REGISTRY, "OK")]


class Life(Monitoring):
    """What comes later in its life too, and with the preloaded server; the same on every release."""

    preloaded = True

    def test_check_mode_reports_what_the_first_run_would_do(self, host: Host) -> None:
        root = host.bare.copy()
        before = root.files()
        assert host.play(root, "--check", "--diff").changed > 5
        assert different(before, root.files()) == []

    def test_check_mode_finds_nothing_to_do_after_it(self, host: Host) -> None:
        before = host.root.files()
        assert host.play(host.root, "--check", "--diff").changed == 0
        assert different(before, host.root.files()) == []

    def test_only_the_right_files_change(self, host: Host) -> None:
        """Another version and a threshold, then a Harbor less and no preloaded server, while the daemon runs.

        It is reloaded each time. The version is as harbor_robot stores it beside the login: on 2.10 no robot account
        may list robot accounts.
        """
        root = host.root.copy()
        objects = root.seen / self.kind.objects.format("harbor.test")
        with host.running(root), self.version(host, "2.10"):
            known = self.reloads(root)
            before = root.files()
            assert [word for word in ("robots", "warning") if word in objects.read_text()] == []
            instances = copy.deepcopy(host.variables["harbor_checks_instances"])
            instances[0]["probes"]["portal"] = {"warning": 3}
            written = [self.kind.options.format("harbor.test/portal")] if self.kind.options else []
            written.append(self.kind.objects.format("harbor.test"))
            assert host.play(root, harbor_checks_instances=instances).changed == len(written) + 1  # and the reload
            assert different(before, root.files()) == written
            assert "warning" in (root.seen / written[0]).read_text()
            assert "robots" in objects.read_text()
            assert root.run(*self.kind.check).returncode == 0
            until(lambda: self.reloads(root) == known + 1, "the daemon is reloaded")
            before = root.files()
            instances[1]["state"] = "absent"
            gone = [self.kind.options.format("lab.test/all")] if self.kind.options else []
            played = host.play(root, harbor_checks_instances=instances, harbor_checks_preloaded=False)
            assert played.changed == len(gone) + 3
            gone = ["etc/check_harbor/lab.test", *gone, "etc/check_harbor/lab.test/ca.pem"]
            assert different(before, root.files()) == [*gone, self.kind.objects.format("lab.test"), *UNITS]
            until(lambda: self.reloads(root) == known + 2, "the daemon is reloaded")

    @staticmethod
    @contextlib.contextmanager
    def version(host: Host, version: str) -> Iterator[None]:
        """The Harbor of harbor.test is of this version."""
        file = Path(host.variables["harbor_checks_secrets_dir"], "harbor.test", "version")
        file.write_text(f"{version}\n")
        try:
            yield
        finally:
            file.unlink()

    def reloads(self, root: Root) -> int:
        """How often the daemon was reloaded."""
        log = root.seen / self.kind.log
        return log.read_text().count(self.kind.reloaded) if log.exists() else 0

    def test_refused_configuration_is_not_loaded(self, host: Host) -> None:
        root = host.root.copy()
        with (root.seen / self.kind.main).open("a") as file:
            file.write("\nnonsense\n")
        played = host.play(root, harbor_checks_runbook="https://wiki.example.com/")
        title = {"icinga2": "Icinga 2", "nagios": "Nagios"}[self.kind.role]
        assert played.problem.startswith(f"{title} refuses its configuration and was not reloaded: ")
        assert "RUNNING HANDLER" not in played.out

    def test_nothing_is_left(self, host: Host) -> None:
        root = host.root.copy()
        with host.running(root):
            assert host.play(root, harbor_checks_state="absent").changed > 2
        assert different(host.bare.files(), root.files()) == []
        assert host.play(root, harbor_checks_state="absent").changed == 0
