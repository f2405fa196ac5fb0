"""harbor_checks with Nagios, the libraries of the plugins from the distribution.

The releases the other way round than with Icinga 2: run side by side, both files build another root file system.
"""

from __future__ import annotations

import pytest
from monitored import NagiosInRoot
from scenarios import Life, Monitoring

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("host", ["trixie"], ids=["Debian 13"], indirect=True, scope="class")
class TestLife(Life):
    kind = NagiosInRoot


@pytest.mark.parametrize("host", ["bookworm"], ids=["Debian 12"], indirect=True, scope="class")
class TestMonitoring(Monitoring):
    kind = NagiosInRoot
