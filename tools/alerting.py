"""The tables of docs/alerting.md: which services page (from the tested scenarios), and who owns what (harborlib)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import probes  # isort: split

from harborlib.judge.isolation import RULES, Rule, service_of

from isolation.scenarios import INSIDE_THE_LAG, SERVICES, STEADY, TWO_CAUSES, Scenario
from registry import scenarios as data_path

PATH = probes.ROOT / "docs" / "alerting.md"
ANSWERED_BY = {
    frozenset({"registry"}): "the registry answers",
    frozenset({"health", "core", "registry"}): "core answers or hands on",
}


def text() -> str:
    """The whole document, with its tables regenerated."""
    tables = {
        "who pages": scenarios(STEADY),
        "inside the lag": scenarios(INSIDE_THE_LAG),
        "two causes": scenarios(TWO_CAUSES),
        "the way of the data": scenarios(data_path.DATA_PATH, data_path.SERVICES),
        "who explains what": rules(),
    }
    document = PATH.read_text(encoding="utf-8")
    for name, table in tables.items():
        begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
        document = re.sub(f"(?<={begin}).*?(?={end})", lambda _, table=table: table, document, flags=re.DOTALL)  # type: ignore[misc]
    return document


def scenarios(rows: Sequence[Scenario], services: Sequence[str] = SERVICES) -> str:
    """The state of each service in each scenario; OK is left blank, so that the pages stand out."""
    return table(
        ["what is wrong", "who pages", *services],
        [[row.title, pages(row), *(cell(row, service) for service in services)] for row in rows],
    )


def pages(scenario: Scenario) -> str:
    """The services that page, including those without a column."""
    return ", ".join((*scenario.critical, *scenario.warning, *scenario.elsewhere)) or "nobody"


def cell(scenario: Scenario, service: str) -> str:
    """The state of one service."""
    if service in scenario.waits:
        return f"waits for {pages(scenario)}"
    said = scenario.said(service)
    return {"OK": "", "CRITICAL": "**CRITICAL**", "WARNING": "**WARNING**"}.get(said, f"see {said}")


def rules() -> str:
    """What each unhealthy component explains."""
    return table(["unhealthy", "explains"], [[component, explained(rule)] for component, rule in RULES.items()])


def explained(rule: Rule) -> str:
    """A rule in words."""
    subjects = [f"whatever {service_of(subject)} finds" for subject in sorted(rule.subjects)]
    if not rule.kinds:
        return "; ".join(subjects)
    request = f"a request {'with a login ' if rule.login else ''}that {ANSWERED_BY[rule.served_by]}"
    return "; ".join([*subjects, f"{', '.join(sorted(rule.kinds))}: of {request}"])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
