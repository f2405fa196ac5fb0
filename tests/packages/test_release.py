"""What `make release` builds: twice the same bytes, complete; and the workflows that run it."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from harborlib import __version__

import pytest

from ansible_roles.rootfs import ROOT
from packages.conftest import BUILT_AT, copied

sys.path.insert(0, str(ROOT / "tools"))

import release

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two builds of the Python packages and the collection, from copies of different age."""
    pytest.importorskip("build.env", reason="needs the extra `test` of setup.cfg")
    pytest.importorskip("ansible", reason="needs ansible-core (the extra `ansible` of setup.cfg)")
    results = []
    for name in ("one", "two"):
        folder = tmp_path_factory.mktemp(name)
        copied(folder / "source")
        (folder / "source" / "setup.cfg").touch()
        (folder / "dist").mkdir()
        release.python_packages(folder / "source", folder / "dist", int(BUILT_AT))
        release.collection(folder / "source", folder / "dist", int(BUILT_AT))
        results.append(folder / "dist")
    return results


@pytest.mark.timeout(300)
def test_two_builds_are_the_same(builds: list[Path]) -> None:
    one, two = ({path.name: path.read_bytes() for path in build.iterdir()} for build in builds)
    assert sorted(one) == sorted(two)
    assert len(one) == 3
    assert [name for name in one if one[name] != two[name]] == []


@pytest.mark.timeout(300)
def test_packages_hold_types_and_definitions(builds: list[Path]) -> None:
    (wheel,) = builds[0].glob("*.whl")
    (sdist,) = builds[0].glob("check_harbor-0*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"harborlib/py.typed", "harbor_simulator/py.typed", "check_harbor_health.py"} <= set(names)
    assert [name for name in names if name.endswith("share/check_harbor/icinga2/services.conf")]
    for file in (
        "runbook.md",
        "examples/basket.json",
        "examples/host.conf",
        "examples/host.cfg",
        "systemd/harbor-preloaded.socket",
    ):
        assert [name for name in names if name.endswith(f"share/check_harbor/{file}")], file
    with tarfile.open(sdist) as archive:
        assert [name for name in archive.getnames() if name.endswith("/nagios/check_harbor/services.cfg")]
        assert [name for name in archive.getnames() if name.endswith("/docs/runbook.md")]
        assert [name for name in archive.getnames() if name.endswith("/packaging/harbor-preloaded.socket")]


def test_matrix_is_that_of_the_classifiers() -> None:
    command = [sys.executable, str(ROOT / "tools" / "release.py"), "--matrix"]
    versions = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    setup = configparser.RawConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    assert setup["options"]["python_requires"] == f">={versions[0]}"
    assert [f"3.{minor}" for minor in range(9, 9 + len(versions))] == versions


def test_actions_are_pinned() -> None:
    used = [line.split("uses: ")[1] for path in WORKFLOWS for line in path.read_text().splitlines() if "uses: " in line]
    assert len(used) > 5
    assert [line for line in used if not PINNED.fullmatch(line)] == []


def test_versions_agree() -> None:
    version = release.setup()["metadata"]["version"]
    assert version == "attr: harborlib.__version__"
    assert f"check-harbor ({__version__})" in (ROOT / "debian" / "changelog").read_text()
    assert re.search(
        rf"^Version: +{__version__}$", (ROOT / "packaging" / "check-harbor.spec").read_text(), re.MULTILINE
    )
