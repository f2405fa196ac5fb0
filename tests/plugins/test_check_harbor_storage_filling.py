"""A data volume that fills by degrees: who says so, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from harbor_simulator import Account, Simulator
from support import runner

KIB, MIB = 1024, 1024 * 1024
NAME, SECRET = "filler", "filler's secret"
FULL = {"registry.storage-fails"}


@pytest.mark.parametrize(
    ("free", "storage", "push", "owner"),
    [
        (100 * MIB, 0, set(), ""),
        (40 * MIB, 1, set(), ""),
        (10 * MIB, 2, set(), ""),
        (1 * MIB, 2, FULL, "storage"),  # an upload begins, and its bytes do not fit
        (64 * KIB, 2, FULL, "storage"),
        (1 * KIB, 2, FULL, "storage"),  # no upload begins
        (0, 2, FULL, "storage"),
    ],
)
def test_storage_says_it_first(tmp_path: Path, free: int, storage: int, push: set[str], owner: str) -> None:
    """Long before pushes fail; and when they do, push points to storage."""
    authfile = tmp_path / "authfile"
    authfile.touch(0o600)
    authfile.write_text(f"username={NAME}\npassword={SECRET}\n")
    with Simulator(users={NAME: Account(SECRET, sysadmin=True)}) as harbor:
        content = harbor.content
        content.storage.blobs["priv/img", "ballast"] = bytes(content.free_bytes - free)

        def said(probe: str, *options: str) -> tuple[int, set[str], str]:
            common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", str(authfile), "-v"]
            outcome = runner.here(f"check_harbor_{probe}", *common, *options)
            lines = [line for line in outcome.out.splitlines() if line.endswith("]")]
            ids = {line.rpartition(" [")[2].rstrip("]") for line in lines}
            return outcome.code, ids, outcome.first.rpartition("(see harbor-")[2].rstrip(")") if ids else ""

        assert said("storage")[0] == storage
        alone, isolated = said("push", "--project", "priv"), said("push", "--project", "priv", "--isolate")
        assert alone[:2] == (2 if push else 0, push)
        assert isolated == (3 if push else 0, push, owner)
        assert not content.storage.uploads
