"""check_harbor_signin with a real directory (OpenLDAP's slapd), which Harbor (the simulator) asks as Harbor does."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harbor_simulator import Simulator
from registry.daemon import dying_with_us, free_port, where
from support import runner
from support.screens import screen

BASE = "dc=example,dc=com"
SEARCHER, SEARCH_PASSWORD = f"cn=search,{BASE}", "may-search"
PERSON, PASSWORD = "svc-monitoring", "the-right-Passw0rd"
CONFIGURATION = f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {{folder}}/pid
database mdb
maxsize 1048576
directory {{folder}}
suffix {BASE}
rootdn {SEARCHER}
rootpw {SEARCH_PASSWORD}
"""
PEOPLE = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
o: example

dn: uid={PERSON},{BASE}
objectClass: inetOrgPerson
cn: monitoring
sn: monitoring
userPassword: {PASSWORD}
"""
REFUSED = 49  # the exit code of a client after a wrong password, as in the protocol
SILENCE = 10.0  # seconds; Harbor itself waits for ever
NEXT = (
    "Next: test Harbor's LDAP settings: Administration > Configuration > Test LDAP Server; then look at the directory "
    "itself"
)
Signin = Callable[..., list[str]]


class Slapd:
    """slapd on 127.0.0.1, and how Harbor asks it: search the entry, then bind in its name."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "slapd.conf"
        self._file.write_text(CONFIGURATION.format(folder=folder))
        tool = [str(where("slapadd")), "-f", str(self._file)]
        subprocess.run(tool, input=PEOPLE, text=True, capture_output=True, timeout=60, check=True)
        self.base, self.password = BASE, SEARCH_PASSWORD
        self.start()

    def start(self) -> None:
        self._port = free_port()
        few = ["prlimit", "--nofile=256"]  # it reserves memory for each file that it may open
        listening = ["-h", f"ldap://127.0.0.1:{self._port}", "-d", "0"]
        self._process = subprocess.Popen(
            [*dying_with_us(), *few, str(where("slapd")), "-f", str(self._file), *listening]
        )
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            assert time.monotonic() < end
            assert self._process.poll() is None
            time.sleep(0.02)  # it has no other way to say that it listens

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def knows(self, name: str, password: str) -> bool:
        found = self._ask("ldapsearch", SEARCHER, self.password, "-LLL", "-b", self.base, f"(uid={name})", "1.1")
        if found.returncode:
            raise ConnectionError(found.stderr)
        entry = re.search("^dn: (.*)$", found.stdout, re.MULTILINE)
        if not entry:
            return False
        bound = self._ask("ldapwhoami", entry[1], password)
        assert bound.returncode in (0, REFUSED), bound.stderr
        return bound.returncode == 0

    def _ask(self, program: str, who: str, password: str, *further: str) -> subprocess.CompletedProcess[str]:
        server = f"ldap://127.0.0.1:{self._port}"
        command = [program, "-x", "-H", server, "-D", who, "-w", password, *further]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=SILENCE, check=False)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None


@pytest.fixture
def directory(harbor: Simulator, tmp_path: Path) -> Iterator[Slapd]:
    if not where("slapd") or not shutil.which("ldapsearch"):
        pytest.skip("needs the Debian packages slapd ldap-utils")
    slapd = harbor.world.directory = Slapd(tmp_path)
    harbor.switch("ldap")
    yield slapd
    slapd.stop()
    harbor.world.directory = None


@pytest.fixture
def signin(harbor: Simulator, directory: Slapd, tmp_path: Path) -> Signin:
    """Run the probe, with this password of the person, or without an account."""

    def run(password: str = "", seconds: int = 15, warning: str = "60") -> list[str]:
        authfile = tmp_path / "authfile"
        authfile.touch(0o600)
        authfile.write_text(f"username={PERSON}\npassword={password}\n")
        login = ["--authfile", str(authfile)] if password else []
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--isolate", "-w", warning, "-c", "60"]
        return screen(runner.here("check_harbor_signin", *common, "-t", str(seconds), *login), harbor)

    return run


def test_people_can_log_in(signin: Signin) -> None:
    well = "HARBOR SIGNIN OK - {} | time=Ts;60;60;0"
    assert signin(PASSWORD) == [well.format(f"{PERSON} can log in by the LDAP directory"), "exit code 0"]
    assert signin() == [well.format("the LDAP directory answers: it knows no check-harbor-nobody"), "exit code 0"]


def test_wrong_password_is_not_the_directory(signin: Signin) -> None:
    first, *_, code = signin("a-wrong-one")
    line = f"the LDAP directory works, but refuses {PERSON}: wrong password, or no such user"
    assert (first, code) == (f"HARBOR SIGNIN CRITICAL - {line}", "exit code 2")


@pytest.mark.parametrize("trouble", ["stopped", "another search password", "another base"])
@pytest.mark.parametrize("password", ["", PASSWORD], ids=["no account", "account"])
def test_directory_that_cannot_be_searched(signin: Signin, directory: Slapd, trouble: str, password: str) -> None:
    if trouble == "stopped":
        directory.stop()
    elif trouble == "another base":
        directory.base = "ou=people,dc=example,dc=net"
    else:
        directory.password = "another"
    line = "the LDAP directory cannot be searched: Harbor refuses a login after T ms"
    first, *rest = signin(password)
    assert re.sub(r"\d+ ms", "T ms", first) == f"HARBOR SIGNIN CRITICAL - {line}"
    assert rest == [NEXT, "exit code 2"]


def test_directory_that_is_frozen(signin: Signin, directory: Slapd) -> None:
    directory.freeze()
    first, *rest = signin(PASSWORD, seconds=3)
    assert (
        re.sub(r"\d+ s$", "T s", first)
        == "HARBOR SIGNIN CRITICAL - the LDAP directory hangs: no answer to a login for T s"
    )
    assert rest == [NEXT, "exit code 2"]


def test_directory_that_is_slow(signin: Signin, directory: Slapd) -> None:
    directory.freeze()
    threading.Timer(1, directory.resume).start()
    first, *_, code = signin(PASSWORD, warning="0.5")
    line = "HARBOR SIGNIN WARNING - logging in takes T s (warning at 0.5 s) | time=Ts;0.5;60;0"
    assert (re.sub(r"takes [\d.]+ s", "takes T s", first), code) == (line, "exit code 1")
