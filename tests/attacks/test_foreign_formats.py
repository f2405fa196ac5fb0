"""What a parser of foreign data raises is an unexpected answer, never a fault of ours."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator

from harborlib.harbor import registry
from harborlib.harbor.tokens import Claims
from harborlib.wire.failure import CONTENT, Failure
from harborlib.wire.request import Answer, http_date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.odd_certificates import ODD
from contract import grammar
from contract.conftest import ACCOUNTS
from harbor_simulator import Simulator
from harbor_simulator.certificates import ca_file
from support import runner

FAULT = "report this check_harbor bug"


@pytest.fixture(scope="module")
def running_harbor() -> Iterator[Simulator]:
    with Simulator(users=ACCOUNTS) as simulator:
        yield simulator


def checked(outcome: runner.Outcome) -> runner.Outcome:
    """By the grammar, and no fault of our own."""
    grammar.checked(outcome)
    assert FAULT not in outcome.out
    return outcome


@pytest.fixture
def argv(harbor: Simulator, authfile: str) -> Callable[[str], list[str]]:
    def arguments(name: str) -> list[str]:
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
        return [*common, *runner.NEEDED.get(name, [])]

    return arguments


@pytest.fixture
def here(argv) -> Callable[..., runner.Outcome]:
    """Run a plugin in this process."""
    return lambda name, *more: checked(runner.here(name, *argv(name), *more))


@pytest.fixture
def run(argv, plugin_python: str) -> Callable[..., runner.Outcome]:
    """Run a plugin as a process."""
    return lambda name, *more: checked(runner.process(name, *argv(name), *more, python=plugin_python))


# Certificates


@pytest.mark.parametrize("case", ODD)
def test_an_odd_certificate(case: str) -> None:
    with Simulator(certificate=ODD[case]()) as harbor:
        outcome = runner.here("check_harbor_certificate", "-H", harbor.url, "--ca-file", ca_file())
    checked(outcome)


def test_a_name_that_the_library_does_not_know_is_left_out(plugin_python: str) -> None:
    """x400Address: cryptography raises an exception of its own, though clients accept such a certificate."""
    with Simulator(certificate=ODD["x400Address"]()) as harbor:
        outcome = runner.process(
            "check_harbor_certificate", "-H", harbor.url, "--ca-file", ca_file(), python=plugin_python
        )
    assert outcome.first.startswith("HARBOR CERTIFICATE OK - x's certificate is valid for 59 days")


# Pages

MARKUP = {
    "&# with 5,000 digits": f"<script src='/main.js?a=&#{'9' * 5000};'></script>",
    "&#x with 5,000 digits": f"<script src='/main.js?a=&#x{'9' * 5000};'></script>",
    "an entity in the text": f"<p>&#{'9' * 5000};</p>",
    "a section": "<![if",
    "an unknown section": "<![foo[bar]]>",
    "an unknown declaration": "<!bad [ ]>",
    "half a declaration": "<![endif<harbor-app>",
    "attributes without end": "<script" + " a='" * 15_000,
    "surrogates": "<script src='&#xd800;'></script>",
}


@pytest.mark.parametrize("case", MARKUP)
def test_odd_markup(case: str, harbor: Simulator, here) -> None:
    page = f"<title>Harbor</title>{MARKUP[case]}<script src='/main.js'></script>"
    harbor.answer("/", headers={"Content-Type": "text/html"}, body=page)
    outcome = here("check_harbor_portal", "--assets")
    # Some Pythons give up on it, some do not.
    given_up = "HARBOR PORTAL UNKNOWN - unexpected answer to GET /: its HTML cannot be parsed"
    assert outcome.code == 0 or outcome.first == given_up


def test_markup_that_the_parser_gives_up_on(harbor: Simulator, run) -> None:
    page = f"<title>Harbor</title><script src='/main.js'></script>{MARKUP['&# with 5,000 digits']}"
    harbor.answer("/", headers={"Content-Type": "text/html"}, body=page)
    outcome = run("check_harbor_portal", "--assets")
    assert outcome.first == "HARBOR PORTAL UNKNOWN - unexpected answer to GET /: its HTML cannot be parsed"
    assert outcome.code == 3


# Dates

DATES = [
    "", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT", "Thu, 01 Jan 0000 00:00:00 GMT", "Thu,", ",", "1 1 1", ": : :",
    "Thu, 01 Jan 1970 00:00:00 +9999999", "Thu, 01 Jan 1970 00:00:00 -", "Thu, 01 Jan 99999 00:00:00 GMT", "1 Jan :",
    "Thu, 01 Jan 9999 23:59:59 -2400", "Thu, 01 Jan 0001 00:00:00 +2359", "9" * 60, "01 Jan 1970 00:00:00 " + "9" * 40,
    "Thu, 01 Jan 1970 00:00:00 GMT" + " " * 9000, "(" * 9000, "Jan " * 2000, "Thu, 01 Jan 1970 \u0661\u0662:00:00 GMT",
]  # fmt: skip


@pytest.mark.parametrize("text", DATES)
def test_an_odd_date(text: str, harbor: Simulator, here) -> None:
    limited(text, harbor)
    assert " rate limit reached upstream" in here("check_harbor_pull").out


@pytest.mark.parametrize("text", DATES[:4])
def test_an_odd_date_as_process(text: str, harbor: Simulator, run) -> None:
    """Python 3.9 raises what later ones do not."""
    limited(text, harbor)
    assert " rate limit reached upstream" in run("check_harbor_pull").out


def limited(text: str, harbor: Simulator) -> None:
    sent = text.encode().decode("latin-1")
    body = {"errors": [{"code": "TOOMANYREQUESTS", "message": "upstream: slow down"}]}
    harbor.answer("/v2/pub/img/manifests/1.0", 429, {"Date": sent, "Retry-After": sent, "RateLimit-Reset": sent}, body)


@given(st.text() | st.text(alphabet="0123456789 :,+-GMTJanu", max_size=64))
def test_any_date_is_a_time_that_can_be_shown_or_none(text: str) -> None:
    found = http_date(text)
    assert found is None or time.gmtime(found)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        ("Sun, 06 Nov 1994 08:49:37 -0000", 784111777),
        ("Sun, 06 Nov 1994 08:49:37", 784111777),
        ("Sun, 06 Nov 1994 09:49:37 +0100", 784111777),
        (f"{' ' * 40}Sun, 06 Nov 1994 08:49:37 GMT", None),
    ],
)
def test_dates_are_of_greenwich_whatever_the_time_zone_here(
    text: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert http_date(text) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("90", ", resets in 90 s (00:01:30 UTC)"),
        ("0", ", resets in 0 s (00:00:00 UTC)"),
        ("Thu, 01 Jan 1970 00:01:30 GMT", ", resets in 90 s (00:01:30 UTC)"),
        ("-1", ""),
        ("1000000", ""),
        ("\u0661", ""),
        ("\xb2", ""),
        ("9" * 5000, ""),
        ("Thu, 01 Jan 2026 00:00:00 GMT", ""),
    ],
)
def test_when_a_rate_limit_ends(told: str, words: str) -> None:
    headers = {"Date": "Thu, 01 Jan 1970 00:00:00 GMT", "Retry-After": told}
    assert registry.reset(Answer("/v2/", True, 429, headers, b"", 0.1)) == words


# Tokens


def token(claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{middle}.c2ln"


TOKENS = [
    "", ".", "..", "a.b.c", "e30.e30", "e30.\u00e4.x", "e30." + "A" * 100_000, token([]), token(None), token("x"),
    token({"exp": 2**63}), token({"exp": -1}), token({"exp": "1e999"}), token({"exp": [1]}),
    token({"access": {"a": 1}}),
    token({"access": [{"type": "repository", "name": {}, "actions": 5}]}), token({"access": [[]]}), token({"aud": {}}),
    token({"access": [{"type": "repository", "name": "x", "actions": [[[]]]}]}), token({"exp": True}),
    "e30." + base64.urlsafe_b64encode(b"[" * 50_000).decode() + ".x", "e30.eyJleHAiOk5hTn0.x", f"e30.{'9' * 5000}.x",
]  # fmt: skip


@pytest.mark.parametrize("text", TOKENS)
def test_an_odd_token(text: str) -> None:
    try:
        Claims.of(text)
    except Failure as failure:
        told = (failure.stage, failure.detail)
    else:
        return
    assert told == (CONTENT, "the token of /service/token is not a JWT with claims")


@pytest.mark.parametrize("text", [TOKENS[3], TOKENS[10], TOKENS[20], "\n", "x y", "\u00e4"])
def test_an_odd_token_as_process(text: str, harbor: Simulator, run) -> None:
    harbor.answer("/service/token", 200, {}, {"token": text})
    said = run("check_harbor_login")
    assert said.code == (2 if "the token service sent no token" in said.out else 3)


# Challenges and other headers

HEADERS = [
    "Bearer realm", "Bearer realm=", 'Bearer realm="', "Bearer =", "=", ",,,,", '"', "Bearer realm=\x80,service=\xff",
    'Bearer realm="https://[::1/",service="x"', 'Bearer realm="https://localhost:99999999999999999999/",service="x"',
    'Bearer realm="https://localhost:\xb2/",service="x"', 'Bearer realm="https://xn--\x80/",service="x"',
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_an_odd_challenge(header: str, harbor: Simulator, here) -> None:
    harbor.answer("/v2/", 401, {"WWW-Authenticate": header})
    assert here("check_harbor_v2").code == 2
    assert here("check_harbor_login").code == 2
