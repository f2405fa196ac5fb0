"""harborlib.harbor.rest: what refusals say, how far lists are read, whose clock counts."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable

from harborlib.harbor import endpoints, refusals
from harborlib.harbor.client import Client
from harborlib.harbor.refusals import LOGIN_REFUSED, PERMISSION_MISSING
from harborlib.harbor.rest import AT_ONCE, Each, Rest
from harborlib.harbor.run import Run
from harborlib.wire import deadline
from harborlib.wire.credentials import Credentials
from harborlib.wire.failure import STATUS, Failure, Kind, Unusable
from harborlib.wire.origin import Origin

import pytest

from simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from tier2 import NOW

Connect = Callable[..., Rest]


@pytest.fixture
def connect() -> Connect:
    """The API of a simulator, as somebody with this login sees it."""

    def rest(harbor: Simulator, name: str = MONITOR, password: str = MONITOR_SECRET) -> Rest:
        args = Namespace(
            harbor=Origin.parse(harbor.url),
            isolate=None,
            insecure=False,
            proxy=None,
            connect_to=None,
            family=0,
            ca_file=harbor.ca_file,
            client_cert=None,
            client_key=None,
        )
        return Rest(Run(Client(args, Credentials(name, password) if name else None), args))

    return rest


def refused(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as raised:
        call()
    return raised.value


def test_without_a_login(harbor: Simulator, connect: Connect) -> None:
    with pytest.raises(Unusable, match="a login is needed: --authfile FILE, or HARBOR_USERNAME and HARBOR_PASSWORD"):
        connect(harbor, name="")


@pytest.mark.parametrize(
    ("endpoint", "detail", "step"),
    [
        (
            endpoints.GC,
            "the login lacks the right garbage-collection:list (403 for /api/v2.0/system/gc)",
            "give its robot account garbage-collection:list on system level; robots can hold it from Harbor 2.9 on",
        ),
        (
            endpoints.QUEUES,
            "the login lacks the right jobservice-monitor:list (403 for /api/v2.0/jobservice/queues)",
            "give its robot account jobservice-monitor:list on system level; robots can hold it from Harbor 2.9 on",
        ),
    ],
)
def test_a_missing_right_is_named(connect: Connect, endpoint: endpoints.Endpoint, detail: str, step: str) -> None:
    with Simulator(users={"robot$poor": Account("secret")}) as harbor:
        failure = refused(lambda: connect(harbor, "robot$poor", "secret").rows(endpoint))
    assert (failure.kind, failure.detail, failure.next_step) == (PERMISSION_MISSING, detail, step)


def test_a_missing_right_in_a_project(connect: Connect) -> None:
    with Simulator(users={"robot$poor": Account("secret")}) as harbor:
        failure = refused(lambda: connect(harbor, "robot$poor", "secret").get(endpoints.RETENTION, 1))
    assert failure.detail == "the login lacks the right tag-retention:read (403 for /api/v2.0/retentions/1)"
    assert failure.next_step == (
        "give its robot account tag-retention:read in the project (on Harbor 2.9 a robot of its own: system rights "
        "take away those in projects); robots can hold it from Harbor 2.9 on"
    )


def error(message: str) -> dict[str, object]:
    return {"errors": [{"code": "ANY", "message": message}]}


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (404, error("path /api/v2.0/jobservice/queues was not found"), refusals.TOO_OLD,
         "404 for /api/v2.0/jobservice/queues, which came with Harbor 2.7"),
        (404, "<html>", refusals.TOO_OLD, "404 for /api/v2.0/jobservice/queues, which came with Harbor 2.7"),
        (404, error("queue nosuch not found"), refusals.ABSENT,
         "queue nosuch not found (404 for /api/v2.0/jobservice/queues)"),
        (412, error("no scanner"), refusals.NOT_SET_UP,
         "not set up in this Harbor: no scanner (412 for /api/v2.0/jobservice/queues)"),
        (412, "", refusals.NOT_SET_UP,
         "not set up in this Harbor: no reason given (412 for /api/v2.0/jobservice/queues)"),
        (401, error("unauthorized"), refusals.LOGIN_REFUSED, "login refused (401 for /api/v2.0/jobservice/queues)"),
        (429, "", refusals.RATE_LIMITED, "too many requests (429 for /api/v2.0/jobservice/queues)"),
        (500, error("internal server error"), STATUS,
         "500 for /api/v2.0/jobservice/queues from the proxy in front"),
    ],
)  # fmt: skip
def test_refusals(harbor: Simulator, connect: Connect, status: int, body: object, kind: Kind, detail: str) -> None:
    harbor.answer("/api/v2.0/jobservice/queues", status, body=body)  # type: ignore[arg-type]
    failure = refused(lambda: connect(harbor).rows(endpoints.QUEUES, page=7))
    assert (failure.kind, failure.detail) == (kind, detail)


def test_a_login_that_silently_makes_a_stranger_of_us_is_noticed(harbor: Simulator, connect: Connect) -> None:
    rest = connect(harbor, password="wrong")
    failure = refused(lambda: list(rest.pages(endpoints.PROJECTS)))
    assert (failure.kind, failure.detail) == (LOGIN_REFUSED, "login refused (/systeminfo answers as if anonymous)")
    assert failure.next_step.startswith("check username= and password= in the authfile")
    assert len(harbor.requests) == 1


def test_who_is_known_is_not_asked_again(harbor: Simulator, connect: Connect) -> None:
    rest = connect(harbor)
    assert [row.text("name") for row in rest.pages(endpoints.PROJECTS)] == ["library", "priv", "pub", "tiny"]
    assert len(list(rest.pages(endpoints.PROJECTS))) == 4
    assert [request.path for request in harbor.requests] == ["/api/v2.0/systeminfo", *["/api/v2.0/projects"] * 2]


def test_the_server_s_clock_counts(harbor: Simulator, connect: Connect) -> None:
    rest = connect(harbor)
    harbor.content.now = NOW
    rest.rows(endpoints.QUEUES)
    assert rest.now == NOW
    harbor.answer("/api/v2.0/jobservice/queues", headers={"Date": "Thu, 01 Jan 1970 00:00:07 GMT"}, body=[])
    rest.rows(endpoints.QUEUES)
    assert abs(rest.now - time.time()) < 60
    assert rest.elapsed > 0


def test_an_empty_body_is_nothing(harbor: Simulator, connect: Connect) -> None:
    harbor.content.gc.cron = ""
    rest = connect(harbor)
    assert rest.find(endpoints.GC_SCHEDULE) is None
    assert refused(lambda: rest.get(endpoints.GC_SCHEDULE)).detail == (
        "the answer to GET /api/v2.0/system/gc/schedule is not JSON"
    )


class TestPages:
    def test_to_the_end(self, harbor: Simulator, connect: Connect) -> None:
        harbor.content.more_projects = 246
        pages = connect(harbor).pages(endpoints.PROJECTS)
        names = [row.text("name") for row in pages]
        assert (len(names), len(set(names))) == (250, 250)
        assert (pages.seen, pages.total, pages.complete, pages.late, str(pages)) == (
            250,
            250,
            True,
            False,
            "250 of 250",
        )
        assert [request.query["page"] for request in harbor.requests[1:]] == ["1", "2", "3"]

    def test_an_even_number_needs_no_further_page(self, harbor: Simulator, connect: Connect) -> None:
        harbor.content.more_projects = 96
        assert len(list(connect(harbor).pages(endpoints.PROJECTS))) == 100
        assert len(harbor.requests) == 2

    def test_up_to_a_limit(self, harbor: Simulator, connect: Connect) -> None:
        harbor.content.more_projects = 246
        pages = connect(harbor).pages(endpoints.PROJECTS, limit=2)
        assert len(list(pages)) == 200
        assert (pages.complete, pages.late, str(pages)) == (False, False, "200 of 250")

    def test_as_long_as_there_is_time(self, harbor: Simulator, connect: Connect) -> None:
        harbor.content.more_projects = 9996
        harbor.delay("/api/v2.0/projects", 0.3)
        rest = connect(harbor)

        def read() -> tuple[int, bool, bool, float]:
            pages = rest.pages(endpoints.PROJECTS)
            return len(list(pages)), pages.complete, pages.late, deadline.remaining()

        seen, complete, late, left = deadline.supervised(read, 2)
        assert (complete, late) == (False, True)
        assert 100 <= seen <= 500
        assert left > 0.3

    def test_without_a_total_by_the_link(self, harbor: Simulator, connect: Connect) -> None:
        link = {"Link": '</api/v2.0/replication/policies?page=2>; rel="next"'}
        harbor.answer("/api/v2.0/replication/policies", headers=link, body=[{"id": 1}] * 100)
        pages = connect(harbor).pages(endpoints.REPLICATION_POLICIES, limit=3)
        assert len(list(pages)) == 300
        assert (pages.complete, str(pages)) == (False, "300 of more")
        harbor.answer("/api/v2.0/replication/policies", body=[{"id": 1}] * 100)
        pages = connect(harbor).pages(endpoints.REPLICATION_POLICIES)
        assert len(list(pages)) == 100
        assert pages.complete

    def test_an_empty_page_is_the_end_whatever_the_total(self, harbor: Simulator, connect: Connect) -> None:
        harbor.answer("/api/v2.0/replication/policies", headers={"X-Total-Count": "12"}, body=[])
        pages = connect(harbor).pages(endpoints.REPLICATION_POLICIES)
        assert (list(pages), pages.complete) == ([], True)

    @pytest.mark.parametrize("total", ["many", "-1", "1e3", "9" * 30])
    def test_a_total_that_is_none(self, harbor: Simulator, connect: Connect, total: str) -> None:
        harbor.answer("/api/v2.0/replication/policies", headers={"X-Total-Count": total}, body=[])
        failure = refused(lambda: list(connect(harbor).pages(endpoints.REPLICATION_POLICIES)))
        assert failure.detail.endswith("is not understood: X-Total-Count is no number")


class TestEach:
    def test_all_in_their_order(self) -> None:
        asked = Each(list(range(10)), lambda number: number * number, "number")
        assert list(asked) == [(number, number * number) for number in range(10)]
        assert asked.unseen == ""

    def test_a_failure_ends_it(self) -> None:
        def ask(number: int) -> int:
            if number == 5:
                raise Failure(STATUS, "five")
            return number

        found = []
        with pytest.raises(Failure, match="five"):
            found.extend(Each(list(range(10)), ask, "number"))

    def test_time_runs_out(self) -> None:
        asked = Each(list(range(100)), lambda _: time.sleep(0.2), "policy")  # as a slow Harbor would take
        seen = deadline.supervised(lambda: len(list(asked)), 1.5)
        assert 0 < seen < 100
        assert seen % AT_ONCE == 0
        assert asked.unseen == f"only {seen} of 100 policies looked at: time ran out"


def test_names_in_paths() -> None:
    assert endpoints.ARTIFACT.at("p", "a/b c", "sha256:1").endswith(
        "/p/repositories/a%252Fb%2520c/artifacts/sha256%3A1"
    )
    assert endpoints.PROJECTS.at(q="name=a&b").endswith("?q=name%3Da%26b")
    assert endpoints.RETENTION.at("\udc00x").endswith("/retentions/%3Fx")
