"""The dashlets and the business process in a real Icinga Web that shows what a real Icinga 2 has found."""

from __future__ import annotations

import configparser
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines import plugins
from engines.engine import until
from engines.icinga import Icinga
from engines.watched import authfiles, host, simulated

from .icingadb import IcingaDB, Shown
from .icingaweb import SHIPPED, IcingaWeb
from .mariadb import MariaDB

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

HOST = "harbor.example.com"
CAUSE, FOLLOWS = "harbor-component-registry", "harbor-pull"
ROW = re.compile(r'class="subject"[^>]*href="[^"]*service\?name=([\w-]+)')


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IcingaWeb]:
    """An Icinga Web that knows a Harbor whose registry is down."""
    Icinga.needed()
    IcingaDB.needed()
    MariaDB.needed()
    IcingaWeb.needed("icingadb", "businessprocess")
    folder: Path = tmp_path_factory.mktemp("icingaweb")
    with (
        simulated() as simulator,
        MariaDB(folder / "mariadb") as database,
        IcingaDB(folder / "db", database) as icingadb,
    ):
        simulator.switch("registry-down")
        watched = host(HOST, simulator, authfiles(folder), 15)
        with Shown(folder / "icinga", plugins.install(folder / "plugins"), [watched], icingadb=icingadb) as icinga:
            icinga.alert_at_once()
            checks = [(HOST, CAUSE), (HOST, FOLLOWS), (HOST, "harbor-health")]
            icinga.run(checks)
            until(lambda: icingadb.outputs().keys() == set(checks), "everything is written")
            modules = ("icingadb", "businessprocess")
            with IcingaWeb(folder / "web", database, ["icingadb"], modules, icingadb.files()) as served:
                yield served


def dashlets() -> dict[str, str]:
    """The addresses, by title."""
    parser = configparser.RawConfigParser(strict=True)
    parser.read(SHIPPED / "dashboard.ini", encoding="utf-8")
    sections = [parser[name] for name in parser.sections() if "." in name]
    return {section["title"].strip('"'): section["url"].strip('"') for section in sections}


def test_the_dashlets_tell_causes_from_what_follows(web: IcingaWeb) -> None:
    work, causes, follows = (html.unescape(web.page(url)) for url in dashlets().values())
    assert set(ROW.findall(causes)) == {CAUSE}
    assert set(ROW.findall(follows)) == {FOLLOWS}
    assert {name for name in (CAUSE, FOLLOWS, "harbor-health", "harbor-gc") if name in work} >= {
        CAUSE,
        FOLLOWS,
        "harbor-health",
    }
    assert "harbor-gc" not in work


def test_the_pane_has_every_dashlet(web: IcingaWeb) -> None:
    page = html.unescape(web.page("dashboard?pane=Harbor"))
    assert [title for title in dashlets() if title not in page] == []


def test_the_business_process_shows_the_cause(web: IcingaWeb) -> None:
    process = html.unescape(web.page("businessprocess/process/show?config=harbor"))
    assert all(name in process for name in ("Developers can pull", "CI can push", "Scans run"))
    assert "missing" not in html.unescape(web.page("businessprocess/process/show?config=harbor&node=data&mode=tree"))
