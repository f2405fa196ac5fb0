"""`make release`: build everything that a release consists of into dist/, and list what is left to do.

Built from the last commit: sdist, wheel, Debian package, RPM, Ansible collection, SBOM and checksums. Two builds of one
commit are byte-identical, except for the SBOM, which names the newest libraries. `--matrix` prints the Pythons of
setup.cfg as JSON, for the workflows.
"""

from __future__ import annotations

import configparser
import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
PLACEHOLDER = "example.com"
SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"  # the PATH to the distribution's Python, not that of .venv
NEEDED = {"dpkg-buildpackage": "dpkg-dev debhelper dh-python help2man python3-shtab", "rpmbuild": "rpm help2man"}
LEFT = """Left to do, because it needs accounts (once, then per release):
  - On the package index: register the trusted publisher (this repository, release.yml, environment pypi).
  - On the hosting site: turn on Pages (source: GitHub Actions).
  - Per release: move [Unreleased] in CHANGELOG.md under the version, then `git tag vVERSION && git push --tags`.
    The workflow publishes to the package index, with attestations, and makes the release.
  - Per release: `ansible-galaxy collection publish dist/check_harbor-monitoring-VERSION.tar.gz` with your token."""


def setup() -> configparser.RawConfigParser:
    """setup.cfg."""
    parsed = configparser.RawConfigParser()
    parsed.read(ROOT / "setup.cfg", encoding="utf-8")
    return parsed


def pythons() -> list[str]:
    """The Python versions that the classifiers of setup.cfg name."""
    return re.findall(r"Python :: (3\.\d+)$", setup()["metadata"]["classifiers"], re.MULTILINE)


def run(folder: Path, *command: str | Path, **variables: str) -> None:
    """Run a program there; on failure show its output and stop."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{done.stdout[-4000:]}\n{' '.join(map(str, command))} failed")


def normalized(archive: Path, epoch: int) -> None:
    """Pack a .tar.gz again, so that it depends on the content of its files alone."""
    with tarfile.open(archive) as old:
        members = sorted(old.getmembers(), key=lambda member: member.name)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new:
            for member in members:
                member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "", ""
                member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
                member.pax_headers = {}
                new.addfile(member, old.extractfile(member) if member.isfile() else None)
    archive.write_bytes(gzip.compress(packed.getvalue(), mtime=epoch))


def python_packages(source: Path, dist: Path, epoch: int) -> None:
    """The sdist, and the wheel that is built from it."""
    run(source, sys.executable, "-m", "build", "--sdist", "--outdir", dist, SOURCE_DATE_EPOCH=str(epoch))
    (sdist,) = dist.glob("check_harbor-*.tar.gz")
    normalized(sdist, epoch)
    with tempfile.TemporaryDirectory() as unpacked:
        run(Path(unpacked), "tar", "xzf", sdist)
        (folder,) = Path(unpacked).iterdir()
        run(folder, sys.executable, "-m", "build", "--wheel", "--outdir", dist, SOURCE_DATE_EPOCH=str(epoch))


def collection(source: Path, dist: Path, epoch: int) -> None:
    """The Ansible collection."""
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    run(source / "ansible", galaxy, "collection", "build", "--force", "--output-path", dist)
    (archive,) = dist.glob("check_harbor-monitoring-*.tar.gz")
    normalized(archive, epoch)


def system_packages(source: Path, dist: Path, epoch: int) -> list[str]:
    """The Debian package and the RPM; returns what could not be built, and why."""
    missing = [f"{tool} (apt-get install {needs})" for tool, needs in NEEDED.items() if not shutil.which(tool)]
    if any(tool.startswith("dpkg") for tool in missing):
        return missing
    run(source, "dpkg-buildpackage", "-us", "-uc", "-b", SOURCE_DATE_EPOCH=str(epoch), PATH=SYSTEM)
    (package,) = source.parent.glob("*.deb")
    shutil.move(package, dist / package.name)
    if not missing:
        built = rpm(source, source.parent / "rpm", epoch)
        shutil.move(built, dist / built.name)
    return missing


def rpm(source: Path, folder: Path, epoch: int) -> Path:
    """The RPM, built in a new folder."""
    places = ["--define", f"_topdir {folder}", "--define", f"_rpmdir {folder}"]
    fixed = ["--define", "use_source_date_epoch_as_buildtime 1", "--define", "clamp_mtime_to_source_date_epoch 1"]
    command = ["rpmbuild", "-bb", "--nodeps", "--build-in-place", "--define", "_buildhost localhost", *places, *fixed]
    run(source, *command, "packaging/check-harbor.spec", SOURCE_DATE_EPOCH=str(epoch), PATH=SYSTEM)
    (built,) = folder.rglob("*.rpm")
    return built


def sbom(dist: Path) -> None:
    """What the wheel brings along when it is installed today, as CycloneDX."""
    (wheel,) = dist.glob("*.whl")
    with tempfile.TemporaryDirectory() as name:
        venv.EnvBuilder(symlinks=True, with_pip=False).create(name)
        python = Path(name) / "bin" / "python"
        run(dist, sys.executable, "-m", "pip", "--python", python, "install", "--quiet", wheel)
        tool = Path(sys.executable).with_name("cyclonedx-py")
        run(dist, tool, "environment", "--output-reproducible", "-o", dist / f"{wheel.stem}.cdx.json", python)


def placeholders() -> list[str]:
    """What is still to be filled in before the first release: the addresses in setup.cfg."""
    metadata = setup()["metadata"]
    wrong = [name for name in ("url", "author_email") if PLACEHOLDER in metadata[name]]
    return [f"{name} in setup.cfg is still {metadata[name]}: change it there, then run `make docs`" for name in wrong]


def main() -> None:
    """Build it all."""
    if sys.argv[1:] == ["--matrix"]:
        print(json.dumps(pythons()))
        return
    git = ["git", "-C", str(ROOT)]
    epoch = int(subprocess.run([*git, "log", "-1", "--format=%ct"], check=True, capture_output=True, text=True).stdout)
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "check-harbor"
        source.mkdir()
        archive = subprocess.run([*git, "archive", "HEAD"], check=True, capture_output=True).stdout
        subprocess.run(["tar", "x"], cwd=source, input=archive, check=True)
        python_packages(source, DIST, epoch)
        collection(source, DIST, epoch)
        sbom(DIST)
        missing = system_packages(source, DIST, epoch)
    names = sorted(path.name for path in DIST.iterdir())
    with (DIST / "SHA256SUMS").open("wb") as sums:
        subprocess.run(["sha256sum", *names], cwd=DIST, check=True, stdout=sums)
    print(f"In {DIST}, from the last commit:", *(f"  {name}" for name in [*names, "SHA256SUMS"]), sep="\n")
    if subprocess.run([*git, "status", "--porcelain"], check=True, capture_output=True).stdout:
        print("Your uncommitted changes are not in it.")
    for text in missing:
        print(f"Not built, needs {text}")
    for text in placeholders():
        print(f"Before a release: {text}")
    print(LEFT)


if __name__ == "__main__":
    main()
