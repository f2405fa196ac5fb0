"""icinga2/grafana/harbor.json: a Grafana dashboard on what Icinga 2 writes to InfluxDB (docs/graphs.md)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

WIDTH, HEIGHT = 12, 8
SOURCE = {"type": "influxdb", "uid": "${datasource}"}


class Panel(NamedTuple):
    """One graph: these metrics of one measurement, a line for each host, service and metric."""

    title: str
    unit: str
    probe: str
    metrics: tuple[str, ...]


PANELS = (
    Panel("How long Harbor takes to answer", "s", "health", ("time",)),
    Panel("Healthy components (0: not healthy)", "none", "health", ("core", "database", "registry", "redis")),
    Panel("How long a login takes", "s", "login", ("time",)),
    Panel("How long a pull takes", "s", "pull", ("time", "token", "manifest", "blob")),
    Panel("How long a push takes", "s", "push", ("time", "token", "write")),
    Panel("Data volume used", "percent", "storage", ("used",)),
    Panel("Data volume free", "bytes", "storage", ("free",)),
    Panel("Fullest quota", "percent", "quota", ("used",)),
    Panel("Longest wait of a job", "s", "queue", ("latency",)),
    Panel("Jobs that wait", "none", "queue", ("count",)),
    Panel("Workers that are busy", "none", "workers", ("busy",)),
    Panel("Certificate: days left", "none", "certificate", ("days_left",)),
    Panel("Time since the last garbage collection", "s", "gc", ("age",)),
    Panel("Freed by garbage collection", "bytes", "gc", ("freed",)),
    Panel("Vulnerabilities", "none", "vulnerabilities", ("critical", "high", "fixable")),
    Panel("Checks that could not judge", "none", "selfcheck", ("unjudged",)),
)


def dashboard() -> str:
    """The dashboard, for import with a data source of type InfluxDB."""
    content = {
        "title": "Harbor",
        "uid": "check-harbor",
        "tags": ["harbor"],
        "schemaVersion": 37,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [data_source(), hosts()]},
        "panels": [panel(number, wanted) for number, wanted in enumerate(PANELS)],
    }
    return json.dumps(content, indent=2) + "\n"


def data_source() -> dict[str, Any]:
    """The variable that selects the data source."""
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "influxdb"}


def hosts() -> dict[str, Any]:
    """The variable that selects hosts."""
    query = 'SHOW TAG VALUES FROM "check_harbor_health" WITH KEY = "hostname"'
    every = {"includeAll": True, "multi": True, "current": {"text": "All", "value": "$__all"}}
    return {
        "name": "host", "label": "Harbor", "type": "query", "datasource": SOURCE, "query": query, "refresh": 2, **every
    }  # fmt: skip


def panel(number: int, wanted: Panel) -> dict[str, Any]:
    """One graph of the dashboard, two in a row."""
    row, column = divmod(number, 2)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": wanted.title,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": wanted.unit, "min": 0}, "overrides": []},
        "targets": [target(place, wanted, metric) for place, metric in enumerate(wanted.metrics)],
    }


def target(place: int, wanted: Panel, metric: str) -> dict[str, Any]:
    """The query of one metric."""
    measurement = "harbor-selfcheck" if wanted.probe == "selfcheck" else f"check_harbor_{wanted.probe}"
    query = (
        f'SELECT mean("value") FROM "{measurement}" WHERE "hostname" =~ /^$host$/ AND "metric" = \'{metric}\''  # noqa: S608
        ' AND $timeFilter GROUP BY time($__interval), "hostname", "service" fill(none)'
    )
    alias = f"$tag_hostname {metric}"
    return {"refId": chr(ord("A") + place), "datasource": SOURCE, "rawQuery": True, "query": query, "alias": alias}
