"""A monitoring host in a root file system: an engine as its package sets it up, a person to tell, two Harbors.

The engine's daemon is driven like those of tests/engines.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rootfs import Root, environment

from engines.engine import TELL, Engine
from engines.icinga import Icinga, credentials, free_port
from engines.nagios import Nagios
from engines.watched import CANARY, CANARY_SECRET, PROJECT
from simulator import MONITOR, MONITOR_SECRET, Simulator

#: Where the site has what a test needs to see and drive its daemon.
FOLDER = "var/lib/site"
NODE = "monitoring.test"
#: Files of the distribution's packages, and what the site adds to them.
ICINGA_SITE = """
object ApiListener "api" {{ bind_host = "127.0.0.1"; bind_port = {port} }}
object ApiUser "test" {{ password = "test"; permissions = [ "*" ] }}
object User "oncall" {{ }}
object NotificationCommand "tell" {{
  command = [ "{tell}", "$notification.type$", "$host.name$", "$service.name$", "$service.state$", "$service.output$" ]
}}
"""
NAGIOS_SITE = """
define contact {{
    contact_name                   oncall
    host_notifications_enabled     0
    service_notifications_enabled  1
    host_notification_period       24x7
    service_notification_period    24x7
    host_notification_options      n
    service_notification_options   w,u,c,r
    host_notification_commands     tell
    service_notification_commands  tell
}}
define command {{
    command_name  tell
    command_line  {tell} '$NOTIFICATIONTYPE$' '$HOSTNAME$' '$SERVICEDESC$' '$SERVICESTATE$' '$SERVICEOUTPUT$'
}}
"""
NAGIOS_SETTINGS = {
    "status_file": "status.dat",
    "object_cache_file": "objects.cache",
    "command_file": "nagios.cmd",
    "lock_file": "nagios.pid",
    "service_perfdata_file": "results",
}


def harbors(simulator: Simulator) -> list[dict[str, Any]]:
    """Harbors as they stand in an inventory: one with everything, one without a login."""
    return [
        {
            "name": "harbor.test",
            "url": simulator.url,
            "ca_file": simulator.ca_file,
            "robot": {"username": MONITOR, "password": MONITOR_SECRET},
            "canary": {"username": CANARY, "password": CANARY_SECRET},
            "canary_project": PROJECT,
            "canary_image": f"{PROJECT}/img:1.0",
            "probes": {"pull": {"blobs": "config"}, "push": {"depth": "session"}},
        },
        {
            "name": "lab.test",
            "url": simulator.url,
            "ca_file": simulator.ca_file,
            "components": ["registry", "database", "redis", "jobservice", "registryctl"],
        },
    ]


def prepare(root: Root) -> None:
    """The names that the host knows, and a folder that the engine may write to."""
    (root.seen / "etc/hosts").write_text("127.0.0.1 localhost harbor.test\n")
    # Apt's lists are as fresh as those of a host in use.
    (root.seen / "var/lib/apt/periodic").mkdir(exist_ok=True)
    (root.seen / "var/lib/apt/periodic/update-success-stamp").touch()
    folder = root.seen / FOLDER
    folder.mkdir()
    (folder / "pages").touch()
    (folder / "tell").write_text(TELL.format(pages=f"/{FOLDER}/pages"))
    (folder / "tell").chmod(0o755)
    root.run("chown", "-R", "nagios:nagios", f"/{FOLDER}")


def prepare_icinga(root: Root) -> int:
    """The API of Icinga 2, and a person to tell; returns the port."""
    prepare(root)
    port = free_port()
    with (root.seen / "etc/icinga2/constants.conf").open("a") as constants:
        constants.write(f'const NodeName = "{NODE}"\n')
    certificates = root.seen / "var/lib/icinga2/certs"
    certificates.mkdir(parents=True, exist_ok=True)
    credentials(Icinga.authority, NODE, certificates)
    root.run("chown", "-R", "nagios:nagios", "/var/lib/icinga2/certs")
    site = root.seen / "etc/icinga2/conf.d/site.conf"
    site.write_text(ICINGA_SITE.format(port=port, tell=f"/{FOLDER}/tell"))
    return port


def prepare_nagios(root: Root) -> None:
    """A person to tell, and each processed result a line in a file."""
    prepare(root)
    site = root.seen / "etc/nagios4/conf.d/site.cfg"
    site.write_text(NAGIOS_SITE.format(tell=f"/{FOLDER}/tell"))
    main = root.seen / "etc/nagios4/nagios.cfg"
    settings = {name: f"/{FOLDER}/{file}" for name, file in NAGIOS_SETTINGS.items()}
    settings.update(process_performance_data="1", status_update_interval="1", check_for_updates="0")
    settings.update(service_perfdata_file_mode="a")
    settings.update(service_perfdata_file_template=r"$HOSTNAME$\t$SERVICEDESC$\t$SERVICESTATEID$\t$SERVICEOUTPUT$")
    kept = re.sub(rf"^({'|'.join(settings)})=.*\n", "", main.read_text(), flags=re.M)
    main.write_text("\n".join([kept, *(f"{name}={value}" for name, value in settings.items()), ""]))


class InRoot(Engine):
    """The daemon of a root file system that the role has configured."""

    def __init__(self, root: Root, port: int = 0) -> None:
        self.root = root
        self.port = port
        super().__init__(root.seen / FOLDER / "unused", Path("/opt/check_harbor/bin"), [])
        self.names.prefix = []
        self.folder = root.seen / FOLDER
        self._pages = self.folder / "pages"

    def environment(self) -> dict[str, str]:
        return environment()


class IcingaInRoot(InRoot, Icinga):
    """Icinga 2 with the configuration in /etc."""

    def configure(self) -> None:
        self.authorize(self.root.seen / "var/lib/icinga2/certs/ca.crt")

    def command(self) -> list[str]:
        return self.root.command("icinga2", "daemon")


class NagiosInRoot(InRoot, Nagios):
    """Nagios with the configuration in /etc."""

    def configure(self) -> None:
        self._results = self.folder / "results"
        self._read = 0
        self.root.run("install", "-d", "-o", "nagios", "/run/nagios4")

    def command(self) -> list[str]:
        return self.root.command("nagios4", "/etc/nagios4/nagios.cfg")
