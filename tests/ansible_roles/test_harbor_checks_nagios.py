"""harbor_checks with Nagios, the libraries of the plugins from the distribution.

The releases the other way round than with Icinga 2: run side by side, both files build another root file system.
"""

from __future__ import annotations

import pytest

from ansible_roles.monitored import Host, NagiosInRoot
from ansible_roles.rootfs import different
from ansible_roles.scenarios import Life, Monitoring

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("host", ["trixie"], ids=["Debian 13"], indirect=True, scope="class")
class TestLife(Life):
    kind = NagiosInRoot

    def test_a_plugin_of_another_owner_stays(self, host: Host) -> None:
        root = host.root.copy()
        plugin = root.seen / "usr/lib/nagios/plugins/check_harbor_api"
        plugin.unlink()
        plugin.write_text("#!/bin/sh\n")
        before = root.files()
        played = host.play(root)
        assert "check_harbor_api': File exists" in played.out
        assert played.code == 2
        assert different(before, root.files()) == []


@pytest.mark.parametrize("host", ["bookworm"], ids=["Debian 12"], indirect=True, scope="class")
class TestMonitoring(Monitoring):
    kind = NagiosInRoot
