"""Text that others wrote, made safe: without our secrets, in ASCII, on one line, and without what only we may say.

Everything that is printed goes through `clean`. Whoever cuts or splits such a text before that takes the secrets out
first (`redacted`): of half a secret nobody would know that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LIMIT = 4096  # characters of one text
MOST = 65536  # characters of a text that are looked at; what comes after them is left out
LONGEST = 12  # characters for one of a secret, as %2526%2523233; or more than &#x00e9;
HIDDEN = "***"
SHORTEST = 4  # characters of a secret: what is shorter stands in every second word
LAYERS = 3  # of escapes: JSON in a URL, and a text of Harbor's in a query of ours
LONG = 8  # characters from which on a secret is found inside a word too

#: How a server may write a character: in a URL, in JSON or a repr, in HTML.
_ESCAPE = re.compile(
    r"""(?:%[0-9a-fA-F]{2})+|(?:\\u[0-9a-fA-F]{4})+|(?:\\x[0-9a-fA-F]{2})+|\\["'/\\]|&#?\w{1,31};""", re.ASCII
)

_secrets: set[str] = set()


def conceal(*secrets: str) -> None:
    """From now on no text shows these, in whatever way they are written."""
    for secret in secrets:
        # Some characters become two in lower case, as a capital I with a dot.
        forms = [_alike(form) for text in (secret, _unescaped(secret)) for form in (text, text.lower())]
        _secrets.update(form for form in forms if len(form) >= SHORTEST)


def forget() -> None:
    """Know no secret any more: for another run in this process."""
    _secrets.clear()


def redacted(text: str) -> str:
    """The text with every secret blotted out; a server may echo what it was sent."""
    if len(text) > MOST:  # without its end, in which half a secret may stand
        return redacted(text[:MOST])[: -LONGEST * max(map(len, _secrets), default=0) or None]
    shown, position = [], 0
    for start, end in sorted(_places(text)):
        if start >= position:
            shown += [text[position:start], HIDDEN]
        position = max(position, end)
    return "".join([*shown, text[position:]])


def clean(text: str, keep_lines: bool = False) -> str:
    """Text that is safe in an engine, a terminal and a ticket, whatever Harbor sent, and that holds no secret."""
    return without_pointer(sanitised(redacted(text)[:LIMIT], keep_lines))[:LIMIT].rstrip()  # escapes make it longer


def sanitised(text: str, keep_lines: bool = False) -> str:
    """ASCII without control characters and without `|`, which begins the perfdata."""
    text = (text if keep_lines else re.sub(r"\s+", " ", text)).replace("|", "/")
    if not text.isprintable():
        text = "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
    return text.encode("ascii", "backslashreplace").decode().strip()


def without_pointer(text: str) -> str:
    """The text without a "(see ...)" that names a probe or a service: engines believe those, so only we write them."""
    return re.sub(r"\(see (?=check_harbor|harbor-)", "[see ", text)


def begun(text: str, most: int) -> str:
    """A foreign text if it has at most so many characters, else its beginning; half a secret is no beginning."""
    return text if len(text) <= most else redacted(text)[:most]


def cut(text: str, width: int) -> str:
    """At most so many characters of a text without secrets."""
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Where a secret stands in a text: as it is, and behind escapes."""
    if not _secrets:
        return
    yield from _found(_alike(text))
    layers: list[str] = []
    while any(mark in text for mark in "%\\&") and len(layers) < LAYERS:
        layers.append(text)
        text = _unescaped(text)
        behind = list(_found(_alike(text)))
        if behind:
            origin = _origin(layers)
            for start, end in behind:
                yield origin[start][0], origin[end - 1][1]


def _origin(layers: list[str]) -> list[tuple[int, int]]:
    """Where in the first text each character stands that is behind so many layers of escapes."""
    origin = [(position, position + 1) for position in range(len(layers[0]))]
    for text in layers:
        mapped, position = [], 0
        for escape in _ESCAPE.finditer(text):
            place = (origin[escape.start()][0], origin[escape.end() - 1][1])
            mapped += [*origin[position : escape.start()], *[place] * len(_meaning(escape))]
            position = escape.end()
        origin = [*mapped, *origin[position:]]
    return origin


def _found(text: str) -> Iterator[tuple[int, int]]:
    """Where a secret stands in a text in which all that is alike is the same."""
    for secret in _secrets:
        start = text.find(secret)
        while start >= 0:
            end = start + len(secret)
            alone = not (text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum())
            if alone or len(secret) >= LONG:
                yield start, end
            start = text.find(secret, start + 1)


def _alike(text: str) -> str:
    """The text, as long as before, with one character for all that servers and encodings take for the same."""
    lowered = text.lower()
    if len(lowered) != len(text):  # as of a capital I with a dot
        lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    # Base64 has two alphabets, and a blank in a form is a plus.
    return lowered.replace("-", "+").replace("_", "/").replace(" ", "+")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_meaning, text)


def _meaning(piece: re.Match[str]) -> str:
    """What an escape means; of bytes the UTF-8, or where they are none, the characters of the same numbers."""
    text = piece[0]
    if text[:2] == "\\u" and len(text) > 2:
        return bytes.fromhex(text.replace("\\u", "")).decode("utf-16-be", "replace")
    if len(text) > 2 and (text[0] == "%" or text[:2] == "\\x"):
        data = bytes.fromhex(text.replace("%", "").replace("\\x", ""))
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data.decode("latin-1")
    if len(text) > 2 and text[0] == "&":
        import html  # with a large table, which is seldom needed

        return html.unescape(text)
    return text[1:] if len(text) == 2 else text
