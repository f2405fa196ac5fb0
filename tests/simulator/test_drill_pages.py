"""How the fire drill reads the pages of Icinga 2 and Nagios: no reload and no rotated log loses one."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harbor_simulator.drill.engine import LostError, UnusableError
from harbor_simulator.drill.icinga import Icinga
from harbor_simulator.drill.nagios import Nagios
from harbor_simulator.drill.site import Site

from .nagios import configured


def test_a_log_that_is_rotated_loses_no_page(tmp_path: Path) -> None:
    nagios = Nagios(configured(tmp_path), "drill", Site(tmp_path, "drill", 8443).url)
    nagios.start()
    log, form = tmp_path / "nagios.log", "[{}] SERVICE NOTIFICATION: anna;{};harbor-v2;{};mail;text\n"
    with log.open("a") as file:
        file.write(form.format(1, "drill", "CRITICAL") + form.format(2, "another", "CRITICAL"))
    log.rename(tmp_path / "old.log")
    log.write_text(form.format(3, "drill", "OK") + form.format(4, "drill", "ACKNOWLEDGEMENT (CRITICAL)")[:-1])
    kinds = [(page.time, page.kind, page.who, page.via) for page in nagios.pages()]
    assert kinds == [(1, "PROBLEM", "anna", "mail"), (3, "RECOVERY", "anna", "mail")]
    nagios.close()


def test_nagios_that_does_not_run(tmp_path: Path) -> None:
    config = configured(tmp_path)
    status = tmp_path / "status.dat"
    status.write_text(status.read_text().replace("created=", "created=-"))
    with pytest.raises(UnusableError, match="Nagios does not run"):
        Nagios(config, "drill", "https://127.0.0.1:8443").start()


class Api(BaseHTTPRequestHandler):
    """The API of an Icinga 2 that is reloaded after its first notification: it ends the stream."""

    reloaded = False
    over = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        if self.path != "/v1/events":
            attributes = {"vars": {"harbor_url": Site(Path(), "drill", 8443).url}}
            results = [{"attrs": attributes}] if self.path.endswith("hosts") else []
            self.wfile.write(json.dumps({"results": results}).encode())
            return
        page = {"host": "drill", "service": "harbor-v2", "notification_type": "PROBLEM", "users": ["anna"]}
        self.wfile.write(json.dumps({**page, "timestamp": 1.0, "command": "mail"}).encode() + b"\n")
        if Api.reloaded:
            Api.over.wait(20)
        Api.reloaded = True

    def log_message(self, *_: object) -> None:
        """Be silent."""


def test_stream_of_icinga_that_ends_and_begins_again() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = Site(Path(), "drill", 8443).url
        icinga = Icinga(f"http://127.0.0.1:{server.server_port}", ("a", "b"), None, "drill", url)
        icinga.start()
        with pytest.raises(LostError, match="stream of events of Icinga 2 broke off"):
            read(icinga, pages=2)
        icinga.start()
        read(icinga, pages=2)
        Api.over.set()
        server.shutdown()


def read(icinga: Icinga, pages: int) -> None:
    """Wait until there are so many pages, for 20 s at most."""
    end = time.monotonic() + 20
    while len(icinga.pages()) < pages:
        assert time.monotonic() < end
        time.sleep(0.01)  # another thread reads the stream
