"""What a server sends is bounded before anything looks at it: no text holds a plugin up, none fills its memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from harborlib.harbor.registry import CHALLENGE_LIMIT, challenge_problem, challenges
from harborlib.wire.connections import HEAD_LIMIT
from harborlib.wire.failure import ANSWER, BODY, Failure
from harborlib.wire.origin import URL_LIMIT, Origin, Target
from harborlib.wire.request import SMALL, Request

import pytest

import check_harbor_portal as portal
from attacks.client import send, transport
from attacks.measured import measured
from contract import grammar
from contract.adversary import Adversary, answers, says
from contract.conftest import ACCOUNTS
from harbor_simulator import Simulator
from harbor_simulator.certificates import ca_file
from harbor_simulator.messages import Response
from support import runner

SECONDS = 15  # what a busy machine may take for a run; the attacks here held one up for hours
MIB = 60  # a plain run has 35 to 40
#: Characters over which Python's normalization takes time that grows with the square of their number.
COMBINING = "\u0344" + "\u0301\u0323" * 50_000
GET = Request("GET", "/", {})


@pytest.fixture(scope="module")
def running_harbor() -> Iterator[Simulator]:
    with Simulator(users=ACCOUNTS) as simulator:
        yield simulator


@pytest.fixture
def argv(harbor: Simulator, authfile: str) -> Callable[..., list[str]]:
    def arguments(name: str, *more: str) -> list[str]:
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
        return [*common, *runner.NEEDED.get(name, []), *more]

    return arguments


# Time


@pytest.mark.parametrize("begin", ["https://", "https://harbor/", "", "//"])
def test_an_external_url_of_combining_characters(begin: str, harbor: Simulator, argv, plugin_python: str) -> None:
    """It kept check_harbor_api busy for hours, past -t and deaf to signals."""
    url = begin + COMBINING[:40_000]  # what fits into the largest answer that is read here
    info = {"current_time": "2026-07-01T00:00:00Z", "external_url": url, "harbor_version": "v2.10.3"}
    harbor.answer("/api/v2.0/systeminfo", 200, {}, info)
    options = ("--skew-warning", "~:", "--skew-critical", "~:")
    outcome = runner.process(
        "check_harbor_api", *argv("check_harbor_api", *options), python=plugin_python, timeout=SECONDS
    )
    printed = grammar.checked(outcome)
    assert printed.state == "WARNING"
    assert printed.text.startswith(f"Harbor's external_url is {begin}\\u0344\\u0301")


@pytest.mark.parametrize("begin", ["https://", "/"])
def test_an_asset_of_combining_characters(begin: str, harbor: Simulator, argv, plugin_python: str) -> None:
    page = f"<title>Harbor</title><script src='/main.js'></script><script src='{begin}{COMBINING[:60_000]}'></script>"
    harbor.answer("/", 200, {"Content-Type": "text/html"}, page)
    command = argv("check_harbor_portal", "--assets")
    outcome = runner.process("check_harbor_portal", *command, python=plugin_python, timeout=SECONDS)
    assert (outcome.code, outcome.out.count("assets=1;;;0;1")) == (0, 1), outcome.out


def test_whatever_is_too_long_is_no_url() -> None:
    here = Target(Origin.parse("https://harbor.example.com"), "/")
    for text in (COMBINING, f"https://{COMBINING}/", f"/{'a' * URL_LIMIT}", "https://" + "a." * URL_LIMIT):
        for read in (here.follow, Target.parse):
            with pytest.raises(ValueError, match="plain URL"):
                read(text)
    assert challenge_problem(f'Bearer realm="https://{COMBINING}/",service="x"', here.origin) != ""


#: Headers over which the libraries below take time that grows with the square of their length.
SLOW = {
    "parameters": b"Content-Type: multipart/x" + b";" * 70_000,
    "cookies": b'Set-Cookie: a=b; domain=;"' * 3000,
    "many lines": b"X-A: 1\r\n" * 90 + b"X-B: " + b"x" * 60_000,
    "one line": b"X-A: " + b"x" * 65_000,
    "a status": b"",
}


@pytest.mark.parametrize("case", SLOW)
def test_a_head_that_is_too_long(case: str) -> None:
    """The standard library would take 100 lines of 64 KiB."""
    reply = answers(b"42", SLOW[case]) if case != "a status" else answers(b"42", status=b"200 " + b"x" * 40_000)
    with Adversary(reply) as server, pytest.raises(Failure) as failure:
        send(transport(server.url), GET)
    where = server.url.partition("//")[2]
    assert (failure.value.stage, failure.value.detail) == (ANSWER, f"no answer from {where}: a header is too long")


def test_a_head_that_just_fits() -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 600) for number in range(52))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + lines
    assert HEAD_LIMIT - 2000 < len(head) < HEAD_LIMIT
    with Adversary(says(head + b"\r\n42")) as server:
        assert send(transport(server.url), GET).body == b"42"


# Memory


def test_challenges_without_end_are_cut() -> None:
    assert len(challenges("a," * 3_000_000)) == 1
    assert len(challenges(",".join(f"scheme{number}" for number in range(1_000_000)))) < CHALLENGE_LIMIT / 8
    assert challenges('Bearer realm="a"' + " " * CHALLENGE_LIMIT + ',service="b"') == {"bearer": {"realm": "a"}}


@pytest.mark.parametrize("lines", [1, 90])
def test_challenges_take_no_memory(lines: int, argv, plugin_python: str) -> None:
    """226 MiB, when 90 headers of 64 KiB were taken for one challenge."""
    header = b"WWW-Authenticate: " + b"a," * (15_000 if lines == 1 else 32_000)
    with Adversary(answers(b"", *[header] * lines, status=b"401 No")) as server:
        outcome, peak = measured("check_harbor_v2", "-H", server.url, "--ca-file", ca_file(), python=plugin_python)
    assert grammar.checked(outcome).state == "CRITICAL"
    assert peak < MIB


def test_assets_take_no_memory(harbor: Simulator, argv, plugin_python: str) -> None:
    """428 MiB, when thirty of 8 MiB were read side by side and kept."""
    count, large = portal.ASSETS, bytes(portal.LARGEST)
    for number in range(count):
        harbor.answer(f"/{number}.js", body=large)
    scripts = "".join(f"<script src='/{number}.js'></script>" for number in range(count))
    harbor.answer("/", headers={"Content-Type": "text/html"}, body=f"<title>Harbor</title>{scripts}")
    outcome, peak = measured(
        "check_harbor_portal", *argv("check_harbor_portal", "--assets", "-t", "60", "-w", "30"), python=plugin_python
    )
    assert f"assets={count};;;0;{count}" in outcome.out
    assert peak < MIB


def test_an_asset_that_is_too_large_does_not_load(harbor: Simulator, argv) -> None:
    harbor.answer("/main.js", body=bytes(portal.LARGEST + 1))
    harbor.answer("/styles.css", body=bytes(portal.LARGEST))
    outcome = runner.here("check_harbor_portal", *argv("check_harbor_portal", "--assets"))
    assert outcome.first == "HARBOR PORTAL CRITICAL - 1 of 3 assets of the page do not load: /main.js"


def test_an_asset_that_hangs_holds_up_only_its_lane(harbor: Simulator, argv) -> None:
    scripts = "".join(f"<script src='/{number}.js'></script>" for number in range(18))
    harbor.answer("/", headers={"Content-Type": "text/html"}, body=f"<title>Harbor</title>{scripts}")
    for number in range(18):
        harbor.answer(f"/{number}.js")
    harbor.delay("/6.js", 30)
    outcome = runner.here("check_harbor_portal", *argv("check_harbor_portal", "--assets", "-t", "4"))
    assert outcome.first.startswith("HARBOR PORTAL CRITICAL - 2 of 18 assets of the page do not load: /6.js, /12.js")


#: Plugin: paths, an answer to them that is too large for what it is, how large it may be, and what is then said.
TOO_LARGE = "is larger than {} bytes"
LARGE = {
    "check_harbor_v2": ("/v2/", 401, SMALL, TOO_LARGE),
    "check_harbor_login": ("/service/token", 200, SMALL, TOO_LARGE),
    "check_harbor_pull": ("/v2/pub/img/blobs/", 404, SMALL, "is cut off after 0 of 299 bytes"),
    "check_harbor_push": ("/v2/pub/canary/blobs/uploads/", 202, SMALL, TOO_LARGE),
    "check_harbor_portal": ("/", 200, portal.FRONT_PAGE, TOO_LARGE),
}


@pytest.mark.parametrize("name", LARGE)
def test_an_answer_that_is_too_large_for_what_it_is(name: str, harbor: Simulator, argv) -> None:
    """None of them may have the 8 MiB of a page of rows; a whole manifest has its own limit."""
    prefix, status, limit, words = LARGE[name]

    def grow(_request: object, response: Response) -> Response:
        return replace(response, status=status, body=b"[" + b"{}," * (limit // 3) + b"{}]")

    harbor.state.distortions.append(((prefix,), grow))
    outcome = runner.here(name, *argv(name))
    assert words.format(limit) in outcome.out
    assert outcome.code == 2


def test_a_body_that_breaks_off_is_no_answer_that_is_too_large() -> None:
    with Adversary(says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n42")) as server:
        with pytest.raises(Failure) as failure:
            send(transport(server.url), GET)
        assert failure.value.stage == BODY
