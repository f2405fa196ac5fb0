"""Graphs of what a real Icinga 2 has written: Grafana's queries to a real InfluxDB, and pictures of a real Graphite.

Icinga Web's module Graphite chooses the metrics by the shipped templates, and graphite-web draws them.
"""

from __future__ import annotations

import base64
import configparser
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engines import plugins
from engines.engine import ROOT, until
from engines.icinga import Icinga
from engines.watched import authfiles, host, simulated

from .graphite import Graphite
from .icingaweb import IcingaWeb
from .influxdb import InfluxDB

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

SHIPPED = ROOT / "icinga2" / "grafana"
DASHBOARD = json.loads((SHIPPED / "harbor.json").read_text(encoding="utf-8"))
QUERIES = [target["query"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
HOST = "harbor.example.com"
#: What Grafana puts in.
FILLED_IN = {"/^$host$/": f"/^({HOST})$/", "$timeFilter": "time > now() - 1h", "$__interval": "1m"}


TEMPLATES = ROOT / "icinga2" / "graphite" / "harbor.ini"
CHARTS = Path(__file__).with_name("charts.php")
WRITER = 'object GraphiteWriter "graphite" {{ port = {port}; enable_send_thresholds = true }}'
PNG = b"\x89PNG"


class Writing(Icinga):
    """An Icinga that writes to both databases as documented."""

    def __init__(self, *arguments: Any, influxdb: InfluxDB, graphite: Graphite) -> None:
        super().__init__(*arguments)
        self.ports = influxdb.port, graphite.port

    def definitions(self) -> str:
        influxdb, graphite = self.ports
        text = (SHIPPED / "influxdb.conf").read_text(encoding="utf-8")
        text = text.replace("8086", str(influxdb)).replace("10s", "1s")
        return "\n".join([super().definitions(), text, WRITER.format(port=graphite)])

    def ready(self) -> bool:
        """Also whether it is connected to Graphite, after up to 10 s: it drops what it cannot write."""
        if not super().ready():
            return False
        (found,) = self._get("status/GraphiteWriter", {})
        return bool(found["status"]["graphitewriter"]["graphite"]["connected"])


class Chart(NamedTuple):
    """A graph of Icinga Web's module Graphite: the metric of each curve, without what all metrics begin with."""

    curves: dict[str, str]
    picture: bytes


class Written(NamedTuple):
    """What is left when a service of each check command was checked once."""

    influxdb: InfluxDB
    charts: dict[str, Chart]  # by template and service


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    Icinga.needed()
    InfluxDB.needed()
    Graphite.needed()
    IcingaWeb.needed("graphite", "icingadb", "monitoring")
    folder: Path = tmp_path_factory.mktemp("graphs")
    with simulated() as simulator, InfluxDB(folder / "influxdb") as influxdb, Graphite(folder / "graphite") as graphite:
        watched = host(HOST, simulator, authfiles(folder), 15)
        common = {**watched.options[""], "--artifact": watched.canary_image}
        watched = replace(watched, options={**watched.options, "": common})
        programs = plugins.install(folder / "plugins")
        with Writing(folder / "icinga", programs, [watched], influxdb=influxdb, graphite=graphite) as icinga:
            commands = icinga.check_commands()
            services = {commands[HOST, name]: name for _, name in sorted(commands, reverse=True)}
            checks = [(HOST, name) for name in services.values()]
            icinga.run(checks)
            metrics = {metric for check in checks for metric in expected(icinga, *check)}
            until(lambda: measurements(influxdb) >= services.keys(), "everything is in InfluxDB")
            until(lambda: graphite.metrics() >= metrics, "everything is in Graphite")
            files = {
                "modules/graphite/config.ini": f'[graphite]\nurl = "{graphite.url}"\n',
                "modules/graphite/templates/harbor.ini": TEMPLATES.read_text(encoding="utf-8"),
            }
            web = IcingaWeb(folder / "web", None, [], ["graphite", "icingadb", "monitoring"], files)
            asked = [[HOST, name, command] for command, name in services.items()]
            found = json.loads(web.script(str(CHARTS), text=json.dumps(asked)))
            yield Written(influxdb, dict(map(chart, found)))


def expected(icinga: Icinga, name: str, service: str) -> Iterator[str]:
    """The metrics that Icinga 2 writes to Graphite: no threshold that is a range."""
    found = icinga.attributes("services", f"{name}!{service}")
    place = f"icinga2.{name.replace('.', '_')}.services.{service}.{found['check_command']}.perfdata"
    for text in found["last_check_result"]["performance_data"]:
        label, _, numbers = text.rpartition("=")
        for kind, number in zip(("value", "warn", "crit", "min", "max"), numbers.split(";")):
            if number and number[-1] != ":" and not number.startswith("~"):
                yield f"{place}.{label}.{kind}"


def chart(entry: dict[str, Any]) -> tuple[str, Chart]:
    """An entry of what charts.php prints."""
    curves = {curve: name.partition(".perfdata.")[2] for curve, name in entry["curves"].items()}
    return f"{entry['template']} {entry['service']}", Chart(curves, base64.b64decode(entry["picture"]))


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
def test_every_query_finds_a_line(written: Written, query: str) -> None:
    (series,) = found(written.influxdb, query)
    assert series["tags"]["hostname"] == HOST


def test_the_list_of_hosts(written: Written) -> None:
    (query,) = [variable["query"] for variable in DASHBOARD["templating"]["list"] if variable["name"] == "host"]
    assert [value for series in written.influxdb.query(query) for value in series["values"]] == [["hostname", HOST]]


def test_a_range_loses_its_threshold(written: Written) -> None:
    """As docs/graphs.md says: Icinga 2 writes no threshold that is a range, and any other as a number."""
    (days,) = written.influxdb.query("SELECT * FROM check_harbor_certificate WHERE metric = 'days_left'")
    (used,) = written.influxdb.query("SELECT * FROM check_harbor_storage WHERE metric = 'used'")
    assert not {"warn", "crit"} & set(days["columns"])
    row = dict(zip(used["columns"], used["values"][0]))
    assert (row["warn"], row["crit"], row["unit"]) == (80, 90, "percent")


def templates() -> dict[str, set[str]]:
    """The curves of each shipped template."""
    parser = configparser.RawConfigParser(strict=True)
    parser.read(TEMPLATES, encoding="utf-8")
    suffix = ".metrics_filters"
    return {name[: -len(suffix)]: set(parser[name]) for name in parser.sections() if name.endswith(suffix)}


def test_every_template_finds_its_numbers(written: Written) -> None:
    drawn = {name.split()[0] for name in written.charts}
    assert sorted(templates().keys() - drawn) == []


def test_thresholds_are_drawn(written: Written) -> None:
    used = written.charts["check_harbor_storage-used harbor-storage"].curves
    assert used == {"value": "used.value", "warn": "used.warn", "crit": "used.crit"}
    days = written.charts["check_harbor_certificate-days_left harbor-certificate"].curves
    assert days == {"value": "days_left.value"}  # its thresholds are ranges


@pytest.mark.parametrize(
    ("service", "shown"),
    [
        ("harbor-storage", ["check_harbor_storage-used", "check_harbor_storage-free"]),
        ("harbor-certificate", ["check_harbor_certificate-days_left", "check_harbor-other-time"]),
        ("harbor-health", ["check_harbor-time", "check_harbor_health-components"]),
    ],
)
def test_what_is_judged_comes_first(written: Written, service: str, shown: list[str]) -> None:
    """The page of a service shows two graphs."""
    drawn = [template for template, name in map(str.split, written.charts) if name == service]
    assert drawn[:2] == shown


def test_every_picture_can_be_drawn(written: Written) -> None:
    assert {name for name, chart in written.charts.items() if not chart.picture.startswith(PNG)} == set()
