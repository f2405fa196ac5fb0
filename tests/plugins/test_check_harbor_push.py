"""check_harbor_push where all is well, line by line, and what it leaves in the storage of a real registry."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from harbor_simulator.messages import Request, Response
from registry import daemon
from registry.images import canary, digest_of
from registry.lab import REPOSITORY, ROBOT, USERS, Lab

TAG = f"{REPOSITORY}:check-harbor"
WRITTEN = "token=Ts;;;0 write=Ts;;;0 bytes=2100203B;;;0 time=Ts;5;20;0"


@pytest.mark.parametrize("depth", ["blob", "image"])
def test_what_is_written_is_taken_back(lab: Lab, depth: str) -> None:
    line = f"HARBOR PUSH OK - {depth} written to priv/canary and cleaned up | {WRITTEN}"
    assert lab.screen(lab.push("--depth", depth)) == [line, "exit code 0"]
    assert lab.screen(lab.push("--depth", depth)) == [line, "exit code 0"]
    assert list(lab.upstream.artifacts[REPOSITORY].values()) == [{"1.0"}]
    assert lab.registry.uploads(REPOSITORY) == []


def test_a_session_is_started_and_cancelled(lab: Lab) -> None:
    assert lab.screen(lab.push("--depth", "session")) == [
        "HARBOR PUSH OK - upload started in priv/canary and canceled | "
        "token=Ts;;;0 write=Ts;;;0 bytes=0B;;;0 time=Ts;5;20;0",
        "exit code 0",
    ]


def growth(lab: Lab, *options: str) -> set[str]:
    """What one run adds to the storage, names that are made up and folders of two digits left out."""
    before = lab.registry.files()
    assert lab.push(*options).code == 0
    kinds = (re.sub(r"[0-9a-f-]{36,}", "*", path) for path in lab.registry.files() - before)
    return {kind.partition("/v2/")[2] for kind in kinds if not re.search(r"blobs/sha256/..$", kind)}


def test_what_each_run_leaves_in_the_storage(lab: Lab) -> None:
    growth(lab)  # the first one leaves the layer
    layers, uploads = (f"repositories/{REPOSITORY}/{kind}/" for kind in ("_layers", "_uploads"))
    config = {f"blobs/sha256/{name}" for name in ("*", "*/data")}
    unlinked = f"{layers}sha256/*"
    assert {re.sub(r"/../", "/", kind) for kind in growth(lab)} == {*config, unlinked}
    lab.push("--depth", "session")
    assert growth(lab, "--depth", "session") == {
        uploads + kind for kind in ("*", "*/hashstates", "*/hashstates/sha256", "*/hashstates/sha256/0")
    }


def test_the_layer_is_stored_once(lab: Lab) -> None:
    lab.push()
    large = {digest for digest in lab.registry.blobs() if lab.registry.blob(digest).stat().st_size > 1_000_000}
    lab.push("--depth", "image")
    after = {digest for digest in lab.registry.blobs() if lab.registry.blob(digest).stat().st_size > 1_000_000}
    assert len(large) == 1
    assert after == large


def test_another_repository_of_the_project(lab: Lab) -> None:
    lab.canaries = {"priv/from.vienna"}
    outcome = lab.push("--repository", "from.vienna", "--depth", "session")
    assert outcome.first == "HARBOR PUSH OK - upload started in priv/from.vienna and canceled"


def test_relative_locations(tmp_path: Path) -> None:
    daemon.needed()
    with Lab(tmp_path, registry_http={"relativeurls": True}) as lab:
        assert lab.push("--depth", "image").code == 0


def test_the_image_of_a_run_that_was_killed(lab: Lab) -> None:
    lab.add(TAG, canary())
    assert lab.screen(lab.push("--depth", "image")) == [
        f"HARBOR PUSH WARNING - a previous run left the image {TAG} behind, it is deleted now | {WRITTEN}",
        "Next: check whether the engine's timeout is shorter than -t: something killed the check",
        "exit code 1",
    ]
    assert lab.push("--depth", "image").code == 0


def test_a_secret_that_is_echoed_stays_one(lab: Lab) -> None:
    def echo(request: Request) -> Response:
        told = f"{USERS[ROBOT].password} {request.headers['Authorization']}"
        return Response(500, {"Content-Type": "application/json"}, b'{"errors":[{"message":"%s"}]}' % told.encode())

    lab.intercept("PATCH", echo)
    outcome = lab.push("-vvv")
    sent = {request.headers["Authorization"].split()[1] for request in lab.harbor.requests if request.authorization}
    assert "*** Bearer ***" in outcome.first
    assert not any(secret in outcome.out for secret in {USERS[ROBOT].password, *sent})


def test_no_login_is_a_usage_error(lab: Lab) -> None:
    outcome = lab.push("--no-login")
    assert (
        outcome.first
        == "HARBOR PUSH UNKNOWN - usage: credentials are required: --authfile FILE, or HARBOR_USERNAME and "
        "HARBOR_PASSWORD"
    )
    assert lab.harbor.requests == []


def test_the_layer_is_the_same_on_every_machine(lab: Lab) -> None:
    lab.push()
    known = "sha256:ec53823737f87e0d479382451488eda673cf07021104e6569599253d320a61af"
    assert known in lab.registry.blobs()
    assert digest_of(lab.registry.blob(known).read_bytes()) == known
    assert os.path.getsize(lab.registry.blob(known)) == 2099200
