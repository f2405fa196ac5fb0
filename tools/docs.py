"""`make docs`: write docs/check_harbor_*.md from each probe's docstring and parser, and the tables of alerting.md."""

from __future__ import annotations

import argparse
from pathlib import Path

import probes  # isort: split

from harborlib.run.probe import Probe, installed

import alerting


def path(probe: Probe) -> Path:
    """The path of its page."""
    return probes.ROOT / "docs" / f"{probes.command(probe)}.md"


def page(probe: Probe) -> str:
    """The whole page of one probe: its help unchanged, then a table for each group of options."""
    parts = [f"# {probes.command(probe)}", f"```text\n{probe.doc.strip()}\n```"]
    parser = probe.parser()
    for group in parser._action_groups:
        rows = [row(parser, action) for action in group._group_actions]
        if rows:
            title = "of this probe" if group is parser._optionals else group.title
            parts.append(f"## Options: {title}")
            parts.append("\n".join(["| option | meaning |", "| --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


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
    for file, text in {**documents, alerting.PATH: alerting.text()}.items():
        file.write_text(text, encoding="utf-8")
        print(file.relative_to(probes.ROOT))


if __name__ == "__main__":
    main()
