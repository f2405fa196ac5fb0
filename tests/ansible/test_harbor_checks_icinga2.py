"""harbor_checks with Icinga 2, the libraries of the plugins from wheels."""

from __future__ import annotations

import pytest
from monitored import IcingaInRoot
from scenarios import Life, Monitoring

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("host", ["bookworm"], ids=["Debian 12"], indirect=True, scope="class")
class TestLife(Life):
    kind = IcingaInRoot


@pytest.mark.parametrize("host", ["trixie"], ids=["Debian 13"], indirect=True, scope="class")
class TestMonitoring(Monitoring):
    kind = IcingaInRoot
