"""What Harbor's refusals mean: error statuses of the API, and refused credentials."""

from __future__ import annotations

from harborlib.wire.failure import CONTENT, STATUS, Failure, Kind
from harborlib.wire.request import Answer

from .fields import Fields

NEEDED = "credentials are required: --authfile FILE, or HARBOR_USERNAME and HARBOR_PASSWORD"
CHECK_ACCOUNT = "check username= and password= in the authfile, then the state and expiry of the account in the web UI"

LOGIN_REFUSED = Kind("login.refused", STATUS, next_step=CHECK_ACCOUNT)
LOGIN_NEEDED = Kind("login.needed", STATUS,
                    next_step="pass --authfile with the username= and password= of a robot account")  # fmt: skip
PERMISSION_MISSING = Kind("login.permission-missing", STATUS,
                          next_step="grant the robot account the permissions that --help lists")  # fmt: skip
HOST_REFUSED = Kind("harbor.host-refused", STATUS,
                    next_step="ask the owner of the reverse proxy or firewall to allow this host")  # fmt: skip
#: Any other 4xx that does not come from Harbor.
REFUSED_IN_FRONT = Kind("harbor.refused-in-front", STATUS,
                        next_step="check the rules of the reverse proxy, WAF or CDN; {logs:nginx} "
                        "shows whether the request got through")  # fmt: skip
TOO_OLD = Kind("harbor.too-old", STATUS, next_step="check -H, and the Harbor version that --help requires")
NOT_SET_UP = Kind("harbor.not-set-up", STATUS, next_step="set it up, or remove this service")
RATE_LIMITED = Kind("harbor.rate-limited", STATUS, next_step="check the rate limits of the reverse proxy")
#: Harbor itself says that the requested object does not exist.
ABSENT = Kind("harbor.not-found", STATUS)
#: The requested name does not exist, or the selection is empty.
NOTHING_SELECTED = Kind("selection.empty", CONTENT)

#: Statuses that mean the same no matter which server sends them.
SAID_SO = (404, 412, 429)
#: What an error status means unless an endpoint defines it otherwise.
MEANINGS = {
    401: (LOGIN_NEEDED, "credentials are required"),
    403: (PERMISSION_MISSING, "a permission is missing"),
    404: (TOO_OLD, "not found: not a Harbor, or one older than this endpoint"),
    412: (NOT_SET_UP, "not set up in this Harbor"),
    429: (RATE_LIMITED, "too many requests"),
}


#: Harbor's statuses for a single item with wrong data.
OF_ONE = (400, 500)


def is_of_one(failure: Failure) -> bool:
    """Whether a failure can concern one item among many, while Harbor answers for the others."""
    if failure.hung:
        return False
    if failure.stage is STATUS:
        return failure.kind in (ABSENT, PERMISSION_MISSING) or failure.status in OF_ONE
    return failure.stage is CONTENT


def first_error(answer: Answer) -> Fields | None:
    """The first of Harbor's errors, `{"errors":[{"code","message"}]}`; None if the answer has none."""
    try:
        errors = Fields.of(answer).rows("errors")
        return errors[0] if errors and errors[0].name("code") else None
    except Failure:
        return None


def said(answer: Answer) -> str:
    """Harbor's message in an error; "" if the error does not come from Harbor."""
    error = first_error(answer)
    try:
        return error.name("message") if error else ""
    except Failure:
        return ""


def in_front(answer: Answer) -> bool:
    """Whether a reverse proxy, WAF or CDN refuses a request: a 4xx of Harbor itself has Harbor's own message."""
    return 400 <= answer.status < 500 and first_error(answer) is None


def refused_in_front(answer: Answer, what: str, state: str = "") -> Failure:
    """The Failure for a refusal that is not Harbor's; `what` was requested."""
    text = f"{answer.status} for {what} from a reverse proxy, WAF or CDN in front of Harbor"
    return answer.fail(REFUSED_IN_FRONT, text, state=state)


def good(answer: Answer) -> Answer:
    """The answer, if its status is 200; else raises Failure (status) that explains the status."""
    if answer.status == 200:
        return answer
    where = f"{answer.status} for {answer.path}"
    if in_front(answer) and answer.status not in SAID_SO and (answer.login or answer.status != 403):
        raise refused_in_front(answer, answer.path)
    if answer.status == 401 and answer.login:
        raise answer.fail(LOGIN_REFUSED, f"login refused ({where})")
    if answer.status == 403 and not answer.login:
        raise answer.fail(HOST_REFUSED, f"this host is refused ({where})")
    if answer.status in MEANINGS:
        kind, meaning = MEANINGS[answer.status]
        raise answer.fail(kind, f"{meaning} ({where})")
    if answer.request_id:
        raise answer.fail(STATUS, f"{where} from core", aside=f"X-Request-Id {answer.request_id}")
    raise answer.fail(STATUS, f"{where} from the reverse proxy")
