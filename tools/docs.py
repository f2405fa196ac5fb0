"""`make docs`: write docs/check_harbor_*.md, docs/options.md and the tables of alerting.md from the probes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import probes  # isort: split

from harborlib.run import options
from harborlib.run.probe import Probe, installed

import alerting

COMMON = probes.ROOT / "docs" / "options.md"
INTRODUCTION = """\
# Options of every probe

Every plugin takes these options. Its own page has those that it alone takes, or takes with another default. Ranges and
units are explained in [thresholds](thresholds.md), the files of credentials in [robot accounts](robots.md)."""
POINTER = "It also takes the [options of every probe](options.md)."


def path(probe: Probe) -> Path:
    """The path of its page."""
    return probes.ROOT / "docs" / f"{probes.command(probe)}.md"


def page(probe: Probe) -> str:
    """The whole page of one probe: its help unchanged, then a table for each group of options of its own."""
    common = {line for _, rows in tables(options.parser("NAME", "")) for line in rows}
    parts = [f"# {probes.command(probe)}", f"```text\n{probe.doc.strip()}\n```", "## Options", POINTER]
    for title, rows in tables(probe.parser()):
        own = [line for line in rows if line not in common]
        if own:
            parts += [f"### {title or 'Of this probe'}", table(own)]
    return "\n\n".join(parts) + "\n"


def common_page() -> str:
    """The whole page of the options that every probe has."""
    parts = [INTRODUCTION]
    for title, rows in tables(options.parser("NAME", "")):
        parts += [f"## {title}", table(rows)]
    return "\n\n".join(parts) + "\n"


def tables(parser: argparse.ArgumentParser) -> Iterator[tuple[str, list[str]]]:
    """The title and the rows of each group of options that has any; the first one has no title."""
    for group in parser._action_groups:
        rows = [row(parser, action) for action in group._group_actions]
        if rows:
            title = "" if group is parser._optionals else group.title or ""
            yield title[:1].upper() + title[1:], rows


def table(rows: list[str]) -> str:
    """A table of these options."""
    return "\n".join(["| option | meaning |", "| --- | --- |", *rows])


def row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """One option: its names, its value, its help."""
    value = "" if action.nargs == 0 else f" {action.metavar or '|'.join(action.choices or ())}"
    value = f" [{value.strip()}]" if action.nargs == "?" else value
    text = parser._get_formatter()._expand_help(action)
    cells = [f"`{', '.join(action.option_strings)}{value}`", text]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def main() -> None:
    """Write every page, and remove pages without a probe."""
    documents = {path(probe): page(probe) for probe in installed()}
    for file, text in {**documents, COMMON: common_page(), alerting.PATH: alerting.text()}.items():
        file.write_text(text, encoding="utf-8")
        print(file.relative_to(probes.ROOT))


if __name__ == "__main__":
    main()
