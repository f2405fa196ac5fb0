"""On which days people are told that a certificate expires: two alerts, and reminders between and after them."""

from __future__ import annotations

REMINDERS = ("first", "second", "third")
REMINDED_LIFETIME = 10  # days; who renews more often than that has a machine do it


def of(lifetime: float) -> dict[str, int]:
    """The whole days left on which people are told, in the order in which they come; `lifetime` in days."""
    return {
        "warning": int(min(30, lifetime / 4)),
        "first": int(min(14, lifetime / 7)),
        "critical": int(min(7, lifetime / 12)),
        "second": int(min(3, lifetime / 24)),
        "third": int(min(1, lifetime / 60)),
    }


def of_reminder(reminder: str, lifetime: float) -> tuple[int, int]:
    """The days left with which a reminder begins, and those of the next milestone; the same twice: it is left out.

    One that falls on the day of another milestone would tell the same twice.
    """
    days = of(lifetime)
    begins = days[reminder]
    earlier = REMINDERS[: REMINDERS.index(reminder)]
    if lifetime < REMINDED_LIFETIME or begins in [days[name] for name in ("warning", "critical", *earlier)]:
        return begins, begins
    return begins, max((value for value in days.values() if value < begins), default=-1)


def due(reminder: str, lifetime: float, days_left: int, alerting_with: float) -> bool:
    """Whether a reminder is due with so many whole days left, where the first alert came with `alerting_with` left.

    What began to alert within the reminder's days has told already what it would say.
    """
    begins, ends = of_reminder(reminder, lifetime)
    return ends < days_left <= begins and alerting_with > begins + 1
