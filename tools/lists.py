"""The lists of all probes in the README, the package, the Ansible role and the runbook, taken from the probes."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import probes  # isort: split

import harborlib
from harborlib import ROOM
from harborlib.harbor import endpoints
from harborlib.harbor.components import NEXT_STEPS
from harborlib.harbor.endpoints import PROJECT, SYSTEM, Endpoint
from harborlib.harbor.platform import with_commands
from harborlib.judge.readings import Limit, Measure, Problem
from harborlib.run.faults import misfortune
from harborlib.run.probe import installed
from harborlib.text import UNKNOWN
from harborlib.wire import CONTENT, Kind, Unusable
from harborlib.wire.failure import Starved

import marked
import release

#: Permissions beyond those that the probes need: they cost nothing, and let `artifact` see everything of an artifact.
FURTHER = (
    Endpoint("", "project:read", PROJECT),
    Endpoint("", "repository:list", PROJECT),
    Endpoint("", "repository:read", PROJECT),
    Endpoint("", "artifact:list", PROJECT),
    Endpoint("", "accessory:list", PROJECT),
)

#: Which permissions the monitoring robot gets, as the Ansible role gives them. On 2.9 one on system level takes all
#: others away; 2.10 and 2.11 refuse an account with robot:list.
ROBOTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Harbor 2.12 or newer", (SYSTEM, PROJECT), ()),
    ("Harbor 2.10 and 2.11", (SYSTEM, PROJECT), ("robot:list",)),
    ("Harbor 2.9", (SYSTEM,), ()),
    ("Harbor 2.2 to 2.8", (PROJECT,), ()),
)
CALL = """\
curl -u admin https://harbor.example.com/api/v2.0/robots -H 'Content-Type: application/json' -d @- <<'END'
"""


class Known(NamedTuple):
    """A problem with an id: its possible states, and the first step."""

    id: str
    states: str
    next_step: str


def questions() -> str:
    """The README's table: each probe, its question, whether it needs an account."""
    rows = []
    for probe in installed():
        name = probes.command(probe)
        question = probe.doc.strip().splitlines()[0]
        rows.append([f"[{name}](docs/{name}.md)", question, probe.account or ("yes" if probe.asks else "no")])
    return marked.table(["probe", "question", "needs an account"], rows)


def modules() -> str:
    """The py_modules of setup.cfg."""
    return "\n".join(map(probes.command, installed()))


def scripts() -> str:
    """The console_scripts of setup.cfg."""
    return "\n".join(f"{name} = {name}:main" for name in map(probes.command, installed()))


def permissions(level: str) -> Callable[[], str]:
    """The monitoring robot's permissions on this level, in the form of the Ansible role."""

    def lines() -> str:
        pairs = (permission.split(":") for permission in held(level))
        return "\n".join(f"- {{resource: {resource}, action: {action}}}" for resource, action in pairs)

    return lines


def permissions_table() -> str:
    """The monitoring robot's permissions, for readers."""
    levels = (("the system", SYSTEM), ("every project (`*`)", PROJECT))
    return marked.table(["on", "permissions"], [[where, ", ".join(held(level))] for where, level in levels])


def held(level: str) -> list[str]:
    """The monitoring robot's permissions on this level."""
    asked = [endpoint for probe in installed() for endpoint in probe.asks] + [endpoints.PROJECTS, *FURTHER]
    return sorted({endpoint.permission for endpoint in asked if endpoint.level == level and endpoint.permission})


def ids() -> str:
    """The runbook's table of all ids, each with a link to its section."""
    rows = [
        [f"[`{known.id}`](#{known.id})", known.states, with_commands(known.next_step, None) or "what the line says"]
        for known in known_ids()
    ]
    return marked.table(["id", "state", "first step"], rows)


def known_ids() -> list[Known]:
    """Every id that a finding can have, by name."""
    found = {known.id: known for known in [*of_measures(), *of_failures(), *of_faults()]}
    return sorted(found.values())


def of_measures() -> Iterator[Known]:
    """The ids of the limits and problems that the probes declare."""
    for probe in installed():
        for measure in probe.measures:
            if measure.id:
                yield Known(measure.id, states_of(measure), getattr(measure, "next_step", ""))


def states_of(measure: Measure) -> str:
    """The states that a measure can show."""
    if isinstance(measure, Problem):
        return measure.state
    return "WARNING, CRITICAL" if isinstance(measure, Limit) else ""


def of_failures() -> Iterator[Known]:
    """The ids of the kinds of failure, in harborlib and in the probes."""
    for module in everything():
        for value in vars(module).values():
            if isinstance(value, Kind):
                state = value.state or (UNKNOWN if value.stage is CONTENT else "as --unreachable says")
                step = NEXT_STEPS.get(value) or NEXT_STEPS.get(value.stage, "")
                step = value.next_step or step.replace("{host}", "HOST").replace("{where}", "HOST:PORT")
                yield Known(value.id, state, step)


def of_faults() -> Iterator[Known]:
    """The ids of everything that prevents a plugin from judging and is not Harbor's fault."""
    for error in (Starved("memory"), Unusable(""), ImportError(""), Exception()):
        finding = misfortune("NAME", error)
        yield Known(finding.id, finding.state, finding.next_step.replace(sys.executable, "PYTHON"))
    yield Known("interrupted", UNKNOWN, ROOM)
    yield Known("lost", UNKNOWN, "")


def everything() -> Iterator[object]:
    """All modules of harborlib, and those of the probes."""
    for info in pkgutil.walk_packages(harborlib.__path__, "harborlib."):
        yield importlib.import_module(info.name)
    for probe in installed():
        yield importlib.import_module(probes.command(probe))


def thresholds() -> str:
    """The table of all limits: which values are bad, and what alerts by default."""
    rows = []
    for probe in installed():
        for limit in probe.measures:
            if not isinstance(limit, Limit) or not limit.help:
                continue
            parser = argparse.ArgumentParser(add_help=False)
            limit.declare(parser)
            options = ", ".join(action.option_strings[0] for action in parser._actions)
            warning, critical = (
                f"`{text}`" if text else said or "none" for text, said in zip(limit.defaults, limit.computed)
            )
            rows.append([f"`{probe.name}`", f"`{options}`", limit.help, limit.bad, warning, critical])
    return marked.table(["probe", "options", "what", "bad are", "warning", "critical"], rows)


def robot_calls() -> str:
    """The calls that create the monitoring robot, for each range of Harbor versions."""
    parts = []
    for versions, levels, without in ROBOTS:
        grants = [
            {"kind": kind, "namespace": namespace, "access": access(level, without)}
            for kind, namespace, level in (("system", "/", SYSTEM), ("project", "*", PROJECT))
            if level in levels
        ]
        robot = {
            "name": "monitoring", "description": "Reads what the check_harbor plugins judge", "level": "system",
            "duration": -1, "disable": False, "permissions": grants,
        }  # fmt: skip
        body = json.dumps(robot).replace('{"resource"', '\n  {"resource"')
        parts.append(f"### {versions}\n\n```sh\n{CALL}{body}\nEND\n```\n")
    return "\n".join(parts)


def access(level: str, without: tuple[str, ...]) -> list[dict[str, str]]:
    """The monitoring robot's permissions on this level in Harbor's form, without those that this Harbor refuses."""
    pairs = (permission.split(":") for permission in held(level) if permission not in without)
    return [{"resource": resource, "action": action} for resource, action in pairs]


def dashlets() -> str:
    """The dashlets for Icinga Web as links."""
    dashboard = (probes.ROOT / "icinga2/web/dashboard.ini").read_text(encoding="utf-8")
    found = re.findall(r'^url = "(.*)"\ntitle = "(.*)"$', dashboard, re.MULTILINE)
    return "".join(f"\n- {title}\n\n      https://icinga.example.com/icingaweb2/{url}\n" for url, title in found) + "\n"


def address(form: str) -> Callable[[], str]:
    """A line with the addresses of setup.cfg."""

    def line() -> str:
        return form.format(**release.setup()["metadata"])

    return line


#: The generated parts of each document.
PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"probes": questions, "permissions": permissions_table},
    "setup.cfg": {"modules": modules, "scripts": scripts},
    "ansible/roles/harbor_robot/vars/main.yml": {
        "system permissions": permissions(SYSTEM),
        "project permissions": permissions(PROJECT),
    },
    "ansible/galaxy.yml": {"repository": address("repository: {url}")},
    "packaging/check-harbor.spec": {"repository": address("URL:            {url}")},
    "debian/control": {"addresses": address("Maintainer: {author} <{author_email}>\nHomepage: {url}")},
    "nagios/check_harbor/templates.cfg": {"runbook": address("_HARBOR_RUNBOOK        {url}/docs/runbook.md")},
    "docs/icingaweb.md": {"dashlets": dashlets},
    "docs/runbook.md": {"ids": ids},
    "docs/robots.md": {"calls": robot_calls},
    "docs/thresholds.md": {"limits": thresholds},
}


def document(name: str) -> str:
    """A document with its lists regenerated."""
    text = (probes.ROOT / name).read_text(encoding="utf-8")
    for part, made in PARTS[name].items():
        text = marked.replaced(text, part, made())
    return text


def main() -> None:
    """Write them all."""
    for name in PARTS:
        (probes.ROOT / name).write_text(document(name), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
