"""What the check_harbor plugins share.

Every plugin imports this package first: an import that fails makes Python exit with 1, which a monitoring engine
reads as WARNING, so a broken installation is turned into UNKNOWN here.
"""

import contextlib
import os
import sys

__version__ = "0.1.0"


#: What to do about an import that fails.
INSTALL = f"install nagiosplugin, requests and pyOpenSSL for {sys.executable}"


def _give_up(reason: str, remedy: str) -> None:
    text = f"HARBOR UNKNOWN - {' '.join(reason.split())}\nNext: {remedy}\n"
    with contextlib.suppress(OSError):  # where nobody reads, the exit code still tells the state
        os.write(1, text.encode("ascii", "backslashreplace"))
    sys.exit(3)


if sys.version_info < (3, 9):  # noqa: UP036  said in words instead of a traceback later on
    _give_up("Python 3.9 or newer is needed", f"{sys.executable} is too old: install the plugins for a newer one")
try:
    import nagiosplugin  # noqa: F401  every plugin stands on it; only its presence matters here
except Exception as error:  # missing, or there and broken
    _give_up(f"broken installation: {error}", INSTALL)
