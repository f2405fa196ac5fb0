"""Which Harbor has the endpoints and fields that the probes read, by Harbor's own API descriptions of 2.0.6 to 2.15.2.

A line for each object: its path (`.a.b` for an object within), the Harbor that brought it, then the fields that are
read, with their own version where it is a later one. Where a description lags behind the code the code counts: Harbor
2.0 and 2.1 described neither the runs of garbage collection nor `retention_id`, and had both.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

Version = tuple[int, ...]
TABLE = """
/health                                      2.0  components
/health.components                           2.0  name status error
/systeminfo                                  2.0  harbor_version external_url registry_url auth_mode
/systeminfo                                  2.0  read_only=2.2 current_time=2.5
/systeminfo/volumes                          2.0  storage
/systeminfo/volumes.storage                  2.0  total free
/quotas                                      2.0  ref hard used
/quotas.ref                                  2.0  name
/quotas.hard                                 2.0  storage
/quotas.used                                 2.0  storage
/jobservice/pools                            2.7  worker_pool_id heartbeat_at
/jobservice/pools/all/workers                2.7  job_id job_name pool_id start_at
/jobservice/queues                           2.7  job_type count latency paused
/system/gc                                   2.0  id creation_time update_time job_kind job_status job_parameters
/system/gc/schedule                          2.0  schedule update_time=2.2
/system/gc/schedule.schedule                 2.0  cron
/system/purgeaudit                           2.6  id creation_time update_time job_kind job_status job_parameters
/system/purgeaudit/schedule                  2.6  schedule update_time
/system/purgeaudit/schedule.schedule         2.6  cron
/system/scanAll/schedule                     2.0  schedule update_time=2.2
/system/scanAll/schedule.schedule            2.0  cron
/scans/all/metrics                           2.0  total completed ongoing metrics trigger=2.2 requester
/scans/all/metrics.metrics                   2.0  Error Pending Running Stopped
/scans/schedule/metrics                      2.0  trigger=2.2 requester
/scanners                                    2.0  uuid name url is_default disabled
/scanners/{}/metadata                        2.0  properties
/security/summary                            2.9  total_artifact scanned_cnt total_vuls fixable_cnt critical_cnt
/security/summary                            2.9  high_cnt medium_cnt low_cnt none_cnt unknown_cnt
/replication/policies                        2.0  id name enabled trigger src_registry dest_registry update_time
/replication/policies.src_registry           2.0  id
/replication/policies.dest_registry          2.0  id
/replication/policies.trigger                2.0  trigger_settings
/replication/policies.trigger.trigger_settings 2.0  cron
/replication/executions                      2.0  id policy_id status status_text trigger start_time end_time
/replication/executions                      2.0  total in_progress
/registries                                  2.0  id name status url
/registries/ping                             2.0
/users/current                               2.0
/robots                                      2.2  name expires_at creation_time update_time disable
/projects                                    2.0  project_id name metadata registry_id=2.1
/projects.metadata                           2.0  retention_id
/retentions/{}                               2.0  rules trigger
/retentions/{}.trigger                       2.0  settings
/retentions/{}.trigger.settings              2.0  cron
/retentions/{}/executions                    2.0  id status dry_run trigger start_time end_time
/projects/{}/webhook/policies                2.3  id name enabled
/projects/{}/webhook/policies/{}/executions  2.8  id status trigger start_time end_time
/projects/{}/repositories/{}/artifacts/{}    2.0  push_time size tags scan_overview accessories=2.5
/projects/{}/repositories/{}/artifacts/{}.tags 2.0  name push_time
/projects/{}/repositories/{}/artifacts/{}.accessories 2.5  type
"""
BASE = "/api/v2.0"
NAMED = re.compile(r"(/(?:retentions|repositories|artifacts|scanners|projects|webhook/policies)/)[^/]+")


class Known(NamedTuple):
    """One object: the Harbor that brought it, and those that brought its fields."""

    since: Version
    fields: dict[str, Version]


def version(text: str) -> Version:
    """`2.10` as numbers that can be compared."""
    return tuple(map(int, text.split(".")))


def table() -> dict[str, Known]:
    """The table by path."""
    found: dict[str, Known] = {}
    for line in TABLE.strip().splitlines():
        path, since, *fields = line.split()
        known = found.setdefault(path, Known(version(since), {}))
        for name, _, later in (field.partition("=") for field in fields):
            known.fields[name] = version(later or since)
    return found


SINCE = table()


def place(path: str) -> str:
    """A path as the table writes it, without what is particular to one project, policy or artifact."""
    return NAMED.sub(r"\1{}", path.partition("?")[0].removeprefix(BASE))


def without(value: Any, path: str, old: Version) -> Any:
    """JSON as a Harbor of that version shows it: without the fields that came later."""
    if isinstance(value, list):
        return [without(row, path, old) for row in value]
    if not isinstance(value, dict):
        return value
    known = SINCE[path].fields if path in SINCE else {}
    return {
        name: without(inner, f"{path}.{name}", old) for name, inner in value.items() if known.get(name, (2, 0)) <= old
    }
