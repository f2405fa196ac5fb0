"""What a run loads that fails: not more than one that finds Harbor healthy (test_hostile.py)."""

from __future__ import annotations

from contract import loaded


def test_failing_run(name, against, harbor, plugin_python):
    """Nor does isolation, which asks Harbor; where there is no connection there is nothing to ask."""
    harbor.certificate = "self-signed"
    outcome, modules = loaded.run(name, *against(name, "--isolate"), python=plugin_python)
    assert modules == loaded.needed(name)
    assert outcome.code in (0, 2, 3)
