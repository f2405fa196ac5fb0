"""A monitoring host in a root file system: an engine as its package sets it up, a person to tell, two Harbors.

The engine's daemon is driven like those of tests/engines.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_roles.controller import Controller, Played, wheelhouse
from ansible_roles.rootfs import Root, environment
from engines.daemons import free_port
from engines.engine import TELL, Engine, until
from engines.icinga import Icinga, credentials
from engines.nagios import Nagios
from engines.watched import CANARY, CANARY_SECRET, PROJECT, simulated
from harbor_simulator import MONITOR, MONITOR_SECRET, Simulator

#: Where the site has what a test needs to see and drive its daemon.
FOLDER = "var/lib/site"
NODE = "monitoring.test"
#: An option's value with whatever means something to a shell or to one of the engines.
HOSTILE = r"""a\b; touch /canary "b c" 'd' $HOME$ $(touch /canary) `touch /canary` ~: * ? # ! & | < > (x) %s"""
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
NAGIOS_FILES = {
    "status_file": "status.dat",
    "object_cache_file": "objects.cache",
    "command_file": "nagios.cmd",
    "lock_file": "nagios.pid",
    "service_perfdata_file": "results",
}
NAGIOS_SETTINGS = {
    "check_for_updates": "0",
    "execute_service_checks": "0",
    "status_update_interval": "1",
    "process_performance_data": "1",
    "service_perfdata_file_mode": "a",
    "service_perfdata_file_template": r"$HOSTNAME$\t$SERVICEDESC$\t$SERVICESTATEID$\t$SERVICEOUTPUT$",
}


def harbors(simulator: Simulator) -> list[dict[str, Any]]:
    """Harbors as they stand in an inventory: one with everything, one without a login.

    The canary robot's login is not here but where harbor_robot stores it.
    """
    return [
        {
            "name": "harbor.test",
            "url": simulator.url,
            "ca_file": simulator.ca_file,
            "robot": {"username": MONITOR, "password": MONITOR_SECRET},
            "canary_project": PROJECT,
            "canary_image": f"{PROJECT}/img:1.0",
            "probes": {"pull": {"blobs": "config"}, "push": {"depth": "session"}, "quota": {"exclude": HOSTILE}},
        },
        {
            "name": "lab.test",
            "url": simulator.url,
            "ca_file": simulator.ca_file,
            "components": ["registry", "database", "redis", "jobservice", "registryctl"],
            "without": ["portal", "component-registryctl"],
            "patient": True,
        },
    ]


class InRoot(Engine):
    """The daemon of a root file system, with the configuration in /etc."""

    role = ""  # what the role calls it
    objects = ""  # where the role writes a host for each Harbor
    options = ""  # where the role writes options that the plugins read themselves, if it does
    main = ""  # a file of the configuration
    check: tuple[str, ...] = ()  # how it is asked whether it accepts its configuration
    reloaded = ""  # what its log says about a reload
    log = ""
    variables: Mapping[str, object] = {}  # of the role, with this engine

    def __init__(self, root: Root, port: int = 0) -> None:
        self.root = root
        self.port = port
        super().__init__(root.seen / FOLDER / "names", Path("/opt/check_harbor/bin"), [])
        self.names.prefix = []
        self.folder = root.seen / FOLDER
        self._pages = self.folder / "pages"

    @classmethod
    def prepare(cls, root: Root) -> int:
        """Let the site have a person to tell, and tests drive the daemon; returns the port of its API.

        Checks run only when they are forced: one that is under way already would swallow the order.
        """
        raise NotImplementedError

    def given(self, service: str) -> str:
        """What the plugin of a service of harbor.test is given, as far as it can be seen."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return environment()


class IcingaInRoot(InRoot, Icinga):
    """Icinga 2."""

    role = "icinga2"
    objects = "etc/icinga2/conf.d/check_harbor/hosts/{}.conf"
    main = "etc/icinga2/conf.d/site.conf"
    check = ("icinga2", "daemon", "-C")
    reloaded = "Received request to shut down"
    log = "var/log/icinga2/icinga2.log"

    @classmethod
    def prepare(cls, root: Root) -> int:
        port = free_port()
        certificates = root.seen / "var/lib/icinga2/certs"
        certificates.mkdir(parents=True, exist_ok=True)
        credentials(cls.authority, NODE, certificates)
        root.run("chown", "-R", "nagios:nagios", "/var/lib/icinga2/certs")
        with (root.seen / "etc/icinga2/constants.conf").open("a") as constants:
            constants.write(f'const NodeName = "{NODE}"\n')
        application = root.seen / "etc/icinga2/conf.d/app.conf"
        application.write_text('object IcingaApplication "app" { enable_service_checks = false }\n')
        (root.seen / cls.main).write_text(ICINGA_SITE.format(port=port, tell=f"/{FOLDER}/tell"))
        return port

    def configure(self) -> None:
        self.authorize(self.root.seen / "var/lib/icinga2/certs/ca.crt")

    def given(self, service: str) -> str:
        name = f"harbor.test!harbor-{service}"
        (found,) = self._get("objects/services", {"services": [name], "attrs": ["last_check_result"]})
        return "\n".join(found["attrs"]["last_check_result"]["command"])

    def command(self) -> list[str]:
        return self.root.command("icinga2", "daemon")


class NagiosInRoot(InRoot, Nagios):
    """Nagios."""

    role = "nagios"
    objects = "etc/nagios4/conf.d/check_harbor/hosts/{}.cfg"
    options = "etc/check_harbor/{}.options"
    main = "etc/nagios4/nagios.cfg"
    check = ("nagios4", "-v", "/etc/nagios4/nagios.cfg")
    reloaded = "Caught SIGHUP, restarting"
    log = "var/log/nagios4/nagios.log"
    variables: Mapping[str, object] = {"harbor_checks_install": "packages"}

    @classmethod
    def prepare(cls, root: Root) -> int:
        (root.seen / "etc/nagios4/conf.d/site.cfg").write_text(NAGIOS_SITE.format(tell=f"/{FOLDER}/tell"))
        settings = {name: f"/{FOLDER}/{file}" for name, file in NAGIOS_FILES.items()}
        settings.update(NAGIOS_SETTINGS)
        kept = re.sub(rf"^({'|'.join(settings)})=.*\n", "", (root.seen / cls.main).read_text(), flags=re.MULTILINE)
        (root.seen / cls.main).write_text(
            "\n".join([kept, *(f"{name}={value}" for name, value in settings.items()), ""])
        )
        return 0

    def configure(self) -> None:
        self._results = self.folder / "results"
        self._read = 0

    def given(self, service: str) -> str:
        return (self.root.seen / f"etc/check_harbor/harbor.test/{service}.options").read_text()

    def command(self) -> list[str]:
        return self.root.command("nagios4", "/etc/nagios4/nagios.cfg")

    def _start(self) -> None:
        """As after a change: it has been reloaded."""
        super()._start()
        log = self.root.seen / self.log
        self._order("RESTART_PROGRAM")
        until(lambda: "PROGRAM_RESTART event" in log.read_text(), "it reloads its configuration")
        until(self.ready, "it takes orders again")


class Host:
    """A monitoring host that the role has been applied to once; tests look at it, and change copies.

    `bare` is as it was before, `first` what the first run said, `variables` those of the role.
    """

    def __init__(self, kind: type[InRoot], preloaded: bool, bare: Root, collection: Controller) -> None:
        self.kind = kind
        self.preloaded = preloaded
        self.bare = bare
        self._collection = collection
        self._simulator = simulated("harbor.test")

    def __enter__(self) -> Host:
        self.simulator = self._simulator.__enter__()
        self._prepare()
        self.port = self.kind.prepare(self.bare)
        stored = self._collection.folder / "secrets" / "harbor.test" / "canary.auth"
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_text(f"username={CANARY}\npassword={CANARY_SECRET}\n")
        self.variables: dict[str, Any] = {
            "harbor_checks_secrets_dir": str(stored.parents[1]),
            "harbor_checks_engine": self.kind.role,
            "harbor_checks_instances": harbors(self.simulator),
            "harbor_checks_wheelhouse": str(wheelhouse()),
            "harbor_checks_contacts": ["oncall"],
            "harbor_checks_notification_command": "tell",
            "harbor_checks_preloaded": self.preloaded,
            **self.kind.variables,
        }
        self.root = self.bare.copy()
        with self.running(self.root):
            self.first = self.play(self.root, "-vvv", "--diff")
        return self

    def __exit__(self, *_: object) -> None:
        self._simulator.__exit__()

    def _prepare(self) -> None:
        """The names that the host knows, and a folder that the engine may write to."""
        root = self.bare
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

    @contextlib.contextmanager
    def running(self, root: Root) -> Iterator[None]:
        """With the engine as a service."""
        started = root.run("service", self.kind.name, "start")
        assert started.returncode == 0, started.stdout
        yield
        root.run("service", self.kind.name, "stop")

    def play(self, root: Root, *argv: str, **variables: object) -> Played:
        """Apply the role, with these variables instead of the usual ones."""
        return self._collection.play({**self.variables, **variables}, *argv, root=root)
