"""tools/bootstrap.py against a package index on this machine."""

from __future__ import annotations

import base64
import hashlib
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import bootstrap

WHEEL = b"not really a wheel"
DIGEST = hashlib.sha256(WHEEL).hexdigest()


class PackageIndex(http.server.ThreadingHTTPServer):
    """Serves one page for pip and every wheel, and keeps the Authorization headers it was sent."""

    page = ""

    def __init__(self) -> None:
        self.logins: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    server: PackageIndex

    def do_GET(self) -> None:
        self.server.logins.append(self.headers.get("Authorization", ""))
        body = self.server.page.encode() if self.path == "/simple/pip/" else WHEEL
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    with PackageIndex() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://robot:s%40fe@127.0.0.1:{server.server_port}/simple/")
        yield server
        server.shutdown()


def link(version: str, digest: str = DIGEST, attributes: str = "") -> str:
    name = f"pip-{version}-py3-none-any.whl"
    return f'<a href="../../files/{name}#sha256={digest}" {attributes}>{name}</a>\n'


def test_takes_the_newest_release_for_this_python(index: PackageIndex) -> None:
    index.page = (
        link("9.0.1")
        + link("24.0", attributes='data-requires-python="&gt;=3.7"')
        + link("99.0", attributes='data-requires-python="&gt;=3.99"')
        + link("25.0", attributes='data-yanked="broken"')
        + link("26.0b1")
    )
    name, address, digest = bootstrap.newest_pip(bootstrap.Index())
    assert name == "pip-24.0-py3-none-any.whl"
    assert address == f"http://127.0.0.1:{index.server_port}/files/pip-24.0-py3-none-any.whl"
    assert digest == DIGEST


def test_sends_the_login_of_a_private_index_and_never_shows_it(index: PackageIndex) -> None:
    index.page = link("24.0", digest="")
    with pytest.raises(LookupError) as failure:
        bootstrap.newest_pip(bootstrap.Index())
    assert index.logins == ["Basic " + base64.b64encode(b"robot:s@fe").decode()]
    version = sys.version_info[1]
    assert str(failure.value) == (
        f"http://127.0.0.1:{index.server_port}/simple names no pip with a sha256 for Python 3.{version}"
    )


def test_refuses_a_wheel_that_is_not_the_named_one(index: PackageIndex) -> None:
    index.page = link("24.0", digest=hashlib.sha256(b"another").hexdigest())
    with pytest.raises(LookupError, match="is not the file that the index names"):
        bootstrap.install_pip(bootstrap.Index())


def test_reads_pips_own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://global.test\n[install]\nindex-url = https://install.test\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    assert bootstrap.pip_setting("index-url") == "https://install.test"
    monkeypatch.setenv("PIP_INDEX_URL", "https://environment.test")
    assert bootstrap.pip_setting("index-url") == "https://environment.test"


def test_requirements_are_those_of_setup_cfg() -> None:
    plain = bootstrap.requirements([])
    assert plain == ["nagiosplugin>=1.3.2", "requests>=2.28", "pyOpenSSL>=23.0"]
    assert set(bootstrap.requirements(["test"])) > {*plain, "pytest>=8"}
