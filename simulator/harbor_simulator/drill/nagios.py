"""Nagios, seen through the files that its main configuration names: the status file and the log."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from .engine import Page, Service, UnusableError

NOTIFICATION = re.compile(r"\[(\d+)\] SERVICE NOTIFICATION: ([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);")
STATE = re.compile(r"(OK|WARNING|CRITICAL|UNKNOWN)")
BLOCK = re.compile(r"^(\w+) \{\n(.*?)^\t\}", re.MULTILINE | re.DOTALL)
STALE = 120  # seconds without a new status file, beyond which Nagios does not run


class Nagios:
    """Nagios with this main configuration file, and one of its hosts."""

    name = "Nagios"

    def __init__(self, config: str, host: str, url: str) -> None:
        self._config, self._host, self._url = Path(config), host, url
        self._main = self._settings()
        self._minute = float(self._main.get("interval_length", "60"))
        self.lag = 1 + float(self._main.get("status_update_interval", "60"))
        self._pages: list[Page] = []

    def _settings(self) -> dict[str, str]:
        lines = (line.split("=", 1) for line in _text(self._config).splitlines() if not line.lstrip().startswith("#"))
        return {line[0].strip(): line[1].strip() for line in lines if len(line) == 2}

    def _file(self, setting: str) -> Path:
        if setting not in self._main:
            raise UnusableError(f"{self._config} has no {setting}: is it the main configuration of Nagios?")
        return self._config.parent / self._main[setting]

    def start(self) -> None:
        """Verify that the host can be drilled, and listen from now on."""
        self._log = self._file("log_file")
        _text(self._log)
        found = self._status()
        program = next((values for kind, values in found if kind == "programstatus"), {})
        for key, what in (("enable_notifications", "notifications"), ("active_service_checks_enabled", "checks")):
            if program.get(key) != "1":
                raise UnusableError(f"{what} are switched off in Nagios as a whole ({key})")
        host = next((v for kind, v in found if kind == "hoststatus" and v["host_name"] == self._host), None)
        if host is None:
            raise UnusableError(f"Nagios has no host {self._host}: add the definition that --prepare printed, reload")
        there = host.get("_HARBOR_URL", "").partition(";")[2]
        if there != self._url:
            raise UnusableError(f"host {self._host} has the URL {there or 'none'}, the drill is at {self._url}")
        self._stream = self._log.open("rb")
        self._stream.seek(0, 2)

    def _status(self) -> list[tuple[str, dict[str, str]]]:
        file = self._file("status_file")
        text = _text(file)
        blocks = [(kind, dict(_pair(line) for line in body.splitlines())) for kind, body in BLOCK.findall(text)]
        made = next((values.get("created", "0") for kind, values in blocks if kind == "info"), "0")
        age = time.time() - float(made)
        if age > STALE + self.lag:
            raise UnusableError(f"Nagios does not run: {file} is {age / 60:.0f} min old")
        return blocks

    def services(self) -> dict[str, Service]:
        """The services of the host, by name."""
        there = [v for kind, v in self._status() if kind == "servicestatus" and v["host_name"] == self._host]
        return {values["service_description"]: self._service(values) for values in there}

    def _service(self, values: dict[str, str]) -> Service:
        reasons = {
            "its notifications are switched off": values["notifications_enabled"] != "1",
            "its checks are switched off": values["active_checks_enabled"] != "1",
            "it is acknowledged": values["problem_has_been_acknowledged"] != "0",
            "it is in a downtime": values["scheduled_downtime_depth"] != "0",
        }
        return Service(
            values["service_description"],
            int(values["current_state"]),
            values["state_type"] == "1",
            float(values["last_check"]) if values["has_been_checked"] == "1" else 0,
            float(values["check_interval"]) * self._minute,
            float(values["retry_interval"]) * self._minute,
            int(values["max_attempts"]),
            next((reason for reason, holds in reasons.items() if holds), ""),
        )

    def pages(self) -> list[Page]:
        """The notifications about services of the host since `start`, the oldest first."""
        self._read()
        if self._log.exists() and self._log.stat().st_ino != os.fstat(self._stream.fileno()).st_ino:
            self._stream.close()
            self._stream = self._log.open("rb")  # rotated, and the old one is read to its end
            self._read()
        return list(self._pages)

    def _read(self) -> None:
        for line in self._stream:
            if not line.endswith(b"\n"):
                self._stream.seek(-len(line), 1)
                return
            self._note(line.decode("utf-8", "replace"))

    def _note(self, line: str) -> None:
        found = NOTIFICATION.match(line)
        if not found or found[3] != self._host:
            return
        # The field holds a state for problems, RECOVERY (OK), ACKNOWLEDGEMENT (STATE) and so on for the others.
        kind = "PROBLEM" if STATE.fullmatch(found[5]) and found[5] != "OK" else found[5].split(" ")[0]
        kind = "RECOVERY" if kind == "OK" else kind
        self._pages.append(Page(float(found[1]), kind, found[4], found[2], found[6]))

    def close(self) -> None:
        """Listen no longer."""
        self._stream.close()


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.strip().partition("=")
    return name, value


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UnusableError(f"cannot read {file}: {error.strerror}") from error
