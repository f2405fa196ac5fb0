#!/usr/bin/env python3
"""Is Harbor's web UI served?

Loads the front page and checks that it is Harbor's. With --assets also loads the scripts and style sheets that the page
names: without them it stays blank.

States:
  OK        200, HTML, and it is Harbor's page
  WARNING   slow (-w)
  CRITICAL  not served, not Harbor's page, an asset is missing, --keyword is missing, very slow (-c)
  UNKNOWN   usage error; with --isolate: Harbor as a whole cannot be reached (check_harbor_health)

Perfdata:
  time    response time of the page in seconds
  size    its size in bytes
  assets  how many were loaded (with --assets)

Permissions: none. Harbor: 2.0 or newer.

Does not see: whether people can log in (check_harbor_signin) or images can be pulled: the portal's container only
serves files and answers while everything else is down.
"""

import harbor_preloaded

import argparse
import re
from functools import partial
from typing import Optional

from harborlib.harbor import Run, components, good
from harborlib.harbor.health import is_portal
from harborlib.judge import Problem, Readings, ResponseTime, Shown
from harborlib.run import Probe, Service, plugin
from harborlib.text import BYTES, CRITICAL
from harborlib.wire import CONTENT, ROUTE, Answer, Failure, Request, deadline
from harborlib.wire.failure import starve
from harborlib.wire.origin import Target
from harborlib.wire.request import SMALL

ASSETS = 30  # the most that are loaded; a page names about ten
AT_ONCE = 6  # like browsers
LARGEST = 8 * 1024 * 1024  # bytes of an asset that are read and discarded; Harbor's largest has 5 MiB
FRONT_PAGE = 1024 * 1024  # the maximum in bytes; Harbor's has 2,000
BACKEND = "check {routes}: / belongs to the portal"
PAGE = 65536  # characters of the page that are searched for them

time = ResponseTime("portal.slow", "2s", "5s", help="response time of the page")
size = Shown("size", BYTES)
loaded_assets = Shown("assets")
foreign = Problem("portal.not-harbors-page", CRITICAL, BACKEND)
keyword = Problem("portal.keyword-missing", CRITICAL,
                  "open the page in a browser, and check that it is Harbor's and contains --keyword")  # fmt: skip
assets_missing = Problem("portal.assets-missing", CRITICAL, components.next_step("portal"))


def measure(run: Run) -> Readings:
    """The front page as a browser receives it."""
    answer = run.send(Request("GET", "/", {"Accept": "text/html"}, size=FRONT_PAGE))
    if (answer.status != 200 and answer.status < 400) or answer.status == 404:
        raise misrouted(answer, f"{answer.status} instead of the web UI from /")
    try:
        good(answer)
    except Failure as failure:  # any refusal keeps people from the page
        raise failure.but(state=run.args.unreachable.upper()) from None
    yield time(answer.elapsed)
    yield size(len(answer.body))
    if not answer.is_html:
        kind = answer.headers.get("Content-Type", "untyped")
        raise misrouted(answer, f"{kind} instead of the web UI from /")
    page = answer.body.decode("utf-8", "replace")
    if not is_portal(page):
        yield foreign("another application answers at /: no harbor-app element, no Harbor in the title")
    elif run.args.keyword and run.args.keyword not in page:
        yield keyword(f"the web UI lacks the keyword {run.args.keyword}")
    if run.args.assets:
        paths = assets_of(answer, page, Target(run.client.origin, "/"))
        if not paths and not re.search("<script|<link", page, re.IGNORECASE):
            yield assets_missing("the page names no script or style sheet, so it stays blank")
        missing = missing_of(run, paths)
        if missing:
            count = f"{len(missing)} of {len(paths)} assets of the page do not load"
            yield assets_missing(f"{count}: {', '.join(missing)}")
        yield loaded_assets(len(paths) - len(missing), high=len(paths))
    return f"{run.client.origin.where} serves Harbor's web UI"


def misrouted(answer: Answer, detail: str) -> Failure:
    """The Failure for an answer of another application."""
    return answer.fail(ROUTE, detail, next_step=BACKEND)


def assets_of(answer: Answer, page: str, front: Target) -> list[str]:
    """The paths of the first scripts and style sheets that the page names; raises Failure."""
    try:
        return named_assets(page, front)[:ASSETS]
    except Exception as error:  # the parser's exceptions for odd markup differ between Python versions
        starve(error)
        raise answer.fail(CONTENT, "unexpected answer to GET /: its HTML cannot be parsed") from None


def missing_of(run: Run, paths: list[str]) -> list[str]:
    """The assets that do not load; a few are loaded in parallel: each thread takes every sixth."""
    loaded: set[str] = set()

    def load(some: list[str]) -> None:
        loaded.update(path for path in some if loads(run, path))

    lanes = min(AT_ONCE, len(paths))
    deadline.side_by_side([partial(load, paths[lane::AT_ONCE]) for lane in range(lanes)])
    return [path for path in paths if path not in loaded]


def loads(run: Run, path: str) -> bool:
    """Whether a script or style sheet loads completely; a portal that lacks it answers with its page instead."""
    size = 0

    def discard(piece: bytes) -> bool:
        nonlocal size
        size += len(piece)
        return size <= LARGEST

    try:
        answer = run.send(Request("GET", path, {"Accept": "*/*"}, size=SMALL, sink=discard))
    except Failure:
        return False
    return answer.status == 200 and not answer.is_html and size <= LARGEST


def named_assets(page: str, front: Target) -> list[str]:
    """The paths of the scripts and style sheets that a page names, if they are on its own origin."""
    from contextlib import suppress
    from html.parser import HTMLParser

    found = []

    class Names(HTMLParser):
        def handle_starttag(self, tag: str, attrs: "list[tuple[str, Optional[str]]]") -> None:
            values = dict(attrs)
            link = values.get("src") if tag == "script" else None
            if tag == "link" and values.get("rel") in ("stylesheet", "modulepreload"):
                link = values.get("href")
            if link:
                with suppress(ValueError):  # not a URL
                    found.append(front.follow(link.strip()))

    Names().feed(page[:PAGE])
    return list(dict.fromkeys(target.path for target in found if target.origin == front.origin))


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.add_argument("--keyword", metavar="TEXT", help="a text that the page must hold, besides Harbor's own marks")
    parser.add_argument("--assets", action="store_true", help="load the scripts and style sheets of the page too")


main = plugin.main(Probe(
    __name__,
    measure,
    [time, size, loaded_assets, foreign, keyword, assets_missing],
    declare=declare,
    services=[
        Service(every="2min", attempts=2, retry="90s",
                notes="The web UI is down, or another application answers: people cannot log in, clients still can. "
                "Look at harbor-portal, then at the reverse proxy's or ingress's route for /.")
    ],
))  # fmt: skip
