"""What the check_harbor plugins share.

Every plugin imports this package first. When an import fails, Python exits with 1, and a monitoring engine reads that
as WARNING. So this module turns a broken installation into UNKNOWN. It does the same for anything else that ends a
plugin before the plugin's own safeguards are in place (plugin.py).
"""

import _signal as signal  # type: ignore[import-not-found]  # `signal` loads enum first: long enough for Ctrl-C to cause a traceback
import gc
import os
import sys

__version__ = "0.1.0"


_SIGNALS = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT", signal.SIGHUP: "SIGHUP"}
#: The next step after a failed import.
INSTALL = f"install nagiosplugin, requests and pyOpenSSL for {sys.executable}"
#: The next step when the engine times out too early, and when the host lacks a resource.
ROOM = "set the engine's check timeout higher than -t"
LIMITS = "check the memory and limits of this monitoring host: free, ulimit -a, TasksMax= of the engine's service"


def _say(reason: str, remedy: str) -> None:
    text = f"HARBOR UNKNOWN - {' '.join(reason.split())}\nNext: {remedy}\n"
    try:  # noqa: SIM105  contextlib is not imported yet
        os.write(1, text.encode("ascii", "backslashreplace"))
    except OSError:  # if nobody reads the output, the exit code still carries the state
        pass


def _give_up(reason: str, remedy: str) -> None:
    _say(reason, remedy)
    sys.exit(3)


def _interrupted(number, _frame):  # type: ignore[no-untyped-def]
    _say(f"interrupted by {_SIGNALS[number]} while starting", ROOM)
    os._exit(3)


def _broken(kind, error, _traceback):  # type: ignore[no-untyped-def]
    """Report UNKNOWN instead of a traceback, which would end as WARNING."""
    _say(f"cannot start: {kind.__name__}: {error}".strip(), INSTALL if issubclass(kind, ImportError) else LIMITS)
    os._exit(3)


if os.path.basename(sys.argv[0] if sys.argv else "").startswith("check_harbor_"):  # otherwise this is not our process
    for _number in _SIGNALS:
        signal.signal(_number, _interrupted)
    sys.excepthook = _broken
    gc.disable()  # until guard.py has forked, as Python's manual recommends
if sys.version_info < (3, 9):  # noqa: UP036  a clear message now instead of a traceback later
    _give_up("Python 3.9 or newer is needed", f"{sys.executable} is too old: install the plugins for a newer one")
try:
    import nagiosplugin  # noqa: F401  every plugin needs it; here only its presence is checked
except Exception as error:  # missing, or installed but broken
    _give_up(f"broken installation: {error}", INSTALL)
