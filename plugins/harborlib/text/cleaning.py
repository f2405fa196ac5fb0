"""Makes foreign text safe: without our secrets, in ASCII, on one line, and without markers that only we may write.

Everything that is printed goes through `clean`. Code that cuts or splits such a text earlier removes the secrets first
(`redacted`): nobody would recognize half a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LIMIT = 4096  # characters of one text
MOST = 65536  # characters of a text that are read; the rest is dropped
LONGEST = 12  # the longest spelling of one character of a secret, such as %2526%2523233; more than &#x00e9;
HIDDEN = "***"
SHORTEST = 4  # characters of a secret: anything shorter occurs in ordinary words
LAYERS = 3  # levels of escaping: JSON in a URL, and Harbor's text in our query
LONG = 8  # a secret of at least this many characters is also found inside a word

#: How a server may write a character: in a URL, in JSON or a repr, in HTML.
_ESCAPE = re.compile(
    r"""(?:%[0-9a-fA-F]{2})+|(?:\\u[0-9a-fA-F]{4})+|(?:\\x[0-9a-fA-F]{2})+|\\["'/\\]|&#?\w{1,31};""", re.ASCII
)

_secrets: set[str] = set()


def conceal(*secrets: str) -> None:
    """From now on no text shows these, in whatever way they are written."""
    for secret in secrets:
        # Some characters become two in lower case, such as a capital I with a dot.
        forms = [_alike(form) for text in (secret, _unescaped(secret)) for form in (text, text.lower())]
        _secrets.update(form for form in forms if len(form) >= SHORTEST)


def forget() -> None:
    """Forget all secrets: for another run in this process."""
    _secrets.clear()


def redacted(text: str) -> str:
    """The text with every secret masked; a server may echo what it was sent."""
    if len(text) > MOST:  # drop its end, which may contain half a secret
        return redacted(text[:MOST])[: -LONGEST * max(map(len, _secrets), default=0) or None]
    shown, position = [], 0
    for start, end in sorted(_places(text)):
        if start >= position:
            shown += [text[position:start], HIDDEN]
        position = max(position, end)
    return "".join([*shown, text[position:]])


def clean(text: str, keep_lines: bool = False) -> str:
    """Text that is safe in an engine, a terminal and a ticket, whatever Harbor sent, and contains no secret."""
    return without_pointer(sanitised(redacted(text)[:LIMIT], keep_lines))[:LIMIT].rstrip()  # escaping makes it longer


def sanitised(text: str, keep_lines: bool = False) -> str:
    """ASCII without control characters and without `|`, which starts the perfdata."""
    text = (text if keep_lines else re.sub(r"\s+", " ", text)).replace("|", "/")
    if not text.isprintable():
        text = "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
    return text.encode("ascii", "backslashreplace").decode().strip()


def without_pointer(text: str) -> str:
    """The text without a "(see ...)" that names a service: engines trust these, so only we write them."""
    return re.sub(r"\(see (?=harbor-)", "[see ", text)


def begun(text: str, most: int) -> str:
    """A foreign text if it has at most this many characters, else its beginning, without half a secret."""
    return text if len(text) <= most else redacted(text)[:most]


def cut(text: str, width: int) -> str:
    """At most `width` characters of a text without secrets."""
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets occur in a text: as they are, and escaped."""
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
    """For each character behind these layers of escapes: its position in the first text."""
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
    """Where secrets occur in a text that `_alike` has normalized."""
    for secret in _secrets:
        start = text.find(secret)
        while start >= 0:
            end = start + len(secret)
            alone = not (text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum())
            if alone or len(secret) >= LONG:
                yield start, end
            start = text.find(secret, start + 1)


def _alike(text: str) -> str:
    """The text at the same length, with one character for all that servers and encodings treat as equal."""
    lowered = text.lower()
    if len(lowered) != len(text):  # such as for a capital I with a dot
        lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    # Base64 has two alphabets, and a form writes a space as a plus.
    return lowered.replace("-", "+").replace("_", "/").replace(" ", "+")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_meaning, text)


def _meaning(piece: re.Match[str]) -> str:
    """The characters that an escape stands for. Bytes are read as UTF-8, or if that fails, as Latin-1."""
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
        import html  # it has a large table and is rarely needed

        return html.unescape(text)
    return text[1:] if len(text) == 2 else text
