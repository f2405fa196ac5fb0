"""The fire drill without an engine: its list of failures, its directory, its rows, and what it refuses."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import harbor_simulator
from harbor_simulator.drill.engine import LostError, Page, Service, UnusableError
from harbor_simulator.drill.failures import FAILURES, Failure, chosen
from harbor_simulator.drill.icinga import Icinga
from harbor_simulator.drill.nagios import Nagios
from harbor_simulator.drill.rehearsal import Rehearsal
from harbor_simulator.drill.report import table
from harbor_simulator.drill.site import Site, opened
from isolation.scenarios import COMPONENTS, PEOPLE, STEADY

COMMAND = (sys.executable, "-W", "error", "-m", "harbor_simulator.drill")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(harbor_simulator.__file__).parents[1])}
OWNER, OTHER = "harbor-component-registry", "harbor-v2"


def run(*options: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, *options], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_every_failure_is_a_tested_scenario_with_the_same_owner() -> None:
    known = {scenario.title: scenario for scenario in (*STEADY, *PEOPLE)}
    for failure in FAILURES:
        if failure.refused == "canary":
            continue  # tests/engines has it
        scenario = known[failure.title]
        (owner,) = (*scenario.critical, *scenario.warning, *scenario.elsewhere)
        assert failure.owner == (f"component-{owner}" if owner in COMPONENTS else owner)
        assert (failure.switches, failure.certificate) == (scenario.switches, scenario.certificate)
        assert scenario.login is (failure.refused != "monitor")


class Scripted:
    """An engine whose service fails with the simulator, and that sends these pages for a failure and its end."""

    name, lag = "scripted", 0.0

    def __init__(self, sends: list[tuple[str, str, str]], muted: str = "") -> None:
        self._sends, self._muted = sends, muted
        self.sent: list[Page] = []
        self.changes: list[str] = []

    def start(self) -> None:
        """Nothing to verify."""
        self.changes.append("start")

    def close(self) -> None:
        """Nothing to end."""

    def change(self, failure: Failure | None) -> None:
        self.changes.append(failure.name if failure else "")
        kind = "PROBLEM" if failure else "RECOVERY"
        self.sent += [Page(time.time(), kind, service, who) for when, service, who in self._sends if when == kind]

    def services(self) -> dict[str, Service]:
        checked = time.time() + 1
        return {name: Service(name, 0, True, checked, 60, 30, 1, self._muted) for name in (OWNER, OTHER)}

    def pages(self) -> list[Page]:
        return list(self.sent)


def drilled(engine: Scripted, *names: str) -> Rehearsal:
    rehearsal = Rehearsal(engine, engine.change, wait=0, hold=0, say=lambda _: None)
    rehearsal.run(chosen(",".join(names or ("registry-down",))))
    return rehearsal


BOTH = [("PROBLEM", OWNER, "anna"), ("PROBLEM", OWNER, "ben"), ("RECOVERY", OWNER, "anna"), ("RECOVERY", OWNER, "ben")]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes later than at once from a scripted engine."""
    monkeypatch.setattr(Service, "limit", lambda *_: 0.0)


@pytest.mark.parametrize(
    ("sends", "line"),
    [
        (BOTH, "anna,ben 0 yes - ok"),
        ([], "nobody - - - WRONG"),
        (BOTH[:2], "anna,ben 0 NO - WRONG"),
        ([*BOTH, ("PROBLEM", OTHER, "anna")], "anna,ben 0 yes harbor-v2 PROBLEM WRONG"),
        ([*BOTH, ("PROBLEM", OWNER, "ben")], f"anna,ben 0 yes {OWNER} PROBLEM again WRONG"),
    ],
    ids=["right", "nobody paged", "no recovery", "stray", "twice"],
)
def test_row(sends: list[tuple[str, str, str]], line: str) -> None:
    engine = Scripted(sends)
    rows = drilled(engine).rows
    assert " ".join(table(rows).splitlines()[1].split()) == f"registry-down {OWNER} {line}"
    assert (rows[0].right, rows[0].wrong) == (line.endswith("ok"), line.endswith("WRONG"))
    assert engine.changes == ["registry-down", ""]


def test_a_service_that_the_host_does_not_have_is_skipped() -> None:
    rows = drilled(Scripted(BOTH), "trivy-down", "registry-down").rows
    assert [(row.right, row.wrong) for row in rows] == [(False, False), (True, False)]
    assert "trivy-down: skipped, this host has no harbor-component-trivy" in table(rows)


def test_nobody_would_be_notified() -> None:
    with pytest.raises(UnusableError, match=f"nobody would be notified: {OWNER}: it is in a downtime"):
        drilled(Scripted(BOTH, muted="it is in a downtime"))


def test_an_interrupt_repairs(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Scripted([])
    pages: Callable[[], list[Page]] = engine.pages

    def interrupted() -> list[Page]:
        if engine.changes == ["registry-down"]:
            raise KeyboardInterrupt
        return pages()

    monkeypatch.setattr(engine, "pages", interrupted)
    with pytest.raises(KeyboardInterrupt):
        drilled(engine)
    assert engine.changes == ["registry-down", ""]


def lost(engine: Scripted, times: int) -> None:
    """Let an engine lose its pages during the first failures."""
    pages: Callable[[], list[Page]] = engine.pages

    def losing() -> list[Page]:
        if engine.changes[-1:] == ["registry-down"] and engine.changes.count("registry-down") <= times:
            raise LostError("the stream broke off")
        return pages()

    engine.pages = losing  # type: ignore[method-assign]


def test_an_engine_that_is_reloaded_gets_the_failure_again() -> None:
    engine = Scripted(BOTH)
    lost(engine, times=1)
    rows = drilled(engine).rows
    assert engine.changes == ["registry-down", "", "start", "registry-down", ""]
    assert [(row.right, row.wrong) for row in rows] == [(True, False)]


def test_an_engine_that_is_lost_twice_ends_the_drill() -> None:
    engine = Scripted(BOTH)
    lost(engine, times=2)
    with pytest.raises(LostError):
        drilled(engine)
    assert engine.changes == ["registry-down", "", "start", "registry-down", ""]


@pytest.mark.parametrize("module", ["harbor_simulator", "harbor_simulator.drill"])
def test_list_whose_reader_has_had_enough(module: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", module, "--list"]
    done = subprocess.run(
        command, env=ENVIRONMENT, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(writing)
    assert done.stderr == ""


def test_prepare_makes_secrets_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "drill"
    code, out, err = run("--directory", str(folder), "--prepare", "--host", "drill-1", "--port", "8444")
    assert (code, err) == (0, "")
    assert 'object Host "drill-1"' in out
    assert "_HARBOR_URL             https://127.0.0.1:8444" in out
    modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in ("ca.key", "monitor.auth", "canary.auth")}
    assert set(modes.values()) == {0o600}
    assert opened(folder) == Site(folder, "drill-1", 8444)
    again = run("--directory", str(folder), "--prepare")
    assert again == (
        3,
        "",
        f"check_harbor_drill: {folder} is prepared already: run the drill, or name another directory\n",
    )


def configured(folder: Path, log: str = "nagios.log") -> str:
    """The main configuration of a Nagios that runs, with the host of a drill."""
    (folder / "status.dat").write_text(
        f"info {{\n\tcreated={time.time():.0f}\n\t}}\n"
        "programstatus {\n\tenable_notifications=1\n\tactive_service_checks_enabled=1\n\t}\n"
        f"hoststatus {{\n\thost_name=drill\n\t_HARBOR_URL=0;{Site(folder, 'drill', 8443).url}\n\t}}\n"
    )
    (folder / "nagios.log").touch()
    (folder / "nagios.cfg").write_text(f"log_file={folder}/{log}\nstatus_file={folder}/status.dat\n")
    return str(folder / "nagios.cfg")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--nagios", "{folder}/nagios.cfg", "--only", "registry-dwon"], "no such failure: registry-dwon (see --list)"),
        (["--nagios", "/nowhere/nagios.cfg"], "cannot read /nowhere/nagios.cfg: No such file or directory"),
        (["--nagios", "{folder}/lost.cfg"], "cannot read {folder}/gone.log: No such file or directory"),
        (["--icinga", "https://127.0.0.1:1", "--icinga-authfile", "{folder}/monitor.auth"], "Connection refused"),
        (["--icinga", "https://127.0.0.1:1", "--icinga-authfile", "{folder}/open.auth"], "others may read or change"),
        ([], "one of --prepare, --nagios and --icinga is needed"),
    ],
)
def test_what_makes_a_drill_impossible(options: list[str], told: str, tmp_path: Path) -> None:
    Site(tmp_path, "drill", free_port()).prepare()
    config = configured(tmp_path)
    (tmp_path / "lost.cfg").write_text(Path(config).read_text().replace("nagios.log", "gone.log"))
    (tmp_path / "open.auth").write_text("username=a\npassword=b\n")
    (tmp_path / "open.auth").chmod(0o644)
    code, out, err = run("--directory", str(tmp_path), *(option.format(folder=tmp_path) for option in options))
    assert code in (2, 3)
    assert out == ""
    assert told.format(folder=tmp_path) in err
    assert "Traceback" not in err


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        Site(tmp_path, "drill", port).prepare()
        done = run("--directory", str(tmp_path), "--nagios", configured(tmp_path))
    assert done == (3, "", f"check_harbor_drill: cannot listen on port {port}: Address already in use\n")


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
        page = {"host": "drill", "service": OWNER, "notification_type": "PROBLEM", "users": ["anna"]}
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


def test_nagios_that_does_not_run(tmp_path: Path) -> None:
    config = configured(tmp_path)
    status = tmp_path / "status.dat"
    status.write_text(status.read_text().replace("created=", "created=-"))
    with pytest.raises(UnusableError, match="Nagios does not run"):
        Nagios(config, "drill", "https://127.0.0.1:8443").start()
