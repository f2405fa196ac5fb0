"""One test for many cases, where a test for each would cost more than what it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable, TypeVar

Case = TypeVar("Case")


def for_each(cases: Iterable[Case], check: Callable[[Case], object]) -> None:
    """Check them all; fails with a line for each that failed, and the traceback of the first."""
    failed = []
    for case in cases:
        try:
            check(case)
        except (Exception, SystemExit) as error:
            failed.append((f"{case}: {type(error).__name__}: {error}", error))
    if failed:
        raise AssertionError("\n".join(line for line, _ in failed)) from failed[0][1]
