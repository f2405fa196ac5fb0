"""The Grafana dashboard: every query finds what a real Icinga 2 has written to a real InfluxDB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engines import plugins
from engines.engine import ROOT, Engine, until
from engines.icinga import Icinga
from engines.watched import authfiles, host, simulated

from .influxdb import InfluxDB

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

SHIPPED = ROOT / "icinga2" / "grafana"
DASHBOARD = json.loads((SHIPPED / "harbor.json").read_text(encoding="utf-8"))
QUERIES = [target["query"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
HOST = "harbor.example.com"
#: What Grafana puts in.
FILLED_IN = {"/^$host$/": f"/^({HOST})$/", "$timeFilter": "time > now() - 1h", "$__interval": "1m"}


class Writing(Icinga):
    """An Icinga that writes to InfluxDB as documented."""

    port_of_influxdb = 0

    def definitions(self) -> str:
        text = (SHIPPED / "influxdb.conf").read_text(encoding="utf-8")
        text = text.replace("8086", str(self.port_of_influxdb)).replace("10s", "1s")
        return f"{super().definitions()}\n{text}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    """What is left when every service that the dashboard shows was checked once."""
    Icinga.needed()
    InfluxDB.needed()
    folder: Path = tmp_path_factory.mktemp("grafana")
    with simulated() as simulator, InfluxDB(folder / "influxdb") as influxdb:
        watched = host(HOST, simulator, authfiles(folder), 15)
        engine: Engine = Writing(folder / "icinga", plugins.install(folder / "plugins"), [watched])
        engine.port_of_influxdb = influxdb.port  # type: ignore[attr-defined]
        with engine:
            shown = {query.split('"')[3] for query in QUERIES}
            services = {name.replace("check_harbor_", "harbor-") for name in shown}
            engine.run([(HOST, name) for name in sorted(services)])
            until(lambda: shown <= measurements(influxdb), "everything is written")
        yield influxdb


def measurements(influxdb: InfluxDB) -> set[str]:
    """The names of those that exist."""
    found = influxdb.query("SHOW MEASUREMENTS")
    return {value[0] for series in found for value in series["values"]}


def found(influxdb: InfluxDB, query: str) -> list[dict[str, Any]]:
    """What a query of the dashboard finds."""
    for variable, value in FILLED_IN.items():
        query = query.replace(variable, value)
    assert "$" not in query.replace("$/", "")
    return influxdb.query(query)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split('"')[3])
def test_every_query_finds_a_line(filled: InfluxDB, query: str) -> None:
    (series,) = found(filled, query)
    assert series["tags"]["hostname"] == HOST


def test_the_list_of_hosts(filled: InfluxDB) -> None:
    (query,) = [variable["query"] for variable in DASHBOARD["templating"]["list"] if variable["name"] == "host"]
    assert [value for series in filled.query(query) for value in series["values"]] == [["hostname", HOST]]


def test_a_range_loses_its_threshold(filled: InfluxDB) -> None:
    """As docs/graphs.md says: Icinga 2 writes no threshold that is a range, and any other as a number."""
    (days,) = filled.query("SELECT * FROM check_harbor_certificate WHERE metric = 'days_left'")
    (used,) = filled.query("SELECT * FROM check_harbor_storage WHERE metric = 'used'")
    assert not {"warn", "crit"} & set(days["columns"])
    row = dict(zip(used["columns"], used["values"][0]))
    assert (row["warn"], row["crit"], row["unit"]) == (80, 90, "percent")
