"""Expensive objects that are made once per process, even if several threads request the first one."""

from __future__ import annotations

import functools
import threading
from typing import Callable, TypeVar

T = TypeVar("T")
_LOCK = threading.RLock()


def once(make: Callable[[], T]) -> Callable[[], T]:
    """Decorate a function without arguments: the first call makes the object, later calls return the same one."""
    cached = functools.lru_cache(maxsize=None)(make)

    @functools.wraps(make)
    def get() -> T:
        with _LOCK:
            return cached()

    return get
