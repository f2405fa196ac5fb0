"""The examples for Icinga Web name only services and groups that the definitions have."""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import services  # noqa: E402

WEB = ROOT / "icinga2" / "web"


def test_the_business_process_names_services() -> None:
    text = (WEB / "harbor.conf").read_text(encoding="utf-8")
    named = set(re.findall(r"harbor\.example\.com;([\w-]+)", text))
    components = {f"harbor-component-{name}" for name in ("registry", "database", "redis", "jobservice", "trivy")}
    assert named <= {service.title for service in services.shipped()} | components
    assert components <= named  # the owners, without which a process would be UNKNOWN


def test_the_dashlets_name_groups_and_the_pointer() -> None:
    parser = configparser.RawConfigParser(strict=True)
    parser.read(WEB / "dashboard.ini", encoding="utf-8")
    urls = [parser[section]["url"].strip('"') for section in parser.sections() if "." in section]
    groups = {value for url in urls for name, values in parse_qs(urlsplit(url).query).items()
              if name.endswith("group.name") for value in values}  # fmt: skip
    assert groups == {"harbor", "harbor-users"}
    assert [url for url in urls[1:] if "*(see harbor-*" not in unquote(url)] == []
    page = (ROOT / "docs" / "icingaweb.md").read_text(encoding="utf-8")
    assert re.findall(r"^ +https://[^/]+/icingaweb2/(.*)$", page, re.MULTILINE) == urls
