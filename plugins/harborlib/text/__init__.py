"""Words for numbers, thresholds with units, findings, and how a report is printed. This is the lowest layer."""

from . import words
from .finding import Finding
from .first_line import Summary
from .states import CRITICAL, OK, UNKNOWN, WARNING
from .units import BYTES, COUNT, DAYS, PERCENT, PERCENT_OF_LIMIT, SECONDS

__all__ = [
    "BYTES",
    "COUNT",
    "CRITICAL",
    "DAYS",
    "OK",
    "PERCENT",
    "PERCENT_OF_LIMIT",
    "SECONDS",
    "UNKNOWN",
    "WARNING",
    "Finding",
    "Summary",
    "words",
]
