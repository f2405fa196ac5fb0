#!/usr/bin/env python3
"""Did garbage collection run, and did it succeed?

Reads the newest 100 runs from /api/v2.0/system/gc and the schedule from /api/v2.0/system/gc/schedule. Without garbage
collection the storage fills up with blobs that nobody can pull any more.

States:
  OK        the last run succeeded, lately enough; never ran, but its schedule is not due yet
  WARNING   the last finished run failed or was stopped; nothing is scheduled; the schedule did not fire, although it
            was due longer than --schedule-grace ago; the last success is long ago (-w) or a run takes long
            (--running-warning)
  CRITICAL  the last success is very long ago (-c), or a run takes very long (--running-critical)
  UNKNOWN   usage error, no login, a right is missing, no answer that can be judged; with --isolate: another probe
            reports the cause, named in the line (registryctl, jobservice, database, the login)

Dry runs do not count. Where no success is among the runs read, the age is the one of the oldest of them, at least.
A schedule that fires less than once a week needs other thresholds: -w 35d -c 65d for a monthly one.

Perfdata:
  age       seconds since the last success ended
  running   seconds that the present run takes already, 0 without one
  duration  seconds that the last success took
  freed     bytes that it freed
  time      seconds that the answers took

Rights: garbage-collection:list and garbage-collection:read, on system level. Harbor: 2.0 or newer; robot accounts can
hold these rights from 2.9 on.

Does not see: whether it deleted what is still needed (check_harbor_pull); images that no tag holds any more, unless
the schedule deletes untagged artifacts; a run shows as running up to half a minute after its end.
"""

from harborlib import endpoints, plugin, runs, systemjobs, words
from harborlib.rest import Rest

import nagiosplugin


class GarbageCollection(systemjobs.SystemJob):
    """The newest runs of garbage collection."""

    job = "garbage collection"
    endpoint = endpoints.GC
    schedule_endpoint = endpoints.GC_SCHEDULE

    def yields(self, parameters):
        freed = parameters.count("freed_space")
        self.fine += f", freed {words.size(freed)}"
        yield nagiosplugin.Metric("freed", freed, "B", min=0, context="value")


def check(args, harbor):
    collection = GarbageCollection(Rest(harbor), args.schedule_grace)
    step = "read the run's log in the UI (Administration > Clean Up), and docker logs registryctl"
    return systemjobs.check(collection, args, step)


main = plugin.main(__name__, runs.declare, check)
