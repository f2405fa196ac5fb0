"""`make docs`: write the services in icinga2/, nagios/ and docs/, from the parsers and services.py."""

from __future__ import annotations

from pathlib import Path

import director
import grafana
import graphite
import icinga
import marked
import nagios
import probes
import services

HOUR = 3600


def path(name: str) -> Path:
    """The path of a definition file."""
    return probes.ROOT / name


def setup() -> str:
    """docs/setup.md with its table of services regenerated."""
    document = path("docs/setup.md").read_text(encoding="utf-8")
    return marked.replaced(document, "services", table())


def table() -> str:
    """All services: their check interval, when they alert, and which hosts have them."""
    rows = ["| service | every | attempts | retry | hosts with |", "| --- | --- | --- | --- | --- |"]
    for service in services.shipped():
        needs = [name.replace("_", " ") for name in service.service.hosts if name not in ("url", "scanner", "projects")]
        if service.component:
            needs.append("that component")
        retry = f"{service.retry} s" if service.service.attempts > 1 else ""
        cells = [
            f"[{service.title}](runbook.md#{service.title})",
            spoken(service.interval),
            str(service.service.attempts),
            retry,
        ]
        rows.append(f"| {' | '.join([*cells, ', '.join(needs)])} |")
    return "\n".join(rows) + "\n"


def spoken(seconds: int) -> str:
    """A duration in plain words."""
    return f"{seconds // HOUR} h" if seconds >= HOUR else f"{seconds // services.MINUTE} min"


FILES = {
    "icinga2/check_harbor/commands.conf": icinga.commands,
    "icinga2/check_harbor/services.conf": icinga.services,
    "icinga2/director/basket.json": director.basket,
    "icinga2/grafana/harbor.json": grafana.dashboard,
    "icinga2/graphite/harbor.ini": graphite.templates,
    "nagios/check_harbor/commands.cfg": nagios.commands,
    "nagios/check_harbor/services.cfg": nagios.services,
    "docs/setup.md": setup,
}


def main() -> None:
    """Write them all."""
    for name, text in FILES.items():
        path(name).write_text(text(), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
