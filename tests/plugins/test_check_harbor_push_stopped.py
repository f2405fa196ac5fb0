"""What stops check_harbor_push at a real registry, line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harbor_simulator import Account
from harbor_simulator.messages import Request, Response
from registry import daemon, mounts, nginx
from registry.images import canary
from registry.lab import IMAGE, REPOSITORY, ROBOT, USERS, Lab
from support.screens import MOUNTS, USAGE

TAG = f"{REPOSITORY}:check-harbor"
MAKE_ROOM = f"Next: check usage with {USAGE}, then delete images and run garbage collection, or enlarge the storage"
STORAGE = f"Next: check the registry's storage: {MOUNTS}"
UPLOADS = f"/v2/{REPOSITORY}/blobs/uploads/"
LEFT = f"Note: left behind: upload in {REPOSITORY}"


def test_read_only_mode(lab: Lab) -> None:
    lab.harbor.switch("read-only-mode")
    step = "Next: switch it off unless maintenance is in progress (Administration > Configuration > System Settings)"
    text = "Harbor is in read-only mode: nobody can push"
    assert lab.screen(lab.push()) == [f"HARBOR PUSH CRITICAL - {text} | token=Ts;;;0", step, "exit code 2"]
    assert lab.push("--isolate").first == f"HARBOR PUSH UNKNOWN - {text}, this affects all clients (see harbor-api)"


def test_quota_with_its_figures(lab: Lab) -> None:
    lab.canaries = {"tiny/canary"}
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
        "Next: raise the project's quota, or delete images in it and run garbage collection",
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
def test_a_missing_permission_is_named(tmp_path: Path, actions: tuple[str, ...], text: str) -> None:
    daemon.needed()
    account = Account(USERS[ROBOT].password, projects={"priv": actions})
    with Lab(tmp_path, users={ROBOT: account}) as lab:
        assert lab.screen(lab.push("--isolate")) == [
            f"HARBOR PUSH UNKNOWN - robot$canary has no permission to {text} in {REPOSITORY}, or there is no "
            f"such project",
            "Next: grant the robot account that permission in the project, or create the project",
            "exit code 3",
        ]


def test_an_immutable_tag(lab: Lab) -> None:
    lab.upstream.immutable.add(TAG)
    lab.add(TAG, canary())
    assert lab.push("--depth", "image").first.startswith(
        f"HARBOR PUSH CRITICAL - deleting the image {TAG}: the artifact"
    )
    lab.intercept("HEAD", lambda request: Response(404))
    assert lab.screen(lab.push("--depth", "image"))[:2] == [
        "HARBOR PUSH CRITICAL - image priv/canary:check-harbor: Failed to process request due to "
        "'canary:check-harbor' configured as immutable. | token=Ts;;;0",
        "Next: remove the immutability rule of the canary project, or choose another --repository",
    ]
    assert lab.harbor.requests[-1].method == "DELETE"
    assert "/blobs/" in lab.harbor.requests[-1].path  # there is no image to delete


def test_a_project_that_is_a_proxy_cache(lab: Lab) -> None:
    denied = {"errors": [{"code": "DENIED", "message": "can not push artifact to a proxy project: priv"}]}
    lab.harbor.answer(UPLOADS, 403, {}, denied)
    assert lab.screen(lab.push()) == [
        "HARBOR PUSH CRITICAL - starting an upload: 403 can not push artifact to a proxy project: priv | token=Ts;;;0",
        "Next: grant the robot account pull, push and delete in a canary project that is not a proxy cache",
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
        else ("starting an upload: 500 from the registry: unknown error (X-Request-Id ID)")
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
        expected = [f"HARBOR PUSH CRITICAL - {text} | token=Ts;;;0", *left, MAKE_ROOM, "exit code 2"]
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
    assert outcome.first.endswith(" (see harbor-pull)")
    assert outcome.code == 3


@pytest.mark.parametrize(
    ("switch", "what"),
    [("redis-refuses-writes", "writing 2050 KiB"), ("database-read-only", "completing a blob")],
)
def test_what_only_a_real_blob_shows(lab: Lab, switch: str, what: str) -> None:
    lab.harbor.switch(switch)
    assert lab.push("--depth", "session").code == 0
    text = f"{what}: 500 from core: internal server error (X-Request-Id ID)"
    line = f"HARBOR PUSH CRITICAL - {text} | token=Ts;;;0"
    assert lab.screen(lab.push("--isolate"))[0] == line
    assert lab.pull().code == 0


def test_an_upload_that_the_registry_does_not_know_any_more(lab: Lab) -> None:
    def forget(request: Request) -> None:
        for upload in lab.registry.uploads(REPOSITORY):
            for file in ("data", "startedat"):
                (upload / file).unlink(missing_ok=True)

    lab.intercept("PATCH", forget)
    assert lab.screen(lab.push()) == [
        "HARBOR PUSH CRITICAL - writing 2050 KiB: blob upload unknown to registry | token=Ts;;;0",
        "Next: check that all registry replicas share the storage and http.secret",
        "exit code 2",
    ]


def test_an_image_that_comes_back_different(lab: Lab) -> None:
    other = canary()
    headers = {"Content-Type": other.media_type, "Docker-Content-Digest": other.digest}
    lab.intercept("GET", lambda request: Response(200, dict(headers), other.manifest))
    lines = lab.screen(lab.push("--depth", "image", "--isolate"))
    assert re.sub(r"not as sha256:\w+", "not as DIGEST", lines[0]) == (
        f"HARBOR PUSH CRITICAL - {TAG} comes back as {other.digest[:19]}, not as DIGEST | token=Ts;;;0"
    )
    assert lines[1:] == ["Next: check whether another host pushes to this repository too", "exit code 2"]
    assert list(lab.upstream.artifacts[REPOSITORY].values()) == [{"1.0"}]


def test_an_image_that_does_not_come_back_is_not_the_canary_images_fault(lab: Lab) -> None:
    body = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
    lost = Response(404, {"Content-Type": "application/json"}, body)
    lab.intercept("GET", lambda request: lost.copy() if request.path.endswith("/manifests/check-harbor") else None)
    assert lab.pull("--isolate").code == 0
    assert lab.screen(lab.push("--depth", "image", "--isolate", "--image", IMAGE))[0] == (
        f"HARBOR PUSH CRITICAL - manifest {TAG} is lost: Harbor lists it, but the registry's storage does not have it"
        " | token=Ts;;;0"
    )


def test_an_ingress_that_limits_bodies(lab: Lab) -> None:
    daemon.needed(nginx.PROGRAM)
    with nginx.running(lab.folder / "nginx", lab.harbor.port, limit="client_max_body_size 1m;") as lab.url:
        lab.harbor.external_url = lab.url
        assert lab.push("--depth", "session").code == 0
        assert lab.screen(lab.push()) == [
            "HARBOR PUSH CRITICAL - writing 2050 KiB: 413, the reverse proxy limits the size of a request"
            " | token=Ts;;;0",
            (
                "Next: raise the body size limit of the reverse proxy: client_max_body_size in nginx (or "
                "annotation proxy-body-size of the ingress)"
            ),
            "exit code 2",
        ]
