"""Reads the variables of the role as JSON, without secrets, and prints what may not be written as it stands.

What is written into a configuration, or becomes a word of a command, must not mean anything there: no line break ends
a definition, no quote a text, no dollar sign begins a macro, no semicolon a command.
"""

import json
import re
import sys

COMPONENT = "[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
IMAGE = f"{COMPONENT}(?:/{COMPONENT})+(?::\\w[\\w.-]{{0,127}}|@sha256:[0-9a-f]{{64}})"
LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
PLATFORM = f"compose|kubernetes(?::{LABEL}(?:/{LABEL})?)?"
ADDRESS = r"[0-9A-Fa-f:.]+"
REPLICAS = f"all|{ADDRESS}(?:,{ADDRESS}){{0,15}}"
HOST = r"[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]"
FORBIDDEN = "`~!$%^&*|'\"<>?,()=;{}\\"
OBJECT = f"[^\\x00-\\x1f\\x7f{re.escape(FORBIDDEN)}]+"
PATH = r"(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._-]+)+"

A_PATH = "must be an absolute path of letters, digits and . _ -, without .."
AN_IMAGE = "must be PROJECT/REPOSITORY:TAG or PROJECT/REPOSITORY@sha256:DIGEST"
AN_OBJECT = f"no control characters, and none of {' '.join(FORBIDDEN)}"

#: By variable: what it must look like, and how that is said.
RULES = {
    "harbor_checks_dir": (PATH, A_PATH),
    "harbor_checks_etc": (PATH, A_PATH),
    "harbor_checks_conf_dir": (PATH, A_PATH),
    "harbor_checks_plugin_dir": (PATH, A_PATH),
    "harbor_checks_secrets_dir": ("(?:/[^\\x00-\\x1f\\x7f\\\\]*)?", "must be an absolute path"),
    "harbor_checks_user": ("[a-z_][a-z0-9_-]*", "must be the name of a user"),
    "harbor_checks_version": ("[0-9][0-9a-z.!+]*", "must be a version, as 0.1.0"),
    "harbor_checks_runbook": (
        "(?:https?://[A-Za-z0-9._~:/?#@!&()*+,=%-]+)?",
        "must be a URL without blanks, quotes, $ and ;",
    ),
    "harbor_checks_notification_command": (OBJECT, AN_OBJECT),
    "harbor_checks_contacts": (OBJECT, AN_OBJECT),
    "harbor_checks_contact_groups": (OBJECT, AN_OBJECT),
}
#: The same for what belongs to one Harbor.
OF_A_HARBOR = {
    "url": (f"(?:https?://)?(?:{HOST})(?::[0-9]{{1,5}})?/*", "must be https://HOST or https://HOST:PORT"),
    "canary_project": (COMPONENT, "must be lower case letters and digits, with . _ - between"),
    "canary_image": (IMAGE, AN_IMAGE),
    "artifact": (IMAGE, AN_IMAGE),
    "platform": (PLATFORM, "must be compose or kubernetes[:NAMESPACE[/RELEASE]]"),
    "replicas": (REPLICAS, "must be all, or at most 16 addresses, separated by commas"),
    "contacts": (OBJECT, AN_OBJECT),
    "contact_groups": (OBJECT, AN_OBJECT),
    "without": (OBJECT, AN_OBJECT),
}
#: Whose value helps, and can hold no password.
SHOWN = ("harbor_checks_dir", "harbor_checks_etc", "harbor_checks_secrets_dir")


def fits(value, pattern):
    """Whether a text, or each of a list, is nothing but that."""
    texts = value if isinstance(value, list) else [value]
    return all(re.fullmatch(pattern, str(text), re.ASCII) for text in texts)


def mistakes(given):
    """Each in one line."""
    names = [str(harbor["name"]) for harbor in given["harbor_checks_instances"]]
    if len(set(names)) < len(names) or not fits(names, "[A-Za-z0-9][A-Za-z0-9._-]*"):
        yield f"harbor_checks_instances: each name once, of letters, digits, dots and dashes: {told(', '.join(names))}"
    for name, (pattern, text) in RULES.items():
        if not fits(given[name], pattern):
            yield f"{name}: {text}" if text == AN_OBJECT else f"{name} {text}{shown(name, given[name])}"
    for harbor in given["harbor_checks_instances"]:
        for name, (pattern, text) in OF_A_HARBOR.items():
            if name in harbor and not fits(harbor[name], pattern):
                yield f"harbor_checks_instances: {told(harbor['name'])}: {name}{':' * (text == AN_OBJECT)} {text}"


def shown(name, value):
    """The value for a message, where it may be shown."""
    return f": {told(value)}" if name in SHOWN else ""


def told(value):
    """Without whatever a terminal or a log would not show as it is."""
    return ascii(str(value))[1:-1]


if __name__ == "__main__":
    print("\n".join(mistakes(json.load(sys.stdin))))
