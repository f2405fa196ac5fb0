"""harbor_checks with Icinga 2, the libraries of the plugins from wheels."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import pytest

from ansible_roles.booted import booted, uses_server
from ansible_roles.index import Index
from ansible_roles.monitored import Host, IcingaInRoot
from ansible_roles.rootfs import different
from ansible_roles.scenarios import Life, Monitoring
from engines.engine import until

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("host", ["bookworm"], ids=["Debian 12"], indirect=True, scope="class")
class TestLife(Life):
    kind = IcingaInRoot

    def test_systemd_runs_the_preloaded_server(self, host: Host) -> None:
        """And no longer, when the role removes it."""
        plugin = "/usr/lib/nagios/plugins/check_harbor_health"
        options = ["-H", host.simulator.url, "--ca-file", "/etc/check_harbor/harbor.test/ca.pem"]
        with booted(host.root.copy()) as root:
            assert host.play(root).changed == 1
            until(lambda: uses_server(root, plugin, *options), "the server runs the checks")
            assert host.play(root, harbor_checks_preloaded=False).changed == 2
            assert not uses_server(root, plugin, *options)
            assert root.run("systemctl", "list-units", "--all", "--quiet", "harbor-preloaded.*").stdout == ""

    def test_unknown_probe_or_option_is_one_clear_line(self, host: Host) -> None:
        instances = copy.deepcopy(host.variables["harbor_checks_instances"])
        instances[0]["probes"] = {"portal": {"warnign": 5}}
        instances[1]["probes"] = {"protal": {"warning": 5}}
        played = host.play(host.root, harbor_checks_instances=instances)
        refused = "harbor.test: check_harbor_portal: unknown option --warnign; lab.test: there is no probe protal"
        assert played.problem == f"harbor_checks_instances: {refused}"

    def test_no_name_and_no_value_of_an_option_ends_the_definition(self, host: Host) -> None:
        root = host.root.copy()
        before = root.files()
        instances = copy.deepcopy(host.variables["harbor_checks_instances"])
        end = '= 1\n}\nobject CheckCommand "x" { command = [ "touch", "/canary" ]\n  vars.x'
        instances[0]["probes"] = {"portal": {f"keyword{end}": "x"}, f"portal_keyword {end}": {"keyword": "x"}}
        instances[1]["probes"] = {"portal": {"keyword": f"x\n{end}"}, "gc": {"authfile": "/x"}, "v2": {"timeout": [5]}}
        said = host.play(root, harbor_checks_instances=instances).problem.removeprefix("harbor_checks_instances: ")
        shown = "= 1\\n}\\nobject CheckCommand"
        assert said.split("; ") == [
            f"harbor.test: check_harbor_portal: not the name of an option: 'keyword{shown} \"x\" {{ c'",
            f"harbor.test: there is no probe portal_keyword {shown}",
            "lab.test: check_harbor_portal: --keyword: blanks around the value, or a control character in it",
            "lab.test: check_harbor_gc: --authfile cannot be set here",
            "lab.test: check_harbor_v2: --timeout: not a text, a number, true or false",
        ]
        assert different(before, root.files()) == []

    def test_a_link_of_the_engines_user_leads_nowhere(self, host: Host) -> None:
        """The package gives its configuration to that user, who may put there what he wants."""
        root = host.root.copy()
        hosts, secret = root.seen / "etc/icinga2/conf.d/check_harbor/hosts", root.seen / "root" / "secret"
        secret.mkdir(mode=0o700)
        shutil.rmtree(hosts)
        hosts.symlink_to("/root/secret")
        before = root.files()
        assert host.play(root).problem == "/etc/icinga2/conf.d/check_harbor/hosts already exists as a link"
        assert different(before, root.files()) == []

    def test_the_password_of_an_index_is_never_shown(self, host: Host, tmp_path: Path) -> None:
        root = host.root.copy()
        with Index(tmp_path) as index:
            (root.seen / "index.pem").write_bytes(index.authority)
            (root.seen / "etc/pip.conf").write_text("[global]\nretries = 0\ncert = /index.pem\n")
            before = root.files()
            variables = {
                "harbor_checks_version": "9.9",
                "harbor_checks_wheelhouse": "",
                "harbor_checks_index_url": index.url,
            }
            played = host.play(root, "-vvv", "--diff", **variables)
        assert index.seen == {"authorized": True, "in the process list": []}
        assert "No matching distribution found for check-harbor==9.9" in played.problem
        assert [form for form in (index.secret, index.header) if form in played.out] == []
        assert different(before, root.files()) == []


@pytest.mark.parametrize("host", ["trixie"], ids=["Debian 13"], indirect=True, scope="class")
class TestMonitoring(Monitoring):
    kind = IcingaInRoot
