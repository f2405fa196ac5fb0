"""check_harbor_push against a real registry, line by line, and what it leaves in the storage."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry import daemon, mounts, nginx
from registry.images import canary, digest_of
from registry.lab import IMAGE, REPOSITORY, ROBOT, USERS, Lab
from simulator import Account
from simulator.messages import Request, Response

TAG = f"{REPOSITORY}:check-harbor"
WRITTEN = "token=Ts;;;0 write=Ts;;;0 bytes=2100203B;;;0 time=Ts;5;20;0"
STORAGE = "Next: look at the storage of the container registry: df -h, mount, dmesg on its host"
UPLOADS = f"/v2/{REPOSITORY}/blobs/uploads/"
LEFT = f"Note: left behind: the upload in {REPOSITORY}"


@pytest.fixture
def lab(lab: Lab) -> Iterator[Lab]:
    """As everywhere, and nothing is written elsewhere than to the canary repository."""
    yield lab
    paths = {request.path for request in lab.harbor.requests if request.method not in ("GET", "HEAD")}
    assert all(path.startswith((f"/v2/{REPOSITORY}/", "/v2/tiny/canary/")) for path in paths)


def intercept(lab: Lab, method: str, instead: Callable[[Request], Response | None]) -> None:
    """Do something before core hands on a request of this method; a response takes the registry's place."""
    forward = lab.upstream.forward

    def hook(request: Request, target: str = "") -> Response:
        response = instead(request) if request.method == method else None
        return response or forward(request, target)

    lab.upstream.forward = hook  # type: ignore[method-assign]


# Where all is well


@pytest.mark.parametrize("depth", ["blob", "image"])
def test_what_is_written_is_taken_back(lab: Lab, depth: str) -> None:
    line = f"HARBOR PUSH OK - {depth} written to priv/canary and taken back | {WRITTEN}"
    assert lab.screen(lab.push("--depth", depth)) == [line, "exit code 0"]
    assert lab.screen(lab.push("--depth", depth)) == [line, "exit code 0"]
    assert list(lab.upstream.artifacts[REPOSITORY].values()) == [{"1.0"}]
    assert lab.registry.uploads(REPOSITORY) == []


def test_a_session_is_started_and_cancelled(lab: Lab) -> None:
    assert lab.screen(lab.push("--depth", "session")) == [
        "HARBOR PUSH OK - session written to priv/canary and taken back | "
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
    outcome = lab.push("--repository", "from.vienna", "--depth", "session")
    assert outcome.first == "HARBOR PUSH OK - session written to priv/from.vienna and taken back"
    lab.harbor.requests.clear()


def test_relative_locations(tmp_path: Path) -> None:
    daemon.needed()
    with Lab(tmp_path, registry_http={"relativeurls": True}) as lab:
        assert lab.push("--depth", "image").code == 0


def test_the_image_of_a_run_that_was_killed(lab: Lab) -> None:
    lab.add(TAG, canary())
    assert lab.screen(lab.push("--depth", "image")) == [
        f"HARBOR PUSH WARNING - a run before this one left the image {TAG} behind; it is deleted now | {WRITTEN}",
        "Next: look why the check was killed: is the engine's time-out shorter than -t?",
        "exit code 1",
    ]
    assert lab.push("--depth", "image").code == 0


# What stops a push


def test_read_only_mode(lab: Lab) -> None:
    lab.harbor.switch("read-only-mode")
    step = "Next: if no maintenance is going on, switch it off: Administration, Configuration, System Settings"
    text = "Harbor is in read-only mode: nobody can push"
    assert lab.screen(lab.push()) == [f"HARBOR PUSH CRITICAL - {text} | token=Ts;;;0", step, "exit code 2"]
    assert (
        lab.push("--isolate").first == f"HARBOR PUSH UNKNOWN - {text}; that holds for everybody (see check_harbor_api)"
    )


def test_quota_with_its_figures(lab: Lab) -> None:
    lab.upstream.quotas["tiny"] = 12000
    lab.upstream.used["tiny"] = 9044
    message = (
        "adding 2.0 MiB of storage resource, which when updated to current usage of 8.8 KiB will exceed the configured "
        "upper limit of 11.7 KiB."
    )
    assert lab.screen(lab.push("--project", "tiny")) == [
        f"HARBOR PUSH CRITICAL - quota exceeded: {message}"[: len("HARBOR PUSH CRITICAL - ") + 117].rstrip()
        + "... | token=Ts;;;0",
        f"CRITICAL: quota exceeded: {message}",
        "Next: raise the project's quota, or delete images there and run garbage collection",
        "exit code 2",
    ]


def test_a_quota_that_is_used_up_although_the_layer_is_there(lab: Lab) -> None:
    lab.push()
    lab.upstream.quotas["priv"] = lab.upstream.used["priv"] + 500
    assert lab.push().first.startswith("HARBOR PUSH CRITICAL - quota exceeded: adding 1003.0 B of storage resource")


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        (("pull", "push"), "delete"),
        (("pull", "delete"), "push"),
        (("pull",), "delete, push"),
        ((), "delete, pull, push"),
    ],
)
def test_a_missing_right_is_named(tmp_path: Path, actions: tuple[str, ...], text: str) -> None:
    daemon.needed()
    account = Account(USERS[ROBOT].password, projects={"priv": actions})
    with Lab(tmp_path, users={ROBOT: account}) as lab:
        assert lab.screen(lab.push("--isolate")) == [
            f"HARBOR PUSH UNKNOWN - robot$canary has no right to {text} in {REPOSITORY}, or there is no such project",
            "Next: give the robot account that right in its project, and look whether the project exists",
            "exit code 3",
        ]


def test_an_immutable_tag(lab: Lab) -> None:
    lab.upstream.immutable.add(TAG)
    lab.add(TAG, canary())
    assert lab.push("--depth", "image").first.startswith(
        f"HARBOR PUSH CRITICAL - deleting the image {TAG}: the artifact"
    )
    intercept(lab, "HEAD", lambda request: Response(404))
    assert lab.screen(lab.push("--depth", "image"))[:2] == [
        "HARBOR PUSH CRITICAL - image priv/canary:check-harbor: Failed to process request due to "
        "'canary:check-harbor' configured as immutable. | token=Ts;;;0",
        "Next: remove the immutability rule of the canary project, or name another --repository",
    ]
    assert lab.harbor.requests[-1].method == "DELETE"
    assert "/blobs/" in lab.harbor.requests[-1].path  # there is no image to delete


def test_a_project_that_is_a_proxy_cache(lab: Lab) -> None:
    denied = {"errors": [{"code": "DENIED", "message": "can not push artifact to a proxy project: priv"}]}
    lab.harbor.answer(UPLOADS, 403, {}, denied)
    assert lab.screen(lab.push()) == [
        "HARBOR PUSH CRITICAL - starting an upload: 403 can not push artifact to a proxy project: priv | token=Ts;;;0",
        "Next: give the robot account pull, push and delete in a canary project that is no proxy cache",
        "exit code 2",
    ]


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        ({"DriverName": "filesystem", "Enclosed": {"Err": 122}}, "the disk quota of the registry's storage is used up"),
        ("write /x/data: disk quota exceeded", "the disk quota of the registry's storage is used up"),
        (
            {"DriverName": "filesystem", "Enclosed": {"Err": 13}},
            "the registry cannot use its storage: Permission denied (errno 13)",
        ),
        ("read /x/data: input/output error", "the registry cannot use its storage: Input/output error (errno 5)"),
        ({"DriverName": "s3aws", "Enclosed": {}}, "the registry cannot use its storage (driver s3aws)"),
        ({"DriverName": "swift", "Enclosed": "timeout"}, "the registry cannot use its storage (driver swift)"),
        ({"DriverName": 1}, ""),
        ({"DriverName": "x", "Enclosed": {"Err": 10**9}}, "the registry cannot use its storage (driver x)"),
        (None, ""),
    ],
)
def test_storage_that_fails_in_other_ways(lab: Lab, detail: object, text: str) -> None:
    body = {"errors": [{"code": "UNKNOWN", "message": "unknown error", "detail": detail}]}
    headers = {
        "X-Request-Id": "0399bc17-2824-4849-9c56-898e675717b6",
        "Docker-Distribution-Api-Version": "registry/2.0",
    }
    lab.harbor.answer(UPLOADS, 500, headers, body)
    told = (
        f"starting an upload: {text}"
        if text
        else ("500 from the registry for starting an upload: unknown error (X-Request-Id ID)")
    )
    assert lab.screen(lab.push())[0] == f"HARBOR PUSH CRITICAL - {told} | token=Ts;;;0"


@pytest.mark.parametrize(
    ("size", "leave", "text", "left"),
    [
        (8 << 20, 64 << 10, "writing 2050 KiB: the registry's storage is full", [LEFT]),
        (8 << 20, 0, "starting an upload: the registry's storage is full", []),
    ],
)
def test_a_full_disk(tmp_path: Path, size: int, leave: int, text: str, left: list[str]) -> None:
    daemon.needed()
    with mounts.tmpfs(tmp_path / "storage", size) as storage, Lab(tmp_path, storage) as lab:
        mounts.fill(storage, leave)
        expected = [f"HARBOR PUSH CRITICAL - {text} | token=Ts;;;0", *left, STORAGE, "exit code 2"]
        assert lab.screen(lab.push("--image", IMAGE)) == expected
        assert lab.pull().code == 0
        assert lab.here("v2").code == 0


def test_a_session_alone_stays_green_on_a_nearly_full_disk(tmp_path: Path) -> None:
    daemon.needed()
    with mounts.tmpfs(tmp_path / "storage", 8 << 20) as storage, Lab(tmp_path, storage) as lab:
        mounts.fill(storage, 64 << 10)
        assert lab.push("--depth", "session").code == 0


def test_a_read_only_storage(tmp_path: Path) -> None:
    daemon.needed()
    with Lab(tmp_path) as lab, mounts.read_only(lab.storage):
        assert lab.screen(lab.push("--image", IMAGE)) == [
            "HARBOR PUSH CRITICAL - starting an upload: the registry's storage is read-only | token=Ts;;;0",
            STORAGE,
            "exit code 2",
        ]


def test_storage_that_cannot_be_read_either_belongs_to_pull(lab: Lab) -> None:
    body = {"errors": [{"code": "UNKNOWN", "message": "unknown error", "detail": "open /x: input/output error"}]}
    for path in (UPLOADS, f"/v2/{REPOSITORY}/manifests/1.0"):
        lab.harbor.answer(path, 500, {}, body)
    assert lab.push("--isolate").first.startswith("HARBOR PUSH CRITICAL - starting an upload: ")
    outcome = lab.push("--isolate", "--image", IMAGE)
    assert outcome.first.endswith(" (see check_harbor_pull)")
    assert outcome.code == 3


@pytest.mark.parametrize(
    ("switch", "what"),
    [("redis-refuses-writes", "writing 2050 KiB"), ("database-read-only", "completing a blob")],
)
def test_what_only_a_real_blob_shows(lab: Lab, switch: str, what: str) -> None:
    lab.harbor.switch(switch)
    assert lab.push("--depth", "session").code == 0
    text = f"500 from core for {what}: internal server error (X-Request-Id ID)"
    line = f"HARBOR PUSH CRITICAL - {text} | token=Ts;;;0"
    assert lab.screen(lab.push("--isolate"))[0] == line
    assert lab.pull().code == 0


def test_an_upload_that_the_registry_does_not_know_any_more(lab: Lab) -> None:
    def forget(request: Request) -> None:
        for upload in lab.registry.uploads(REPOSITORY):
            for file in ("data", "startedat"):
                (upload / file).unlink(missing_ok=True)

    intercept(lab, "PATCH", forget)
    assert lab.screen(lab.push()) == [
        "HARBOR PUSH CRITICAL - writing 2050 KiB: blob upload unknown to registry | token=Ts;;;0",
        "Next: do several registry replicas run without a shared storage or a shared http.secret?",
        "exit code 2",
    ]


def test_an_image_that_comes_back_different(lab: Lab) -> None:
    other = canary()
    headers = {"Content-Type": other.media_type, "Docker-Content-Digest": other.digest}
    intercept(lab, "GET", lambda request: Response(200, dict(headers), other.manifest))
    lines = lab.screen(lab.push("--depth", "image", "--isolate"))
    assert re.sub(r"not as sha256:\w+", "not as DIGEST", lines[0]) == (
        f"HARBOR PUSH CRITICAL - {TAG} comes back as {other.digest[:19]}, not as DIGEST | token=Ts;;;0"
    )
    assert lines[1:] == ["Next: does another host push here too?", "exit code 2"]
    assert list(lab.upstream.artifacts[REPOSITORY].values()) == [{"1.0"}]


def test_an_image_that_does_not_come_back_is_not_the_canary_images_fault(lab: Lab) -> None:
    body = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
    lost = Response(404, {"Content-Type": "application/json"}, body)
    intercept(lab, "GET", lambda request: lost.copy() if request.path.endswith("/manifests/check-harbor") else None)
    assert lab.pull("--isolate").code == 0
    assert lab.screen(lab.push("--depth", "image", "--isolate", "--image", IMAGE))[0] == (
        f"HARBOR PUSH CRITICAL - manifest {TAG} is lost: Harbor knows it, the registry's storage does not have it"
        " | token=Ts;;;0"
    )


def test_an_ingress_that_limits_bodies(lab: Lab) -> None:
    daemon.needed(nginx.PROGRAM)
    with nginx.running(lab.folder / "nginx", lab.harbor.port, limit="client_max_body_size 1m;") as lab.url:
        lab.harbor.external_url = lab.url
        assert lab.push("--depth", "session").code == 0
        assert lab.screen(lab.push()) == [
            "HARBOR PUSH CRITICAL - writing 2050 KiB: 413, the proxy in front limits the size of a request"
            " | token=Ts;;;0",
            "Next: raise the limit of the ingress (nginx: client_max_body_size 0)",
            "exit code 2",
        ]


# Where an upload goes on


@pytest.mark.parametrize("host", ["https://registry.example.net", "http://localhost:{port}", "https://localhost:1"])
def test_an_upload_that_is_sent_on_to_another_host(tmp_path: Path, host: str) -> None:
    daemon.needed()
    port = daemon.free_port()
    elsewhere = host.format(port=port)
    with Lab(tmp_path, registry_http={"host": elsewhere}, port=port) as lab:
        where = f"{elsewhere.replace(f'localhost:{port}', 'harbor.example.com')}, not to https://harbor.example.com"
        assert lab.screen(lab.push()) == [
            f"HARBOR PUSH CRITICAL - the upload is sent on to {where} | token=Ts;;;0",
            "Next: let the proxies in front pass on Host and X-Forwarded-Proto as clients see them",
            "exit code 2",
        ]
        assert lab.harbor.requests[-1].method == "DELETE"
        assert not any((upload / "startedat").exists() for upload in lab.registry.uploads(REPOSITORY))


@pytest.mark.parametrize(
    "path",
    ["/v2/priv/other/blobs/uploads/1-2", "/v2/priv/canary/blobs/uploads/../../../other/blobs/uploads/1", "/", "/c/x"],
)
def test_an_upload_never_leaves_the_repository(lab: Lab, path: str) -> None:
    lab.harbor.answer(UPLOADS, 202, {"Location": f"{lab.harbor.url}{path}"})
    outcome = lab.push()
    assert outcome.first == f"HARBOR PUSH CRITICAL - the upload is sent on to another place: {path[:60]}"
    assert [request.method for request in lab.harbor.requests] == ["GET", "GET", "POST"]


def test_an_upload_without_a_location(lab: Lab) -> None:
    lab.harbor.answer(UPLOADS, 202)
    assert lab.push().first == f"HARBOR PUSH CRITICAL - {UPLOADS} is answered 202 without a usable Location"


# A run that does not come to its end


def test_an_upload_that_hangs_is_named_as_left_behind(lab: Lab) -> None:
    intercept(lab, "PATCH", lambda request: lab.registry.freeze())
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

    intercept(lab, "PATCH", stall)
    outcome = lab.push("-t", "6")
    over.set()
    assert outcome.first.startswith("HARBOR PUSH CRITICAL - timed out after ")
    assert "left behind" not in outcome.out
    assert not any((upload / "startedat").exists() for upload in lab.registry.uploads(REPOSITORY))


def test_what_the_first_try_left_behind_is_told_by_the_second(lab: Lab) -> None:
    forward, patches = lab.upstream.forward, []

    def lose(request: Request) -> Response | None:
        patches.append(request)
        if len(patches) > 1:
            return None
        forward(request)  # the registry has the bytes, and we do not know it
        return Response(500)

    intercept(lab, "PATCH", lose)
    outcome = lab.push("--isolate")
    assert outcome.first == f"HARBOR PUSH OK - blob written to {REPOSITORY} and taken back; {LEFT[len('Note: ') :]}"
    assert len([upload for upload in lab.registry.uploads(REPOSITORY) if (upload / "startedat").exists()]) == 1


def test_what_cannot_be_taken_back_is_a_warning(lab: Lab) -> None:
    intercept(lab, "DELETE", lambda request: Response(500))
    lines = lab.screen(lab.push())
    assert lines[0].startswith("HARBOR PUSH WARNING - left behind: the blob sha256:")
    assert lines[-1] == "exit code 1"


def test_a_secret_that_is_echoed_stays_one(lab: Lab) -> None:
    def echo(request: Request) -> Response:
        told = f"{USERS[ROBOT].password} {request.headers['Authorization']}"
        return Response(500, {"Content-Type": "application/json"}, b'{"errors":[{"message":"%s"}]}' % told.encode())

    intercept(lab, "PATCH", echo)
    outcome = lab.push("-vvv")
    sent = {request.headers["Authorization"].split()[1] for request in lab.harbor.requests if request.authorization}
    assert "*** Bearer ***" in outcome.first
    assert not any(secret in outcome.out for secret in {USERS[ROBOT].password, *sent})


def test_no_login_is_a_usage_error(lab: Lab) -> None:
    outcome = lab.push("--no-login")
    assert outcome.first == "HARBOR PUSH UNKNOWN - usage: a login is needed: --authfile"
    assert lab.harbor.requests == []


def test_the_layer_is_the_same_on_every_machine(lab: Lab) -> None:
    lab.push()
    known = "sha256:ec53823737f87e0d479382451488eda673cf07021104e6569599253d320a61af"
    assert known in lab.registry.blobs()
    assert digest_of(lab.registry.blob(known).read_bytes()) == known
    assert os.path.getsize(lab.registry.blob(known)) == 2099200
