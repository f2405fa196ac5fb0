"""Nagios 4 with the shipped definitions, driven through its command pipe."""

from __future__ import annotations

import grp
import os
import pwd
import re
import subprocess
import time
from collections.abc import Collection, Mapping

from .engine import POLL, ROOT, Engine, Harbor, Result

SHIPPED = ROOT / "nagios" / "check_harbor"
# Debian's nagios.cfg where it matters, all paths in one folder. Each processed result is a line in `results`.
MAIN = """
log_file={folder}/nagios.log
cfg_dir={shipped}
cfg_file={folder}/objects.cfg
object_cache_file={folder}/objects.cache
precached_object_file={folder}/objects.precache
status_file={folder}/status.dat
state_retention_file={folder}/retention.dat
temp_file={folder}/nagios.tmp
temp_path={folder}
check_result_path={folder}/spool
lock_file={folder}/nagios.pid
command_file={folder}/nagios.cmd
query_socket={folder}/nagios.qh
nagios_user={user}
nagios_group={group}
use_syslog=0
check_for_updates=0
event_broker_options=0
status_update_interval=1
check_external_commands=1
execute_service_checks={active}
execute_host_checks=0
interval_length={minute}
service_check_timeout=60
service_check_timeout_state=u
illegal_macro_output_chars=`~$&|'"<>
process_performance_data=1
service_perfdata_file={folder}/results
service_perfdata_file_mode=a
service_perfdata_file_template=$HOSTNAME$\\t$SERVICEDESC$\\t$SERVICESTATEID$\\t$SERVICEOUTPUT$
"""
OBJECTS = """
define timeperiod {{
    timeperiod_name  24x7
    alias            always
{days}
}}
define contactgroup {{
    contactgroup_name  admins
    alias              admins
    members            oncall
}}
define contact {{
    contact_name                   oncall
    host_notifications_enabled     1
    service_notifications_enabled  1
    host_notification_period       24x7
    service_notification_period    24x7
    host_notification_options      d,u,r
    service_notification_options   w,u,c,r
    host_notification_commands     tell
    service_notification_commands  tell
}}
define command {{
    command_name  tell
    command_line  {tell} '$NOTIFICATIONTYPE$' '$HOSTNAME$' '$SERVICEDESC$' '$SERVICESTATE$' '$SERVICEOUTPUT$'
}}
"""
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Nagios(Engine):
    """Nagios 4; results come from its performance data file."""

    name = "nagios4"
    package = "nagios4-core"
    objects = "objects.cfg"
    written = delayed = 1.5  # its status file is written once a second
    checks_waiting = False  # by itself; a forced check ignores for whom it waits

    def configure(self) -> None:
        (self.folder / "spool").mkdir()
        user = pwd.getpwuid(os.getuid()).pw_name
        group = grp.getgrgid(os.getgid()).gr_name
        values = {"folder": self.folder, "shipped": SHIPPED, "user": user, "group": group, "active": int(self.active)}
        self._config = self.folder / "nagios.cfg"
        self._config.write_text(MAIN.format(**values, minute=60 // self.speed))
        days = "\n".join(f"    {day}  00:00-24:00" for day in WEEK)
        hosts = [self._host(harbor) for harbor in self.harbors]
        (self.folder / self.objects).write_text("\n".join([OBJECTS.format(days=days, tell=self.tell), *hosts]))
        self._results = self.folder / "results"
        self._read = 0

    def command(self) -> list[str]:
        return ["nagios4", str(self._config)]

    def accepts(self) -> tuple[bool, str]:
        done = subprocess.run(["nagios4", "-v", str(self._config)], capture_output=True, text=True, timeout=60)
        return done.returncode == 0, done.stdout + done.stderr

    def ready(self) -> bool:
        return (self.folder / "nagios.cmd").exists() and (self.folder / "status.dat").exists()

    def _order(self, command: str) -> None:
        with (self.folder / "nagios.cmd").open("w") as pipe:
            pipe.write(f"[{int(time.time())}] {command}\n")

    def force(self, host: str, service: str) -> None:
        self._order(f"SCHEDULE_FORCED_SVC_CHECK;{host};{service};{int(time.time())}")

    def submit(self, host: str, service: str, state: int, output: str) -> None:
        self._order(f"PROCESS_SERVICE_CHECK_RESULT;{host};{service};{state};{output}")

    def pass_all(self) -> None:
        services = self.services()
        for host, service in services:
            self.submit(host, service, 0, "not checked yet")
        waiting = set(services)
        until = time.monotonic() + 30
        while waiting and time.monotonic() < until:
            waiting -= {(result.host, result.service) for result in self.results(waiting)}
            time.sleep(POLL)  # the results file grows as they are processed

    def results(self, awaited: Collection[tuple[str, str]]) -> list[Result]:
        if not self._results.exists():
            return []
        with self._results.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        split = (line.split("\t", 3) for line in whole.decode("utf-8", "backslashreplace").split("\n")[:-1])
        return [Result(host, service, int(state), output) for host, service, state, output in split]

    def give(self, host: str, option: str, value: str) -> None:
        (harbor,) = (harbor for harbor in self.harbors if harbor.name == host)
        given = words({**harbor.options.get("", {}), option: value})
        self._order(f"CHANGE_CUSTOM_HOST_VAR;{host};HARBOR_OPTIONS;{given}")

    def acknowledge(self, host: str, service: str) -> None:
        self._order(f"ACKNOWLEDGE_SVC_PROBLEM;{host};{service};2;0;0;test;we know")

    def remark(self, host: str, service: str, text: str) -> None:
        now = int(time.time())
        self._order(f"ADD_SVC_COMMENT;{host};{service};1;test;{text}")
        self._order(f"SCHEDULE_SVC_DOWNTIME;{host};{service};{now};{now + 3600};1;0;3600;test;{text}")

    def states(self) -> dict[tuple[str, str], int | None]:
        text = (self.folder / "status.dat").read_text()
        found = {}
        for entry in re.findall(r"^servicestatus {\n(.*?)^\t}", text, re.MULTILINE | re.DOTALL):
            values = dict(line.strip().split("=", 1) for line in entry.splitlines())
            state = int(values["current_state"]) if values["has_been_checked"] == "1" else None
            found[values["host_name"], values["service_description"]] = state
        return found

    def attempts(self, host: str, service: str, attempts: int) -> None:
        self._order(f"CHANGE_MAX_SVC_CHECK_ATTEMPTS;{host};{service};{attempts}")

    def services(self) -> list[tuple[str, str]]:
        text = (self.folder / "objects.cache").read_text()
        return re.findall(r"define service {\n\thost_name\t(.*)\n\tservice_description\t(.*)\n", text)

    def dependencies(self) -> list[tuple[str, str, str]]:
        found = set()  # Nagios writes one for checks and one for notifications
        for values in self._compiled("servicedependency"):
            assert values["host_name"] == values["dependent_host_name"]
            found.add((values["host_name"], values["dependent_service_description"], values["service_description"]))
        return sorted(found)

    def groups(self) -> dict[str, set[tuple[str, str]]]:
        found = {}
        for values in self._compiled("servicegroup"):
            words = values["members"].split(",")
            found[values["servicegroup_name"]] = set(zip(words[::2], words[1::2]))
        return found

    def timing(self, host: str, service: str) -> tuple[int, float]:
        for values in self._compiled("service"):
            if (values["host_name"], values["service_description"]) == (host, service):
                return int(values["max_check_attempts"]), float(values["retry_interval"]) * 60
        raise LookupError(service)

    def _compiled(self, kind: str) -> list[dict[str, str]]:
        """The objects of a kind, as Nagios has understood them."""
        text = (self.folder / "objects.cache").read_text()
        entries = re.findall(rf"^define {kind} {{\n(.*?)^\t}}", text, re.MULTILINE | re.DOTALL)
        return [
            dict(line.strip().split("\t", 1) for line in entry.splitlines() if "\t" in line.strip())
            for entry in entries
        ]

    def _host(self, harbor: Harbor) -> str:
        """The host, as a user would write it."""
        template = "harbor-canary" if harbor.canary_project else "harbor-robot" if harbor.robot_authfile else "harbor"
        values = {"use": template, "host_name": harbor.name, "contacts": "oncall", "_HARBOR_URL": harbor.url}
        values.update(_HARBOR_PLUGINS=str(self.plugins), _HARBOR_SELFCHECK=str(SHIPPED / "selfcheck.sh"))
        for who, authfile in (("ROBOT", harbor.robot_authfile), ("CANARY", harbor.canary_authfile)):
            if authfile:
                values[f"_HARBOR_{who}_LOGIN"] = f"--authfile {authfile}"
        if harbor.replicas:
            values["_HARBOR_REPLICAS"] = harbor.replicas
        if harbor.canary_project:
            values.update(_HARBOR_CANARY_PROJECT=harbor.canary_project, _HARBOR_CANARY_IMAGE=harbor.canary_image)
        groups = [f"harbor-without-{name}" for name in harbor.without] + ["harbor-patient"] * harbor.patient
        if groups:
            values["hostgroups"] = "+" + ",".join(groups)
        for probe, options in harbor.options.items():
            values["_".join(filter(None, ["_HARBOR", probe.upper(), "OPTIONS"]))] = words(options)
        lines = [f"    {name}  {value}" for name, value in values.items()]
        return "\n".join(["define host {", *lines, "}", ""])


def words(options: Mapping[str, str]) -> str:
    """Options as on a command line."""
    return " ".join(f"{option} {value}" for option, value in options.items())
