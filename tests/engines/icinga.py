"""Icinga 2 with the shipped definitions, driven through its API."""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import subprocess
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import requests
import trustme

from .daemons import free_port
from .engine import ROOT, Engine, Harbor, Result

SHIPPED = ROOT / "icinga2" / "check_harbor"
USER, PASSWORD = "test", "test"
MAIN = """
include <itl>
const NodeName = "{node}"
const HarborPluginDir = "{plugins}"
{zones}
object IcingaApplication "app" {{ enable_service_checks = {active}; enable_host_checks = false }}
object CheckerComponent "checker" {{ }}
object NotificationComponent "notification" {{ }}
object ApiListener "api" {{ bind_host = "127.0.0.1"; bind_port = {port}; accept_config = true; accept_commands = true }}
object ApiUser "{user}" {{ password = "{password}"; permissions = [ "*" ] }}
object User "oncall" {{ }}
object NotificationCommand "tell" {{
  command = [ "{tell}", "$notification.type$", "$host.name$", "$service.name$", "$service.state$", "$service.output$" ]
}}
{definitions}
"""
ALONE = """
object Endpoint NodeName { }
object Zone NodeName { endpoints = [ NodeName ] }
"""


class Icinga(Engine):
    """Icinga 2; results are asked for at its API (its event stream tells them up to 5 s late)."""

    name = "icinga2"
    package = "icinga2"
    objects = "hosts.conf"
    delayed = 6  # it looks for them every 5 s
    node = "test-node"
    authority = trustme.CA()

    def configure(self) -> None:
        self.port = free_port()
        for part in ("data/certs", "log", "cache", "spool", "run", "zones"):
            (self.folder / part).mkdir(parents=True)
        credentials(self.authority, self.node, self.folder / "data" / "certs")
        values = {"node": self.node, "plugins": self.plugins, "port": self.port, "user": USER, "password": PASSWORD}
        active = str(self.active).lower()
        parts = {"zones": self.zones(), "definitions": self.definitions()}
        text = MAIN.format(**values, **parts, active=active, tell=self.tell)
        (self.folder / "icinga2.conf").write_text(text)
        self.authorize(self.folder / "data" / "certs" / "ca.crt")

    def authorize(self, authority: Path) -> None:
        """Have a session with the API, whose certificate stands under this CA."""
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(authority)
        self._session.auth = (USER, PASSWORD)
        self._session.headers["Accept"] = "application/json"
        self._forced: dict[tuple[str, str], float] = {}

    def zones(self) -> str:
        """What zones.conf has."""
        return ALONE

    def definitions(self) -> str:
        """Where the shipped definitions and the hosts are, as in conf.d."""
        shipped = SHIPPED if self.speed == 1 else self._faster()
        (self.folder / self.objects).write_text("\n".join(map(host, self.harbors)))
        return f'include "{shipped}/*.conf"\ninclude "{self.objects}"'

    def _faster(self) -> Path:
        """The shipped definitions with shorter intervals."""
        faster = self.folder / "check_harbor"
        faster.mkdir()
        for file in SHIPPED.iterdir():
            text = re.sub(
                r"(_interval = )(\d+)s", lambda found: f"{found[1]}{int(found[2]) / self.speed}", file.read_text()
            )
            (faster / file.name).write_text(text)
        return faster

    def command(self) -> list[str]:
        return ["icinga2", "daemon", *self._arguments()]

    def accepts(self) -> tuple[bool, str]:
        command = ["icinga2", "daemon", "-C", *self._arguments()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=self.environment())
        return done.returncode == 0, done.stdout + done.stderr

    def _arguments(self) -> list[str]:
        places = {"ConfigDir": ".", "DataDir": "data", "LogDir": "log", "CacheDir": "cache", "SpoolDir": "spool"}
        places.update(InitRunDir="run", ZonesDir="zones")
        defines = [f"-D{name}={self.folder / place}" for name, place in places.items()]
        return [*defines, "-c", str(self.folder / "icinga2.conf")]

    def environment(self) -> dict[str, str]:
        """As whoever runs the tests; started by root, Icinga 2 would become another user."""
        user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        return {**os.environ, "ICINGA2_USER": user, "ICINGA2_GROUP": group}

    def ready(self) -> bool:
        try:
            self._session.get(self._url("objects/services"), timeout=5).raise_for_status()
        except requests.RequestException:
            return False
        return True

    def _url(self, path: str) -> str:
        return f"https://localhost:{self.port}/v1/{path}"

    def close(self) -> None:
        self._session.close()

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        self._session.post(self._url(path), json=body, timeout=30).raise_for_status()

    def _get(self, path: str, parameters: Mapping[str, list[str]]) -> list[dict[str, Any]]:
        answer = self._session.get(self._url(path), params=parameters, timeout=30)
        answer.raise_for_status()
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    def force(self, host: str, service: str) -> None:
        self._forced[host, service] = time.time()
        self._post("actions/reschedule-check", {**one(host, service), "force": True})

    def results(self, awaited: Collection[tuple[str, str]]) -> list[Result]:
        parameters = {"services": ["!".join(check) for check in awaited], "attrs": ["last_check_result"]}
        found = []
        for entry in self._get("objects/services", parameters):
            host, service = entry["name"].split("!")
            result = entry["attrs"]["last_check_result"]
            if result and result["execution_start"] > self._forced[host, service]:
                found.append(Result(host, service, int(result["state"]), result["output"].split("\n")[0].rstrip()))
        return found

    def submit(self, host: str, service: str, state: int, output: str) -> None:
        self._submit(one(host, service), state, output)

    def pass_all(self) -> None:
        self._submit({"type": "Service", "filter": "true"}, 0, "not checked yet")

    def _submit(self, which: Mapping[str, str], state: int, output: str) -> None:
        self._post("actions/process-check-result", {**which, "exit_status": state, "plugin_output": output})

    def give(self, host: str, option: str, value: str) -> None:
        self._post(f"objects/hosts/{host}", {"attrs": {f"vars.harbor_{option.lstrip('-').replace('-', '_')}": value}})

    def acknowledge(self, host: str, service: str) -> None:
        said = {"author": "test", "comment": "we know", "sticky": True, "notify": False}
        self._post("actions/acknowledge-problem", {**one(host, service), **said})

    def remark(self, host: str, service: str, text: str) -> None:
        said, now = {"author": "test", "comment": text}, time.time()
        self._post("actions/add-comment", {**one(host, service), **said})
        lasts = {"start_time": now, "end_time": now + 3600, "fixed": True}
        self._post("actions/schedule-downtime", {**one(host, service), **said, **lasts})

    def states(self) -> dict[tuple[str, str], int | None]:
        found = {}
        for entry in self._get("objects/services", {"attrs": ["state", "last_check_result"]}):
            host, service = entry["name"].split("!")
            checked = entry["attrs"]["last_check_result"] is not None
            found[host, service] = int(entry["attrs"]["state"]) if checked else None
        return found

    def attempts(self, host: str, service: str, attempts: int) -> None:
        self._post(f"objects/services/{host}!{service}", {"attrs": {"max_check_attempts": attempts}})

    def alert_at_once(self) -> None:
        self._post("objects/services", {"filter": "true", "attrs": {"max_check_attempts": 1}})

    def services(self) -> list[tuple[str, str]]:
        names = [entry["name"].split("!") for entry in self._get("objects/services", {"attrs": ["name"]})]
        return [(host, service) for host, service in names]

    def check_commands(self) -> dict[tuple[str, str], str]:
        """The check command of each host and service."""
        entries = self._get("objects/services", {"attrs": ["check_command", "host_name"]})
        return {tuple(entry["name"].split("!")): entry["attrs"]["check_command"] for entry in entries}

    def dependencies(self) -> list[tuple[str, str, str]]:
        names = ["child_host_name", "child_service_name", "parent_host_name", "parent_service_name"]
        found = [entry["attrs"] for entry in self._get("objects/dependencies", {"attrs": names})]
        assert all(entry["child_host_name"] == entry["parent_host_name"] for entry in found)
        return [(entry[names[0]], entry[names[1]], entry[names[3]]) for entry in found]

    def groups(self) -> dict[str, set[tuple[str, str]]]:
        found: dict[str, set[tuple[str, str]]] = {}
        for entry in self._get("objects/services", {"attrs": ["groups"]}):
            host, service = entry["name"].split("!")
            for group in entry["attrs"]["groups"]:
                found.setdefault(group, set()).add((host, service))
        return found

    def attributes(self, kind: str, name: str) -> dict[str, Any]:
        """Those of one object: "hosts" and its name, or "services" and HOST!NAME."""
        (found,) = self._get(f"objects/{kind}", {kind: [name]})
        attributes: dict[str, Any] = found["attrs"]
        return attributes

    def timing(self, host: str, service: str) -> tuple[int, float]:
        found = self.attributes("services", f"{host}!{service}")
        return int(found["max_check_attempts"]), found["retry_interval"]


def one(host: str, service: str) -> dict[str, str]:
    """How the API names one service."""
    return {"type": "Service", "service": f"{host}!{service}"}


def host(harbor: Harbor) -> str:
    """The host object, as a user would write it."""
    values = {"url": harbor.url, "robot_authfile": harbor.robot_authfile, "canary_authfile": harbor.canary_authfile}
    values.update(canary_project=harbor.canary_project, canary_image=harbor.canary_image, endpoint=harbor.endpoint)
    values["replicas"] = harbor.replicas
    for probe, options in harbor.options.items():
        for option, value in options.items():
            values["_".join(filter(None, [probe, option.lstrip("-").replace("-", "_")]))] = value
    variables = [f'  vars.harbor_{name} = "{value}"' for name, value in values.items() if value]
    if harbor.without:
        variables.append(f"  vars.harbor_without = {json.dumps(harbor.without)}")
    if harbor.patient:
        variables.append("  vars.harbor_patient = true")
    page = '  vars.harbor_notifications["page"] = { command = "tell", users = [ "oncall" ] }'
    return "\n".join([f'object Host "{harbor.name}" {{', '  import "harbor"', *variables, page, "}", ""])


def escaped(text: str) -> str:
    """A text as it is written between quotes, in the value of a variable that becomes an option."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("$", "$$")


def credentials(authority: trustme.CA, name: str, folder: Path) -> None:
    """A node's certificate, as `icinga2 pki` would make it."""
    certificate = authority.issue_cert(name, "localhost", common_name=name)
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    certificate.private_key_pem.write_to_path(str(folder / f"{name}.key"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / f"{name}.crt"))
