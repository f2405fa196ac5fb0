"""Words for numbers, thresholds with units, findings, and how a report is printed. The lowest floor: it asks nobody."""

from . import words
from .finding import Finding
from .first_line import Summary
from .states import CRITICAL, OK, UNKNOWN, WARNING
from .units import BYTES, COUNT, DAYS, PERCENT, SECONDS

__all__ = [
    "BYTES",
    "COUNT",
    "CRITICAL",
    "DAYS",
    "OK",
    "PERCENT",
    "SECONDS",
    "UNKNOWN",
    "WARNING",
    "Finding",
    "Summary",
    "words",
]
