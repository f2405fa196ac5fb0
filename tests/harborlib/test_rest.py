"""harborlib.harbor.rest: what refusals say, how far lists are read, whose clock counts."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace

from harborlib.harbor import endpoints, pages, refusals, rest
from harborlib.harbor.client import Client
from harborlib.harbor.refusals import LOGIN_REFUSED, PERMISSION_MISSING
from harborlib.harbor.rest import AT_ONCE, Each, Rest
from harborlib.harbor.run import Run
from harborlib.wire import deadline
from harborlib.wire.credentials import Credentials
from harborlib.wire.failure import CONTENT, STATUS, Failure, Kind, Unusable
from harborlib.wire.origin import Origin

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.messages import Request, Response, json_response
from harbor_simulator.records import Remote
from support.planted import NOW

Connect = Callable[..., Rest]


@pytest.fixture
def connect() -> Connect:
    """The API of a simulator, as somebody with this login sees it."""

    def connected(harbor: Simulator, name: str = MONITOR, password: str = MONITOR_SECRET) -> Rest:
        args = Namespace(
            harbor=Origin.parse(harbor.url),
            isolate=None,
            insecure=False,
            proxy=None,
            connect_to=None,
            replica="",
            family=0,
            ca_file=harbor.ca_file,
            client_cert=None,
            client_key=None,
        )
        return Rest(Run(Client(args, Credentials(name, password) if name else None), args))

    return connected


def refused(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as raised:
        call()
    return raised.value


def test_without_a_login(harbor: Simulator, connect: Connect) -> None:
    with pytest.raises(
        Unusable, match="credentials are required: --authfile FILE, or HARBOR_USERNAME and HARBOR_PASSWORD"
    ):
        connect(harbor, name="")


@pytest.mark.parametrize(
    ("endpoint", "detail", "step"),
    [
        (
            endpoints.GC,
            "the account lacks the permission garbage-collection:list (403 for /api/v2.0/system/gc)",
            "grant the robot account garbage-collection:list at the system level, possible since Harbor 2.9",
        ),
        (
            endpoints.QUEUES,
            "the account lacks the permission jobservice-monitor:list (403 for /api/v2.0/jobservice/queues)",
            "grant the robot account jobservice-monitor:list at the system level, possible since Harbor 2.9",
        ),
    ],
)
def test_a_missing_permission_is_named(connect: Connect, endpoint: endpoints.Endpoint, detail: str, step: str) -> None:
    with Simulator(users={"robot$poor": Account("secret")}) as harbor:
        failure = refused(lambda: connect(harbor, "robot$poor", "secret").rows(endpoint))
    assert (failure.kind, failure.detail, failure.next_step) == (PERMISSION_MISSING, detail, step)


def test_a_missing_permission_in_a_project(connect: Connect) -> None:
    with Simulator(users={"robot$poor": Account("secret")}) as harbor:
        failure = refused(lambda: connect(harbor, "robot$poor", "secret").get(endpoints.RETENTION, 1))
    assert failure.detail == "the account lacks the permission tag-retention:read (403 for /api/v2.0/retentions/1)"
    assert failure.next_step == (
        "grant the robot account tag-retention:read in the project (on Harbor 2.9 with a robot of its own: "
        "system permissions override them), possible since Harbor 2.9"
    )


def error(message: str) -> dict[str, object]:
    return {"errors": [{"code": "ANY", "message": message}]}


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (404, error("path /api/v2.0/jobservice/queues was not found"), refusals.TOO_OLD,
         "404 for /api/v2.0/jobservice/queues, which needs Harbor 2.7 or newer"),
        (404, "<html>", refusals.TOO_OLD, "404 for /api/v2.0/jobservice/queues, which needs Harbor 2.7 or newer"),
        (403, "<h1>Blocked</h1>", refusals.REFUSED_IN_FRONT,
         "403 for /api/v2.0/jobservice/queues from a reverse proxy, WAF or CDN in front of Harbor"),
        (403, {"message": "Forbidden"}, refusals.REFUSED_IN_FRONT,
         "403 for /api/v2.0/jobservice/queues from a reverse proxy, WAF or CDN in front of Harbor"),
        (401, "<h1>Login</h1>", refusals.REFUSED_IN_FRONT,
         "401 for /api/v2.0/jobservice/queues from a reverse proxy, WAF or CDN in front of Harbor"),
        (404, error("queue nosuch not found"), refusals.ABSENT,
         "Harbor refuses the whole list because of one row: queue nosuch not found "
         "(404 for /api/v2.0/jobservice/queues)"),
        (400, error("no such Queue with id 7"), STATUS,
         "no such Queue with id 7 (400 for /api/v2.0/jobservice/queues)"),
        (412, error("no scanner"), refusals.NOT_SET_UP,
         "not set up in this Harbor: no scanner (412 for /api/v2.0/jobservice/queues)"),
        (412, "", refusals.NOT_SET_UP,
         "not set up in this Harbor: no reason given (412 for /api/v2.0/jobservice/queues)"),
        (401, error("unauthorized"), refusals.LOGIN_REFUSED, (
            "login refused (401 for /api/v2.0/jobservice/queues)"
        )),
        (429, "", refusals.RATE_LIMITED, "too many requests (429 for /api/v2.0/jobservice/queues)"),
        (500, error("internal server error"), STATUS,
         "500 for /api/v2.0/jobservice/queues from the reverse proxy"),
    ],
)  # fmt: skip
def test_refusals(harbor: Simulator, connect: Connect, status: int, body: object, kind: Kind, detail: str) -> None:
    harbor.answer("/api/v2.0/jobservice/queues", status, body=body)  # type: ignore[arg-type]
    failure = refused(lambda: connect(harbor).rows(endpoints.QUEUES, page=7))
    assert (failure.kind, failure.detail) == (kind, detail)


def test_a_page_of_a_reverse_proxy_is_not_an_old_harbor(harbor: Simulator, connect: Connect) -> None:
    """Every Harbor has quotas; queues came with 2.7."""
    for path in ("/api/v2.0/quotas", "/api/v2.0/jobservice/queues"):
        harbor.answer(path, 404, body="default backend - 404")
    failure = refused(lambda: connect(harbor).rows(endpoints.QUOTAS))
    assert (failure.kind, failure.detail) == (
        refusals.REFUSED_IN_FRONT,
        "404 for /api/v2.0/quotas from a reverse proxy, WAF or CDN in front of Harbor",
    )
    failure = refused(lambda: connect(harbor).rows(endpoints.QUEUES))
    assert failure.kind is refusals.TOO_OLD
    assert failure.next_step.endswith(
        "or remove this service from the host; if it is not older, check the routes of the ingress"
    )


def test_a_login_that_silently_makes_a_stranger_of_us_is_noticed(harbor: Simulator, connect: Connect) -> None:
    rest = connect(harbor, password="wrong")
    failure = refused(lambda: list(rest.pages(endpoints.PROJECTS)))
    assert (failure.kind, failure.detail) == (
        LOGIN_REFUSED,
        ("login refused (/systeminfo treats it as anonymous)"),
    )
    assert failure.next_step.startswith("check username= and password= in the authfile")
    assert len(harbor.requests) == 1


def test_known_credentials_are_not_checked_again(harbor: Simulator, connect: Connect) -> None:
    rest = connect(harbor)
    assert [row.text("name") for row in rest.pages(endpoints.PROJECTS)] == ["library", "priv", "pub", "tiny"]
    assert len(list(rest.pages(endpoints.PROJECTS))) == 4
    assert [request.path for request in harbor.requests] == ["/api/v2.0/systeminfo", *["/api/v2.0/projects"] * 2]


def test_the_server_s_clock_counts(harbor: Simulator, connect: Connect) -> None:
    rest = connect(harbor)
    harbor.content.now = NOW
    rest.rows(endpoints.QUEUES)
    assert rest.now == NOW
    for date in ("Thu, 01 Jan 1970 00:00:07 GMT", "Fri, 31 Dec 9999 23:59:59 -2300"):
        harbor.answer("/api/v2.0/jobservice/queues", headers={"Date": date}, body=[])
        rest.rows(endpoints.QUEUES)
        assert abs(rest.now - time.time()) < 60
    assert rest.elapsed > 0


def test_an_empty_body_is_nothing(harbor: Simulator, connect: Connect) -> None:
    harbor.content.gc.cron = ""
    rest = connect(harbor)
    assert rest.find(endpoints.GC_SCHEDULE) is None
    assert refused(lambda: rest.get(endpoints.GC_SCHEDULE)).detail == (
        "unexpected answer to GET /api/v2.0/system/gc/schedule: not JSON"
    )


class TestPages:
    def test_to_the_end(self, harbor: Simulator, connect: Connect) -> None:
        harbor.content.more_projects = 246
        pages = connect(harbor).pages(endpoints.PROJECTS)
        names = [row.text("name") for row in pages]
        assert (len(names), len(set(names))) == (250, 250)
        assert (pages.seen, pages.total, pages.complete, pages.cut, str(pages)) == (250, 250, True, "", "250 of 250")
        assert [request.query["page"] for request in harbor.requests[1:]] == ["1", "2", "3"]

    def test_an_even_number_needs_no_further_page(self, harbor: Simulator, connect: Connect) -> None:
        harbor.content.more_projects = 96
        assert len(list(connect(harbor).pages(endpoints.PROJECTS))) == 100
        assert len(harbor.requests) == 2

    def test_up_to_a_limit(self, harbor: Simulator, connect: Connect) -> None:
        harbor.content.more_projects = 246
        pages = connect(harbor).pages(endpoints.PROJECTS, limit=2)
        assert len(list(pages)) == 200
        assert (pages.complete, pages.cut, pages.missing, str(pages)) == (False, "", False, "200 of 250")

    def test_as_long_as_there_is_time(self, harbor: Simulator, connect: Connect) -> None:
        harbor.content.more_projects = 9996
        harbor.delay("/api/v2.0/projects", 0.3)
        rest = connect(harbor)

        def read() -> tuple[int, bool, str, float]:
            pages = rest.pages(endpoints.PROJECTS)
            return len(list(pages)), pages.complete, pages.cut, deadline.remaining()

        seen, complete, cut, left = deadline.supervised(read, 2)
        assert (complete, cut) == (False, "time ran out")
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

    @pytest.mark.parametrize(
        ("answers", "noun", "problem"),
        [
            ([(0, "12", False)], "policy", "12 policies but shows 0"),
            ([(0, "1", False)], "policy", "1 policy but shows 0"),
            ([(98, "100", False), (0, "100", False)], "row", None),  # two of them were deleted meanwhile
            ([(90, "100", False), (0, "100", False)], "row", "100 rows but shows 90"),
            ([(2, "3", False), (0, "3", False)], "row", None),
            ([(1, "3", False), (0, "3", False)], "row", "3 rows but shows 1"),
            ([(100, "300", False), (100, "290", False), (90, "290", False)], "row", None),
            ([(100, "500", False), (0, "100", False)], "row", "500 rows but shows 100"),
            ([(100, "500", False), (20, "120", False)], "row", "500 rows but shows 120"),
            ([(100, "150", False), (60, "160", False)], "row", None),
            ([(0, "", True)], "row", "more than the 0 rows that it showed"),
            ([(100, "", True), (0, "", False)], "row", "more than the 100 rows that it showed"),
            ([(100, "100", True), (0, "100", True)], "row", "more than the 100 rows that it showed"),
            ([(100, "100", True), (7, "107", False)], "row", None),
            ([(0, "0", False)], "row", None),
            ([(0, "", False)], "row", None),
        ],
    )
    def test_what_was_announced_and_what_was_shown(
        self, harbor: Simulator, connect: Connect, answers: list[tuple[int, str, bool]], noun: str, problem: str | None
    ) -> None:
        harbor.switch()

        def page(request: Request, response: Response) -> Response:
            rows, total, linked = answers[int(request.query["page"]) - 1]
            link = {"Link": f'<{request.path}?page=9>; rel="next"'} if linked else {}
            return json_response([{"id": 1}] * rows, **({"X-Total-Count": total} if total else {}), **link)

        harbor.state.distortions.append((("/api/v2.0/replication",), page))
        pages = connect(harbor).pages(endpoints.REPLICATION_POLICIES, noun=noun)
        assert len(list(pages)) == sum(rows for rows, _, _ in answers)
        assert len(harbor.requests) == len(answers)
        assert (pages.complete, pages.missing) == (problem is None, problem is not None)
        if problem:
            assert refused(pages.confirm).detail == f"Harbor announces {problem} (GET /api/v2.0/replication/policies)"
        else:
            pages.confirm()

    def test_a_first_page_and_a_whole_list_that_are_cut_short(self, harbor: Simulator, connect: Connect) -> None:
        harbor.answer("/api/v2.0/replication/policies", headers={"X-Total-Count": "500"}, body=[{"id": 1}] * 7)
        rest, where = connect(harbor), "(GET /api/v2.0/replication/policies)"
        found = refused(lambda: rest.first_page(endpoints.REPLICATION_POLICIES))
        assert found.detail == f"Harbor announces 100 rows but shows 7 {where}"
        harbor.answer("/api/v2.0/replication/policies", headers={"X-Total-Count": "500"}, body=[])
        found = refused(lambda: list(rest.whole(endpoints.REPLICATION_POLICIES, noun="policy")))
        assert found.detail == f"Harbor announces 500 policies but shows 0 {where}"
        harbor.answer("/api/v2.0/jobservice/queues", headers={"X-Total-Count": "2"}, body=[{}])
        found = refused(lambda: rest.rows(endpoints.QUEUES))
        assert found.detail == "Harbor announces 2 rows but shows 1 (GET /api/v2.0/jobservice/queues)"

    def test_more_rows_than_were_asked_for(self, harbor: Simulator, connect: Connect) -> None:
        harbor.answer("/api/v2.0/replication/policies", body=[{}] * 101)
        harbor.answer("/api/v2.0/jobservice/queues", body=[{}] * 101)
        rest = connect(harbor)
        start = "unexpected answer to GET /api/v2.0/replication/policies: 101 rows instead of at most"
        assert refused(lambda: list(rest.pages(endpoints.REPLICATION_POLICIES))).detail == f"{start} 100"
        assert refused(lambda: rest.first_page(endpoints.REPLICATION_POLICIES, page_size=5)).detail == f"{start} 5"
        assert refused(lambda: rest.rows(endpoints.QUEUES)).detail.endswith("101 rows instead of at most 100")

    def test_an_endless_list(self, harbor: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "MOST_ROWS", 300)
        harbor.answer("/api/v2.0/projects", headers={"X-Total-Count": "99999999"}, body=[{"id": 1}] * 100)
        rest = connect(harbor)
        found = rest.pages(endpoints.PROJECTS, noun="project")
        assert len(list(found)) == 300
        assert found.unseen == "only 300 of 99999999 projects checked: more than 300 rows are too many"
        assert not found.complete
        assert refused(lambda: list(rest.whole(endpoints.PROJECTS, noun="project"))).detail == (
            "only 100 of 99999999 projects checked: more than 300 rows are too many (GET /api/v2.0/projects)"
        )
        assert len(rest.first_page(endpoints.PROJECTS)) == 100

    @pytest.mark.parametrize(("limit", "seen"), [(None, 250), (2, 200)])
    def test_rows_too_large_for_a_page_come_in_smaller_ones(
        self, harbor: Simulator, connect: Connect, limit: int | None, seen: int
    ) -> None:
        harbor.content.more_projects = 246
        many = [{"cve_id": f"CVE-2026-{number:05d}"} for number in range(300)]

        def with_allowlists(request: Request, response: Response) -> Response:
            if request.query["page"] == "1":
                return response
            large = [{**row, "cve_allowlist": {"items": many}} for row in json.loads(response.body)]
            return replace(response, body=json.dumps(large).encode())

        harbor.state.distortions.append((("/api/v2.0/projects",), with_allowlists))
        pages = connect(harbor).pages(endpoints.PROJECTS, limit=limit)
        names = [row.text("name") for row in pages]
        assert (len(names), len(set(names)), pages.seen) == (seen, seen, seen)
        sizes = [(request.query["page"], request.query["page_size"]) for request in harbor.requests[1:]]
        assert sizes[:3] == [("1", "100"), ("2", "100"), ("11", "10")]
        assert len(sizes) == 2 + (seen - 100) // 10

    def test_rows_that_make_harbor_refuse_their_page(self, harbor: Simulator, connect: Connect) -> None:
        """The rest is read in smaller pages, and in large ones again behind them."""
        remotes = [Remote(number, f"r{number}") for number in range(250)]
        for number in (3, 4, 120):
            remotes[number].readable = False
        harbor.content.remotes = remotes
        found = connect(harbor).pages(endpoints.REGISTRIES, noun="registry")
        assert [row.number("id") for row in found] == [n for n in range(250) if n not in (3, 4, 120)]
        assert list(found.failed) == [f"registry {n} of 250 in Harbor's list" for n in (4, 5, 121)]
        assert (found.complete, found.missing, found.unseen) == (False, False, "")
        assert len(harbor.requests) < 60

    def test_one_row_that_is_all_there_is(self, harbor: Simulator, connect: Connect) -> None:
        harbor.content.remotes = [Remote(1, "r", readable=False)]
        found = connect(harbor).pages(endpoints.REGISTRIES, noun="registry")
        assert list(found) == []
        assert list(found.failed) == ["registry 1 of 1 in Harbor's list"]

    @pytest.mark.parametrize("status", [500, 404])
    def test_a_list_that_is_refused_whatever_one_asks(self, harbor: Simulator, connect: Connect, status: int) -> None:
        harbor.answer("/api/v2.0/registries", status, body=error("registry 15 not found"))
        failure = refused(lambda: list(connect(harbor).pages(endpoints.REGISTRIES)))
        assert failure.status == status
        assert len(harbor.requests) == 2 + pages.MOST_REFUSED_FIRST

    @pytest.mark.parametrize("status", [502, 401, 403])
    def test_other_refusals_are_none_of_single_rows(self, harbor: Simulator, connect: Connect, status: int) -> None:
        harbor.answer("/api/v2.0/registries", status, body="")
        refused(lambda: list(connect(harbor).pages(endpoints.REGISTRIES)))
        assert len(harbor.requests) == 1

    @pytest.mark.parametrize("total", ["many", "-1", "1e3", "9" * 30])
    def test_a_total_that_is_none(self, harbor: Simulator, connect: Connect, total: str) -> None:
        harbor.answer("/api/v2.0/replication/policies", headers={"X-Total-Count": total}, body=[])
        failure = refused(lambda: list(connect(harbor).pages(endpoints.REPLICATION_POLICIES)))
        assert failure.detail.endswith(": X-Total-Count is no number")


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

        found: list[object] = []
        with pytest.raises(Failure, match="five"):
            found.extend(Each(list(range(10)), ask, "number"))

    def test_what_is_the_trouble_of_single_ones_is_kept(self) -> None:
        trouble = {
            2: Failure(STATUS, "an answer of Harbor", status=500),
            5: Failure(refusals.ABSENT, "gone", status=404),
            6: Failure(CONTENT, "unexpected", status=200),
            9: Failure(PERMISSION_MISSING, "not ours", status=403),
        }

        def ask(number: int) -> int:
            if number in trouble:
                raise trouble[number]
            return number

        asked = Each(list(range(10)), ask, "number", lambda number: f"number {number}")
        assert [number for number, _ in asked] == [0, 1, 3, 4, 7, 8]
        assert asked.failed == {f"number {number}": failure for number, failure in trouble.items()}

    @pytest.mark.parametrize(
        "failure",
        [
            Failure(STATUS, "core is away", status=502),
            Failure(STATUS, "hangs", hung=True),
            Failure(LOGIN_REFUSED, "who?", status=401),
            Failure(refusals.TOO_OLD, "unknown path", status=404),
        ],
    )
    def test_what_is_the_trouble_of_all_ends_it(self, failure: Failure) -> None:
        def ask(number: int) -> int:
            if number == 5:
                raise failure
            return number

        with pytest.raises(Failure, match=failure.detail):
            list(Each(list(range(10)), ask, "number"))

    def test_single_ones_are_no_excuse_where_none_is_answered(self) -> None:
        asked = []

        def ask(number: int) -> int:
            asked.append(number)
            raise Failure(STATUS, "an answer of Harbor", status=500)

        with pytest.raises(Failure, match=r"^number 0: an answer of Harbor$"):
            list(Each(list(range(100)), ask, "number", lambda number: f"number {number}"))
        assert len(asked) == rest.MOST_FAILED

    def test_time_runs_out(self) -> None:
        asked = Each(list(range(100)), lambda _: time.sleep(0.2), "policy")  # as a slow Harbor would take
        seen = deadline.supervised(lambda: len(list(asked)), 1.5)
        assert 0 < seen < 100
        assert seen % AT_ONCE == 0
        assert asked.unseen == f"only {seen} of 100 policies checked: time ran out"

    def test_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rest, "MOST_ASKED", 10)
        asked = Each(list(range(11)), lambda number: number, "policy")
        assert len(list(asked)) == 10
        assert asked.unseen == "only 10 of 11 policies checked: more are too many"
        assert len(list(Each(list(range(10)), lambda number: number, "policy"))) == 10


def test_names_in_paths() -> None:
    assert endpoints.ARTIFACT.at("p", "a/b c", "sha256:1").endswith(
        "/p/repositories/a%252Fb%2520c/artifacts/sha256%3A1"
    )
    assert endpoints.RETENTION.at("\udc00x").endswith("/retentions/%3Fx")


@pytest.mark.parametrize(
    ("q", "sent"),
    [
        ({"name": "priv"}, "q=name%3Dpriv"),
        ({"Level": "project", "ProjectID": 3}, "q=Level%3Dproject%2CProjectID%3D3"),
        ({"name": "a+b"}, "q=name%3Da%252Bb"),
        ({"name": "a&b=c"}, "q=name%3Da%2526b%253Dc"),
        ({"name": "robot$p+ci \udc00"}, "q=name%3Drobot%2524p%252Bci%2520%253F"),
    ],
)
def test_values_to_look_for_are_encoded_twice(q: dict[str, object], sent: str) -> None:
    assert endpoints.PROJECTS.at(page=2, q=q) == f"/api/v2.0/projects?page=2&{sent}"


def test_a_name_with_a_plus_is_found(harbor: Simulator, connect: Connect) -> None:
    harbor.content.remotes = [Remote(1, "a b"), Remote(2, "a+b"), Remote(3, "a%2Bb")]
    for name in ("a b", "a+b", "a%2Bb"):
        assert [row.text("name") for row in connect(harbor).pages(endpoints.REGISTRIES, q={"name": name})] == [name]
