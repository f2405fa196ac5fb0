"""Documents, code and first lines use the field's terms: what is on the left here has a plainer word on the right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {
    r"\b(?:is|are|was|were|be|gets?) told\b(?! to\b)": "is notified, or: shows",
    r"\btells? of\b": "reports, shows",
    r"\b(?:not|never) understood\b": "unexpected",
    r"\bowns? up\b|\bblam(?:e|es|ed)\b": "owner, root cause, follows from",
    r"\b(?:a|which|every|missing) right\b|\b(?:the|these|those|which|of|no) rights\b": "permission",
    r"\bthe login lacks\b|\bits login\b(?! page)|\ba login of\b": "account, credentials",
    r"\bsigns? of life\b": "heartbeat",
    r"\byoungest\b": "most recent, newest",
    r"\banew\b": "again",
    r"\bmend(?:s|ed|ing)?\b": "repair",
    r"\bgo(?:es)? on\b": "is running, continues",
    r"\blook(?:s|ed)? past\b": "ignores",
    r"\bcontent with\b": "at most",
    r"\bthe whole of\b|\bfor everybody\b": "all",
    r"\bwhoever is woken\b|\bsomebody else's\b": "you; another application",
    r"\bproxy in front\b|(?<!CDN )\bin front of Harbor\b": "reverse proxy, load balancer, ingress",
    r"\bcannot do without\b": "requires",
    r"\b(?:takes|runs|waits) [^.|]{1,20} already\b": "has been running for",
    r"\bstands? still\b": "stops",
    r"\bpart of (?:the|its) health\b": "component",
}  # fmt: skip
GENERATED = re.compile(r"<!-- begin: .*?<!-- end: .*?-->|^```.*?^```", re.DOTALL | re.MULTILINE)
FILES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "ansible/**/*.md")
    for path in ROOT.glob(pattern)
    if not path.name.startswith(("check_harbor_", "CHANGELOG"))
)


#: Comments, strings and names, where people read them.
CODE = (
    "plugins/**/*.py",
    "simulator/**/*.py",
    "tools/*.py",
    "tests/**/*.py",
    "ansible/**/*.yml",
    "ansible/**/*.py",
    "ansible/**/*.j2",
    "icinga2/**/*.conf",
    "nagios/**/*.cfg",
    "packaging/*",
    "debian/*",
    "Makefile",
    ".github/**/*.yml",
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_terms_are_the_fields(file: Path) -> None:
    assert foreign(GENERATED.sub("", file.read_text(encoding="utf-8"))) == {}


@pytest.mark.parametrize("pattern", CODE)
def test_terms_in_code_are_the_fields(pattern: str) -> None:
    files = [path for path in ROOT.glob(pattern) if path.is_file() and path != Path(__file__).resolve()]
    assert files
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}
    found = {name: foreign(text.replace("_", " ").replace("#", " ")) for name, text in texts.items()}
    assert {name: terms for name, terms in found.items() if terms} == {}


def foreign(text: str) -> dict[str, str]:
    """The terms in a text that the field does not use, and what to say instead."""
    words = " ".join(text.split())
    return {match[0]: say for term, say in PLAIN.items() for match in re.finditer(term, words, re.IGNORECASE)}


@pytest.mark.parametrize("book", ["tests/plugins/verdicts.txt", "tests/registry/verdicts.txt"])
def test_first_lines_survive_every_interface(book: str) -> None:
    """Nagios turns a semicolon into a colon, and web interfaces take <word> for markup."""
    lines = [line for line in (ROOT / book).read_text(encoding="ascii").splitlines() if line.startswith("HARBOR ")]
    assert lines
    assert [line for line in lines if re.search("[;<>]", line.partition(" | ")[0])] == []
