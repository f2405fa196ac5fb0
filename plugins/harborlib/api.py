"""Harbor's REST API, as far as probes need it."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from . import tls
from .dial import Route
from .failure import CERTIFICATE, CONTENT, STATUS, Failure
from .origin import Origin
from .request import ANSWER_LIMIT, SMALL, Answer, Request

if TYPE_CHECKING:
    from .transport import Transport

HEALTH = "/api/v2.0/health"
PING = "/api/v2.0/ping"
SYSTEMINFO = "/api/v2.0/systeminfo"
LOOKED_PAST = "looked past a certificate that does not verify"
NOISE = "failed to check health: "
MOST_COMPONENTS = 100  # Harbor has eight
LONGEST_NAME, LONGEST_REASON = 100, 1000  # characters of a component's name and of its error that are kept

NEEDED = "a login is needed: --authfile FILE, or HARBOR_USERNAME and HARBOR_PASSWORD"
LOGIN = "check username= and password= in the authfile; is the robot account expired, disabled, its secret refreshed?"
#: What an error status means, and the next step.
REFUSALS = {
    401: ("a login is needed", "give --authfile with username= and password= of a robot account"),
    403: ("a right is missing", "give the robot account the rights that --help names"),
    404: ("not found: not a Harbor, or one older than this endpoint", "check -H, and the version that --help names"),
    412: ("not set up in this Harbor", "set it up, or drop this service"),
    429: ("too many requests", "look at the rate limits of the proxy in front"),
}


class Harbor:
    """One Harbor as one probe sees it: where it is, who we are, what was asked so far.

    `requests` is loaded with the first request, so that a plugin that makes none does not pay for it (`asked`: whether
    there was one). `notes` are remarks for the output, `secrets` what must not be in it; `slowest` is the answer that
    took longest, without its body. `undo` is what must still be taken back, however the run ends: what it is, and how.
    Once the run is `over`, nothing is begun any more.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.origin = args.harbor
        self.login = args.login
        self.secrets: list[str] = list(args.login.secrets) if args.login else []
        self.notes: list[str] = []
        self.undo: dict[str, Callable[[], object]] = {}
        self._over = False
        self._whole: Harbor | None = None
        self.asked = False
        self.slowest: Answer | None = None
        self._args = args
        self._look_past = "certificate" in (args.isolate or ())
        self._transports: dict[tuple[Origin, bool], Transport] = {}
        self._lock = threading.Lock()
        if args.insecure:
            self.notes.append("certificate not verified (--insecure)")

    def join(self, whole: Harbor) -> None:
        """Be a part of another run, with which we have every option in common: share its connections, and its end."""
        self._whole = whole
        self._transports, self._lock = whole._transports, whole._lock

    @property
    def over(self) -> bool:
        """Nothing is begun any more."""
        return self._over or bool(self._whole and self._whole.over)

    @over.setter
    def over(self, over: bool) -> None:
        self._over = over

    def ask(
        self,
        path: str,
        *,
        login: bool = False,
        headers: Mapping[str, str] | None = None,
        limit: float | None = None,
        size: int = ANSWER_LIMIT,
    ) -> Answer:
        """GET a path, whatever status comes back; raises Failure when no whole answer of at most `size` bytes does."""
        sent = {"Accept": "application/json", **(headers or {})}
        if login and self.login:
            sent["Authorization"] = self.login.header
        return self.send(Request("GET", path, sent, limit=limit, size=size))

    def send(self, request: Request) -> Answer:
        """Any request, whatever status comes back; raises Failure when no whole answer does.

        With `--isolate` a certificate that does not verify belongs to the certificate probe: a request without a
        login then looks past it, so that a second cause is not hidden, and says so in `notes`.
        """
        self.asked = True
        origin = request.origin or self.origin
        try:
            answer = self._transport(origin, not self._args.insecure).send(request)
        except Failure as failure:
            may_look_past = self._look_past and not failure.login and origin == self.origin
            if failure.stage != CERTIFICATE or not may_look_past:
                raise
            if LOOKED_PAST not in self.notes:
                self.notes.append(LOOKED_PAST)
            answer = self._transport(origin, verify=False).send(request)
        if self.slowest is None or answer.elapsed > self.slowest.elapsed:
            self.slowest = answer._replace(body=b"")
        return answer

    def get(self, path: str, *, login: bool = False, limit: float | None = None) -> Any:
        """GET a path of the API: the parsed JSON; raises Failure for anything but a 200 with JSON."""
        return self.good(self.ask(path, login=login, limit=limit)).json()

    def good(self, answer: Answer) -> Answer:
        """The answer, if its status is 200; raises Failure (status) that says what the status means."""
        if answer.status == 200:
            return answer
        meaning, next_step = REFUSALS.get(answer.status, ("", ""))
        if answer.status == 401 and answer.login:
            meaning, next_step = "login refused", LOGIN
        if answer.status == 403 and not answer.login:
            meaning, next_step = "this host is refused", "ask who runs the proxy or firewall in front to let it through"
        if meaning:
            detail = f"{meaning} ({answer.status} for {answer.path})"
        elif answer.request_id:
            detail = f"{answer.status} for {answer.path} from core (X-Request-Id {answer.request_id})"
        else:
            detail = f"{answer.status} for {answer.path} from the proxy in front"
        raise answer.fail(STATUS, detail, next_step=next_step)

    def health(self, limit: float | None = None) -> Health:
        """Harbor's report of its components; raises Failure."""
        answer = self.good(self.ask(HEALTH, limit=limit, size=SMALL))
        return Health.parse(answer)

    def logged_in(self) -> Answer:
        """/systeminfo as answered to a login; raises Failure where Harbor silently makes a stranger of us instead."""
        answer = self.good(self.ask(SYSTEMINFO, login=True, size=SMALL))
        info = answer.json()
        if not isinstance(info, dict) or "current_time" not in info:
            detail = "login refused (/systeminfo answers as if anonymous)"
            raise answer.fail(STATUS, detail, status=401, next_step=LOGIN)
        return answer

    def _transport(self, origin: Origin, verify: bool) -> Transport:
        from . import transport

        args = self._args
        with self._lock:
            if (origin, verify) not in self._transports:
                context = tls.context(args.ca_file, args.client_cert, args.client_key, verify)
                route = Route.of(args) if origin == self.origin else Route(None, args.family)
                self._transports[origin, verify] = transport.Transport(
                    origin, route, context, args.proxy and args.proxy.url
                )
            return self._transports[origin, verify]


class Health(NamedTuple):
    """What `/api/v2.0/health` says: for each component its error text, or None if it is healthy.

    The report is not fresh: Harbor's checkers run every 10 s, and one that hangs keeps its last result up to 60 s
    more. `core` is a constant: an answer at all is the proof of core. `elapsed` is the response time in seconds.
    """

    components: dict[str, str | None]
    elapsed: float

    @classmethod
    def parse(cls, answer: Answer) -> Health:
        """From an answer of any Harbor since 2.0; raises Failure (route, content)."""
        report = answer.json()
        try:
            components = {
                str(entry["name"])[:LONGEST_NAME]: None if entry["status"] == "healthy" else reason(entry)
                for entry in report["components"]
            }
        except (AttributeError, KeyError, TypeError, RecursionError):
            components = {}
        if not 0 < len(components) <= MOST_COMPONENTS:
            raise answer.fail(CONTENT, f"the answer to GET {answer.path} is not a health report")
        return cls(components, answer.elapsed)

    @property
    def unhealthy(self) -> dict[str, str]:
        """The components that are not healthy, with Harbor's reason."""
        return {name: error for name, error in self.components.items() if error is not None}

    @property
    def just_started(self) -> bool:
        """Core has just come up: no checker but core's own constant has run yet."""
        others = [error for name, error in self.components.items() if name != "core"]
        return bool(others) and all(error == "unknown status" for error in others)


def reason(entry: Mapping[str, Any]) -> str:
    """Harbor's error text without the words that begin every one."""
    text = str(entry.get("error") or "no reason given")
    return (text[len(NOISE) :] if text.startswith(NOISE) else text)[:LONGEST_REASON]
