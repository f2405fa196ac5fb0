"""What prevents a plugin from judging and is not Harbor's fault: its options, its installation, its host, a bug."""

from __future__ import annotations

from harborlib import INSTALL, LIMITS
from harborlib.text.finding import Finding
from harborlib.text.report import Report
from harborlib.text.states import UNKNOWN
from harborlib.wire.failure import Unusable, lack

BUG = "report this check_harbor bug and attach the -vvv output"


def fault(name: str, error: BaseException) -> Report:
    """The report of the plugin of this name after an error that is not Harbor's."""
    return Report(name, [misfortune(name, error)], error=error)


def misfortune(name: str, error: BaseException) -> Finding:
    """The finding and the next step for an error that is not Harbor's."""
    if lack(error):
        text = f"this monitoring host has no {lack(error)} left for the plugin"
        return Finding("host-starved", UNKNOWN, text, next_step=LIMITS)
    if isinstance(error, Unusable):
        step = error.next_step or f"see check_harbor_{name} --help"
        return Finding("usage", UNKNOWN, f"usage: {error}", next_step=step)
    if isinstance(error, ImportError):
        return Finding("broken-installation", UNKNOWN, f"broken installation: {error}", next_step=INSTALL)
    return Finding("internal-error", UNKNOWN, f"internal error: {type(error).__name__}: {error}", next_step=BUG)
