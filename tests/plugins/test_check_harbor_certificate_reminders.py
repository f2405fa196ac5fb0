"""check_harbor_certificate --reminder: a service that alerts once more while the certificate's own has long alerted."""

from __future__ import annotations

import time

import pytest

from harbor_simulator import Simulator
from harbor_simulator.certificates import root
from harbor_simulator.issuing import DAY, HALF_DAY, Identity, issue, now


def state(check, harbor: Simulator, lifetime: int, left: int, *options: str) -> str:
    """What a reminder says of a certificate of that many days with so many whole days left."""
    end = now() + left * DAY + HALF_DAY
    leaf = issue("localhost", issuer=root(), not_before=end - lifetime * DAY, not_after=end)
    harbor.certificate = Identity(leaf.key, (leaf.certificate,))
    first, *_, code = check("certificate", "--judge", "expiry", *options)
    word: str = first.split()[2]
    assert code == f"exit code {('OK', 'WARNING', 'CRITICAL').index(word)}"
    return word


@pytest.mark.parametrize(
    ("lifetime", "reminder", "begins", "ends", "word"),
    [
        (365, "first", 13, 7, "WARNING"),
        (365, "second", 2, 1, "CRITICAL"),
        (365, "third", 0, 0, "CRITICAL"),
        (90, "first", 12, 7, "WARNING"),
        (90, "second", 2, 1, "CRITICAL"),
        (90, "third", 0, 0, "CRITICAL"),
        (47, "first", 6, 4, "WARNING"),
        (47, "second", 1, 1, "CRITICAL"),
        (47, "third", 0, 0, "CRITICAL"),
    ],
)
def test_days_of_a_reminder(
    check, harbor: Simulator, lifetime: int, reminder: str, begins: int, ends: int, word: str
) -> None:
    said = {
        left: state(check, harbor, lifetime, left, "--reminder", reminder)
        for left in (begins + 1, begins, ends, ends - 1)
    }
    assert said == {begins + 1: "OK", begins: word, ends: word, ends - 1: "OK"}


@pytest.mark.parametrize(("lifetime", "reminder"), [(6, "first"), (6, "third"), (9, "first"), (20, "third")])
def test_reminder_that_is_left_out(check, harbor: Simulator, lifetime: int, reminder: str) -> None:
    """Of a short lifetime, or on the day on which another alert tells the same."""
    said = {state(check, harbor, lifetime, left, "--reminder", reminder) for left in range(-1, 3)}
    assert said == {"OK"}


@pytest.mark.parametrize(("days_ago", "word"), [(16, "WARNING"), (3, "WARNING"), (1, "OK"), (0, "OK")])
def test_nothing_is_reported_twice(check, harbor: Simulator, days_ago: int, word: str) -> None:
    """With 12 days left: whoever was first alerted in the days of this reminder needs no reminding."""
    since = str(time.time() - days_ago * 86400)
    assert state(check, harbor, 365, 12, "--reminder", "first", "--alerting-since", since) == word


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--reminder", "first"), "--reminder needs --judge expiry"),
        (("--reminder", "first", "--judge", "validity"), "--reminder needs --judge expiry"),
        (("--judge", "expiry", "--alerting-since", "0"), "--alerting-since needs --reminder"),
    ],
)
def test_options_that_mean_nothing_alone(check, options: tuple[str, ...], problem: str) -> None:
    assert check("certificate", *options) == [
        f"HARBOR CERTIFICATE UNKNOWN - usage: {problem}",
        "Next: see check_harbor_certificate --help",
        "exit code 3",
    ]


@pytest.mark.parametrize("since", ["nan", "inf", "yesterday"])
def test_no_point_in_time(check, capfd: pytest.CaptureFixture[str], since: str) -> None:
    with pytest.raises(SystemExit, match="3"):
        check("certificate", "--judge", "expiry", "--reminder", "first", "--alerting-since", since)
    assert capfd.readouterr().out.startswith(
        f"HARBOR CERTIFICATE UNKNOWN - usage: --alerting-since: invalid seconds value: '{since}'"
    )


@pytest.mark.parametrize(
    ("lifetime", "reminder", "sentence"),
    [
        (365, "first", "reminder due below 14 days"),
        (365, "third", "reminder due below 1 day"),
        (20, "third", "no reminder: short lifetime"),
    ],
)
def test_a_reminder_says_when_it_is_due(check, harbor: Simulator, lifetime: int, reminder: str, sentence: str) -> None:
    end = now() + 18 * DAY + HALF_DAY
    leaf = issue("localhost", issuer=root(), not_before=end - lifetime * DAY, not_after=end)
    harbor.certificate = Identity(leaf.key, (leaf.certificate,))
    first, *_, code = check("certificate", "--judge", "expiry", "--reminder", reminder)
    assert first.startswith("HARBOR CERTIFICATE OK - localhost's certificate is valid for 18 days, until ")
    assert first.partition(" | ")[0].endswith(f" ({sentence})")
    assert code == "exit code 0"
