"""The directory of a drill: a CA and two logins made for it, and the host definitions for both engines."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harbor_simulator import certificates
from harbor_simulator.accounts import MONITOR, Account, default_accounts
from harbor_simulator.issuing import Issued

from .engine import UnusableError

CANARY, PROJECT, IMAGE = "robot$canary", "pub", "canary"
LAYER = bytes(range(256)) * 32
FACTS = "drill.json"
ICINGA = """\
object Host "{host}" {{
  import "harbor"

  vars.harbor_url = "{url}"
  vars.harbor_ca_file = "{folder}/ca.pem"
  vars.harbor_robot_authfile = "{folder}/monitor.auth"
  vars.harbor_canary_authfile = "{folder}/canary.auth"
  vars.harbor_canary_project = "{project}"
  vars.harbor_canary_image = "{project}/{image}:1.0"

  // Copy here what the drill is to prove, from the host of your Harbor: vars.harbor_notifications, harbor_patient
}}
"""
NAGIOS = """\
define host {{
    use                     harbor-canary
    host_name               {host}
    alias                   Fire drill
    address                 127.0.0.1
    _HARBOR_URL             {url}
    _HARBOR_OPTIONS         --ca-file {folder}/ca.pem
    _HARBOR_ROBOT_LOGIN     --authfile {folder}/monitor.auth
    _HARBOR_CANARY_LOGIN    --authfile {folder}/canary.auth
    _HARBOR_CANARY_PROJECT  {project}
    _HARBOR_CANARY_IMAGE    {project}/{image}:1.0
    # Copy here what the drill is to prove, from the host of your Harbor: contacts, contact_groups, hostgroups
}}
"""


@dataclass(frozen=True)
class Site:
    """A prepared directory; `host` is the host's name in the engine."""

    folder: Path
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where the drill serves, as the host's definition says."""
        return f"https://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write everything into the directory; raises UnusableError if it was prepared before."""
        if (self.folder / FACTS).exists():
            raise UnusableError(f"{self.folder} is prepared already: run the drill, or name another directory")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            authority = certificates.authority()
            encoding = serialization.Encoding.PEM
            form = (encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            self._write("ca.key", authority.key.private_bytes(*form).decode(), mode=0o600)
            self._write("ca.pem", authority.certificate.public_bytes(encoding).decode())
            for who, user in (("monitor", MONITOR), ("canary", CANARY)):
                self._write(f"{who}.auth", f"username={user}\npassword={secrets.token_urlsafe(24)}\n", mode=0o600)
            self._write("icinga2.conf", self.definition(ICINGA))
            self._write("nagios.cfg", self.definition(NAGIOS))
            self._write(FACTS, json.dumps({"host": self.host, "port": self.port}) + "\n")
        except OSError as error:
            raise UnusableError(f"cannot write {error.filename or self.folder}: {error.strerror}") from error

    def _write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.folder / name
        path.touch(mode=mode)
        path.write_text(text, encoding="utf-8")

    def definition(self, form: str) -> str:
        """The host's definition for an engine."""
        return form.format(host=self.host, url=self.url, folder=self.folder, project=PROJECT, image=IMAGE)

    def accounts(self, refused: str = "") -> dict[str, Account]:
        """The robots with the secrets of this drill; the one named in `refused` has got another one."""
        monitor, canary = (
            secrets.token_urlsafe(24) if who == refused else read_login(self.folder / f"{who}.auth")[1]
            for who in ("monitor", "canary")
        )
        return {
            MONITOR: replace(default_accounts()[MONITOR], password=monitor),
            CANARY: Account(canary, projects={PROJECT: ("pull", "push", "delete")}),
        }

    def adopt(self) -> None:
        """Let the simulator's certificates come from the CA of this drill."""
        try:
            key = serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), password=None)
            found = x509.load_pem_x509_certificate((self.folder / "ca.pem").read_bytes())
            if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
                raise ValueError("the key is of another kind than --prepare made")
        except (OSError, ValueError) as error:
            raise UnusableError(f"cannot read the CA in {self.folder}: {error}") from error
        certificates.adopt(Issued(found, key))


def opened(folder: Path) -> Site:
    """The drill of this directory; raises UnusableError if it was not prepared or cannot be read."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        return Site(folder, str(facts["host"]), int(facts["port"]))
    except FileNotFoundError as error:
        raise UnusableError(f"{folder} is not prepared: run with --prepare first") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableError(f"cannot read {folder / FACTS}: {error}") from error


def read_login(file: Path) -> tuple[str, str]:
    """The user and the password of a file with username= and password= lines that only its owner and group may read."""
    try:
        if file.stat().st_mode & 0o007:
            raise UnusableError(f"others may read or change {file}: chmod 640 it")
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UnusableError(f"cannot read {file}: {error.strerror}") from error
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    if not found.get("username") or not found.get("password"):
        raise UnusableError(f"{file} has no lines username= and password=")
    return found["username"], found["password"]
