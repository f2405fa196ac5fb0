"""Repeated executions in Harbor: garbage collection, purges, retention, replication, scans.

The newest finished execution decides. One in progress is judged by how long it takes. Dry runs do not count. Whether a
schedule fires is judged only by the executions: /schedules and next_scheduled_time come from the database, and stay
unchanged when the job service has forgotten the schedule (goharbor/harbor issues 18836 and 15323).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from functools import partial
from typing import NamedTuple

from harborlib.harbor.fields import Fields
from harborlib.text import words
from harborlib.wire.failure import CONTENT, Failure

from .schedules import Schedule
from .unread import each_row

#: Harbor's status values: of jobs, replication, retention (which uses both), and of jobs in Harbor 2.0 and 2.1.
SUCCEEDED, FAILED, STOPPED, RUNNING = "succeeded", "failed", "stopped", "running"
OUTCOMES = {
    **dict.fromkeys(("success", "succeed", "succeeded", "finished"), SUCCEEDED),
    **dict.fromkeys(("error", "failed", "failure"), FAILED),
    **dict.fromkeys(("stopped", "canceled"), STOPPED),
    **dict.fromkeys(("pending", "scheduled", "running", "inprogress"), RUNNING),
}
#: The details of an execution of which only the essentials are kept.
NOTHING = Fields({}, partial(Failure, CONTENT))
#: The schedule's own row in Harbor 2.0 and 2.1, and its status until the schedule fires for the first time.
PERIODIC, WAITING = "periodic", ("pending", "scheduled")
KEPT = 3  # executions kept of each history, the newest ones
#: Seconds after which Harbor has lost track of an execution in progress that has no task in progress. ALL_DONE: all
#: tasks have ended, which Harbor notices at once. NONE_YET: there is no task yet; it may still read a long image list.
ALL_DONE, NONE_YET = 600, 3600
SLACK = 60  # seconds by which an execution may seem to start before its schedule fired: clocks differ


class Execution(NamedTuple):
    """One execution. Times are in seconds since 1970.

    `scheduled`: started by the schedule. `counts`: neither a dry run nor skipped. `parameters` are those of the job,
    `reason` says why it failed. `idle` is the number of its tasks if none of them is in progress. `timed`: its start
    time is known. Only part of the row is kept: a thousand policies have a hundred each.
    """

    number: int
    outcome: str
    started: float
    ended: float | None
    scheduled: bool
    counts: bool
    parameters: Fields
    reason: str = ""
    idle: int | None = None
    timed: bool = True

    @classmethod
    def of(
        cls,
        row: Fields,
        started: str = "start_time",
        ended: str = "end_time",
        status: str = "status",
        trigger: str = "trigger",
        counts: bool = True,
        parameters: Fields | None = None,
        reason: str = "",
        idle: int | None = None,
    ) -> Execution:
        """From a row of any list of executions; the arguments name its fields. Raises Failure (content)."""
        number = row.number("id")
        word = row.name(status)
        if word.lower() not in OUTCOMES:
            raise row.fail(f"unknown {status} {word or '(none)'}")
        outcome = OUTCOMES[word.lower()]
        begun, end = row.moment(started), row.moment(ended)
        if begun is None and (outcome == RUNNING or end is None):
            raise row.fail(f"{started} is missing")
        begun = begun or end or 0.0
        end = None if outcome == RUNNING else end or begun
        scheduled = row.text(trigger).lower().startswith("schedule")
        return cls(number, outcome, begun, end, scheduled, counts, parameters or NOTHING, reason, idle)

    @classmethod
    def of_system_job(cls, row: Fields) -> Execution | None:
        """From a row of /system/gc or /system/purgeaudit, with the job's parameters; None for a waiting schedule.

        Harbor 2.0 and 2.1 have a single row for a schedule and all its executions. It was created with the schedule,
        and shows when the newest execution reached its status.
        """
        parameters, old = row.packed("job_parameters"), row.name("job_kind").lower() == PERIODIC
        if old and row.name("job_status").lower() in WAITING:
            return None
        started = "update_time" if old else "creation_time"
        counts = not parameters.flag("dry_run")
        execution = cls.of(row, started, "update_time", "job_status", "job_kind", counts, parameters)
        return execution._replace(scheduled=True, timed=False) if old else execution

    @classmethod
    def of_system_jobs(cls, rows: Iterable[Fields], failed: MutableMapping[str, Failure]) -> list[Execution]:
        """From all rows; the reason why one cannot be read is recorded in `failed`."""
        return [execution for execution in each_row(rows, cls.of_system_job, failed, "run") if execution]

    @property
    def did_nothing(self) -> bool:
        """Whether it succeeded without a single task."""
        return self.outcome == SUCCEEDED and self.idle == 0

    @property
    def duration(self) -> float | None:
        """Seconds from start to end, 0 while it runs; None if its start is not known."""
        return max(0.0, (self.ended or self.started) - self.started) if self.timed else None


class History:
    """The newest executions of one item, judged at `now` (the server's clock, seconds since 1970).

    `grace` is the delay in seconds that a scheduled execution may have. `newest_all` are the newest of all,
    `newest_finished` those that count and have ended: KEPT of each. `running` is the oldest in progress since then.
    `lost` is the oldest that Harbor has lost track of: only Harbor believes that it is in progress. `unread` are the
    executions that could not be read, by their names.
    """

    def __init__(
        self,
        executions: Iterable[Execution],
        now: float,
        schedule: Schedule | None = None,
        grace: float = 0.0,
        unread: Mapping[str, Failure] | None = None,
    ) -> None:
        self.now = now
        self.unread = unread or {}
        self.schedule = schedule
        known = sorted(executions, key=lambda execution: (execution.started, execution.number), reverse=True)
        finished = [execution for execution in known if execution.counts and execution.outcome != RUNNING]
        self.newest_all, self.newest_finished = known[:KEPT], finished[:KEPT]
        self.newest = finished[0] if finished else None
        self.oldest = finished[-1] if finished else None
        self.success = next((execution for execution in finished if execution.outcome == SUCCEEDED), None)
        since = self.newest.started if self.newest else 0.0
        under_way = [execution for execution in reversed(known) if execution.outcome == RUNNING]
        self.lost = next(filter(self.is_lost, under_way), None)
        newer = (each for each in under_way if each.started >= since and not self.is_lost(each))
        self.running = next(newer, None)
        self.missed = self._missed(known, grace)

    def _missed(self, known: Sequence[Execution], grace: float) -> float | None:
        """When the schedule should have fired and did not, if that is longer ago than the grace."""
        if self.schedule is None:
            return None
        oldest = known[-1].started if known else self.now
        since = oldest if self.schedule.since is None else self.schedule.since
        due = self.schedule.due(since, self.now - grace)
        if due is None or any(execution.scheduled and execution.started >= due - SLACK for execution in known):
            return None
        return due

    def is_lost(self, execution: Execution) -> bool:
        """Whether Harbor has lost track of an execution in progress: for a long time none of its tasks has been."""
        if execution.idle is None:
            return False
        return self.ago(execution.started) > (ALL_DONE if execution.idle else NONE_YET)

    def ago(self, moment: float) -> float:
        """Seconds from then to now."""
        return max(0.0, self.now - moment)

    @property
    def age(self) -> float | None:
        """Seconds since the last success ended; None if there is none."""
        return self.ago(self.success.ended or 0.0) if self.success else None

    @property
    def fruitless(self) -> float | None:
        """The minimum time in seconds without a success that was due; None if no success is overdue."""
        if self.success:
            return None
        if self.oldest:
            return self.ago(self.oldest.started)
        return self.ago(self.schedule.since) if self.missed and self.schedule and self.schedule.since else None

    @property
    def elapsed(self) -> float:
        """Seconds that the current execution has been running; 0 if there is none."""
        return self.ago(self.running.started) if self.running else 0.0

    @property
    def problem(self) -> str:
        """The problem of the newest finished execution, or ""."""
        newest = self.newest
        if newest is None or newest.outcome == SUCCEEDED:
            return ""
        ended = f"{words.span(self.ago(newest.ended or 0.0))} ago, {words.moment(newest.ended or 0.0)}"
        outcome = "failed" if newest.outcome == FAILED else "was stopped"
        return f"the last execution {outcome} {ended} (number {newest.number})"

    @property
    def lost_track(self) -> str:
        """The execution that Harbor has lost track of, in words, or ""."""
        if not self.lost:
            return ""
        tasks = f"all of its tasks ({self.lost.idle}) have ended" if self.lost.idle else "it has no task"
        return f"execution {self.lost.number} in progress for {words.span(self.ago(self.lost.started))}, but {tasks}"

    @property
    def summary(self) -> str:
        """A short description of the state, for when all is well."""
        if self.newest and self.newest.outcome == SUCCEEDED:
            text = f"last execution succeeded {words.span(self.ago(self.newest.ended or 0.0))} ago"
            text += "" if self.newest.duration is None else f", took {words.span(self.newest.duration)}"
            text += ", with nothing to do" if self.newest.did_nothing else ""
        else:
            text = "no execution yet" if self.newest is None else "last execution did not succeed"
        return text + (f", another running for {words.span(self.elapsed)}" if self.running else "")
