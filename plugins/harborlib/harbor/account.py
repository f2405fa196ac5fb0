"""Whether Harbor takes an account's credentials, where neither a token nor a permission can tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harborlib.text import CRITICAL
from harborlib.wire.failure import ROUTE, STATUS, Failure, Kind
from harborlib.wire.request import SMALL

from . import endpoints
from .refusals import LOGIN_REFUSED, good

if TYPE_CHECKING:
    from .run import Run

TOKEN_ANONYMOUS = Kind(
    "login.token-anonymous", STATUS, CRITICAL,
    "let the proxies in front pass the Authorization header on to /service/token; compare the replicas of core",
)  # fmt: skip
ROBOT = re.compile(r"robot[^a-z0-9]", re.IGNORECASE)  # with the prefix of robot accounts as Harbor ships it


def prove(run: Run) -> None:
    """Make sure that Harbor takes the account's credentials; raises Failure where it does not, or does not say.

    /users/current needs no permission: it answers people with themselves, a robot account whose credentials are taken
    with 412 (it is no person), and everybody else with 401.
    """
    answer = run.ask(endpoints.CURRENT_USER.at(), login=True, size=SMALL)
    if answer.status == 412 and not answer.is_html:
        return
    body = good(answer).json()
    if not isinstance(body, dict) or "username" not in body:
        raise answer.fail(ROUTE, f"200 instead of an account from {answer.path}")


def is_robot(name: str) -> bool:
    """Whether this is surely a robot account: a wrong secret locks nobody out, so that it may be asked for twice."""
    return bool(ROBOT.match(name))


def explained(run: Run, failure: Failure) -> Failure:
    """What a login that the token service refuses means: where Harbor takes the credentials, it is not these.

    That is asked with a robot account alone.
    """
    account = run.client.account
    if failure.kind is not LOGIN_REFUSED or not account or not is_robot(account.username):
        return failure
    try:
        prove(run)
    except Failure:
        return failure
    detail = f"{failure.detail}, although Harbor's API takes the credentials"
    return failure.but(kind=TOKEN_ANONYMOUS, detail=detail, state="", next_step="")
