"""A secret that a server echoes, however it writes it and wherever our own code cuts: not even a piece is shown."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from attacks import trial
from contract import grammar, twists
from contract.adversary import Adversary, says
from harbor_simulator import MONITOR, MONITOR_SECRET, Simulator
from harbor_simulator.messages import Response
from registry.lab import SECRET, Lab
from support import runner

BASE64 = base64.b64encode(f"{MONITOR}:{MONITOR_SECRET}".encode()).decode()
FORMS = {
    "as it is": MONITOR_SECRET,
    "lower case": MONITOR_SECRET.lower(),
    "in a query": quote(MONITOR_SECRET, safe=""),
    "in a query, lower case": quote(MONITOR_SECRET, safe="").lower(),
    "in a form": quote_plus(MONITOR_SECRET),
    "in JSON, slashes escaped": MONITOR_SECRET.replace("/", "\\/"),
    "in JSON, all escaped": re.sub("(.)", lambda char: f"\\u{ord(char[1]):04x}", MONITOR_SECRET),
    "in a page": html.escape(MONITOR_SECRET.replace("=", "&")).replace("&amp;", "&#61;"),
    "base64": BASE64,
    "base64 without padding": BASE64.rstrip("="),
    "base64 for URLs": BASE64.replace("+", "-").replace("/", "_"),
    "base64 in a query": quote(BASE64, safe=""),
    "base64, lower case": BASE64.lower(),
}
#: What stands before it: lines are cut after 95, 120, 300 and 400 characters, digests after 19, labels after 60.
BEFORE = (0, 7, 40, 80, 105, 285, 380)
SIZE = 9  # characters of a piece
NAMES = [name for name in runner.NAMES if name not in runner.HANDSHAKE_ONLY]


@pytest.fixture
def told(harbor: Simulator, authfile: str) -> Callable[..., str]:
    """All that a plugin says, in either format, to a server's answers."""

    def run(name: str, url: str = "") -> str:
        where = ["-H", url or harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile, "-t", "4"]
        where += runner.NEEDED.get(name, [])
        text, report = runner.in_both_formats(name, *where, "-vvv", "--isolate")
        grammar.checked(text, traceback=True)
        return text.out + json.dumps(grammar.checked_json(report), ensure_ascii=False)

    return run


def holds_a_piece(text: str, form: str) -> str:
    """The first piece of a secret in a text, "" where there is none."""
    pieces = (form[start : start + SIZE] for start in range(len(form) - SIZE + 1))
    theirs = text.replace("monitoring host", "")
    return next((piece for piece in pieces if piece.lower() in theirs.lower()), "")


def test_the_test_finds_a_piece() -> None:
    assert holds_a_piece("x" + MONITOR_SECRET[3:14].upper(), MONITOR_SECRET)
    assert not holds_a_piece("x" + MONITOR_SECRET[:8], MONITOR_SECRET)


#: {} is the secret with what stands before it.
ECHOES = {
    "error": 'HTTP/1.1 500 No\r\nContent-Type: application/json\r\nX-Request-Id: {0}\r\n\r\n{{"errors":[{{"code":"{1}",'
    '"message":"{1}: {1}","detail":"{1}"}}]}}',
    "absent": 'HTTP/1.1 404 No\r\nContent-Type: application/json\r\n\r\n{{"errors":[{{"code":"X","message":"{1}"}}]}}',
    "redirect": "HTTP/1.1 307 No\r\nLocation: https://{0}/{0}?{0}\r\nContent-Length: 0\r\n\r\n",
    "redirect within": "HTTP/1.1 307 No\r\nLocation: /{0}?{0}#{0}\r\nContent-Length: 0\r\n\r\n",
    "challenge": 'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="https://{0}/{0}",service="{0}"\r\n'
    "Content-Length: 0\r\n\r\n",
    "page": "HTTP/1.1 200 OK\r\nContent-Type: text/html; {0}\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("echo", ECHOES)
def test_echoes(echo: str, form: str, told: Callable[..., str]) -> None:
    """The plugins take turns."""
    turn = list(FORMS).index(form)
    for number, before in enumerate(BEFORE):
        secret = f"{'x' * before}{FORMS[form]}"
        reply = ECHOES[echo].format(secret, json.dumps(secret)[1:-1]).encode()
        with Adversary(says(reply)) as server:
            name = NAMES[(turn * len(BEFORE) + number) % len(NAMES)]
            shown = told(name, server.url)
        assert holds_a_piece(shown, FORMS[form]) == "", f"{name}: {shown}"


@pytest.mark.parametrize("form", FORMS)
def test_texts_of_harbor(form: str, told: Callable[..., str], harbor: Simulator) -> None:
    """Names, versions, schedules, reasons: whatever is a text in its answers."""
    turn = list(FORMS).index(form)
    for before in (0, 50):
        harbor.switch("registry-down", "trivy-down", "gc-failing")
        text = f"{'x' * before}{FORMS[form]} y"
        harbor.state.distortions.append((("/",), twists.texts_become(text)))
        for name in NAMES[turn % 4 :: 4]:
            shown = told(name)
            assert holds_a_piece(shown, FORMS[form]) == "", f"{name}: {shown}"


@pytest.mark.parametrize("before", range(0, 37, 6))
@pytest.mark.parametrize(("key", "name"), [("cron", "check_harbor_gc"), ("harbor_version", "check_harbor_api")])
def test_texts_that_are_shown_in_part(
    key: str, name: str, before: int, told: Callable[..., str], harbor: Simulator
) -> None:
    """A schedule that cannot be parsed, and a version without the part after its dash."""
    secret = f"{'x' * before}{MONITOR_SECRET} 0 0 0 0 0"
    harbor.state.distortions.append((("/",), twists.retold(lambda leaf, found: secret if found == key else leaf)))
    assert "***" in told(name)
    assert holds_a_piece(told(name), MONITOR_SECRET) == ""


@pytest.mark.parametrize("before", range(0, 20, 4))
def test_a_digest(before: int, lab: Lab) -> None:
    """Only 19 characters of it are shown."""
    digest = f"{'sha256:123456789012'[:before]}{SECRET}"
    lab.intercept("GET", lambda request: claims(request, digest))
    outcome = lab.pull("-vvv")
    assert "is corrupt" in outcome.first
    assert "***" in outcome.out or before > 15
    assert holds_a_piece(outcome.out, SECRET) == ""


@pytest.mark.parametrize("location", ["https://{}/x", "/v2/{}/x", "https://x/{}"])
def test_where_a_blob_is(location: str, lab: Lab) -> None:
    """Host and path are shown separately."""
    away = Response(307, {"Location": location.format(SECRET)})
    lab.intercept("GET", lambda request: away.copy() if "/blobs/" in request.path else None)
    outcome = lab.pull("-vvv")
    assert outcome.code == 2
    assert holds_a_piece(outcome.out, SECRET) == "", outcome.out


def claims(request, digest):
    """A manifest that says it has this digest."""
    if "/manifests/" not in request.path:
        return None
    return Response(200, {"Content-Type": "application/json", "Docker-Content-Digest": digest}, b"{}")


#: What it is doing names the login.
DOING = "reading {login.password} of {login.header}"
ENDS = {
    "interrupted by SIGTERM while ": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)",
    "killed by SIGKILL while ": "os.kill(os.getpid(), signal.SIGKILL)",
    "stuck while ": "10 ** 10 ** 9",
    r"timed out after [01]\.\d+ s ": "time.sleep(9)",
    "internal error: SystemExit: ": f"raise SystemExit(f{DOING!r})",
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("output", ["nagios", "json"])
def test_every_end(end: str, output: str, tmp_path: Path, authfile: str, plugin_python: str) -> None:
    """Whoever answers, the probe or its guard, and however the run has ended."""
    plugin = trial.written(tmp_path, "check_harbor_telling", ENDS[end], DOING)
    command = [plugin_python, str(plugin), "-H", "h", "--authfile", authfile, "-t", "1.1", "--output", output, "-vvv"]
    environment = {**os.environ, "PYTHONPATH": str(runner.PLUGINS)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment)
    outcome = runner.Outcome(done.returncode, done.stdout, done.stderr)  # refuses a complete secret
    assert re.search(rf"{end}reading \*\*\* of Basic \*\*\*", outcome.out), outcome.out
    assert (outcome.err, holds_a_piece(outcome.out, MONITOR_SECRET), holds_a_piece(outcome.out, BASE64)) == ("", "", "")
