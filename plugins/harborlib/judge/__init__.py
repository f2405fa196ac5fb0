"""From readings to findings: limits and problems, selections, executions and schedules, isolation, triage's verdict."""

from . import isolation
from .isolation import FINDING, REMOTE, SLOW, STANDSTILL
from .measured import Readings
from .readings import Limit, Problem, Reading, ResponseTime, Shown
from .selection import Selectable
from .unread import NotRead, each_row

__all__ = [
    "FINDING", "REMOTE", "SLOW", "STANDSTILL", "Limit", "NotRead", "Problem", "Reading", "Readings", "ResponseTime",
    "Selectable", "Shown", "each_row", "isolation",
]  # fmt: skip
