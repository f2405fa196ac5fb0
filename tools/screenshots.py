"""`make screenshots`: pictures of real pages of Icinga Web and Director, in docs/images.

A real Icinga 2 with the shipped definitions watches two simulated Harbors; the registry of one of them is down. Needs
Debian's chromium and pngquant, and the packages that .ci/run installs for the tests marked `web`.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

import probes  # isort: split

from engines import plugins
from engines.engine import until
from engines.watched import authfiles, host, simulated
from web.director import NEEDED, Director
from web.icingadb import IcingaDB, Shown
from web.icingaweb import IcingaWeb
from web.mariadb import MariaDB

FOLDER = probes.ROOT / "docs" / "images"
BASKET = probes.ROOT / "icinga2" / "director" / "basket.json"
HEALTHY, BROKEN = "harbor.example.com", "harbor-lab.example.com"
#: Each picture: the page, and the size of the window.
PICTURES = {
    "services": (f"icingadb/services?host.name={BROKEN}&sort=service.state.severity%20desc&limit=25", "1100,700"),
    "root-cause": (f"icingadb/service?name=harbor-component-registry&host.name={BROKEN}", "1000,900"),
    "dashboard": ("dashboard?pane=Harbor", "1400,520"),
    "process": ("businessprocess/process/show?config=harbor", "1000,540"),
    "director": (f"director/host/edit?name={HEALTHY}", "1000,1100"),
}


def brought_up(folder: Path, stack: contextlib.ExitStack) -> IcingaWeb:
    """An Icinga Web that shows both Harbors."""
    healthy, broken = (stack.enter_context(simulated(name)) for name in ("localhost", "localhost"))
    broken.switch("registry-down")
    database = stack.enter_context(MariaDB(folder / "mariadb"))
    icingadb = stack.enter_context(IcingaDB(folder / "icingadb", database))
    logins = authfiles(folder)
    hosts = [host(HEALTHY, healthy, logins, 15), host(BROKEN, broken, logins, 15)]
    programs = plugins.install(folder / "plugins")
    icinga = stack.enter_context(Shown(folder / "icinga", programs, hosts, icingadb=icingadb))
    icinga.alert_at_once()
    users = icinga.groups()["harbor-users"]  # of the healthy one, pictures show no others
    checks = {check for check in icinga.services() if check[0] == BROKEN or check in users}
    icinga.run(sorted(checks))
    until(lambda: checks <= icingadb.outputs().keys(), "everything is written")
    files = {**icingadb.files(), **Director.files(icinga)}
    text = files["modules/businessprocess/processes/harbor.conf"].replace(HEALTHY, BROKEN)
    files["modules/businessprocess/processes/harbor.conf"] = text
    modules = ("icingadb", "businessprocess", *NEEDED)
    web = stack.enter_context(IcingaWeb(folder / "web", database, ["icingadb", "director"], modules, files))
    director = Director(web, database)
    director.run("kickstart", "run")
    director.run("basket", "restore", text=BASKET.read_text(encoding="utf-8"))
    director.create("host", HEALTHY, {"object_type": "object", "imports": ["harbor-director"], "vars": given()})
    return web


def given() -> dict[str, str]:
    """What one fills in at least."""
    return {
        "harbor_url": f"https://{HEALTHY}",
        "harbor_robot_authfile": "/etc/check_harbor/robot.auth",
        "harbor_canary_authfile": "/etc/check_harbor/canary.auth",
        "harbor_canary_project": "canary",
        "harbor_canary_image": "canary/alpine:3",
    }


def take(url: str, size: str, file: Path, folder: Path) -> None:
    """Take a picture of a page, with few colors."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/chromium"]
    options += [f"--window-size={size}", "--virtual-time-budget=15000", f"--screenshot={file}"]
    subprocess.run(["chromium", *options, url], check=True, timeout=120, stderr=subprocess.DEVNULL)
    subprocess.run(["pngquant", "--force", "--ext", ".png", "--speed", "1", "64", str(file)], check=True, timeout=60)


def main() -> None:
    """Take all pictures, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        web = brought_up(Path(name), stack)
        for picture in sys.argv[1:] or PICTURES:
            path, size = PICTURES[picture]
            file = FOLDER / f"{picture}.png"
            take(web.url(path), size, file, Path(name))
            print(f"{file.relative_to(probes.ROOT)}: {file.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
