#!/usr/bin/env python3
"""Does the purge of the audit log run, and does it succeed?

Reads the newest 100 runs from /api/v2.0/system/purgeaudit and the schedule from /api/v2.0/system/purgeaudit/schedule.
Without a purge the audit log grows with every pull, until it slows down the whole database.

States:
  OK        the last run succeeded, lately enough; never ran, but its schedule is not due yet
  WARNING   the last finished run failed or was stopped; nothing is scheduled; the schedule did not fire, although it
            was due longer than --schedule-grace ago; the last success is long ago (-w) or a run takes long
            (--running-warning)
  CRITICAL  the last success is very long ago (-c), or a run takes very long (--running-critical)
  UNKNOWN   usage error, no login, a right is missing, no answer that can be judged; with --isolate: another probe
            reports the cause, named in the line (jobservice, database, the login)

Dry runs do not count. Where no success is among the runs read, the age is the one of the oldest of them, at least.
A schedule that fires less than once a week needs other thresholds: -w 35d -c 65d for a monthly one.

Perfdata:
  age       seconds since the last success ended
  running   seconds that the present run takes already, 0 without one
  duration  seconds that the last success took
  time      seconds that the answers took

Rights: purge-audit:list and purge-audit:read, on system level. Harbor: 2.5 or newer; robot accounts can hold these
rights from 2.9 on.

Does not see: how many entries the log holds; whether Harbor forwards it to a syslog server instead.
"""

from harborlib.harbor import endpoints
from harborlib.harbor.rest import Rest
from harborlib.judge import runs, systemjobs
from harborlib.run import plugin


class AuditPurge(systemjobs.SystemJob):
    """The newest runs of the audit log's purge."""

    job = "audit log purge"
    endpoint = endpoints.AUDIT_PURGE
    schedule_endpoint = endpoints.AUDIT_PURGE_SCHEDULE


def check(args, harbor):
    purge = AuditPurge(Rest(harbor), args.schedule_grace)
    return systemjobs.check(purge, args, "read the run's log in the UI (Administration > Clean Up > Log Rotation)")


main = plugin.main(__name__, runs.declare, check)
