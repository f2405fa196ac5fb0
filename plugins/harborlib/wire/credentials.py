"""Credentials: read from a file or the environment, never from the command line, and kept out of all output."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Mapping
from typing import NamedTuple

from harborlib.text.cleaning import conceal

from .failure import Unusable
from .origin import Origin, bracketed

LIMIT = 65536  # bytes; the maximum size of an authfile and of an options file
WRITE = "write it as in docs/robots.md#the-authfile: username= and password=, owned by the engine's user, mode 0400"
QUOTES = ("'", '"')


def need_tls(origin: Origin) -> None:
    """Raise Unusable if credentials would be sent over plain HTTP."""
    if origin.scheme != "https":
        text = "a login needs https, the password is not sent in clear text"
        raise Unusable(f"{text}: point -H at https://{bracketed(origin.host)}")


class Credentials(NamedTuple):
    """A username and a password. Its repr shows neither the password nor the header."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.username!r})"

    @property
    def header(self) -> str:
        """The value of the Authorization header (RFC 7617, UTF-8)."""
        return f"Basic {self._base64}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What a server could echo: the password, its UTF-8 read as Latin-1, both of the Base64 forms."""
        mistaken = self.password.encode().decode("latin-1")
        encoded = (self._base64, base64.b64encode(self.password.encode()).decode())
        return (self.password, mistaken, *encoded, *(text.rstrip("=") for text in encoded))

    @property
    def _base64(self) -> str:
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def read_credentials(authfile: str | None, any_mode: bool = False) -> Credentials | None:
    """The credentials from the file, else from $HARBOR_USERNAME and $HARBOR_PASSWORD; None if neither is set.

    From now on their secrets are removed from all output. Raises Unusable.
    """
    if authfile:
        text = contents(authfile, "authfile", 0 if any_mode else 0o007, "read", "o=", WRITE)
        account = confirmed(parse_authfile(text, authfile), f"authfile {authfile}", WRITE)
    else:
        values = {key: os.environ.get(f"HARBOR_{key.upper()}", "") for key in ("username", "password")}
        if not any(values.values()):
            return None
        account = confirmed(values, "environment (HARBOR_USERNAME, HARBOR_PASSWORD)")
    conceal(*account.secrets)
    return account


def confirmed(values: Mapping[str, str], source: str, step: str = "") -> Credentials:
    """The credentials, if both values can be right; else raises Unusable, with the source and the next step."""
    for key in ("username", "password"):
        value = values.get(key, "")
        if not value:
            raise Unusable(f"{source}: {key} is missing", step)
        if not value.isprintable():
            raise Unusable(f"{source}: {key} contains a control character", step)
        if value[0] in QUOTES and value[0] == value[-1]:
            raise Unusable(f"{source}: {key} is in quotes, remove them: they count as part of it", step)
    if ":" in values["username"]:
        raise Unusable(f"{source}: a username cannot hold a colon", step)
    if "$$" in values["username"]:
        raise Unusable(f"{source}: username has $$, write a single $", step)
    return Credentials(values["username"], values["password"])


def contents(path: str, kind: str, refused: int, deed: str, cure: str, step: str = "") -> str:
    """The text of a file of this kind. Its mode must have none of the `refused` bits, which would let others do `deed`.

    Raises Unusable with the next step; its text names the chmod that fixes it.
    """
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise Unusable(f"{kind} {path}: not a regular file", step)
            if mode & refused:
                raise Unusable(f"{kind} {path}: others may {deed} it (mode {mode & 0o777:04o}), chmod {cure} it", step)
            content = file.read(LIMIT + 1)
            if len(content) > LIMIT:
                raise Unusable(f"{kind} {path}: larger than {LIMIT // 1024} KiB", step)
            return content.decode("utf-8-sig")
    except PermissionError as error:
        step = f"make {user()} its owner (chown {user()} {path}), and let {user()} enter its directory"
        raise Unusable(f"{kind} {path}: {error.strerror} for user {user()}", step) from None
    except OSError as error:
        raise Unusable(f"{kind} {path}: {error.strerror}", step) from None
    except ValueError:
        raise Unusable(f"{kind} {path}: not a text file in UTF-8", step) from None


def user() -> str:
    """The user that runs this process."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # as in a container
        return str(os.geteuid())


def parse_authfile(text: str, path: str) -> dict[str, str]:
    """The `key=value` lines of an authfile; blank lines and lines that begin with # are ignored.

    Raises Unusable.
    """
    if not text.strip():
        raise Unusable(f"authfile {path}: the file is empty", WRITE)
    values = {}
    for position, line in enumerate(text.splitlines(), 1):
        key, equals, value = line.partition("=")
        key = key.strip().lower()
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not equals or key not in ("username", "password"):
            raise Unusable(f"authfile {path}: line {position} is neither username= nor password=", WRITE)
        values[key] = value.strip()
    return values
