"""The calls of docs/robots.md: a Harbor of each version takes the one that the page gives for it."""

from __future__ import annotations

import re
import ssl
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest

from harbor_simulator import Account, Simulator

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "robots.md").read_text(encoding="utf-8")
CALL = re.compile(r"^curl [^\n]*example\.com(/\S+) [^\n]*<<'END'\n(.*?)^END$", re.MULTILINE | re.DOTALL)
ADMIN = "Basic " + b64encode(b"admin:Harbor12345").decode()
VERSIONS = {
    "2.12.2": "Harbor 2.12 or newer",
    "2.11.0": "Harbor 2.10 and 2.11",
    "2.10.3": "Harbor 2.10 and 2.11",
    "2.9.4": "Harbor 2.9",
    "2.8.6": "Harbor 2.2 to 2.8",
}


def created(harbor: Simulator, part: str) -> list[int]:
    """The statuses that the calls in this part of the page are answered with."""
    trusted = ssl.create_default_context(cafile=harbor.ca_file)
    statuses = []
    for path, body in CALL.findall(part):
        headers = {"Authorization": ADMIN, "Content-Type": "application/json"}
        request = urllib.request.Request(harbor.url + path, body.encode(), headers)
        with urllib.request.urlopen(request, context=trusted) as answer:
            statuses.append(answer.status)
    return statuses


@pytest.mark.parametrize("version", VERSIONS)
def test_harbor_takes_the_call(version: str) -> None:
    monitoring = PAGE.split(f"### {VERSIONS[version]}\n")[1].split("\n### ")[0].split("\n## ")[0]
    canary = PAGE.split("## The canary robot\n")[1]
    with Simulator(version=version, users={"admin": Account("Harbor12345", sysadmin=True)}) as harbor:
        assert created(harbor, monitoring) == [201]
        assert created(harbor, canary) == [201, 201]
