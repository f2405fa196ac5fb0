"""The generated parts of nagios/: a command for each probe, services by host group, the dependencies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import probes  # isort: split

from harborlib.run.probe import installed

import icinga
import services as table
from services import ALERTING_SINCE, DELEGATED, LAST_STATE, REPLICAS, Shipped

HEAD = "# Written by `make docs` from the probes: change those, not this file.\n\n"

#: Nagios treats a missing plugin as CRITICAL. This command turns any exit code that is not a plugin state into UNKNOWN,
#: which harbor-selfcheck reports. A semicolon would start a comment. The words come from a shell variable: the shell
#: splits them at spaces, and anything else in a host's variables has no meaning to the shell.
COMMAND = (
    "set -f && words='$_HOSTHARBOR_PLUGINS$/{name} -H $_HOSTHARBOR_URL$ --isolate $_HOSTHARBOR_OWNERS$"
    " --platform=$_HOSTHARBOR_PLATFORM$ $ARG1$ $_HOSTHARBOR_OPTIONS$ $_HOST{macro}$'"
    " && $$words || exit $$(($$? > 3 ? 3 : $$?))"
)

#: What the host shows: it sums up the services and names those that page, CRITICAL before WARNING. The macros of a
#: service that the host lacks match neither.
SUMMARY = (
    "/bin/echo 'Harbor at $_HOSTHARBOR_URL$: $TOTALHOSTSERVICESOK$ of $TOTALHOSTSERVICES$ services are OK'"
    "\"$$(printf ', %s %s\\n' {states} | grep -E '^, (CRITICAL|WARNING) ' | sort | tr -d '\\n')\""
)

#: Values that only the engine knows, as macros.
KNOWN = {
    DELEGATED: "$_HOSTHARBOR_DELEGATED$",
    ALERTING_SINCE: "$LASTSERVICESTATECHANGE::harbor-certificate$",
    LAST_STATE: "$SERVICESTATETYPE$:$SERVICESTATE$",
    REPLICAS: "$_HOSTHARBOR_REPLICAS$",
}


#: The hosts that tolerate a restart.
PATIENT = "harbor-patient"


def commands() -> str:
    """commands.cfg: a command for each probe, and the host variable with its options."""
    parts, none = [], {"name": "harbor-options", "register": "0"}
    for probe in installed():
        name = probes.command(probe)
        macro = f"{name.replace('check_', '', 1).upper()}_OPTIONS"
        options = [action.option_strings[-1] for action in icinga.own(probe.parser())]
        command = {"command_name": name, "command_line": COMMAND.format(name=name, macro=macro)}
        parts.append(f"# _{macro}: {' '.join(options)}, see docs/{name}.md\n" + block("command", command))
        none[f"_{macro}"] = ""
    return HEAD + "\n".join([*parts, "# None for any probe, unless a host says otherwise.\n" + block("host", none)])


def services() -> str:
    """services.cfg: the host's command, the services, the dependencies, and the groups of hosts without a service."""
    shipped = table.shipped()
    named = {service.name: service for service in shipped}
    dependencies = [dependency(named["health"], service, "c,u,p", "c,u,p") for service in shipped if waits(service)]
    # A full volume pages once, for push is not checked meanwhile. Its notifications are not held back: Nagios would
    # drop the RECOVERY of a push that has paged before and is checked by force.
    dependencies.append(dependency(named["storage"], named["push"], "n", "c"))
    groups = [without(service) for service in shipped if waits(service)]
    patient = [definition(service, patient=True) for service in shipped if service.patient]
    return HEAD + "\n".join([summary(shipped), *map(definition, shipped), *patient, *dependencies, *groups])


def summary(shipped: Sequence[Shipped]) -> str:
    """The check command of the host, which is always up. A reminder repeats another service."""
    titles = [service.title for service in shipped if not service.reminder]
    states = " ".join(f"'$SERVICESTATE::{title}$' {title}" for title in titles)
    return block("command", {"command_name": "harbor-host", "command_line": SUMMARY.format(states=states)})


def waits(service: Shipped) -> bool:
    """Whether it depends on health; every host has the services that do not."""
    return not service.independent


def hostgroup(service: Shipped) -> str:
    """The group of the hosts that have the service."""
    if service.component == "trivy":
        return "harbor-trivy"
    needs = [need.split("_")[0] for need in service.service.hosts if need != "url"]
    return f"harbor-{needs[-1]}" if needs else "harbor"


def hostgroups(*services: Shipped, group: str = "") -> str:
    """The hosts of the group, by default the first service's, that have opted out of none of the services."""
    left_out = [f"!harbor-without-{service.name}" for service in services if waits(service)]
    return ",".join([group or hostgroup(services[0]), *left_out])


def without(service: Shipped) -> str:
    """The group of the hosts that have opted out of the service."""
    values = {"hostgroup_name": f"harbor-without-{service.name}", "alias": f"Harbor without {service.title}"}
    return block("hostgroup", values)


def definition(service: Shipped, patient: bool = False) -> str:
    """One service, by host group; if a restart would page, for all hosts except the patient ones, or only for these."""
    group, attempts, retry = hostgroup(service), service.service.attempts, service.retry
    if patient:
        group, attempts, retry = PATIENT, 2, table.PATIENCE
    elif service.patient:
        group += f",!{PATIENT}"
    words = [f"$_HOSTHARBOR_{service.service.login.upper()}_LOGIN$"] if service.service.login else []
    # With `=`, for most hosts have no replicas: the option would take the next one as its value.
    words += [
        f"{option}{'=' if value == REPLICAS else ' '}{macros(value)}"
        for option, value in service.service.options.items()
    ]
    command = f"check_harbor_{service.probe}" if service.probe else service.title
    return block(
        "service",
        {
            "use": "harbor-reminder" if service.reminder else "harbor-service",
            "hostgroup_name": hostgroups(service, group=group),
            "service_description": service.title,
            "display_name": service.short,
            "servicegroups": ",".join(service.groups),
            "check_command": f"{command}!{' '.join(words)}" if words else command,
            "check_interval": minutes(service.interval),
            "max_check_attempts": str(attempts),
            "retry_interval": minutes(retry),
            "notes": service.service.notes,
            "notes_url": f"$_HOSTHARBOR_RUNBOOK$#{service.title}",
        },
    )


def dependency(parent: Shipped, child: Shipped, notification: str, execution: str) -> str:
    """The states of the parent in which the child, on the same host, does not notify and is not checked."""
    return block(
        "servicedependency",
        {
            "hostgroup_name": hostgroups(child, parent),
            "service_description": parent.title,
            "dependent_service_description": child.title,
            "notification_failure_criteria": notification,
            "execution_failure_criteria": execution,
        },
    )


def macros(value: str) -> str:
    """The value of an option, with the host's variables as macros."""
    known = KNOWN.get(value)
    return known or re.sub(r"{(\w+)}", lambda match: f"$_HOSTHARBOR_{match[1].upper()}$", value)


def minutes(seconds: int) -> str:
    """A duration in units of Nagios's interval_length, which is a minute."""
    return f"{seconds / table.MINUTE:.3f}".rstrip("0").rstrip(".")


def block(kind: str, values: Mapping[str, str]) -> str:
    """One definition."""
    width = max(map(len, values)) + 2
    lines = [f"    {name:{width}}{value}".rstrip() for name, value in values.items()]
    return "\n".join([f"define {kind} {{", *lines, "}", ""])
