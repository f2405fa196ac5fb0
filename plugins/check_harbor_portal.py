#!/usr/bin/env python3
"""Is Harbor's web UI served?

Gets the front page and looks for Harbor's own marks in it. With --assets also loads the scripts and style sheets that
the page names, without which it stays blank.

States:
  OK        200, HTML, and it is Harbor's page
  WARNING   slow (-w)
  CRITICAL  not served, not Harbor's page, an asset is missing, --keyword is missing, very slow (-c)
  UNKNOWN   usage error; with --isolate: the whole of Harbor cannot be reached (check_harbor_health)

Perfdata:
  time    response time of the page in seconds
  size    its size in bytes
  assets  how many were loaded (with --assets)

Rights: none. Harbor: 2.0 or newer.

Does not see: whether one can log in (check_harbor_api), or whether images can be pulled: the portal's container
serves files and answers happily while everything else is down.
"""

from functools import partial

from harborlib import components, deadline, judgement, options, plugin, summaries, units
from harborlib.failure import CONTENT, ROUTE, Failure
from harborlib.judgement import Finding, ResponseTime, Shown
from harborlib.origin import Target
from harborlib.request import SMALL, Request

import nagiosplugin

ASSETS = 30  # a page names about ten
AT_ONCE = 6  # as browsers do
LARGEST = 8 * 1024 * 1024  # bytes of an asset that are read, and not kept; Harbor's largest has 5 MiB
FRONT_PAGE = 1024 * 1024  # bytes at most; Harbor's has 2,000
BACKEND = "check which backend the ingress routes / to: it should be the container harbor-portal (or its service)"
PAGE = 65536  # characters in which they are looked for


class Portal(nagiosplugin.Resource):
    """The front page as a browser gets it."""

    def __init__(self, harbor, keyword, with_assets):
        self.harbor = harbor
        self.keyword = keyword
        self.with_assets = with_assets
        self.fine = f"{harbor.origin.where} serves Harbor's page"

    def probe(self):
        answer = self.harbor.send(Request("GET", "/", {"Accept": "text/html"}, size=FRONT_PAGE))
        if answer.status != 200 and answer.status < 500:
            raise misrouted(answer, f"{answer.status} instead of the front page")
        self.harbor.good(answer)
        yield judgement.seconds(answer.elapsed)
        yield nagiosplugin.Metric("size", len(answer.body), "B", min=0)
        if not answer.is_html:
            kind = answer.headers.get("Content-Type", "untyped")
            raise misrouted(answer, f"the front page is not HTML but {kind}")
        page = answer.body.decode("utf-8", "replace")
        problem = foreign(page)
        yield nagiosplugin.Metric("page", problem)
        lacking = self.keyword and self.keyword not in page and not problem
        yield nagiosplugin.Metric("keyword", f"the front page lacks the keyword {self.keyword}" if lacking else "")
        if self.with_assets:
            yield from self.assets(self.named_assets(answer, page))

    def named_assets(self, answer, page):
        """The paths of the scripts and style sheets that the page names; raises Failure."""
        try:
            return named_assets(page, Target(self.harbor.origin, "/"))[:ASSETS]
        except Exception:  # what the parser raises for odd markup changes with each Python
            raise answer.fail(CONTENT, "the answer to GET / is not understood: its HTML cannot be parsed") from None

    def assets(self, paths):
        """Load them, a few side by side: each lane takes every sixth."""
        good = set()

        def load(some):
            for path in some:
                if self.loads(path):
                    good.add(path)

        deadline.side_by_side([partial(load, paths[lane::AT_ONCE]) for lane in range(min(AT_ONCE, len(paths)))])
        missing = [path for path in paths if path not in good]
        text = f"{len(missing)} of {len(paths)} assets of the page do not load: {', '.join(missing)}" if missing else ""
        yield nagiosplugin.Metric("missing", text)
        yield nagiosplugin.Metric("assets", len(paths) - len(missing), min=0, max=len(paths), context="size")

    def loads(self, path):
        """Whether a script or style sheet comes whole; a portal that lacks one answers with its page instead."""
        size = 0

        def discard(piece):
            nonlocal size
            size += len(piece)
            return size <= LARGEST

        try:
            answer = self.harbor.send(Request("GET", path, {"Accept": "*/*"}, size=SMALL, sink=discard))
        except Failure:
            return False
        return answer.status == 200 and not answer.is_html and size <= LARGEST


def misrouted(answer, detail):
    """The Failure of an answer that is somebody else's."""
    return answer.fail(ROUTE, detail, next_step=BACKEND)


def foreign(page):
    """Why the page cannot be Harbor's, or ""."""
    text = page.lower()
    title = text.partition("<title")[2].partition("</title>")[0]
    if "<harbor-app" in text or "harbor" in title:
        return ""
    return "the front page is not Harbor's: neither <harbor-app> nor a title with Harbor"


def named_assets(page, front):
    """The paths of the scripts and style sheets that a page names, as far as they are on its own origin."""
    from contextlib import suppress
    from html.parser import HTMLParser

    found = []

    class Names(HTMLParser):
        def handle_starttag(self, tag, attrs):
            values = dict(attrs)
            link = values.get("src") if tag == "script" else None
            if tag == "link" and values.get("rel") in ("stylesheet", "modulepreload"):
                link = values.get("href")
            if link:
                with suppress(ValueError):  # not a URL
                    found.append(front.follow(link.strip()))

    Names().feed(page[:PAGE])
    return list(dict.fromkeys(target.path for target in found if target.origin == front.origin))


def declare(parser):
    options.thresholds(parser, "", "response time of the page", "2", "5", units.SECONDS)
    parser.add_argument("--keyword", metavar="TEXT", help="a text that the page must hold, besides Harbor's own marks")
    parser.add_argument("--assets", action="store_true", help="load the scripts and style sheets of the page too")


def check(args, harbor):
    portal = Portal(harbor, args.keyword, args.assets)
    step = components.next_step("portal")
    keyword = "open the page in a browser: is it this Harbor's, and is --keyword still in it?"
    return nagiosplugin.Check(
        portal,
        ResponseTime(args.warning, args.critical),
        Shown("size"),
        Finding("page", next_step=BACKEND),
        Finding("keyword", next_step=keyword),
        Finding("missing", next_step=step),
        summaries.Summary(portal),
    )


main = plugin.main(__name__, declare, check)
