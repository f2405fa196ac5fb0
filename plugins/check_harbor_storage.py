#!/usr/bin/env python3
"""Is Harbor's data volume full?

Reads /api/v2.0/systeminfo/volumes: the size and the free space of the file system behind /data, as core sees it.

States:
  OK        enough space is left; Harbor reports no volume (object storage, Helm: the line says so)
  WARNING   much of it is used (-w), or few bytes are left (--free-warning)
  CRITICAL  nearly all of it is used (-c), or very few bytes are left (--free-critical)
  UNKNOWN   usage error, no login, a right is missing, no answer that can be judged; with --isolate: another probe
            reports the cause, named in the line (database, the login)

-w and -c are percent used; --free-warning and --free-critical bytes, as 20GiB: (off by default).

Perfdata:
  used   percent of the volume that is used
  free   bytes that are free
  total  its size in bytes
  time   seconds that the answer took
  With several volumes the second one has used_2, free_2 and total_2, and so on.

Rights: system-volumes:read, on system level. Harbor: 2.0 or newer; robot accounts can hold this right from 2.9 on.

Does not see: object storage, and any volume that is not /data of the core container, as with the Helm chart;
a read-only or lost volume (check_harbor_push, check_harbor_pull); inodes.
"""

from harborlib import endpoints, judgement, options, plugin, summaries, units, words
from harborlib.judgement import Shown, Threshold
from harborlib.rest import Rest

import nagiosplugin

NEXT = "run garbage collection, delete what is not needed, or enlarge the volume: df -h /data on the Harbor host"


class Storage(nagiosplugin.Resource):
    """The volumes that core reports."""

    def __init__(self, rest):
        self.rest = rest
        self.fine = "Harbor reports no data volume (object storage, or Helm): there is nothing to judge"

    def probe(self):
        rows = self.rest.get(endpoints.VOLUMES).rows("storage", needed=True)
        volumes = [(row.count("total"), row.count("free")) for row in rows]
        volumes = [(total, min(free, total)) for total, free in volumes if total > 0]
        yield judgement.seconds(self.rest.elapsed)
        for position, (total, free) in enumerate(volumes, 1):
            end = f"_{position}" if position > 1 else ""
            used = round((total - free) * 100 / total, 2)
            yield nagiosplugin.Metric(f"used{end}", used, "%", min=0, max=100, context="used")
            yield nagiosplugin.Metric(f"free{end}", free, "B", min=0, max=total, context="free")
            yield nagiosplugin.Metric(f"total{end}", total, "B", min=0, context="total")
        if volumes:
            self.fine = "; ".join(told(*volume) for volume in volumes)


def told(total, free):
    """One volume in words."""
    return f"{words.percent((total - free) * 100 / total)} of {words.size(total)} used, {words.size(free)} free"


def declare(parser):
    options.thresholds(parser, "", "percent used", "80", "90", units.PERCENT)
    options.thresholds(parser, "free", "bytes free, as 20GiB:", None, None, units.BYTES)


def check(args, harbor):
    storage = Storage(Rest(harbor))
    free = (args.free_warning, args.free_critical)
    return nagiosplugin.Check(
        storage,
        Threshold("used", args.warning, args.critical, "{value} of the data volume used", words.percent, NEXT),
        Threshold("free", *free, "{value} of the data volume free", words.size, NEXT),
        Shown("total"),
        Shown("time"),
        summaries.Summary(storage),
    )


main = plugin.main(__name__, declare, check)
