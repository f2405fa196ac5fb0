"""check_harbor_triage with less than everything: no login, one login for all, rights that lack, an old Harbor."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from harborlib.run.probe import installed

import pytest

from contract.twists import retold
from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from support import runner
from support.listeners import listening, says
from support.verdicts import USUAL, WANT_MORE, lines, triage

ANSWERED = "HARBOR TRIAGE OK - harbor.example.com: {} of {} probes have run, and all are OK"
ALL = USUAL + len(WANT_MORE)
NO_LOGIN = "credentials are required: --authfile FILE, or HARBOR_USERNAME and HARBOR_PASSWORD"
NO_IMAGE = "not run: artifact, login, pull (need --image P/R:TAG)"
NO_PROJECT = "not run: push (needs --push-project P)"
SEEN = "login refused (/systeminfo treats it as anonymous)"
REFUSED = f"the monitoring account cannot log in: {SEEN}"
LOGIN = "check username= and password= in the authfile, then the state and expiry of the account in the web UI"
PULLS = Account(MONITOR_SECRET, projects={"pub": ("pull", "push", "delete")})


@pytest.fixture
def ask(harbor: Simulator, authfile: str):
    """What is said of a Harbor: the first lines and the exit code."""

    def run(*argv: str, login: bool = True, against: Simulator = harbor) -> list[str]:
        logins = ["--authfile", authfile] if login else []
        return lines(triage("-H", against.url, "--ca-file", against.ca_file, *logins, *argv), against)

    return run


def test_without_a_login(ask) -> None:
    operation = sorted({probe.name for probe in installed(but="triage") if probe.asks} - WANT_MORE)
    assert ask(login=False) == [
        ANSWERED.format(USUAL - len(operation), ALL),
        f"Note: not run: {', '.join(operation)} ({NO_LOGIN})",
        f"Note: {NO_IMAGE}",
        f"Note: {NO_PROJECT}",
        "exit code 0",
    ]


def test_one_login_for_all_is_refused_once(ask) -> None:
    """Whoever tried it: the password is one, and so is the cause."""
    with Simulator(users={}) as stranger:
        said = ask("--image", "pub/img:1.0", "--push-project", "pub", against=stranger)
    assert said[0] == f"HARBOR TRIAGE CRITICAL - {REFUSED}"
    assert said[1] == "Note: still works: the registry component"
    assert said[2].startswith("Note: follows from api: v2, login, pull, push, storage, audit_purge, gc, ")
    assert said[3:] == [f"Next: {LOGIN}", "exit code 2"]


def test_so_it_is_where_no_login_probe_runs(ask) -> None:
    with Simulator(users={}) as stranger:
        said = ask("--push-project", "pub", against=stranger)
    assert said[0] == f"HARBOR TRIAGE CRITICAL - {REFUSED}"


def test_missing_permissions(ask) -> None:
    """As with the canary robot's login alone: what it may not see is no trouble of Harbor's."""
    with Simulator(users={MONITOR: PULLS}) as harbor:
        said = ask("--push-project", "pub", against=harbor)
    assert said[0] == ANSWERED.format(14, ALL)
    assert "Note: not run: quota (the account lacks the permission quota:list (403 for /api/v2.0/quotas))" in said
    assert said[-1] == "exit code 0"


@pytest.mark.parametrize("status", [403, 404, 412])
def test_a_refusal_is_a_missing_permission_only_while_the_login_passes(status: int, ask, harbor: Simulator) -> None:
    """Otherwise a proxy that refuses everybody would be taken for missing rights."""
    harbor.switch(f"status-{status}@/api/v2.0/systeminfo", f"status-{status}@/api/v2.0/quotas")
    assert ask("-v")[0].startswith("HARBOR TRIAGE UNKNOWN - ")


def test_old_harbor(ask, harbor: Simulator) -> None:
    harbor.answer("/api/v2.0/jobservice/queues", 404, body="404 page not found")
    said = ask()
    assert said[0] == ANSWERED.format(USUAL - 1, ALL)
    assert "Note: not run: queue (404 for /api/v2.0/jobservice/queues, which needs Harbor 2.7 or newer)" in said


def test_component_that_is_not_reported_is_left_out(ask, harbor: Simulator) -> None:
    names = ("core", "database", "jobservice", "portal", "redis", "registry", "registryctl")
    components = [{"name": name, "status": "healthy"} for name in names]
    harbor.answer("/api/v2.0/health", body={"status": "healthy", "components": components})
    assert ask()[0] == ANSWERED.format(USUAL - 1, ALL - 1)


def test_clocks_that_differ(ask, harbor: Simulator) -> None:
    harbor.switch("clock-wrong")
    said = ask()
    hint = "its clock is 10 min behind Harbor's, and certificates are judged by it"
    assert f"Note: seen from this host only: {hint}" in said
    assert said[0].startswith("HARBOR TRIAGE CRITICAL - Harbor's clock is ")


def test_proxy_in_the_way(ask) -> None:
    with listening(says(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as port:
        said = ask("--proxy", f"127.0.0.1:{port}")
    proxy = f"the proxy 127.0.0.1:{port}"
    assert said[0].startswith(f"HARBOR TRIAGE CRITICAL - Harbor cannot be reached from here: {proxy} refuses the")
    assert f"Note: seen from this host only: {proxy} may be the cause, try another host" in said


def test_no_hint_where_all_is_well(ask, harbor: Simulator) -> None:
    harbor.switch("registry-down")
    assert not [line for line in ask() if "seen from this host only" in line]


def test_time_limits(ask, harbor: Simulator) -> None:
    harbor.delay("/api/v2.0/quotas", 0.3)
    assert ask("-w", "0.2")[0].startswith("HARBOR TRIAGE WARNING - all probes together took 0.")


def test_login_of_the_canary(ask, harbor: Simulator, tmp_path: Path) -> None:
    """It is used by the probes that need it, and by no other."""
    canary = tmp_path / "canary"
    canary.write_text(f"username=nobody\npassword={MONITOR_SECRET}\n")
    canary.chmod(0o600)
    said = ask("--canary-authfile", str(canary), "--push-project", "pub")
    told = "the canary account cannot log in: login refused: the token service treats it as anonymous"
    assert said[0].startswith(f"HARBOR TRIAGE CRITICAL - {told}")
    usage = "HARBOR TRIAGE UNKNOWN - usage: "
    assert ask("--canary-authfile", "/nowhere")[0] == f"{usage}authfile /nowhere: No such file or directory"
    outcome = triage("-H", "http://localhost:1", "--canary-authfile", str(canary))
    assert (
        outcome.first
        == f"{usage}a login needs https, the password is not sent in clear text: point -H at https://localhost"
    )


@pytest.mark.parametrize("own", [False, True])
def test_the_monitoring_robot_may_not_push(ask, tmp_path: Path, own: bool) -> None:
    """And should not: without --canary-authfile, that is what is missing, and no permission."""
    canary = tmp_path / "canary"
    canary.write_text(f"username=robot$canary\npassword={MONITOR_SECRET}\n")
    canary.chmod(0o600)
    reads = Account(MONITOR_SECRET, sysadmin=False)
    with Simulator(users={MONITOR: reads, "robot$canary": reads}) as harbor:
        options = ["--canary-authfile", str(canary)] if own else []
        said = ask("--image", "priv/img:1.0", "--push-project", "priv", *options, against=harbor)
    grant = "grant the robot account that permission in the project, or create the project"
    step = grant if own else f"pass --canary-authfile FILE: login, pull and push used {MONITOR}"
    assert said[-2:] == [f"Next: {step}", "exit code 2"]


def test_trouble_of_the_canary_is_not_the_other_robots(ask, tmp_path: Path) -> None:
    """One login is refused, the other one meets a dead registry, of which Harbor does not know yet."""
    canary = tmp_path / "canary"
    canary.write_text(f"username=robot$canary\npassword={MONITOR_SECRET}\n")
    canary.chmod(0o600)
    with Simulator("registry-down", "stale-health", users={"robot$canary": PULLS}) as harbor:
        said = ask("--canary-authfile", str(canary), "--push-project", "pub", against=harbor)
    assert f"CRITICAL: api: {SEEN}" in said
    assert [line for line in said if line.startswith("CRITICAL: push: starting an upload: 502 from the registry")]


def test_secret_of_the_canary_is_kept_too(ask, harbor: Simulator, authfile: str) -> None:
    """Harbor may echo it. That no output holds it is a property of every test (runner.Outcome)."""

    def echo(leaf: object, key: str) -> object:
        return f"<{MONITOR_SECRET}>" if key == "error" else leaf

    harbor.switch("registry-down")
    harbor.state.distortions.append((("/api/v2.0/health",), retold(echo)))
    said = ask("--canary-authfile", authfile, "--push-project", "pub", "-v", login=False)
    assert [line for line in said if "<***>" in line]


def test_ticket(harbor: Simulator, authfile: str) -> None:
    harbor.switch("registry-down", "trivy-down")
    where = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
    ticket = json.loads(triage(*where, "--output", "json").out)
    assert ticket["summary"] == "nobody can pull or push images: Harbor's registry is down, also: trivy is down"
    assert [part["text"].partition(":")[0] for part in ticket["parts"][:4]] == ["registry", "trivy", "v2", "scanner"]
    assert ticket["notes"] == [
        "still works: the API",
        "follows from registry: v2",
        "follows from trivy: scanner",
        NO_IMAGE,
        NO_PROJECT,
    ]
    assert ticket["next_step"].startswith("run docker ps -a; docker logs --tail 50 registry ")
    assert {metric["name"] for metric in ticket["metrics"]} > {"time", "registry", "quota"}


NEW = '''"""Is this probe new?"""
from harborlib.judge import ResponseTime
from harborlib.run import Probe, Service, plugin

time = ResponseTime("new.slow", "1", "5", "")

def measure(run):
    yield time(0.1)
    return "as good as new"

main = plugin.main(Probe(__name__, measure, [time], services=[Service(every="1min", notes="")]))
'''


def test_new_probe_appears_by_being_there(harbor: Simulator, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    shutil.copytree(runner.PLUGINS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "check_harbor_new.py").write_text(NEW)
    command = [sys.executable, str(folder / "check_harbor_triage.py"), "-H", harbor.url, "--ca-file", harbor.ca_file]
    out = subprocess.run([*command, "-v"], capture_output=True, text=True, timeout=30, check=True).stdout
    assert "\nOK: new: as good as new\n" in out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_begun_is_taken_back(number: signal.Signals, harbor: Simulator, authfile: str) -> None:
    """Also when told to stop."""
    harbor.authenticator.accounts[MONITOR] = PULLS
    harbor.delay("/v2/pub/canary/blobs/uploads/", 0.6)
    where = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile, "--push-project", "pub"]
    command = runner.command("check_harbor_triage", *where)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        wait_for(lambda: methods(harbor).count("PATCH"))
        process.send_signal(number)
        out, _ = process.communicate(timeout=10)
    assert out.startswith(f"HARBOR TRIAGE UNKNOWN - interrupted by {number.name} while ")
    assert methods(harbor)[-1] == "DELETE"


def methods(harbor: Simulator) -> list[str]:
    """Of the requests about uploads."""
    return [request.method for request in harbor.requests if "/blobs/uploads" in request.path]


def wait_for(happened) -> None:
    tick = threading.Event()
    while not happened():
        tick.wait(0.01)  # the simulator tells nobody
