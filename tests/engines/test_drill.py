"""The fire drill on real engines with the shipped definitions, at intervals divided by SPEED."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harbor_simulator.drill.site import IMAGE, PROJECT, Site

from .daemons import free_port
from .engine import Engine, Harbor, until
from .icinga import PASSWORD, USER, Icinga
from .nagios import SHIPPED, Nagios
from .resident import Resident
from .test_without import REMOVABLE

pytestmark = pytest.mark.timeout(300)

SPEED = 60
HOST = "harbor-drill"
NAMES = {"icinga2": "Icinga 2", "nagios4": "Nagios"}
LEFT_OUT = tuple(name for name in REMOVABLE if name not in ("portal", "component-registry"))


@contextlib.contextmanager
def ready(kind: type[Engine], folder: Path, without: tuple[str, ...] = ()) -> Iterator[tuple[Engine, list[str]]]:
    """An engine with the host of a prepared drill, and the options of the drill."""
    site = Site(folder / "drill", HOST, free_port())
    site.prepare()
    files = {name: str(site.folder / name) for name in ("ca.pem", "monitor.auth", "canary.auth")}
    host = Harbor(
        HOST,
        site.url,
        robot_authfile=files["monitor.auth"],
        canary_authfile=files["canary.auth"],
        canary_project=PROJECT,
        canary_image=f"{PROJECT}/{IMAGE}:1.0",
        options={"": {"--ca-file": files["ca.pem"], "--timeout": "5"}},
        without=without,
    )
    with Resident() as resident:
        plugins = resident.install(folder / "plugins")
        with kind(folder / "engine", plugins, [host], active=True, speed=SPEED) as engine:
            yield engine, ["--directory", str(site.folder), *access(engine, folder)]


def access(engine: Engine, folder: Path) -> list[str]:
    """How the drill reads this engine."""
    if not isinstance(engine, Icinga):
        return ["--nagios", str(engine.folder / "nagios.cfg")]
    authfile = folder / "api.auth"
    authfile.touch(mode=0o600)
    authfile.write_text(f"username={USER}\npassword={PASSWORD}\n")
    ca_file = str(engine.folder / "data/certs/ca.crt")
    url = f"https://localhost:{engine.port}"
    return ["--icinga", url, "--icinga-authfile", str(authfile), "--icinga-ca-file", ca_file]


def broken(kind: type[Engine]) -> type[Engine]:
    """The engine with one mistake in its definitions: nobody is notified about the portal."""

    def configure(self: Engine) -> None:
        kind.configure(self)
        mistake(self)

    return type("Broken", (kind,), {"configure": configure})


def mistake(engine: Engine) -> None:
    if isinstance(engine, Icinga):
        file, rule = engine.folder / "check_harbor" / "notifications.conf", 'assign where "harbor-base"'
        text = file.read_text()
        assert rule in text
        file.write_text(text.replace(rule, f'ignore where service.name == "harbor-portal"\n  {rule}'))
        return
    copy = engine.folder / "check_harbor"
    shutil.copytree(SHIPPED, copy)
    config = engine.folder / "nagios.cfg"
    config.write_text(config.read_text().replace(f"cfg_dir={SHIPPED}", f"cfg_dir={copy}"))
    services = (copy / "services.cfg").read_text()
    line = "    service_description  harbor-portal\n"
    assert line in services
    (copy / "services.cfg").write_text(services.replace(line, f"{line}    notification_options n\n"))


def switch_notifications(engine: Engine, on: bool) -> None:
    """Of the engine as a whole."""
    if isinstance(engine, Icinga):
        engine._post("objects/icingaapplications/app", {"attrs": {"enable_notifications": on}})
        return
    assert isinstance(engine, Nagios)
    engine._order("ENABLE_NOTIFICATIONS" if on else "DISABLE_NOTIFICATIONS")
    wanted = f"enable_notifications={int(on)}"
    until(lambda: wanted in (engine.folder / "status.dat").read_text().split(), wanted)


def refusals(engine: Engine, options: list[str]) -> None:
    """Whatever makes a drill impossible is said at once."""
    switch_notifications(engine, on=False)
    code, _, err = drill(*options)
    assert code == 3
    assert f"notifications are switched off in {NAMES[engine.name]} as a whole (enable_notifications)" in err
    switch_notifications(engine, on=True)
    facts = Path(options[1]) / "drill.json"
    known = facts.read_text()
    facts.write_text(known.replace(HOST, "another"))
    code, out, err = drill(*options)
    assert (code, out) == (3, "")
    assert f"{NAMES[engine.name]} has no host another" in err
    facts.write_text(known)
    if "--icinga-authfile" in options:
        authfile = Path(options[options.index("--icinga-authfile") + 1])
        right = authfile.read_text()
        authfile.write_text(right.replace(PASSWORD, "wrong"))
        assert drill(*options) == (3, "", "check_harbor_drill: the API of Icinga 2 refuses the login wrong\n")
        authfile.write_text(right)


def test_each_row_says_who_was_paged_and_the_wrong_one_is_named(kind: type[Engine], tmp_path: Path) -> None:
    with ready(broken(kind), tmp_path, without=LEFT_OUT) as (engine, options):
        refusals(engine, options)
        code, table, _ = drill(*options, "--only", "registry-down,portal-down", "--wait", "6", "--hold", "5")
    rows = [line.split() for line in table.splitlines()[1:3]]
    assert [[row[0], row[1], row[2], row[4], row[-1]] for row in rows] == [
        ["registry-down", "harbor-component-registry", "oncall", "yes", "ok"],
        ["portal-down", "harbor-portal", "nobody", "-", "WRONG"],
    ]
    assert "portal-down: no page within 6 s, harbor-portal is" in table
    assert table.endswith("\n1 right, 1 wrong\n")
    assert code == 1


def drill(*options: str) -> tuple[int, str, str]:
    """A whole drill: its exit code, table and messages."""
    command = [sys.executable, "-m", "harbor_simulator.drill", *options]
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=280, check=False
    )
    return done.returncode, done.stdout, done.stderr
