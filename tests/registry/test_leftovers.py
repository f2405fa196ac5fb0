"""What stays in a real registry when a push is interrupted or killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import pytest

from harbor_simulator.messages import Request, Response
from registry.lab import REPOSITORY, Lab
from support import runner

KILLED = 40
AT_A_TIME = 4
REQUESTS = 13  # of a run with --depth image in its repository
LAYER = "sha256:ec53823737f87e0d479382451488eda673cf07021104e6569599253d320a61af"


def start(lab: Lab, repository: str, *options: str, python: str = sys.executable) -> subprocess.Popen[str]:
    """A push as an engine starts it."""
    plugin = str(runner.PLUGINS / "check_harbor_push.py")
    arguments = lab.arguments("--project", "priv", "--repository", repository, *options)
    command = [python, "-W", "error", plugin, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def asked(lab: Lab, repository: str, seen: int) -> int:
    """How many requests for a repository core has had, those before `seen` left out."""
    return sum(f"priv/{repository}" in unquote(request.target) for request in lab.harbor.requests[seen:])


def unfinished(lab: Lab, repository: str) -> list[Path]:
    """Uploads that can still be gone on with, which the registry purges after a week."""
    return [upload for upload in lab.registry.uploads(repository) if (upload / "startedat").exists()]


@pytest.mark.timeout(300)
def test_killed_pushes_leave_what_the_help_says(lab: Lab) -> None:
    """Four monitors, each with a repository of its own; every moment of a run is hit."""
    dice = random.Random(20261122)
    repositories = [f"monitor{number}" for number in range(AT_A_TIME)]
    lab.canaries = {f"priv/{name}" for name in repositories}

    def kill_some(repository: str, shares: list[float]) -> None:
        """Kill when such a share of the requests of a whole run has come, in the middle of the last one."""
        for share in shares:
            seen = len(lab.harbor.requests)
            process = start(lab, repository, "--depth", "image")
            while process.poll() is None and asked(lab, repository, seen) < share * REQUESTS:
                time.sleep(0.003)
            time.sleep(share % 0.01)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the guard alone would not do: the probe then ends by itself
            process.communicate()

    assert start(lab, "monitor0", "--depth", "image").communicate()[0].startswith("HARBOR PUSH OK")
    assert asked(lab, "monitor0", 0) == REQUESTS
    before = lab.registry.blobs()
    shares = {name: [dice.random() for _ in range(KILLED // AT_A_TIME)] for name in repositories}
    threads = [threading.Thread(target=kill_some, args=item) for item in shares.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    new = lab.registry.blobs() - before
    assert len(new) <= 2 * KILLED  # of each a configuration and a manifest
    assert all(lab.registry.blob(digest).stat().st_size < 2000 for digest in new)
    left = [upload for name in repositories for upload in unfinished(lab, f"priv/{name}")]
    assert len(left) <= KILLED
    sizes = [(upload / "data").stat().st_size for upload in left if (upload / "data").exists()]
    assert max(sizes, default=0) <= lab.registry.blob(LAYER).stat().st_size
    assert len(left) > KILLED / 10  # or nothing would be shown here
    for name in repositories:
        known = lab.upstream.artifacts.get(f"priv/{name}", {})
        tagged = [tags for tags in known.values() if tags]
        assert tagged in ([], [{"check-harbor"}])
        outcome = lab.push("--repository", name, "--depth", "image")
        said = f"a previous run left the image priv/{name}:check-harbor behind, it is deleted now"
        assert (said in outcome.first) is bool(tagged)
        assert lab.push("--repository", name, "--depth", "image").code == 0
        assert not any(lab.upstream.artifacts[f"priv/{name}"].values())


def hold(lab: Lab, method: str, after: bool = False) -> tuple[threading.Event, Callable[[], None]]:
    """Stop the first request of this method in core: when it has arrived, and how to let it continue."""
    arrived, released = threading.Event(), threading.Event()
    forward = lab.upstream.forward

    def hook(request: Request, target: str = "") -> Response:
        first = request.method == method and not arrived.is_set()
        response = forward(request, target) if first and after else None
        if first:
            arrived.set()
            released.wait(20)
        return response or forward(request, target)

    lab.upstream.forward = hook  # type: ignore[method-assign]
    return arrived, released.set


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_interrupted_push_removes_its_upload(
    lab: Lab, plugin_python: str, method: str, number: signal.Signals
) -> None:
    arrived, release = hold(lab, method)
    process = start(lab, "canary", python=plugin_python)
    assert arrived.wait(20)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    release()
    path = next(request.path for request in lab.harbor.requests if request.method == method)
    told = f"interrupted by {number.name} while waiting for the answer to {method} {path}"
    assert out == f"HARBOR PUSH UNKNOWN - {told[:117]}...\nNext: set the engine's check timeout higher than -t\n"
    assert process.returncode == 3
    assert [request.method for request in lab.harbor.requests][-1] == "DELETE"
    assert unfinished(lab, REPOSITORY) == []


def test_an_interrupted_push_waits_for_the_upload_it_just_started(lab: Lab) -> None:
    arrived, release = hold(lab, "POST", after=True)
    process = start(lab, "canary")
    assert arrived.wait(20)
    process.terminate()
    threading.Timer(0.2, release).start()  # the answer comes while it already cleans up
    out, _ = process.communicate(timeout=20)
    assert "left behind" not in out
    assert [request.method for request in lab.harbor.requests] == ["GET", "GET", "POST", "DELETE"]
    assert unfinished(lab, REPOSITORY) == []


def test_an_interrupted_push_starts_nothing_more(lab: Lab) -> None:
    arrived, release = hold(lab, "PATCH")
    process = start(lab, "canary")
    assert arrived.wait(20)
    process.terminate()
    threading.Timer(0.2, release).start()  # the work could continue while it cleans up
    process.communicate(timeout=20)
    assert [request.method for request in lab.harbor.requests] == ["GET", "GET", "POST", "PATCH", "DELETE"]


def test_an_interrupted_push_names_what_it_cannot_remove(lab: Lab) -> None:
    arrived, release = hold(lab, "PATCH")
    process = start(lab, "canary")
    assert arrived.wait(20)
    lab.registry.freeze()
    process.terminate()
    out, _ = process.communicate(timeout=20)
    lab.registry.resume()
    release()
    assert out.splitlines()[1:] == [
        f"Note: left behind: upload in {REPOSITORY}",
        "Next: set the engine's check timeout higher than -t",
    ]
    assert process.returncode == 3
