"""A report as JSON: the documented object, whatever it holds, with a limit and without secrets."""

from __future__ import annotations

import json

from harborlib.judge.isolation import caused_by
from harborlib.text import CRITICAL, OK, UNKNOWN, WARNING, Summary, cleaning, json_output
from harborlib.text.cleaning import sanitised
from harborlib.text.finding import Finding
from harborlib.text.report import Measure, Report

import pytest
from hypothesis import given, settings

from contract import grammar
from support import runner
from support.reports import MANY, REPORTS, SECRETS, holding


@given(REPORTS)
def test_any_report_is_json_as_documented(report: Report) -> None:
    grammar.checked_json(runner.Outcome(report.exit_code, json_output.text(report)))


def test_a_finding() -> None:
    late = Finding("queue.waiting", WARNING, "the oldest job has been waiting for 20 min", "SCAN", "warning at 15 min",
                   values={"value": 1200, "unit": "s", "limit": "900"}, next_step="look")  # fmt: skip
    well = Finding("queue.waiting", OK, "the oldest job has been waiting for 2 s", "GC", next_step="not told")
    found = json.loads(json_output.text(Report("queue", [well, late], Summary("fine"))))
    assert (found["schema"], found["state"], found["next_step"]) == (2, WARNING, "look")
    assert found["parts"] == [
        {
            "id": "queue.waiting",
            "state": WARNING,
            "subject": "SCAN",
            "text": "SCAN: the oldest job has been waiting for 20 min (warning at 15 min)",
            "values": {"value": 1200, "unit": "s", "limit": "900"},
            "next_step": "look",
        },
        {
            "id": "queue.waiting",
            "state": OK,
            "subject": "GC",
            "text": "GC: the oldest job has been waiting for 2 s",
            "values": {},
            "next_step": "",
        },
    ]


def test_a_failure_of_another_owner_ends_with_the_owner() -> None:
    redis = caused_by("redis", "Harbor says redis is unhealthy")
    report = Report("v2", [Finding("harbor.error-status", CRITICAL, "500 for /v2/").owned_by(redis)])
    found = json.loads(json_output.text(report))
    told = "500 for /v2/, Harbor says redis is unhealthy (see harbor-component-redis)"
    assert (found["state"], found["summary"], found["parts"][0]["text"]) == (UNKNOWN, told, told)
    assert found["cause"] == {
        "owner": "redis",
        "see": "harbor-component-redis",
        "because": "Harbor says redis is unhealthy",
    }


@pytest.mark.timeout(240)
@settings(max_examples=50)  # a secret is looked for in every text, and that takes a while
@given(REPORTS, SECRETS)
def test_no_report_holds_a_secret(report: Report, secret: str) -> None:
    cleaning.forget()
    cleaning.conceal(secret)
    shown = json.dumps(json.loads(json_output.text(holding(report, secret))), ensure_ascii=False)
    assert secret not in shown
    assert sanitised(secret) not in shown


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    """The plugin turns that into a fault of its own."""
    report = Report("gc", [Finding("", OK, "")], Summary("fine"), [Measure("a", value)])
    with pytest.raises(ValueError, match="JSON compliant"):
        json_output.text(report)


@pytest.mark.parametrize("text", ["a finding", "\x1b" * 5000, '\u2603\\"' * 1000])
def test_an_output_has_a_limit_and_says_so(text: str) -> None:
    parts = [Finding("gc.failed", CRITICAL, f"{number} {text}", next_step=text) for number in range(2000)]
    measures = [Measure(f"{text}{number}", number) for number in range(MANY)]
    notes = tuple(f"{number} {text}" for number in range(MANY))
    printed = json_output.text(Report("gc", parts, measures=measures, notes=notes))
    assert len(printed) <= json_output.LIMIT
    found = grammar.checked_json(runner.Outcome(2, printed))
    kept = {name: len(found[name]) for name in ("parts", "metrics", "notes")}
    assert all(kept.values())
    assert found["left_out"] == {
        "parts": 2000 - kept["parts"],
        "metrics": MANY - kept["metrics"],
        "notes": MANY - kept["notes"],
    }
