"""harborlib.harbor.pages: how far a list is read, and what it says of the rest."""

from __future__ import annotations

import json
from dataclasses import replace

from harborlib.harbor import endpoints, pages
from harborlib.wire import deadline

import pytest

from harbor_simulator import Simulator
from harbor_simulator.messages import Request, Response, json_response
from harbor_simulator.records import Remote
from support.rest import connect, error, refused


def test_to_the_end(harbor: Simulator) -> None:
    harbor.content.more_projects = 246
    pages = connect(harbor).pages(endpoints.PROJECTS)
    names = [row.text("name") for row in pages]
    assert (len(names), len(set(names))) == (250, 250)
    assert (pages.seen, pages.total, pages.complete, pages.cut, str(pages)) == (250, 250, True, "", "250 of 250")
    assert [request.query["page"] for request in harbor.requests[1:]] == ["1", "2", "3"]


def test_an_even_number_needs_no_further_page(harbor: Simulator) -> None:
    harbor.content.more_projects = 96
    assert len(list(connect(harbor).pages(endpoints.PROJECTS))) == 100
    assert len(harbor.requests) == 2


def test_up_to_a_limit(harbor: Simulator) -> None:
    harbor.content.more_projects = 246
    pages = connect(harbor).pages(endpoints.PROJECTS, limit=2)
    assert len(list(pages)) == 200
    assert (pages.complete, pages.cut, pages.missing, str(pages)) == (False, "", False, "200 of 250")


def test_as_long_as_there_is_time(harbor: Simulator) -> None:
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


def test_without_a_total_by_the_link(harbor: Simulator) -> None:
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
    harbor: Simulator, answers: list[tuple[int, str, bool]], noun: str, problem: str | None
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


def test_a_first_page_and_a_whole_list_that_are_cut_short(harbor: Simulator) -> None:
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


def test_more_rows_than_were_asked_for(harbor: Simulator) -> None:
    harbor.answer("/api/v2.0/replication/policies", body=[{}] * 101)
    harbor.answer("/api/v2.0/jobservice/queues", body=[{}] * 101)
    rest = connect(harbor)
    start = "unexpected answer to GET /api/v2.0/replication/policies: 101 rows instead of at most"
    assert refused(lambda: list(rest.pages(endpoints.REPLICATION_POLICIES))).detail == f"{start} 100"
    assert refused(lambda: rest.first_page(endpoints.REPLICATION_POLICIES, page_size=5)).detail == f"{start} 5"
    assert refused(lambda: rest.rows(endpoints.QUEUES)).detail.endswith("101 rows instead of at most 100")


def test_an_endless_list(harbor: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_rows_too_large_for_a_page_come_in_smaller_ones(harbor: Simulator, limit: int | None, seen: int) -> None:
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


def test_rows_that_make_harbor_refuse_their_page(harbor: Simulator) -> None:
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


def test_one_row_that_is_all_there_is(harbor: Simulator) -> None:
    harbor.content.remotes = [Remote(1, "r", readable=False)]
    found = connect(harbor).pages(endpoints.REGISTRIES, noun="registry")
    assert list(found) == []
    assert list(found.failed) == ["registry 1 of 1 in Harbor's list"]


@pytest.mark.parametrize("status", [500, 404])
def test_a_list_that_is_refused_whatever_one_asks(harbor: Simulator, status: int) -> None:
    harbor.answer("/api/v2.0/registries", status, body=error("registry 15 not found"))
    failure = refused(lambda: list(connect(harbor).pages(endpoints.REGISTRIES)))
    assert failure.status == status
    assert len(harbor.requests) == 2 + pages.MOST_REFUSED_FIRST


@pytest.mark.parametrize("status", [502, 401, 403])
def test_other_refusals_are_none_of_single_rows(harbor: Simulator, status: int) -> None:
    harbor.answer("/api/v2.0/registries", status, body="")
    refused(lambda: list(connect(harbor).pages(endpoints.REGISTRIES)))
    assert len(harbor.requests) == 1


@pytest.mark.parametrize("total", ["many", "-1", "1e3", "9" * 30])
def test_a_total_that_is_none(harbor: Simulator, total: str) -> None:
    harbor.answer("/api/v2.0/replication/policies", headers={"X-Total-Count": total}, body=[])
    failure = refused(lambda: list(connect(harbor).pages(endpoints.REPLICATION_POLICIES)))
    assert failure.detail.endswith(": X-Total-Count is no number")
