"""harbor_checks with Icinga 2, the libraries of the plugins from wheels."""

from __future__ import annotations

import copy

import pytest
from monitored import Host, IcingaInRoot
from scenarios import Life, Monitoring

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("host", ["bookworm"], ids=["Debian 12"], indirect=True, scope="class")
class TestLife(Life):
    kind = IcingaInRoot

    def test_unknown_probe_or_option_is_one_clear_line(self, host: Host) -> None:
        instances = copy.deepcopy(host.variables["harbor_checks_instances"])
        instances[0]["probes"] = {"portal": {"warnign": 5}}
        instances[1]["probes"] = {"protal": {"warning": 5}}
        played = host.play(host.root, harbor_checks_instances=instances)
        refused = "harbor.test: check_harbor_portal: unknown option --warnign; lab.test: there is no probe protal"
        assert played.problem == f"harbor_checks_instances: {refused}"


@pytest.mark.parametrize("host", ["trixie"], ids=["Debian 13"], indirect=True, scope="class")
class TestMonitoring(Monitoring):
    kind = IcingaInRoot
