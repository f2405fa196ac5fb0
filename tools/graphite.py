"""icinga2/graphite/harbor.ini: templates for the Graphite module of Icinga Web, made from the probes (docs/graphs.md).

A service's page shows the first two of its graphs: the file begins with what -w and -c judge. The module draws every
other metric with its default template: plain numbers that have no threshold.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import probes  # isort: split

from harborlib.judge.isolation import COMPONENTS
from harborlib.judge.readings import Limit, Shown
from harborlib.text import units

HEAD = "; Written by `make docs` from the probes: change those, not this file.\n"
#: A value and its thresholds, in the colors of the module's own templates.
CURVES = {"value": ("#1a7dd7", ""), "warn": ("#ff8d00", "warning"), "crit": ("#ff0000", "critical")}
#: By the unit in the perfdata: how Graphite shortens numbers on the axis (3600 s are 1 H), and the unit in the title.
AXES = {"s": ("sec", ""), "B": ("binary", " (bytes)"), "%": ("none", " (%)"), "": ("none", "")}
AREA = {"areaAlpha": "0.5", "areaMode": "first", "lineWidth": "2"}


def templates() -> str:
    """The file: the response time of probes that judge it first, then the other numbers, then all other answers."""
    all_probes = probes.single()
    judge_time = [probe for probe in all_probes if main_measure(probe) == "time"]
    found = [response_time("check_harbor-time", judge_time), components()]
    for probe in all_probes:
        found += [number(probes.command(probe), measure) for measure in numbers(probe)]
    others = [probe for probe in all_probes if probe not in judge_time]
    return "\n".join([HEAD, *found, response_time("check_harbor-other-time", others)])


def main_measure(probe: probes.Probe) -> str:
    """The label of what -w and -c judge."""
    return next((measure.label for measure in limits(probe) if not measure.option), "time")


def limits(probe: probes.Probe) -> list[Limit]:
    """What a probe judges by thresholds."""
    return [measure for measure in probe.measures if isinstance(measure, Limit)]


def numbers(probe: probes.Probe) -> list[Shown]:
    """What a probe measures in a unit or judges by thresholds, each label once: the judged measure comes first."""
    declared = [*probe.measures, *vars(sys.modules[probe.module]).values()]
    found: dict[str, Shown] = {}
    for measure in declared:
        if isinstance(measure, Shown) and (measure.unit.uom or isinstance(measure, Limit)) and measure.label != "time":
            found.setdefault(measure.label, measure)
    return list(found.values())


def number(command: str, measure: Shown) -> str:
    """The template of one number, with its thresholds: Icinga 2 keeps those that are upper limits."""
    system, unit = AXES[measure.unit.uom]
    name = f"{measure.label}{unit}"
    upper = isinstance(measure, Limit) and measure.bad == units.HIGH
    curves = {
        curve: (f"{measure.label}.{curve}", f"alias(color($metric$, '{color}'), '{text or name}')")
        for curve, (color, text) in CURVES.items()
        if upper or curve == "value"
    }
    ends = {"min": "0"} if measure.low == 0 else {}
    ends.update({"max": "100"} if measure.unit.uom == "%" else {})
    return template(f"{command}-{measure.label}", command, name, curves, {**AREA, **ends, "yUnitSystem": system})


def response_time(name: str, group: list[probes.Probe]) -> str:
    """The template of what every probe has."""
    curves = {
        curve: (f"time.{curve}", f"alias(color(scale($metric$, 1000), '{color}'), '{text or 'time (ms)'}')")
        for curve, (color, text) in CURVES.items()
    }
    commands = ", ".join(map(probes.command, group))
    return template(name, commands, "time (ms)", curves, {**AREA, "min": "0", "yUnitSystem": "none"})


def components() -> str:
    """The template of health: the components that are healthy, one upon the other."""
    curves = {name: (f"{name}.value", f"alias($metric$, '{name}')") for name in ("core", "portal", *COMPONENTS)}
    settings = {"areaMode": "stacked", "min": "0", "yUnitSystem": "none"}
    return template("check_harbor_health-components", "check_harbor_health", "healthy components", curves, settings)


def template(
    name: str, command: str, title: str, curves: Mapping[str, tuple[str, str]], settings: Mapping[str, str]
) -> str:
    """A template: for each curve its metric and the function that draws it."""
    metrics = {curve: f"$service_name_template$.perfdata.{metric}" for curve, (metric, _) in curves.items()}
    functions = {curve: function for curve, (_, function) in curves.items()}
    sections = {
        "graph": {"check_command": command},
        "metrics_filters": metrics,
        "urlparams": {"title": title, **settings},
        "functions": functions,
    }
    return "\n".join(
        "\n".join([f"[{name}.{section}]", *(f'{key} = "{value}"' for key, value in values.items()), ""])
        for section, values in sections.items()
    )
