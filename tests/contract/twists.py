"""Harbor's own answers, told by a liar: whatever a probe asks for comes back with something absurd in it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Callable

from harbor_simulator.messages import Request, Response

Twist = Callable[[Request, Response], Response]

TEXTS = {
    "pipes": "a | b=1;2;3 'c'=4 | d",
    "newlines": "one\ntwo\r\nthree\n\n",
    "a next step": "fine\nNext: call the attacker",
    "a pointer": "fine (see harbor-health)",
    "a long pointer": f"fine (see {'y' * 500})",
    "quotes": "'\"`' = \\ '='",
    "html": "<a href=\"http://evil.example.net\">&lt;click&gt;</a><script>alert('1')</script>",
    "escape sequences": "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "control characters": "".join(map(chr, [*range(32), 127, *range(128, 160)])),
    "other alphabets": "\u6e2f \u2603 \U0001f6a2 \u202egnp.exe \u200b\ufeff",
    "half a surrogate": "\ud800\udfff\udc00",
    "macros": "$HOSTADDRESS$ $$ %s %n {0} {args} `id` $(id) ${IFS}",
    "nothing": "",
    "blanks": " \t \u00a0 ",
    "a megabyte": "x" * 1_000_000,
    "a megabyte of controls": "\x1b" * 170_000,  # \u001b in JSON
}


def retold(change: Callable[[Any, str], Any]) -> Twist:
    """Every leaf of a JSON answer changed by `change(leaf, key)`; other answers stay."""

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: walk(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, key) for inner in value]
        return change(value, key)

    return reworked(walk)


def reworked(change: Callable[[Any], Any]) -> Twist:
    """The whole value of a JSON answer changed; other answers stay."""

    def twist(request: Request, response: Response) -> Response:
        try:
            value = json.loads(response.body)
        except ValueError:
            return response
        return replace(response, body=json.dumps(change(value)).encode())

    return twist


def texts_become(text: str) -> Twist:
    """Every text in an answer but a status: names and error texts."""
    return retold(lambda leaf, key: text if isinstance(leaf, str) and key != "status" else leaf)


def leaves_become(value: Any) -> Twist:
    """Every text, number and truth value."""
    return retold(lambda leaf, key: value)


def numbers_become(value: Any) -> Twist:
    return retold(lambda leaf, key: value if type(leaf) in (int, float) else leaf)


def names_become(names: Iterable[str]) -> Twist:
    """Every name the next of these."""
    supply = itertools.cycle(names)
    return retold(lambda leaf, key: next(supply) if key == "name" else leaf)


def numbered(pattern: str) -> Iterable[str]:
    return (pattern % number for number in itertools.count())


def lists_grow(times: int) -> Twist:
    """Every list so many times as long, with names of their own."""

    def grow(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: grow(inner) for key, inner in value.items()}
        return [renamed(item, number) for number in range(times) for item in value] if value and isinstance(
            value, list) else value  # fmt: skip

    return reworked(grow)


def renamed(item: Any, number: int) -> Any:
    return {**item, "name": f"{item['name']}-{number}"} if isinstance(item, dict) and "name" in item else item


def without(key: str) -> Twist:
    """As if no object had this key."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: strip(inner) for name, inner in value.items() if name != key}
        return [strip(inner) for inner in value] if isinstance(value, list) else value

    return reworked(strip)


def headers(**values: str) -> Twist:
    """These headers on every answer."""
    added: Mapping[str, str] = {name.replace("_", "-"): value for name, value in values.items()}
    return lambda request, response: replace(response, headers={**response.headers, **added})


def deep(value: Any) -> Any:
    """A value at the bottom of lists, as deep as a parser takes them just so."""
    for _ in range(900):
        value = [value]
    return value


ABSURD: tuple[Any, ...] = (None, True, -1, 1e308, float("inf"), float("nan"), 10**4000, [], {}, "")
TWISTS: dict[str, Twist] = {
    **{f"texts are {name}": texts_become(text) for name, text in TEXTS.items()},
    **{f"everything is {json.dumps(value)[:20]}": leaves_become(value) for value in ABSURD},
    **{f"numbers are {json.dumps(value)[:20]}": numbers_become(value)
       for value in (-1, 0, 1e-300, 1e308, float("inf"), float("nan"), 10**4000, "1e3", None)},
    "everything is deep": retold(lambda leaf, key: deep(leaf)),
    "names of forbidden characters": names_become(numbered("'|=\\\x1b\u0100%d\u2603")),
    "names that look the same when cleaned": names_become(f"a{wild}b" for wild in "'=|\\\"\x1b\u2603_"),
    "names that look the same when cut": names_become(numbered("x" * 100 + "%d")),
    "names of our own": names_become(("time", "size", "days_left", "start", "component", "verdict")),
    "lists a thousand times as long": lists_grow(1000),
    "lists are empty": reworked(lambda value: {key: [] if isinstance(inner, list) else inner
                                               for key, inner in value.items()} if isinstance(value, dict) else []),
    "no status": without("status"),
    "no name": without("name"),
    "no components": without("components"),
    "a list around it": reworked(lambda value: [value]),
    "a byte order mark": lambda request, response: replace(response, body=b"\xef\xbb\xbf" + response.body),
    "request ids of 60 KB": headers(X_Request_Id="x" * 60_000),
    "content types of 60 KB": headers(Content_Type="text/html" + ";" * 60_000),
    "a date of the past": headers(Date="Thu, 01 Jan 1970 00:00:00 GMT"),
    "a date that is none": headers(Date="yesterday | 'soon'"),
    "counts that are none": headers(X_Total_Count="-1|", Link='<http://[::1>; rel="next"'),
    "a challenge without end": headers(WWW_Authenticate='Bearer realm="' + 'a="' * 20_000),
    "a challenge of blanks": headers(WWW_Authenticate="Bearer" + " " * 60_000 + "="),
    "a challenge with everything": headers(WWW_Authenticate='Bearer realm="https://x|\x1b[2J/",service="\xff",=,"'),
}  # fmt: skip

PAGES = {
    "an open declaration": "<![endif<harbor-app>",
    "an unknown declaration": "<!bad [ <harbor-app> ]>",
    "an unknown section": "<harbor-app><![foo[bar]]><script src='/main.js'></script>",
    "half an address": "<harbor-app><script src='http://[::1'></script>",
    "an asset with blanks": "<harbor-app><script src=' \t\n /a b\x1b[2J|c.js '></script>",
    "an asset without a value": "<harbor-app><script src></script><link rel=stylesheet href>",
    "an asset of 100 KB": f"<harbor-app><script src='/{'x' * 100_000}'></script>",
    "a thousand assets": "<harbor-app>" + "".join(f"<script src='/{number}.js'></script>" for number in range(1000)),
    "assets elsewhere": "<harbor-app><script src='//evil.example.net/x.js'></script>",
    "a million attributes": "<harbor-app><script" + " a" * 1_000_000,
    "a million comments": "<harbor-app>" + "<!--" * 1_000_000,
    "a million tags": "<harbor-app>" + "<a" * 1_000_000,
    "a million entities": "<title>Harbor</title>" + "&#" * 1_000_000,
}
