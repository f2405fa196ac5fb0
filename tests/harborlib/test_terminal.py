"""What a person sees on a terminal, a real one: verdict, table, next steps; and what never gets there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from harborlib.judge.isolation import OWNERS, service_of
from harborlib.run.plugin import AGAIN
from harborlib.run.runbook import place

import pytest

from contract import twists
from harbor_simulator import Simulator
from support.runner import command
from support.terminals import CLEAR, final, shown
from support.verdicts import USUAL

HOST = "harbor.example.com"
#: What the text may hold on a terminal besides printable ASCII: our colors, and a return to the start of the line.
OWN = re.compile(r"\x1b\[(?:0|2|32|33|35|1;31)m|\r\x1b\[K")
LIMIT = 40_000  # bytes
PROGRESS = re.compile(rf"\d+ of {USUAL} probes done")


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(host=HOST) as simulator:
        yield simulator


@pytest.fixture
def harbor(running: Simulator) -> Simulator:
    running.reset()
    running.external_url = f"https://{HOST}"
    return running


@pytest.fixture
def triage(harbor: Simulator, authfile: str):  # type: ignore[no-untyped-def]
    """Run check_harbor_triage on a terminal: what it writes, and its exit code."""
    where = ["-H", HOST, "-I", f"127.0.0.1:{harbor.port}", "--ca-file", harbor.ca_file, "--authfile", authfile]

    def run(*argv: str, script: str = "", **settings):  # type: ignore[no-untyped-def]
        shell = ["bash", "-c", script, "bash"] if script else []
        return shown([*shell, *command("check_harbor_triage", *where, *argv)], **settings)

    return run


def steady(text: str) -> str:
    """The text with what differs from run to run made the same."""
    text = re.sub(r"\d+\.\d\d s\b", "0.00 s", text)
    text = re.sub(r"Runbook:\s+\S+docs/runbook\.md, +", "Runbook: RUNBOOK, ", text)
    text = re.sub(r"(?<=X-Request-Id )[0-9a-f.-]+", "ID", text)
    return re.sub(r"20\d\d-\d\d-\d\d", "DATE", text)


PAGE = """\
CRITICAL - nobody can log in, pull or push images: Harbor's database (PostgreSQL) is down

CRITICAL  database           0.00 s  unhealthy: connection refused (failed to run SQL "SELECT 1":
                                     failed to connect to `host=127.0.0.1 user=postgres
                                     database=registry`: dial error (dial tcp 127.0.0.1:15432:
                                     connect))
  Next: run docker ps -a; docker logs --tail 50 harbor-db (or kubectl -n NAMESPACE logs --tail 50
    sts/RELEASE-database)
  Runbook: RUNBOOK, section harbor-component-database

OK        health, certificate, portal, redis, registry, jobservice, registryctl, trivy

still works: the registry component
follows from database: api, v2, storage, audit_purge, gc, queue, quota, remote_registry,
  replication, retention, robots, scan, scanner, signin, vulnerabilities, webhook, workers
not run: artifact, login, pull (need --image P/R:TAG)
not run: push (needs --push-project P)
"""
COLOURED = {"CRITICAL": "\x1b[1;31mCRITICAL\x1b[0m", "follows": "\x1b[2mfollows\x1b[0m", "OK": "\x1b[32mOK\x1b[0m"}


def painted(page: str) -> str:
    """The page with the state at the beginning of a line in its color."""
    return re.sub(r"^(CRITICAL|follows(?=  )|OK)", lambda match: COLOURED[match[0]], page, flags=re.MULTILINE)


def test_page(harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    harbor.switch("database-down")
    text, code = triage()
    assert steady(final(text)) == painted(PAGE)
    assert code == 2


@pytest.mark.parametrize(
    ("argv", "environment"),
    [(["--plain"], {}), ([], {"TERM": "dumb"}), ([], {"TERM": ""})],
    ids=["--plain", "a dumb terminal", "no terminal by name"],
)
def test_plain(argv: list[str], environment: dict[str, str], harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    harbor.switch("database-down")
    text, code = triage(*argv, environment=environment)
    assert (steady(text), code) == (PAGE, 2)


def test_no_color_keeps_the_progress(harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    harbor.switch("database-down")
    text, _ = triage(environment={"NO_COLOR": "1"})
    assert steady(final(text)) == PAGE
    assert PROGRESS.search(text)


def test_progress(harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    """One line, rewritten for each probe that is done, gone in the end."""
    harbor.delay("/api/v2.0/quotas", 0.5)
    text, code = triage(columns=70)
    lines = text.split(CLEAR)[1:-1]
    assert lines[0].startswith(f"0 of {USUAL} probes done, waiting for api, ")
    assert f"{USUAL - 1} of {USUAL} probes done, waiting for quota" in lines
    assert lines[-1] == f"{USUAL} of {USUAL} probes done"
    assert all(len(line) < 70 for line in lines)
    assert (final(text)[:40].split(" - ")[0], code) == ("\x1b[32mOK\x1b[0m", 0)


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_width(columns: int, harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    """Fitted to the terminal, but for one on which no table could be read, or none of its lines."""
    harbor.switch("database-down")
    text, _ = triage("--plain", columns=columns)
    widest = max(map(len, text.splitlines()))
    assert widest <= max(60, min(140, columns))
    assert columns < 80 or widest > 0.8 * min(140, columns)


def test_verbose_shows_whole_lines(harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    harbor.switch("database-down")
    text, _ = triage("--plain", "-v")
    pointer = "Harbor says database is unhealthy (see harbor-component-database)"
    assert text.replace("\n" + " " * 37, " ").count(pointer) == 17


def test_elsewhere_it_is_a_plugin(harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    """Through a pipe, although stdin is a terminal."""
    harbor.switch("database-down")
    text, code = triage(script='"$@" | cat; exit ${PIPESTATUS[0]}')
    assert text.startswith("HARBOR TRIAGE CRITICAL - nobody can log in, pull or push images: ")
    assert "\x1b" not in text
    assert code == 2


def test_a_limit_of_its_own_has_a_step_too(triage) -> None:  # type: ignore[no-untyped-def]
    text, code = triage("--plain", "-c", "1ms", columns=140)
    step = "Next: check the load of the Harbor host and of this host (-v shows which probe took long)"
    assert text.splitlines()[-1] == step
    assert code == 2


def test_json_on_a_terminal_is_json(harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    text, code = triage("--output", "json")
    assert (json.loads(text)["state"], code) == ("OK", 0)


def test_interrupted(harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    harbor.delay("/api/v2.0/quotas", 30)
    text, code = triage(interrupt_at=f"{USUAL - 1} of {USUAL}", columns=140)
    verdict, *rest = final(text).splitlines()
    assert verdict.startswith("\x1b[35mUNKNOWN\x1b[0m - interrupted by SIGINT while ")
    well = " ".join(rest).partition("\x1b[32mOK\x1b[0m")[2].partition("not waited for")[0]
    assert len(well.split(", ")) == USUAL - 1
    assert rest[-2:] == ["", f"Next: {AGAIN}"]
    assert "not waited for: quota" in rest
    assert code == 3


def test_interrupted_with_a_cause_that_is_known(harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    """What was found is shown as ever, with its place in the runbook."""
    harbor.switch("registry-down")
    harbor.delay("/api/v2.0/quotas", 30)
    text, code = triage(interrupt_at=f"{USUAL - 1} of {USUAL}", columns=140)
    verdict, *rest = final(text).splitlines()
    assert verdict.startswith("\x1b[1;31mCRITICAL\x1b[0m - nobody can pull or push images: ")
    assert "follows from registry: v2" in rest
    assert "not waited for: quota" in rest
    assert any(line.endswith(", section harbor-component-registry") for line in rest)
    assert code == 2


def test_interrupted_before_any_probe_has_ended(harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    harbor.delay("/", 30)
    text, code = triage(interrupt_at=f"0 of {USUAL}", columns=140)
    verdict, *rest = final(text).splitlines()
    assert verdict.startswith("\x1b[35mUNKNOWN\x1b[0m - interrupted by SIGINT while ")
    assert rest == ["", f"Next: {AGAIN}"]
    assert code == 3


@pytest.mark.parametrize("lie", sorted(twists.TEXTS))
def test_nothing_of_harbors_rules_the_terminal(lie: str, harbor: Simulator, triage) -> None:  # type: ignore[no-untyped-def]
    """No escape sequence, no control character, no flood."""
    harbor.switch("database-down", "trivy-down")
    harbor.state.distortions.append((("/",), twists.texts_become(twists.TEXTS[lie])))
    text, code = triage("-t", "5")
    assert re.sub(r"[ -~\n]+", "", OWN.sub("", text)) == ""
    assert len(final(text)) < LIMIT
    assert code in (2, 3)


@pytest.mark.parametrize("lie", ["escape sequences", "control characters", "newlines", "pipes"])
def test_nor_do_names_in_verdict_and_remarks(lie: str, authfile: str) -> None:
    """A project's name stands in the verdict (a full quota), and in what did not run (a missing permission in it)."""
    with Simulator("quota-used-up", host=HOST, version="2.9.5") as harbor:
        harbor.external_url = f"https://{HOST}"
        paths = ("/api/v2.0/quotas", "/api/v2.0/projects")
        harbor.state.distortions.append((paths, twists.names_become([twists.TEXTS[lie]])))
        where = ["-H", HOST, "-I", f"127.0.0.1:{harbor.port}", "--ca-file", harbor.ca_file, "--authfile", authfile]
        text, code = shown(command("check_harbor_triage", *where))
    assert "quota: " in final(text).partition("\n\n")[0]
    assert "not run: webhook (" in text
    assert re.sub(r"[ -~\n]+", "", OWN.sub("", text)) == ""
    assert len(final(text)) < LIMIT
    assert code in (1, 2)


def test_place_in_the_runbook_exists() -> None:
    file, _, section = place("harbor-portal").partition(", section ")
    assert f"\n## {section}\n" in Path(file).read_text(encoding="utf-8")


def test_every_section_is_in_the_runbook() -> None:
    runbook = (Path(__file__).resolve().parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert [name for name in OWNERS if f"\n## {service_of(name)}\n" not in runbook] == []
