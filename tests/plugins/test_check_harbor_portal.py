"""check_harbor_portal: what an operator sees."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from support import screens

OK = "HARBOR PORTAL OK - harbor.example.com serves Harbor's web UI"
FOREIGN = "another application answers at /: no harbor-app element, no Harbor in the title"
ROUTE = "Next: check the routes of the reverse proxy (or of the ingress): / belongs to the portal"
KEYWORD = "Next: open the page in a browser, and check that it is Harbor's and contains --keyword"
MOVED = "is redirected to https://registry.example.net"
HTML = {"Content-Type": "text/html; charset=utf-8"}


def test_served(check) -> None:
    assert check("portal") == [f"{OK} | time=Ts;2;5;0 size=461B;;;0", "exit code 0"]


def test_with_assets(check) -> None:
    assert check("portal", "--assets", "-v") == [
        f"{OK} | time=Ts;2;5;0 size=461B;;;0 assets=3;;;0;3",
        "OK: the answer took T s",
        "exit code 0",
    ]


@pytest.mark.parametrize(
    "page",
    [
        "<html><title>Harbor</title>",
        "<TITLE lang=en>\n Our HARBOR at work </TITLE>",
        "<body><harbor-app>Loading...</harbor-app>",
        "<HARBOR-APP />",
    ],
)
def test_marks_of_the_page(check, harbor: Simulator, page: str) -> None:
    harbor.answer("/", headers=HTML, body=page)
    assert check("portal") == [f"{OK} | time=Ts;2;5;0 size={len(page)}B;;;0", "exit code 0"]


@pytest.mark.parametrize(
    "page",
    ["", "<html><title>Intranet</title><body>Harbor is down today", "<title></title><p>harbor-app", "\x00\xff|<"],
)
def test_page_of_another_application(check, harbor: Simulator, page: str) -> None:
    harbor.answer("/", headers=HTML, body=page)
    assert check("portal", "--keyword", "Harbor") == [
        f"HARBOR PORTAL CRITICAL - {FOREIGN} | time=Ts;2;5;0 size={len(page.encode())}B;;;0",
        ROUTE,
        "exit code 2",
    ]


def test_misrouted(check, harbor: Simulator) -> None:
    harbor.switch("misrouted-portal")
    assert check("portal", "--isolate") == [
        f"HARBOR PORTAL CRITICAL - {FOREIGN} | time=Ts;2;5;0 size=96B;;;0",
        ROUTE,
        "exit code 2",
    ]


def test_not_a_page(check, harbor: Simulator) -> None:
    harbor.answer("/", headers={"Content-Type": "application/json"}, body="<title>Harbor</title>")
    assert check("portal") == [
        "HARBOR PORTAL CRITICAL - application/json instead of the web UI from / | time=Ts;2;5;0 size=21B;;;0",
        ROUTE,
        "exit code 2",
    ]


def test_keyword(check) -> None:
    assert check("portal", "--keyword", 'href="styles.css"')[-1] == "exit code 0"
    assert check("portal", "--keyword", "HARBOR") == [
        "HARBOR PORTAL CRITICAL - the web UI lacks the keyword HARBOR | time=Ts;2;5;0 size=461B;;;0",
        KEYWORD,
        "exit code 2",
    ]


@pytest.mark.parametrize(
    ("switches", "line", "step"),
    [
        ("portal-down", "502 for / from the reverse proxy", screens.PORTAL),
        ("portal-frozen", "timed out after T s waiting for the answer to GET /", screens.PORTAL),
        ("status-404@/", "404 instead of the web UI from /", ROUTE),
        ("redirect-foreign", f"GET / {MOVED}", screens.MOVED),
        ("nginx-down", "cannot connect to harbor.example.com: Connection refused", screens.CONNECT),
    ],
)
def test_not_served(check, harbor: Simulator, switches: str, line: str, step: str) -> None:
    harbor.switch(switches)
    assert check("portal", "-t", "1") == [f"HARBOR PORTAL CRITICAL - {line}", step, "exit code 2"]


def test_redirect_within_harbor_is_followed(check, harbor: Simulator) -> None:
    harbor.answer("/", 302, {"Location": "/harbor/projects"})
    assert check("portal") == [f"{OK} | time=Ts;2;5;0 size=461B;;;0", "exit code 0"]


def test_whole_of_harbor_is_down(check, harbor: Simulator) -> None:
    harbor.switch("nginx-down")
    assert check("portal", "--isolate") == [
        "HARBOR PORTAL UNKNOWN - cannot connect to harbor.example.com: Connection refused, "
        "Harbor as a whole is down (see harbor-health)",
        "Next: look at harbor-health first: this follows from it",
        "exit code 3",
    ]


@pytest.mark.parametrize(
    ("options", "state", "limits"),
    [
        (["-w", "150ms"], "WARNING - the answer took T s (warning at 0.15 s)", "0.15;5"),
        (["-c", "150ms"], "CRITICAL - the answer took T s (critical at 0.15 s)", "2;0.15"),
        (["-w", "1s"], "OK - harbor.example.com serves Harbor's web UI", "1;5"),
    ],
)
def test_response_time(check, harbor: Simulator, options: list[str], state: str, limits: str) -> None:
    harbor.delay("/", 0.2)
    assert check("portal", *options) == [
        f"HARBOR PORTAL {state} | time=Ts;{limits};0 size=461B;;;0",
        *([] if state.startswith("OK") else [screens.SLOW]),
        f"exit code {('OK', 'WARNING', 'CRITICAL').index(state.split(maxsplit=1)[0])}",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        (404, {}, ""),
        (200, HTML, "<title>Harbor</title>"),  # as nginx answers for a file that is not there
        (500, {}, ""),
    ],
)
def test_asset_that_does_not_load(check, harbor: Simulator, answer: tuple[int, dict[str, str], str]) -> None:
    harbor.answer("/main.js", *answer)
    assert check("portal")[-1] == "exit code 0"
    assert check("portal", "--assets") == [
        "HARBOR PORTAL CRITICAL - 1 of 3 assets of the page do not load: /main.js | "
        "time=Ts;2;5;0 size=461B;;;0 assets=2;;;0;3",
        screens.PORTAL,
        "exit code 2",
    ]


def test_which_assets_count(check, harbor: Simulator) -> None:
    """What a browser loads from here before anything is seen, and each once."""
    page = f"""<title>Harbor</title><link rel="icon" href="icon.ico"><link rel="stylesheet" href="/styles.css?v=1">
        <link rel=modulepreload href="{harbor.url}/runtime.js"><script src=main.js></script><script src="main.js">
        <script>inline()</script><script src="https://cdn.example.net/far.js"></script><img src="none.png">"""
    harbor.answer("/", headers=HTML, body=page)
    assert check("portal", "--assets")[0].endswith("assets=3;;;0;3")
    loaded = {request.target for request in harbor.requests}
    assert loaded == {"/", "/styles.css?v=1", "/runtime.js", "/main.js"}


def test_page_without_assets(check, harbor: Simulator) -> None:
    harbor.answer("/", headers=HTML, body="<title>Harbor</title>")
    first, finding, *_ = check("portal", "--assets", "-v")
    assert first.startswith("HARBOR PORTAL CRITICAL - ")
    assert " assets=0;;;0;0" in first
    assert finding.endswith("[portal.assets-missing]")


def test_no_more_assets_than_a_page_of_harbor_has(check, harbor: Simulator) -> None:
    scripts = "".join(f'<script src="{number}.js"></script>' for number in range(100))
    harbor.answer("/", headers=HTML, body=f"<title>Harbor</title>{scripts}")
    check("portal", "--assets")
    assert len(harbor.requests) == 31


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "refused-in-front"), (403, "host-refused"), (418, "refused-in-front"), (429, "rate-limited")],
)
def test_refused_in_front_of_the_portal(check, harbor: Simulator, status: int, reason: str) -> None:
    harbor.switch(f"status-{status}@/")
    first, finding, *_ = check("portal", "-v")
    assert first.startswith("HARBOR PORTAL CRITICAL - ")
    assert finding.endswith(f"[harbor.{reason}]")
