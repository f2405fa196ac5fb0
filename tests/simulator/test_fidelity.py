"""Every recorded request of the endpoints that the simulator serves gets the recorded answer from the simulator.

Compared are status, reason, the names of all headers, the values of those that matter, and the shape of the
body; errors and the answers of /health word by word.
"""

from __future__ import annotations

import base64
import concurrent.futures
import json
import re
import time
from typing import Any

import pytest

from harbor_simulator.accounts import MONITOR_PERMISSIONS, Account
from harbor_simulator.simulator import Simulator
from support.cases import for_each
from support.replay import DIRECTORY, Answer, Recording, basic, load, replay

from .recorded import ROBOTS, held

SWITCHES = {
    "a0-fresh": (),
    "a1-healthy": (),
    "b-core-down": ("core-down",),
    "b-core-hung": ("core-frozen",),
    "b-jobservice-down": ("jobservice-down",),
    "b-jobservice-hung": ("jobservice-frozen",),
    "b-nginx-down": ("nginx-down",),
    "b-portal-down": ("portal-down",),
    "b-portal-hung": ("portal-frozen",),
    "b-postgres-down": ("database-down", "cached-configuration"),
    "b-postgres-hung": ("database-frozen",),
    "b-redis-down": ("redis-down",),
    "b-redis-hung": ("redis-frozen",),
    "b-registry-down": ("registry-down",),
    "b-registry-hung": ("registry-frozen",),
    "b-registryctl-down": ("registryctl-down",),
    "b-trivystub-down": ("trivy-down",),
    "c-storage-full": ("storage-full",),
    "c-storage-gone": ("storage-lost",),
    "c-storage-healthy": (),
    "c-storage-readonly": ("storage-readonly",),
    "d-certs": (),
    "e-robots": (),
    "f-gc-failed": (),
    "f-queues": (),
    "f-replication-failed": (),
    "f-scan-failed": (),
    "g-readonly": ("read-only-mode",),
    "h-quota-exceeded": (),
    "i-schedules": (),
    "k-robots-api": (),
    "l-canary-project": (),
    "m-ldap-1-healthy": ("ldap",),
    "m-ldap-2-slapd-stopped": ("ldap-down",),
    "m-ldap-3-slapd-frozen": ("ldap-frozen",),
    "m-ldap-4-host-drops-packets": ("ldap-silent",),
    "n-oidc-1-healthy": ("oidc",),
    "n-oidc-10-client-secret-wrong": ("oidc",),
    "n-oidc-2-provider-down": ("oidc-down",),
    "o-auth-db-auth": (),
    "p-d1-q-decoding": (),
    "p-d2-counts": (),
    "p-d3-broken-rows": (),
    "p-d4-robots-db": (),
    "p-d5-head-gzip": (),
    "v2-datapath": (),
}


CERTIFICATES = {
    "good": "good",
    "expired": "expired",
    "selfsigned": "self-signed",
    "wronghost": "wrong-name",
    "soon": "days-left=5",
}
ACCOUNTS = {
    "admin": Account("admin's", sysadmin=True),
    "plain": Account("plain's"),
    "lena": Account("lena's"),
    "robot$probeall": Account("probeall's", permissions=MONITOR_PERMISSIONS | {"catalog:read"}),
    **ROBOTS,
}
# nginx waited 60 s, and on /v2/ so long that the recorder gave up; the simulator's is in more of a hurry.
GATEWAY_TIMEOUT = 1.0
SCALE = GATEWAY_TIMEOUT / 60
LONG = 20.0  # recorded seconds from which on an answer counts as hanging
VALUES_THAT_VARY = ("Date", "Content-Length", "ETag", "X-Request-Id", "X-Harbor-Csrf-Token")

LOCK = DIRECTORY / "e-userlock"
RECORDINGS = [load(path) for path in sorted(DIRECTORY.glob("*/*.http")) if path.parent != LOCK]


def simulator_for(recording: Recording) -> Simulator:
    switches = SWITCHES[recording.scenario]
    if "immediately" in recording.path.stem and recording.scenario != "b-portal-down":  # its lag was over
        switches += ("stale-health",)
    certificate = "good"
    if recording.scenario == "d-certs" and not recording.path.stem.startswith("v2"):
        certificate = CERTIFICATES[recording.path.stem.split("-")[1]]
    simulator = Simulator(
        *switches,
        version=version_of(recording),
        certificate=certificate,
        host="harbor.test",
        users=ACCOUNTS,
        gateway_timeout=GATEWAY_TIMEOUT,
    )
    simulator.world.content = held(recording)
    return simulator


def version_of(recording: Recording) -> str:
    """That of the recorded Harbor."""
    newer = recording.scenario.startswith(("m-", "n-", "o-", "p-d")) or recording.path.stem.endswith("2.10.3")
    return "2.10.3" if newer else "2.9.5"


def authorization_for(recording: Recording, harbor: Simulator) -> str | None:
    """The header that the recorder sent; for a token it is fetched first, by the account in the file's name."""
    name = recording.path.stem
    if recording.auth == "bearer" and "garbage" in name:
        return "Bearer garbage"
    if recording.auth == "bearer":
        match = re.fullmatch(r"bearer-\w+?-(\w+)-(\w+)", name)
        assert match
        token = load(DIRECTORY / "v2-datapath" / f"token-{match[1]}-{match[2]}.http")
        fetched = replay(token, harbor, authorization_for(token, harbor))
        return f"Bearer {json.loads(fetched.body)['token']}"
    if recording.auth == "none":
        return None
    refused = "badpw" in name or name.endswith((".wrong", ".disabled", ".expired"))  # which look the same
    known = ACCOUNTS.get(recording.auth, Account("of nobody"))
    return basic(recording.auth, "wrong" if refused else known.password)


def ask(recording: Recording) -> Answer:
    with simulator_for(recording) as harbor:
        return normalised(
            replay(
                recording,
                harbor,
                authorization_for(recording, harbor),
                timeout=2.5 if "timed out" in recording.answer.failure else 30.0,
                verify=recording.path.stem.endswith(("-verify", "-otherhost")),
                tls="http-on-https" not in recording.path.stem,
            )
        )


def normalised(answer: Answer) -> Answer:
    """Host, port, digests of uploads, cookies and the line in OpenSSL's source made the same everywhere."""

    def same(text: str) -> str:
        text = re.sub(r"harbor\.test:\d+", "HARBOR", text)
        text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)
        text = re.sub(r"sid=\w+", "sid=SID", text)
        text = re.sub(r"_state=[^&]+", "_state=STATE", text)
        text = re.sub(r"\bstate=\w+", "state=STATE", re.sub(r"(?<=harbor\.test%3A)\d+", "PORT", text))
        text = re.sub(r"_gorilla_csrf=.*", "_gorilla_csrf=TOKEN", text)
        return re.sub(r" ?\(_ssl\.c:\d+\)|(?<=self)[ -](?=signed)|, certificate is not valid for .*", "", text)

    answer.headers = {name: same(value) for name, value in answer.headers.items()}
    answer.body, answer.failure = same(answer.body).replace("\r\n", "\n"), same(answer.failure)
    return answer


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """What the simulator answers, by recording: all asked at once, for the hanging ones take seconds."""
    with concurrent.futures.ThreadPoolExecutor(128) as pool:
        return dict(zip(map(str, RECORDINGS), pool.map(ask, RECORDINGS)))


@pytest.mark.parametrize("scenario", SWITCHES)
def test_the_simulator_answers_as_recorded(scenario: str, answers: dict[str, Answer]) -> None:
    recordings = [recording for recording in RECORDINGS if recording.scenario == scenario]
    assert recordings
    for_each(
        recordings,
        lambda recording: compare(answers[str(recording)], normalised(recording.answer), recording),
    )


def test_every_recording_is_compared() -> None:
    assert {recording.scenario for recording in RECORDINGS} == set(SWITCHES)
    assert len(RECORDINGS) > 1000


def compare(actual: Answer, recorded: Answer, recording: Recording) -> None:
    if recorded.failure:
        assert actual.failure == recorded.failure
        return
    assert (actual.failure, actual.status, actual.reason) == ("", recorded.status, recorded.reason)
    assert actual.headers.keys() == recorded.headers.keys()
    fixed = recorded.headers.keys() - VALUES_THAT_VARY
    assert {name: actual.headers[name] for name in fixed} == {name: recorded.headers[name] for name in fixed}
    if recording.method != "HEAD":
        compare_bodies(actual, recorded)
    if recording.scenario == "p-d1-q-decoding" and recorded.status == 200:
        assert names(actual) == names(recorded)
    if recorded.headers.get("Content-Length") == "0" or (recording.method == "HEAD" and recording.target != "/"):
        assert actual.headers["Content-Length"] == recorded.headers["Content-Length"]
    if recorded.seconds > 0.1 and (recording.scenario == "b-redis-down" or "badpw" in recording.path.stem):
        assert actual.seconds > 0.7 * recorded.seconds
    if recorded.seconds > LONG:
        assert actual.seconds > 0.9 * recorded.seconds * SCALE


def compare_bodies(actual: Answer, recorded: Answer) -> None:
    kind = recorded.headers.get("Content-Type", "")
    if not recorded.body:
        assert actual.body == ""
    elif "json" in kind:
        one, other = json.loads(actual.body), json.loads(recorded.body)
        assert shape(one) == shape(other)
        if isinstance(other, dict) and ("errors" in other or "components" in other):
            assert actual.body.strip() == recorded.body.strip()
        if isinstance(other, dict) and "token" in other:
            compare_tokens(one["token"], other["token"])
    elif recorded.body.startswith("(body left out: the portal's index.html"):
        assert "<title>Harbor</title>" in actual.body
        assert "<harbor-app>" in actual.body
    elif "<hr><center>nginx</center>" in recorded.body or kind.startswith("text/plain"):
        assert actual.body.strip() == recorded.body.strip()
    else:
        assert title(actual.body) == title(recorded.body)


def names(answer: Answer) -> list[str]:
    """Those of the rows of a list."""
    return [row["name"] for row in json.loads(answer.body)]


def title(html: str) -> str:
    return "".join(re.findall(r"<title>(.*)</title>", html))


def shape(value: object) -> object:
    """Keys and types, all the way down; a list has the shapes of its elements."""
    if isinstance(value, dict):  # retention_id: between a0 and a1 the recorder made a policy
        return {key: shape(inner) for key, inner in value.items() if key != "retention_id"}
    if isinstance(value, list):
        return sorted({json.dumps(shape(element), sort_keys=True) for element in value})
    return type(value).__name__


def compare_tokens(actual: str, recorded: str) -> None:
    one, other = ([decode(part) for part in token.split(".")[:2]] for token in (actual, recorded))
    assert shape(one) == shape(other)
    fixed = ("iss", "aud", "sub", "access")
    assert {name: permissions(one[1].get(name)) for name in fixed} == {
        name: permissions(other[1].get(name)) for name in fixed
    }
    assert one[1]["exp"] - one[1]["iat"] == other[1]["exp"] - other[1]["iat"]


def decode(part: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def permissions(claim: object) -> object:
    """Harbor lists the actions in any order."""
    if isinstance(claim, list):
        return [{**element, "actions": sorted(element["actions"])} for element in claim]
    return claim


def test_a_wrong_password_locks_the_account_for_a_while() -> None:
    bad, soon, later = (
        load(LOCK / f"{name}.http")
        for name in ("bad-password", "good-password-0.4s-after-bad", "good-password-after-lock")
    )
    good = basic("admin", ACCOUNTS["admin"].password)
    with Simulator(host="harbor.test", users=ACCOUNTS) as harbor, concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(replay, bad, harbor, basic("admin", "wrong"))
        while not harbor.requests and not waiting.done():
            time.sleep(0.01)  # until it has arrived
        compare(normalised(replay(soon, harbor, good)), normalised(soon.answer), soon)
        refused = waiting.result()
        compare(normalised(refused), normalised(bad.answer), bad)
        assert refused.seconds > 0.9 * bad.answer.seconds
        compare(normalised(replay(later, harbor, good)), normalised(later.answer), later)
