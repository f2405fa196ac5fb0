"""A database that answers late, through a proxy that delays each statement: one owner, and nobody is CRITICAL."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harbor_simulator import Account, Simulator
from isolation.services import verdict
from support import runner
from support.listeners import delays, echoes, listening
from support.logins import ACTIONS
from support.runner import NEEDED

#: Who feels it most: these look at the time that answers take.
WITH_A_LOGIN = {"v2": "api", "login": "api", "pull": "api", "push": "api"}
WITHOUT = ("certificate", "component", "health", "portal", "signin")
NAME, SECRET = "robot$both", "a secret of both"
BOTH = Account(SECRET, sysadmin=True, projects={"pub": ACTIONS, "priv": ACTIONS})


@pytest.mark.parametrize("seconds", [0, 0.55])
def test_one_owner(tmp_path: Path, seconds: float) -> None:
    authfile = tmp_path / "authfile"
    authfile.touch(0o600)
    authfile.write_text(f"username={NAME}\npassword={SECRET}\n")
    names = sorted(name.removeprefix("check_harbor_") for name in runner.NAMES if name not in runner.RUNS_OTHERS)
    with contextlib.ExitStack() as stack:
        harbor = stack.enter_context(Simulator(users={NAME: BOTH}))
        database = stack.enter_context(listening(echoes))
        between = stack.enter_context(listening(delays(database, seconds)))
        harbor.world.database = ("127.0.0.1", between)

        def said(name: str) -> str:
            login = [] if name in WITHOUT else ["--authfile", str(authfile)]
            common = ["-H", harbor.url, "--ca-file", harbor.ca_file, *login, "--isolate", "-t", "45"]
            return verdict(runner.here(f"check_harbor_{name}", *common, *NEEDED[f"check_harbor_{name}"]))

        with ThreadPoolExecutor(len(names)) as pool:
            found = dict(zip(names, pool.map(said, names)))
    well = {name for name, state in found.items() if state == "OK"}
    if not seconds:
        assert well == set(names), found
        return
    assert {name: found[name] for name in WITH_A_LOGIN} == WITH_A_LOGIN
    assert well.issuperset(WITHOUT), found
    assert {state for name, state in found.items() if name not in well} == {"WARNING", "api"}, found
    assert [name for name, state in found.items() if state == "WARNING"] == ["api"]
