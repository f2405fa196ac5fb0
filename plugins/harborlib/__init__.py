"""What the check_harbor plugins share.

Every plugin imports this package first: an import that fails makes Python exit with 1, which a monitoring engine
reads as WARNING, so a broken installation is turned into UNKNOWN here, and so is whatever else ends a plugin before its
own precautions stand (plugin.py).
"""

import _signal as signal  # type: ignore[import-not-found]  # `signal` loads enum first: time for a traceback by Ctrl-C
import gc
import os
import sys

__version__ = "0.1.0"


_SIGNALS = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT", signal.SIGHUP: "SIGHUP"}
#: What to do about an import that fails.
INSTALL = f"install nagiosplugin, requests and pyOpenSSL for {sys.executable}"
#: What to do about an engine that has no patience, and about a host that lacks something.
ROOM = "give the engine's check timeout more room than -t"
LIMITS = "look at the limits and the memory of this monitoring host: ulimit -a; TasksMax= of the engine's service; free"


def _say(reason: str, remedy: str) -> None:
    text = f"HARBOR UNKNOWN - {' '.join(reason.split())}\nNext: {remedy}\n"
    try:  # noqa: SIM105  contextlib is not loaded yet
        os.write(1, text.encode("ascii", "backslashreplace"))
    except OSError:  # where nobody reads, the exit code still tells the state
        pass


def _give_up(reason: str, remedy: str) -> None:
    _say(reason, remedy)
    sys.exit(3)


def _interrupted(number, _frame):  # type: ignore[no-untyped-def]
    _say(f"interrupted by {_SIGNALS[number]} while starting", ROOM)
    os._exit(3)


def _broken(kind, error, _traceback):  # type: ignore[no-untyped-def]
    """Instead of the traceback, which would be WARNING."""
    _say(f"cannot start: {kind.__name__}: {error}".strip(), INSTALL if issubclass(kind, ImportError) else LIMITS)
    os._exit(3)


if os.path.basename(sys.argv[0] if sys.argv else "").startswith("check_harbor_"):  # else somebody else's process
    for _number in _SIGNALS:
        signal.signal(_number, _interrupted)
    sys.excepthook = _broken
    gc.disable()  # until guard.py has forked, as Python's manual wants it
if sys.version_info < (3, 9):  # noqa: UP036  said in words instead of a traceback later on
    _give_up("Python 3.9 or newer is needed", f"{sys.executable} is too old: install the plugins for a newer one")
try:
    import nagiosplugin  # noqa: F401  every plugin stands on it; only its presence matters here
except Exception as error:  # missing, or there and broken
    _give_up(f"broken installation: {error}", INSTALL)
