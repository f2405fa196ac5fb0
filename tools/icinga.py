"""The generated parts of icinga2/: a CheckCommand for each probe, an apply rule for each service."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

import probes  # isort: split

from harborlib.judge import isolation
from harborlib.run import options
from harborlib.run.probe import installed

import services as table
from services import ALERTING_SINCE, DELEGATED, LAST_STATE, REPLICAS, Shipped

HEAD = "// Written by `make docs` from the probes: change those, not this file.\n\n"
ENDS_THE_RUN = ("--help", "--version")

#: Values that only the engine knows, as expressions.
KNOWN = {
    DELEGATED: "HarborDelegated(host)",
    ALERTING_SINCE: '{{ HarborLastChange(macro("$host.name$"), "harbor-certificate") }}',
    LAST_STATE: '"$service.state_type$:$service.state$"',
    REPLICAS: "host.vars.harbor_replicas",
}
#: Those that not every host has.
OPTIONAL = (KNOWN[DELEGATED], KNOWN[REPLICAS])


def commands() -> str:
    """commands.conf: what all probes have in common, then one CheckCommand for each."""
    common = options.parser("x", "")
    arguments = [argument(common, action, variable(action)) for action in common._actions if takes_part(action)]
    parts = [HEAD + block('template CheckCommand "check_harbor"', ["arguments = {", *indent(arguments), "}"])]
    for probe in installed():
        parser, name = probe.parser(), probes.command(probe)
        lines = [f'import "check_harbor"\n\ncommand = [ HarborPluginDir + "/{name}" ]']
        arguments = [argument(parser, action, variable(action, name)) for action in own(parser)]
        if arguments:
            lines += ["arguments += {", *indent(arguments), "}"]
        parts.append(block(f'object CheckCommand "{name}"', lines))
    return "\n".join(parts)


def takes_part(action: argparse.Action) -> bool:
    """Whether a service can use the option."""
    return action.option_strings[-1] not in ENDS_THE_RUN


def own(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The options of one probe only."""
    common = options.parser("x", "")._option_string_actions
    return [action for action in parser._actions if action.option_strings[-1] not in common]


def variable(action: argparse.Action, name: str = "check_harbor") -> str:
    """The custom variable of an option: harbor_timeout for a shared one, harbor_portal_keyword for a probe's own."""
    special = {"--harbor": "url", "-4": "ipv4", "-6": "ipv6"}
    flag = action.option_strings[-1]
    word = special.get(flag, flag.lstrip("-").replace("-", "_"))
    return f"{name.removeprefix('check_')}_{word}"


def argument(parser: argparse.ArgumentParser, action: argparse.Action, variable: str) -> str:
    """One entry of a CheckCommand's arguments."""
    lines = [f'{"set_if" if action.nargs == 0 else "value"} = "${variable}$"']
    lines.append(f"description = {quoted(parser._get_formatter()._expand_help(action))}")
    if action.option_strings[-1] == "--harbor" or action.required:
        lines.append("required = true")
    return f'"{action.option_strings[-1]}" = {{\n' + "\n".join(indent(lines)) + "\n}"


def services() -> str:
    """services.conf: the owners on a host, then one apply rule for each service."""
    shipped = table.shipped()
    components = [service for service in shipped if service.component]
    single = [service for service in shipped if not service.component]
    parts = [HEAD + owners(shipped), has_storage(single), known_components(components), *map(rule, single)]
    return "\n".join([*parts, users(shipped)])


def users(shipped: Iterable[Shipped]) -> str:
    """The group of services whose failure users notice at once."""
    names = ", ".join(f'"{service.title}"' for service in shipped if "harbor-users" in service.groups)
    lines = [
        'display_name = "Harbor: can people work?"',
        "",
        f"assign where host.vars.harbor_url && service.name in [ {names} ]",
    ]
    return block('object ServiceGroup "harbor-users"', lines)


def has_storage(shipped: Iterable[Shipped]) -> str:
    """The function that returns whether a host has harbor-storage, for dependencies.conf."""
    (storage,) = (service for service in shipped if service.name == "storage")
    return block("globals.HarborHasStorage = function(host)", [f"return {condition(storage)}"])


def owners(shipped: Iterable[Shipped]) -> str:
    """The function that gives --isolate the services of this host."""
    whole = [service for service in shipped if service.owner in isolation.OWNERS and not service.component]
    lines = ["var owners = []"]
    lines += [f'if ({condition(service)}) {{ owners.add("{service.owner}") }}' for service in whole]
    names = ", ".join(f'"{name}"' for name in isolation.COMPONENTS)
    lines.append(f"for (component in [ {names} ]) {{")
    lines.append("  if (HarborHasComponent(host, component)) { owners.add(component) }")
    lines += ["}", 'return owners.join(",")']
    return block("globals.HarborOwners = function(host)", lines)


def known_components(services: Iterable[Shipped]) -> str:
    """How often each component is checked, for the apply rule in templates.conf."""
    lines = []
    for service in services:
        lines.append(f"{service.component} = {{")
        patient = ["patient = true"] if service.patient else []
        lines += indent([*timing(service), *patient, f"notes = {quoted(service.service.notes)}"])
        lines.append("}")
    return block("globals.HarborComponents =", lines)


def rule(service: Shipped) -> str:
    """The apply rule of one service."""
    lines = [f'import "{template(service)}"']
    if service.reminder:
        lines.append('import "harbor-reminder"')
    lines += ["", f"display_name = {quoted(service.short)}"]
    lines += [*([f'check_command = "check_harbor_{service.probe}"'] if service.probe else [])]
    lines += timing(service)
    lines += patience(service)
    for name, value in variables(service):
        set_it = f"vars.{name} = {value}"
        lines.append(f"if ({value}) {{ {set_it} }}" if value in OPTIONAL else set_it)
    if service.service.login:
        authfile = f"host.vars.harbor_{service.service.login}_authfile"
        lines.append(f"if ({authfile}) {{ vars.harbor_authfile = {authfile} }}")
    lines += [f"notes = {quoted(service.service.notes)}", f'notes_url = HarborRunbook(host, "{service.title}")']
    lines += ["", f"assign where {condition(service)}"]
    return block(f'apply Service "{service.title}"', lines)


def template(service: Shipped) -> str:
    """The service's template in templates.conf."""
    if not service.probe:
        return f"{service.title}-service"
    return "harbor-service" if service.independent else "harbor-dependent-service"


def timing(service: Shipped) -> list[str]:
    """Interval, attempts and retry interval."""
    lines = [f"check_interval = {service.interval}s", f"max_check_attempts = {service.service.attempts}"]
    return [*lines, f"retry_interval = {service.retry}s"]


def patience(service: Shipped) -> list[str]:
    """What a patient host changes in the timing."""
    if not service.patient:
        return []
    return ["if (host.vars.harbor_patient) {", '  import "harbor-patient-service"', "}"]


def variables(service: Shipped) -> list[tuple[str, str]]:
    """The custom variables that set the plugin's options, with their values as expressions."""
    result = []
    for option, value in service.service.options.items():
        expression = KNOWN.get(value) or quoted(value.replace("{", "$harbor_").replace("}", "$"))
        result.append((f"harbor_{service.probe}_{option.lstrip('-').replace('-', '_')}", expression))
    return result


def condition(service: Shipped) -> str:
    """The hosts that have the service."""
    terms = [f"host.vars.harbor_{name}" for name in dict.fromkeys(("url", *service.service.hosts))]
    if not service.independent:
        terms.append(f'!("{service.name}" in host.vars.harbor_without)')
    return " && ".join(terms)


def block(head: str, lines: Iterable[str]) -> str:
    """A head with indented lines in braces."""
    return f"{head} {{\n" + "\n".join(indent(lines)) + "\n}\n"


def indent(lines: Iterable[str]) -> list[str]:
    """The lines, indented by two more spaces; empty ones stay empty."""
    return [f"  {line}".rstrip() for text in lines for line in text.split("\n")]


def quoted(text: str) -> str:
    """A text as a string literal of Icinga's language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
