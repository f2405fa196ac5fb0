"""icinga2/director/basket.json: what Icinga Director needs besides the definitions, generated from the probes.

A host template with a field for every host variable, and the notification rules. The services, their intervals and
dependencies stay in the definitions.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from probes import installed  # isort: split

from harborlib.judge.isolation import COMPONENTS
from harborlib.run import options

import icinga
import services

STRING, BOOLEAN, ARRAY = "String", "Boolean", "Array"
#: Not "harbor": a template of that name is in the definitions, and Director's would be a second one.
TEMPLATE, NOTIFICATION, PEOPLE = "harbor-director", "harbor-director-notification", "harbor-people"
#: Common options that the definitions set, or that a service has no use for.
NOT_ASKED = ("--harbor", "--authfile", "--isolate", "--output", "--verbose")


FILE = "A file on the machine where the plugins run, with the lines username=NAME and password=SECRET"


class Field(NamedTuple):
    """One line of Director's form."""

    variable: str
    caption: str
    description: str
    category: str
    kind: str = STRING


#: In Director's form, captions decide the order of fields and of groups: digits come first, then "all probes".
HOST = (
    Field("harbor_url", "1. URL", "https://harbor.example.com: the name that clients use, never an address", "Harbor"),
    Field("harbor_robot_authfile", "2. Credentials of the monitoring robot", FILE, "Harbor"),
    Field("harbor_canary_authfile", "3. Credentials of the canary robot", FILE, "Harbor"),
    Field("harbor_canary_project", "4. Canary project", "The canary robot may write to this project", "Harbor"),
    Field("harbor_canary_image", "5. Canary image", "An image to pull: project/repository:tag", "Harbor"),
    Field("harbor_artifact", "6. Artifact to monitor", "project/repository:tag", "Harbor"),
    Field("harbor_without", "7. Services to leave out", "Such as portal, component-trivy", "Harbor", ARRAY),
    Field(
        "harbor_replicas", "8. Replicas to check separately",
        "all: each address that the name of Harbor resolves to; or a list of addresses", "Harbor",
    ),
    Field("harbor_endpoint", "9. Where the plugins run", "The name of a satellite or an agent", "Harbor"),
    Field("harbor_scanner", "Harbor has a scanner", "No: scanner and scan are left out", "Harbor", BOOLEAN),
    Field(
        "harbor_projects", "Monitoring robot may read projects",
        "No: services that need permissions in projects are left out", "Harbor", BOOLEAN,
    ),
    Field("harbor_patient", "Tolerate short restarts", "Yes: ten seconds do not notify", "Harbor", BOOLEAN),
    Field("harbor_runbook", "URL of the runbook", "Every service links to its section of this page", "Harbor"),
)  # fmt: skip
#: Captions of options whose help makes no caption.
CAPTIONS = {
    "harbor_options_file": "file with further options",
    "harbor_client_key": "key of the client certificate",
    "harbor_artifact_maximum_age": "maximum age",
    "harbor_artifact_require": "what the artifact must have",
    "harbor_login_actions": "actions that the canary robot must be granted",
    "harbor_portal_keyword": "text that the page must contain",
    "harbor_pull_blobs": "blobs to read",
    "harbor_push_repository": "repository to write to",
    "harbor_quota_page_limit": "pages of 100 projects to read at most",
    "harbor_signin_issuer": "issuer of the OIDC provider",
    "harbor_vulnerabilities_critical_cves": "number of critical vulnerabilities, warning",
}
THRESHOLD = re.compile(r"(warning|critical) .*?: (.*?)(?:,? such as .*)? \((.*)\)")


def basket() -> str:
    """The basket as Director exports one."""
    fields = list(all_fields())
    content = {
        "DatafieldCategory": {name: category(name) for name in dict.fromkeys(field.category for field in fields)},
        "Datafield": {str(number): datafield(field) for number, field in enumerate(fields, 1)},
        "HostTemplate": {TEMPLATE: host_template(len(fields))},
        "UserGroup": {PEOPLE: named(PEOPLE, "object", display_name="Notified about Harbor")},
        "NotificationTemplate": {NOTIFICATION: notification_template()},
        "Notification": dict(notifications()),
    }
    return json.dumps(content, indent=2) + "\n"


def all_fields() -> Iterator[Field]:
    """The host's fields, the options of all probes, those of each probe."""
    yield from HOST
    common = options.parser("x", "")
    for action in common._actions:
        if icinga.takes_part(action) and action.option_strings[-1] not in NOT_ASKED:
            yield field(common, action, icinga.variable(action), "Harbor: all probes")
    shipped = services.shipped()
    for probe in installed():
        own = [service for service in shipped if service.probe == probe.name]
        set_by_service = {option for service in own for option in service.service.options}
        parser = probe.parser()
        for action in icinga.own(parser) if own else []:
            if action.option_strings[-1] not in set_by_service and icinga.takes_part(action):
                variable = icinga.variable(action, f"check_harbor_{probe.name}")
                yield field(parser, action, variable, f"Harbor: {probe.name.replace('_', ' ')}")


def field(parser: argparse.ArgumentParser, action: argparse.Action, variable: str, category: str) -> Field:
    """The field of an option, with its help text."""
    kind = BOOLEAN if action.nargs == 0 else STRING
    text = parser._get_formatter()._expand_help(action)
    caption = f"{category.removeprefix('Harbor: ')}: {CAPTIONS.get(variable) or phrase(text)}"
    return Field(variable, caption, text[0].upper() + text[1:], category, kind)


def phrase(text: str) -> str:
    """What a help text says at first; of a threshold what is measured, and the state."""
    threshold = THRESHOLD.fullmatch(text)
    if threshold:
        return f"{threshold[2]}, {threshold[1]}"
    return re.split(r": | \(|; |, e\.g\.|, such as", text)[0]


def datafield(field: Field) -> dict[str, Any]:
    """As Director exports it. It compares every value: what differs from its own export is a new field each time."""
    return {
        "varname": field.variable,
        "caption": field.caption,
        "description": field.description or None,
        "datatype": f"Icinga\\Module\\Director\\DataType\\DataType{field.kind}",
        "format": None,
        "settings": {},
        "category": field.category,
    }


def category(name: str) -> dict[str, Any]:
    """A heading of Director's form."""
    return {"category_name": name, "description": None}


def host_template(fields: int) -> dict[str, Any]:
    """What the template "harbor" of the definitions sets; Director cannot import that one."""
    required = {"1": "y"}
    return named(
        TEMPLATE,
        "template",
        check_command="harbor-host",
        check_interval="60",
        enable_notifications=False,
        icon_image="cubes",
        fields=[
            {"datafield_id": number, "is_required": required.get(str(number), "n"), "var_filter": None}
            for number in range(1, fields + 1)
        ],
        vars={
            "dummy_state": 0,
            "dummy_text": "$harbor_host_text$",
            "harbor_components": {component: {} for component in COMPONENTS},
            "harbor_projects": True,
            "harbor_scanner": True,
        },
    )


def notification_template() -> dict[str, Any]:
    """As in notifications.conf: UNKNOWN does not notify, an open problem notifies once."""
    return named(
        NOTIFICATION,
        "template",
        command="mail-service-notification",
        notification_interval=0,
        states=["OK", "Warning", "Critical"],
        types=["Acknowledgement", "Custom", "Problem", "Recovery"],
    )


def notifications() -> Iterator[tuple[str, dict[str, Any]]]:
    """The rules: the reminders apart, because they only repeat another service's problem and send no recovery."""
    reminders = [service.title for service in services.shipped() if service.reminder]
    start = reminders[0].rpartition("-")[0]
    rules: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("harbor-director-mail", f'service.name="harbor-*"&service.name!="{start}-*"', {}),
        ("harbor-director-mail-reminder", f'service.name="{start}-*"', {"types": ["Problem"]}),
    )
    for name, where, further in rules:
        yield (
            name,
            named(
                name,
                "apply",
                apply_to="service",
                imports=[NOTIFICATION],
                user_groups=[PEOPLE],
                assign_filter=f"host.vars.harbor_url=true&{where}",
                **further,
            ),
        )


def named(name: str, kind: str, **values: Any) -> dict[str, Any]:
    """One object of Director."""
    return {"object_name": name, "object_type": kind, **values}
