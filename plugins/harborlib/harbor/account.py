"""Whether Harbor accepts an account's credentials, when neither a token nor a permission can show it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harborlib.text import CRITICAL
from harborlib.wire.failure import ROUTE, STATUS, Failure, Kind
from harborlib.wire.request import SMALL

from . import endpoints
from .refusals import LOGIN_REFUSED, good

if TYPE_CHECKING:
    from harborlib.wire.request import Answer

    from .run import Run

TOKEN_ANONYMOUS = Kind(
    "login.token-anonymous", STATUS, CRITICAL,
    "configure the reverse proxies to pass the Authorization header to /service/token, then compare the core replicas",
)  # fmt: skip
DIRECTORY_FAILS = Kind(
    "signin.directory-fails", STATUS, CRITICAL,
    "test Harbor's LDAP settings: Administration > Configuration > Test LDAP Server; then look at the directory itself",
)  # fmt: skip
PERSON_REFUSED = Kind("signin.account-refused", STATUS, CRITICAL,
                      "check username= and password= in the authfile, and whether the directory has locked "
                      "the account or Harbor's LDAP filter excludes it")  # fmt: skip
ROBOT = re.compile(r"robot[^a-z0-9]", re.IGNORECASE)  # matches the default prefix of robot accounts


def anonymous(run: Run) -> Answer:
    """/systeminfo as answered without credentials; raises Failure."""
    return good(run.ask(endpoints.SYSTEMINFO.at(), size=SMALL))


def prove(run: Run) -> None:
    """Verify that Harbor accepts the account's credentials; raises Failure if it refuses them or gives no verdict.

    /users/current needs no permission. It answers users with their own entry, a robot account with valid credentials
    with 412 (it is not a user), and everyone else with 401.
    """
    answer = run.ask(endpoints.CURRENT_USER.at(), login=True, size=SMALL)
    if answer.status == 412 and not answer.is_html:
        return
    body = good(answer).json()
    if not isinstance(body, dict) or "username" not in body:
        raise answer.fail(ROUTE, f"200 instead of an account from {answer.path}")


def is_robot(name: str) -> bool:
    """Whether this is certainly a robot account: a wrong secret never locks it out, so it may be tried twice."""
    return bool(ROBOT.match(name))


def explained(run: Run, failure: Failure) -> Failure:
    """The meaning of a login that the token service refuses: if Harbor accepts the credentials, they are not the cause.

    This is tested only with a robot account.
    """
    account = run.client.account
    if failure.kind is not LOGIN_REFUSED or not account or not is_robot(account.username):
        return failure
    try:
        prove(run)
    except Failure:
        return failure
    detail = f"{failure.detail}, although Harbor's API accepts the credentials"
    return failure.but(kind=TOKEN_ANONYMOUS, detail=detail, state="", next_step="")
