"""`make docs`: write what icinga2/ and nagios/ say of each probe and service, from the parsers and services.py."""

from __future__ import annotations

from pathlib import Path

import icinga
import nagios
import probes

FILES = {
    "icinga2/check_harbor/commands.conf": icinga.commands,
    "icinga2/check_harbor/services.conf": icinga.services,
    "nagios/check_harbor/commands.cfg": nagios.commands,
    "nagios/check_harbor/services.cfg": nagios.services,
}


def path(name: str) -> Path:
    return probes.ROOT / name


def main() -> None:
    for name, text in FILES.items():
        path(name).write_text(text(), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
