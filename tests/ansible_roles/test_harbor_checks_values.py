"""What may stand in the variables of harbor_checks: nothing that means something to Nagios, Icinga 2 or a shell."""

from __future__ import annotations

import pytest

from ansible_roles.scripts import ROLE, script

HARBOR: dict[str, object] = {"name": "harbor.test", "url": "https://harbor.test"}
SECRET = "s3same-Secret"
INSTANCES = "harbor_checks_instances: harbor.test: "
URL = "must be https://HOST or https://HOST:PORT"
IMAGE = "must be PROJECT/REPOSITORY:TAG or PROJECT/REPOSITORY@sha256:DIGEST"
OBJECT = "no control characters, and none of ` ~ ! $ % ^ & * | ' \" < > ? , ( ) = ; { } \\"
PATH = "must be an absolute path of letters, digits and . _ -, without .."
PROJECT = "must be lower case letters and digits, with . _ - between"
RUNBOOK = "must be a URL without blanks, quotes, $ and ;"
COMMAND = "touch /canary-of-harbor-checks"
#: Ends a definition and begins one that runs something: in Nagios, in Icinga 2.
NAGIOS = f"x\n}}\ndefine command {{\n    command_name x\n    command_line {COMMAND}"
ICINGA = f'x"\n}}\nobject CheckCommand "x" {{ command = [ "sh", "-c", "{COMMAND}" ] }} //'
VALUES: dict[str, object] = {
    "harbor_checks_instances": [HARBOR],
    "harbor_checks_dir": "/opt/check_harbor",
    "harbor_checks_etc": "/etc/check_harbor",
    "harbor_checks_conf_dir": "/etc/icinga2/conf.d/check_harbor",
    "harbor_checks_plugin_dir": "/usr/lib/nagios/plugins",
    "harbor_checks_secrets_dir": "/home/jane doe/secrets",
    "harbor_checks_user": "nagios",
    "harbor_checks_version": "0.1.0",
    "harbor_checks_runbook": "https://wiki.example.com/x#y",
    "harbor_checks_notification_command": "mail-service-notification",
    "harbor_checks_contacts": ["oncall", "J\u00fcrgen of the night"],
    "harbor_checks_contact_groups": [],
}


GOOD: dict[str, list[object]] = {
    "url": ["harbor.test", "http://harbor.test:8080/", "https://[2001:db8::1]:443", "https://harbor_1"],
    "canary_project": ["canary", "a.b-c__d"],
    "canary_image": ["canary/alpine:3", f"a/b/c@sha256:{'0' * 64}"],
    "artifact": ["shop/web:stable"],
    "contacts": [["oncall", "jane@example.com"]],
    "without": [["portal", "audit_purge"]],
}
BAD: dict[str, tuple[str, list[object]]] = {
    "url": (
        URL,
        [
            f"https://{NAGIOS}",
            "https://$_HOSTX$",
            f"https://u:{SECRET}@harbor.test",
            "https://h;x",
            "https://h\n",
            "-h",
            "",
        ],
    ),
    "canary_project": (PROJECT, [ICINGA, "../x", "Canary", "canary\n"]),
    "canary_image": (IMAGE, ["canary/alpine:3; x", "canary/alpine", f"canary/alpine:{ICINGA}", "a/b:3\n", "a/b:`x`"]),
    "artifact": (IMAGE, [f"shop/web:{NAGIOS}", "shop/web:$USER1$"]),
    "contacts": (OBJECT, [["oncall", NAGIOS], ["a;b"], ["oncall\n"], "x{"]),
    "contact_groups": (OBJECT, [[ICINGA], ["a,b"]]),
    "without": (OBJECT, [['portal" ]'], ["\\"]]),
}
OF_ALL = {
    "harbor_checks_dir": [
        ("", f"{PATH}: "),
        ("/", f"{PATH}: /"),
        ("opt", f"{PATH}: opt"),
        ("/opt/..", f"{PATH}: /opt/.."),
    ],
    "harbor_checks_etc": [
        ("/etc/x\n", f"{PATH}: /etc/x\\n"),
        ("/etc/./x", f"{PATH}: /etc/./x"),
        ("//x", f"{PATH}: //x"),
    ],
    "harbor_checks_conf_dir": [("/etc/x; y", PATH), ("/etc/$HOME", PATH)],
    "harbor_checks_plugin_dir": [("/usr/lib/*", PATH), ("/usr/lib/", PATH)],
    "harbor_checks_secrets_dir": [("secrets", "must be an absolute path: secrets")],
    "harbor_checks_user": [("nagios:root", "must be the name of a user"), ("", "must be the name of a user")],
    "harbor_checks_version": [("0.1.0,evil", "must be a version, as 0.1.0"), ("0 -r x", "must be a version, as 0.1.0")],
    "harbor_checks_runbook": [
        ("https://w/$USER1$", RUNBOOK),
        ("javascript:alert(1)", RUNBOOK),
        ("https://w/\n}", RUNBOOK),
    ],
}
OBJECTS_OF_ALL = ("harbor_checks_notification_command", "harbor_checks_contacts", "harbor_checks_contact_groups")


def found(name: str, **changed: object) -> list[str]:
    """What the script says about these variables, or with a name about those of the Harbor."""
    return list(script("values").mistakes({**VALUES, **changed}))


def of_a_harbor(**traits: object) -> list[str]:
    return found("", harbor_checks_instances=[{**HARBOR, **traits}])


def test_usual_values_are_taken() -> None:
    assert found("") == []
    assert [said for name, values in GOOD.items() for value in values for said in of_a_harbor(**{name: value})] == []


@pytest.mark.parametrize("name", BAD)
def test_value_of_a_harbor_means_nothing_to_the_engine(name: str) -> None:
    text, values = BAD[name]
    colon = ":" if text == OBJECT else ""
    assert [of_a_harbor(**{name: value}) for value in values] == [[f"{INSTANCES}{name}{colon} {text}"]] * len(values)


@pytest.mark.parametrize("name", OF_ALL)
def test_value_means_nothing_to_a_shell_or_the_engine(name: str) -> None:
    assert [found("", **{name: value}) for value, _ in OF_ALL[name]] == [[f"{name} {text}"] for _, text in OF_ALL[name]]


@pytest.mark.parametrize("name", OBJECTS_OF_ALL)
def test_name_of_an_object_ends_no_definition(name: str) -> None:
    for value in (NAGIOS, ICINGA, "a\n", "a;b", "$x$"):
        assert found("", **{name: value if name.endswith("command") else [value]}) == [f"{name}: {OBJECT}"]


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "harbor.test\n", "a b", '"', ""])
def test_name_is_a_file_name(name: str) -> None:
    shown = name.replace("\n", "\\n")
    said = f"harbor_checks_instances: each name once, of letters, digits, dots and dashes: {shown}"
    assert found("", harbor_checks_instances=[{**HARBOR, "name": name}]) == [said]


def test_every_text_has_a_rule() -> None:
    yaml = pytest.importorskip("yaml", reason="needs ansible-core (the extra `ansible` of setup.cfg)")
    spec = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    texts = {
        name
        for options in (spec, spec["harbor_checks_instances"]["options"])
        for name, option in options.items()
        if "choices" not in option and {option["type"], option.get("elements")} & {"str", "path"}
    }
    values = script("values")
    # Names have a rule of their own; these files are read on the controller, and the URL of the index may be secret.
    elsewhere = {"name", "ca_file", "harbor_checks_wheelhouse", "harbor_checks_index_url"}
    assert texts == {*values.RULES, *values.OF_A_HARBOR, *elsewhere}
