"""check_harbor_push where an upload goes astray or does not come to its end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harbor_simulator.messages import Request, Response
from registry import daemon
from registry.lab import REPOSITORY, Lab

UPLOADS = f"/v2/{REPOSITORY}/blobs/uploads/"
LEFT = f"Note: left behind: upload in {REPOSITORY}"


# Where an upload continues


@pytest.mark.parametrize("host", ["https://registry.example.net", "http://localhost:{port}", "https://localhost:1"])
def test_an_upload_that_is_sent_on_to_another_host(tmp_path: Path, host: str) -> None:
    daemon.needed()
    port = daemon.free_port()
    elsewhere = host.format(port=port)
    with Lab(tmp_path, registry_http={"host": elsewhere}, port=port) as lab:
        where = f"{elsewhere.replace(f'localhost:{port}', 'harbor.example.com')}, not to https://harbor.example.com"
        assert lab.screen(lab.push()) == [
            f"HARBOR PUSH CRITICAL - the upload is redirected to {where} | token=Ts;;;0",
            "Next: configure the reverse proxies to pass the client's Host and X-Forwarded-Proto",
            "exit code 2",
        ]
        assert lab.harbor.requests[-1].method == "DELETE"
        assert not any((upload / "startedat").exists() for upload in lab.registry.uploads(REPOSITORY))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/v2/priv/other/blobs/uploads/1-2", "/v2/priv/other/blobs/uploads/1-2"),
        ("/v2/priv/canary/blobs/uploads/../../../other/blobs/uploads/1", "/v2/priv/other/blobs/uploads/1"),
        ("/v2/priv/canary/blobs/uploads/1/..", "/v2/priv/canary/blobs/uploads/"),
        ("/", "/"),
        ("/c/x", "/c/x"),
    ],
)
def test_an_upload_never_leaves_the_repository(lab: Lab, path: str, place: str) -> None:
    """Where a path leads is judged without its dots, as it would be asked for."""
    lab.harbor.answer(UPLOADS, 202, {"Location": f"{lab.harbor.url}{path}"})
    outcome = lab.push()
    assert outcome.first == f"HARBOR PUSH CRITICAL - the upload is redirected to another path: {place}"
    assert [request.method for request in lab.harbor.requests] == ["GET", "GET", "POST"]


def test_an_upload_without_a_location(lab: Lab) -> None:
    lab.harbor.answer(UPLOADS, 202)
    assert lab.push().first == f"HARBOR PUSH CRITICAL - 202 for {UPLOADS} without a usable Location"


# A run that does not come to its end


def test_an_upload_that_hangs_is_named_as_left_behind(lab: Lab) -> None:
    lab.intercept("PATCH", lambda request: lab.registry.freeze())
    outcome = lab.push("-t", "4")
    lab.registry.resume()
    assert outcome.seconds < 4
    assert outcome.first.startswith("HARBOR PUSH CRITICAL - timed out after ")
    assert outcome.first.endswith(f" waiting for the answer to PATCH {lab.harbor.requests[3].path}")
    assert LEFT in outcome.out.splitlines()


def test_what_hangs_before_the_registry_is_cancelled(lab: Lab) -> None:
    over = threading.Event()

    def stall(request: Request) -> Response:
        over.wait(20)
        return Response(500)

    lab.intercept("PATCH", stall)
    outcome = lab.push("-t", "6")
    over.set()
    assert outcome.first.startswith("HARBOR PUSH CRITICAL - timed out after ")
    assert "left behind" not in outcome.out
    assert not any((upload / "startedat").exists() for upload in lab.registry.uploads(REPOSITORY))


def test_the_second_try_reports_what_the_first_left_behind(lab: Lab) -> None:
    forward, patches = lab.upstream.forward, []

    def lose(request: Request) -> Response | None:
        patches.append(request)
        if len(patches) > 1:
            return None
        forward(request)  # the registry has the bytes, and we do not know it
        return Response(500)

    lab.intercept("PATCH", lose)
    outcome = lab.push("--isolate")
    assert outcome.first == f"HARBOR PUSH OK - blob written to {REPOSITORY} and cleaned up, {LEFT[len('Note: ') :]}"
    assert len([upload for upload in lab.registry.uploads(REPOSITORY) if (upload / "startedat").exists()]) == 1


def test_what_cannot_be_taken_back_is_a_warning(lab: Lab) -> None:
    lab.intercept("DELETE", lambda request: Response(500))
    lines = lab.screen(lab.push())
    assert lines[0].startswith("HARBOR PUSH WARNING - left behind: blob sha256:")
    assert lines[-1] == "exit code 1"
