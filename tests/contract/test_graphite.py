"""icinga2/graphite/harbor.ini: read as Icinga Web's Graphite module does, and about metrics that the plugins print."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from contract import grammar
from contract.conftest import for_every_plugin
from support import runner

SHIPPED = Path(__file__).resolve().parents[2] / "icinga2" / "graphite" / "harbor.ini"
SECTION = re.compile(r"(.+)\.(graph|metrics_filters|urlparams|functions)")
METRIC = re.compile(r"\$service_name_template\$\.perfdata\.(\w+)\.(value|warn|crit)")


def templates() -> dict[str, dict[str, dict[str, str]]]:
    """The sections of each template."""
    parser = configparser.RawConfigParser(strict=True, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(SHIPPED, encoding="ascii")
    found: dict[str, dict[str, dict[str, str]]] = {}
    for section in parser.sections():
        match = SECTION.fullmatch(section)
        assert match, section
        found.setdefault(match[1], {})[match[2]] = {key: text[1:-1] for key, text in parser[section].items()}
    return found


def commands(template: dict[str, dict[str, str]]) -> list[str]:
    return template["graph"]["check_command"].split(", ")


def test_the_module_takes_every_template() -> None:
    for name, template in templates().items():
        assert list(template["graph"]) == ["check_command"]
        assert template["functions"].keys() == template["metrics_filters"].keys(), name
        assert [text for text in template["functions"].values() if text.split("$")[1::2] != ["metric"]] == []
        assert [text for text in template["metrics_filters"].values() if not METRIC.fullmatch(text)] == []
        values = [text for section in template.values() for text in section.values()]
        # The module takes what follows a colon for a wildcard, and a quotation mark ends a value.
        assert [text for text in values if set(text) & {":", '"', "\n"}] == [], name


def test_every_metric_is_printed(here) -> None:
    """A healthy run prints each metric that a template of its command draws."""

    def prints_it(name: str) -> None:
        drawn = {
            match[1]
            for template in templates().values() if name in commands(template)
            for match in map(METRIC.fullmatch, template["metrics_filters"].values()) if match
        }  # fmt: skip
        assert bool(drawn) == (name not in runner.RUNS_OTHERS)
        assert drawn <= set(grammar.checked(here(name)).perfdata)

    for_every_plugin(prints_it)
