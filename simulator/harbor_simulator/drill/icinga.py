"""Icinga 2, seen through its API: objects and the stream of notifications. Nothing in it is changed."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import requests

from .engine import LostError, Page, Service, UnusableError

PERMISSIONS = "objects/query/Host, objects/query/Service, status/query, events/Notification"
SECONDS = 30
ATTRIBUTES = [
    "name", "state", "state_type", "last_check", "check_interval", "retry_interval", "max_check_attempts",
    "enable_notifications", "enable_active_checks", "acknowledgement", "downtime_depth",
]  # fmt: skip


class Icinga:
    """Icinga 2 with its API at this URL, and one of its hosts."""

    name = "Icinga 2"
    lag = 6.0  # it writes events to a stream every 5 s

    def __init__(self, api: str, account: tuple[str, str], ca_file: str | None, host: str, url: str) -> None:
        self._api, self._host, self._url = api.rstrip("/"), host, url
        self._account, self._verify = account, ca_file or True
        self._pages: list[Page] = []
        self._broken = ""
        self._stopped = False

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # no credentials from elsewhere
        session.auth, session.verify = self._account, self._verify
        session.headers["Accept"] = "application/json"
        return session

    def _ask(self, path: str, body: dict[str, Any] | None = None, stream: bool = False) -> requests.Response:
        override = {} if stream else {"X-HTTP-Method-Override": "GET"}
        timeout = (SECONDS, None) if stream else SECONDS
        try:
            answer = self._session().post(
                f"{self._api}/v1/{path}", json=body or {}, headers=override, timeout=timeout, stream=stream
            )
        except (requests.RequestException, OSError) as error:
            raise LostError(f"cannot reach the API of Icinga 2 at {self._api}: {_cause(error)}") from error
        if answer.status_code == 401:
            raise UnusableError(f"the API of Icinga 2 refuses the login {self._account[0]}")
        if answer.status_code == 403:
            raise UnusableError(f"the API user {self._account[0]} lacks a permission for {path}: give it {PERMISSIONS}")
        if answer.status_code not in ((200,) if stream else (200, 404)):
            raise UnusableError(f"the API of Icinga 2 answers {answer.status_code} to {path}")
        return answer

    def _results(self, path: str, body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        try:
            answer = self._ask(path, body).json()
            results: list[dict[str, Any]] = answer.get("results", [])
        except (ValueError, AttributeError) as error:
            raise UnusableError(f"{self._api} is no API of Icinga 2: unexpected answer") from error
        return results

    def start(self) -> None:
        """Verify that the host can be drilled, and listen from now on."""
        found = self._results("objects/hosts", {"hosts": [self._host], "attrs": ["vars"]})
        if not found or "attrs" not in found[0]:
            raise UnusableError(f"Icinga 2 has no host {self._host}: add the object that --prepare printed, reload")
        there = (found[0]["attrs"].get("vars") or {}).get("harbor_url")
        if there != self._url:
            raise UnusableError(f"host {self._host} has the URL {there or 'none'}, the drill is at {self._url}")
        for entry in self._results("status/IcingaApplication"):
            application = entry.get("status", {}).get("icingaapplication", {}).get("app", {})
            for key, what in (("enable_notifications", "notifications"), ("enable_service_checks", "checks")):
                if application.get(key) is False:
                    raise UnusableError(f"{what} are switched off in Icinga 2 as a whole ({key})")
        for entry in self._results("status/NotificationComponent"):
            if not entry.get("status", {}).get("notificationcomponent", {}):
                raise UnusableError("Icinga 2 sends no notifications: enable its feature notification")
        wanted = {"types": ["Notification"], "queue": f"check-harbor-drill-{time.time_ns()}"}
        stream = self._ask("events", wanted, stream=True)
        self._stream, self._broken = stream, ""
        threading.Thread(target=self._listen, args=[stream], daemon=True).start()

    def _listen(self, stream: requests.Response) -> None:
        why = "it ended"
        try:
            for line in stream.iter_lines(chunk_size=1):  # more would wait for the next event
                if line:
                    self._note(json.loads(line))
        except Exception as error:  # whatever ends the stream: pages can be lost from now on
            why = str(_cause(error))
        if stream is self._stream:
            self._broken = why

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("host") == self._host and event.get("service"):
            for user in event.get("users", []):
                page = Page(
                    event["timestamp"], event["notification_type"].upper(), event["service"], user, event["command"]
                )
                self._pages.append(page)

    def services(self) -> dict[str, Service]:
        """The services of the host, by name."""
        body = {"filter": "host.name == wanted", "filter_vars": {"wanted": self._host}, "attrs": ATTRIBUTES}
        return {entry["attrs"]["name"]: _service(entry["attrs"]) for entry in self._results("objects/services", body)}

    def pages(self) -> list[Page]:
        """The notifications about services of the host since `start`, the oldest first."""
        if self._broken and not self._stopped:
            raise LostError(f"the stream of events of Icinga 2 broke off, so pages may be missed: {self._broken}")
        return list(self._pages)

    def close(self) -> None:
        """Listen no longer; the thread that reads the stream ends with the process."""
        self._stopped = True


def _service(attributes: dict[str, Any]) -> Service:
    reasons = {
        "its notifications are switched off": not attributes["enable_notifications"],
        "its checks are switched off": not attributes["enable_active_checks"],
        "it is acknowledged": attributes["acknowledgement"] != 0,
        "it is in a downtime": attributes["downtime_depth"] > 0,
    }
    return Service(
        attributes["name"],
        int(attributes["state"]),
        attributes["state_type"] == 1,
        max(0, attributes["last_check"]),
        attributes["check_interval"],
        attributes["retry_interval"],
        int(attributes["max_check_attempts"]),
        next((reason for reason, holds in reasons.items() if holds), ""),
    )


def _cause(error: BaseException) -> BaseException:
    """The innermost cause, without the layers of urllib3."""
    cause = error.__cause__ or error.__context__
    return _cause(cause) if cause else error
