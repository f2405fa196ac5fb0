"""A Nagios for tests of the drill that need none to run: its files."""

from __future__ import annotations

import time
from pathlib import Path

from harbor_simulator.drill.site import Site


def configured(folder: Path, log: str = "nagios.log") -> str:
    """The main configuration of a Nagios that runs, with the host of a drill."""
    (folder / "status.dat").write_text(
        f"info {{\n\tcreated={time.time():.0f}\n\t}}\n"
        "programstatus {\n\tenable_notifications=1\n\tactive_service_checks_enabled=1\n\t}\n"
        f"hoststatus {{\n\thost_name=drill\n\t_HARBOR_URL=0;{Site(folder, 'drill', 8443).url}\n\t}}\n"
    )
    (folder / "nagios.log").touch()
    (folder / "nagios.cfg").write_text(f"log_file={folder}/{log}\nstatus_file={folder}/status.dat\n")
    return str(folder / "nagios.cfg")
