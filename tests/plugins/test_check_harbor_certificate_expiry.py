"""check_harbor_certificate: how many days are left, and from which day on that is a problem."""

from __future__ import annotations

import time

import pytest

from harbor_simulator import Simulator
from harbor_simulator.certificates import root
from harbor_simulator.issuing import DAY, HALF_DAY, Identity, issue, now
from support import runner

RENEW = (
    "Next: renew the certificate (with its intermediates), then restart the reverse proxy (or update the "
    "ingress's TLS secret)"
)


def lasting(lifetime: float, left: float, *further) -> Identity:
    """A certificate of that many days, of which so many (and half a day, unless it is a fraction) are left."""
    end = now() + left * DAY + HALF_DAY * (left == int(left))
    leaf = issue("localhost", issuer=root(), not_before=end - lifetime * DAY, not_after=end)
    return Identity(leaf.key, (leaf.certificate, *further))


@pytest.mark.parametrize(
    ("lifetime", "limits", "first_warning", "first_critical"),
    [
        (1, "1:;1:", None, 0),  # renewed within a day: critical in its last hours
        (6, "2:;1:", 1, 0),
        (47, "12:;4:", 11, 3),
        (90, "23:;7:", 22, 6),
        (100, "25:;7:", 24, 6),
        (120, "30:;7:", 29, 6),
        (365, "30:;7:", 29, 6),
        (3650, "30:;7:", 29, 6),
    ],
)
def test_default_thresholds_follow_from_the_lifetime(
    check, harbor: Simulator, lifetime: int, limits: str, first_warning: int | None, first_critical: int
) -> None:
    """Each alerts below a limit, as -w 30 -c 7 do: min(30, lifetime / 4) and min(7, lifetime / 12)."""

    def seen(left: float) -> tuple[str, str, str]:
        harbor.certificate = lasting(lifetime, left)
        first, *_, code = check("certificate", "--judge", "expiry")
        line, _, perfdata = first.partition(" | ")
        return line, perfdata, code

    def expected(state: str, left: int) -> tuple[str, str, str]:
        days = "1 day" if left == 1 else f"{left} days"
        words = f"expires in {days}, on DATE" if left else "expires within a day, at DATE"
        words = f"is valid for {days}, until DATE (issued by Testing CA)" if state == "OK" else words
        line = f"HARBOR CERTIFICATE {state} - localhost's certificate {words}"
        code = f"exit code {('OK', 'WARNING', 'CRITICAL').index(state)}"
        return line, f"time=Ts;;;0 days_left={left};{limits}", code

    assert seen(first_critical) == expected("CRITICAL", first_critical)
    if first_warning is not None:
        assert seen(first_critical + 1) == expected("WARNING", first_critical + 1)
        assert seen(first_warning) == expected("WARNING", first_warning)
        assert seen(first_warning + 1) == expected("OK", first_warning + 1)


@pytest.mark.parametrize(
    ("left", "days", "words"),
    [
        (29 + 23.9 / 24, 29, "expires in 29 days, on DATE"),
        (30 + 0.1 / 24, 30, "is valid for 30 days, until DATE (issued by Testing CA)"),
        (1.5, 1, "expires in 1 day, on DATE"),
        (0.5, 0, "expires within a day, at DATE"),
        (-0.5, -1, "expired less than a day ago, at DATE"),
        (-1.5, -2, "expired 1 day ago, on DATE"),
        (-2.5, -3, "expired 2 days ago, on DATE"),
    ],
)
def test_whole_days_left(check, harbor: Simulator, left: float, days: int, words: str) -> None:
    harbor.certificate = lasting(365, left)
    first, *_ = check("certificate", "--judge", "expiry")
    assert first.partition(" - ")[2] == f"localhost's certificate {words} | time=Ts;;;0 days_left={days};30:;7:"


@pytest.mark.parametrize(
    ("left", "form"),
    [(20.5, "%Y-%m-%d"), (-20.5, "%Y-%m-%d"), (0.5, "%Y-%m-%d %H:%M UTC"), (-0.5, "%Y-%m-%d %H:%M UTC")],
)
def test_end_in_utc(harbor: Simulator, left: float, form: str) -> None:
    end = time.time() + left * 86400
    harbor.certificate = lasting(365, left)
    outcome = runner.here("check_harbor_certificate", "-H", harbor.url, "--ca-file", harbor.ca_file)
    # A moment passes between the two clocks.
    assert any(time.strftime(f" {form} |", time.gmtime(end + delay)) in outcome.out for delay in (0, 1, 2))


@pytest.mark.parametrize(
    ("options", "left", "state", "limits"),
    [
        (["-w", "50:", "-c", "20:"], 50, "OK", "50:;20:"),
        (["-w", "50:", "-c", "20:"], 49, "WARNING", "50:;20:"),
        (["-w", "50d:", "-c", "3w:"], 20, "CRITICAL", "50:;21:"),
        (["-w", "50:"], 20, "WARNING", "50:;7:"),
        (["-w", "50:"], 6, "CRITICAL", "50:;7:"),
        (["-w", "30", "-c", "7"], 30, "OK", "30:;7:"),
        ([], 30, "OK", "30:;7:"),
        (["-w", "30", "-c", "7"], 7, "WARNING", "30:;7:"),
        ([], 7, "WARNING", "30:;7:"),
        (["-c", "50:"], 40, "CRITICAL", "30:;50:"),
        (["-w", "~:", "-c", "~:"], 0, "OK", "~:;~:"),
        (["-w", "~:"], 8, "OK", "~:;7:"),
        # The bands of the reminders: one page at 14, at 3 and on the last day.
        (["-w", "@8:14", "-c", "~:"], 15, "OK", "@8:14;~:"),
        (["-w", "@8:14", "-c", "~:"], 14, "WARNING", "@8:14;~:"),
        (["-w", "@8:14", "-c", "~:"], 8, "WARNING", "@8:14;~:"),
        (["-w", "@8:14", "-c", "~:"], 7, "OK", "@8:14;~:"),
        (["-w", "@2:3", "-c", "~:"], 3, "WARNING", "@2:3;~:"),
        (["-w", "@0:1", "-c", "~:"], 1, "WARNING", "@1;~:"),
        (["-w", "@0:1", "-c", "~:"], 0, "WARNING", "@1;~:"),
        (["-w", "@0:1", "-c", "~:"], -1, "OK", "@1;~:"),
    ],
)
def test_thresholds(check, harbor: Simulator, options: list[str], left: int, state: str, limits: str) -> None:
    harbor.certificate = lasting(365, left)
    first, *rest = check("certificate", "--judge", "expiry", *options)
    assert first.startswith(f"HARBOR CERTIFICATE {state} - localhost's certificate ")
    assert first.endswith(f" | time=Ts;;;0 days_left={left};{limits}")
    assert rest == [
        *([] if state == "OK" else [RENEW]),
        f"exit code {('OK', 'WARNING', 'CRITICAL').index(state)}",
    ]


def test_each_element_has_its_own_limits(check, harbor: Simulator) -> None:
    """The leaf of 90 days is fine with 25 left; its intermediate of ten years is not with 20."""
    ca = issue(
        "Intermediate",
        issuer=root(),
        authority=True,
        not_before=now() - 3600 * DAY,
        not_after=now() + 20 * DAY + HALF_DAY,
    )
    end = now() + 25 * DAY + HALF_DAY
    leaf = issue("localhost", issuer=ca, not_before=end - 90 * DAY, not_after=end)
    harbor.certificate = Identity(leaf.key, (leaf.certificate, ca.certificate))
    perfdata = "time=Ts;;;0 days_left=25;23:;7: days_left_1=20;30:;7:"
    line = "Intermediate's certificate expires in 20 days, on DATE"
    assert check("certificate", "-v") == [
        f"HARBOR CERTIFICATE WARNING - {line} | {perfdata}",
        f"WARNING: {line} [certificate.expires]",
        "OK: handshake in T s",
        "OK: localhost's certificate is valid for 25 days, until DATE",
        "Next: replace that CA certificate in the certificate file, then restart the reverse proxy (or update the "
        "ingress's TLS secret)",
        "exit code 1",
    ]
    assert check("certificate", "--judge", "validity")[-1] == "exit code 0"


def test_an_expired_certificate_outside_the_thresholds_is_still_invalid(check, harbor: Simulator) -> None:
    harbor.certificate = lasting(365, -2)
    assert check("certificate", "-w", "~:", "-c", "~:") == [
        "HARBOR CERTIFICATE CRITICAL - localhost's certificate expired 1 day ago, on DATE "
        "| time=Ts;;;0 days_left=-2;~:;~:",
        RENEW,
        "exit code 2",
    ]


def test_expiry_alone_does_not_look_at_the_rest(check, harbor: Simulator) -> None:
    for kind in ("self-signed", "wrong-name", "incomplete-chain", "wrong-order", "weak-key", "not-yet-valid"):
        harbor.certificate = kind
        assert check("certificate", "--judge", "expiry")[-1] == "exit code 0"
