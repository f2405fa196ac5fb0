#!/usr/bin/env python3
"""Is Harbor's data volume full?

Reads /api/v2.0/systeminfo/volumes: the size and the free space of the file system behind /data, as core sees it.

States:
  OK        enough space is left; Harbor reports no volume (object storage, Helm: the line says so)
  WARNING   much of it is used (-w), or few bytes are left (--free-warning)
  CRITICAL  nearly all of it is used (-c), or very few bytes are left (--free-critical)
  UNKNOWN   usage error, no credentials, a missing permission, an unexpected answer; with --isolate: another probe
            reports the cause, named in the line (database, the credentials)

-w and -c are percent used; --free-warning and --free-critical are bytes, such as 20GiB (off by default).

Perfdata:
  used   percent of the volume that is used
  free   bytes that are free
  total  its size in bytes
  time   seconds that the answer took
  If there are several volumes, the second one has used_2, free_2 and total_2, and so on.

Permissions: system-volumes:read, at the system level. Harbor: 2.0 or newer; robot accounts can hold this permission
from 2.9 on.

Does not see: object storage, and any volume that is not /data of the core container, as with the Helm chart; a
read-only or lost volume (check_harbor_push, check_harbor_pull); inodes.
"""

import harbor_preloaded

from harborlib.harbor import Run, endpoints
from harborlib.judge import Limit, Readings, Shown, isolation
from harborlib.run import Probe, Service, plugin
from harborlib.text import BYTES, PERCENT, words
from harborlib.text.units import LOW

MAKE_ROOM = "check usage with {usage}, then delete images and run garbage collection, or enlarge the volume"

used = Limit("storage.volume-full", "used", PERCENT, "{value} of the data volume used",
             "80%", f"{isolation.VOLUME_FULL}%", help="percent used", next_step=MAKE_ROOM)  # fmt: skip
free = Limit("storage.little-free", "free", BYTES, "{value} of the data volume free",
             option="free", bad=LOW, help="bytes free, such as 20GiB", next_step=MAKE_ROOM)  # fmt: skip
size = Shown("total", BYTES)


def measure(run: Run) -> Readings:
    """The volumes that core reports."""
    rows = run.rest.get(endpoints.VOLUMES).one_or_rows("storage", "total")  # one object before Harbor 2.2
    volumes = [(row.count("total"), row.count("free")) for row in rows]
    volumes = [(total, min(left, total)) for total, left in volumes if total > 0]
    for position, (total, left) in enumerate(volumes, 1):
        end = f"_{position}" if position > 1 else ""
        yield used(words.share(total - left, total), high=100, label=f"used{end}")
        yield free(left, high=total, label=f"free{end}")
        yield size(total, label=f"total{end}")
    if not volumes:
        return "Harbor reports no data volume (object storage, or Helm): there is nothing to check"
    return ", and ".join(in_words(*volume) for volume in volumes)


def in_words(total: float, left: float) -> str:
    """One volume in words."""
    return f"{words.percent(words.share(total - left, total))} of {words.size(total)} used, {words.size(left)} free"


main = plugin.main(Probe(
    __name__,
    measure,
    [used, free, size],
    asks=[endpoints.VOLUMES],
    services=[
        # Before push can fail three times: a full volume causes one page, from this service.
        Service(every="1min", retry="5s", login="robot", hosts=("robot_authfile",),
                notes="The data volume is nearly full: soon nothing can be pushed. "
                "Delete what is not needed, run garbage collection, or enlarge the volume.")
    ],
))  # fmt: skip
