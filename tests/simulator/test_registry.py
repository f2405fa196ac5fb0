"""The registry in memory: what is pushed to it can be pulled and deleted, by the probes and step by step."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
import requests

from harbor_simulator import Account, Simulator
from harbor_simulator.image import CONFIG, MEDIA_TYPE, digest_of, manifest
from support import runner

ROBOT, SECRET = "robot$canary", "sEcret-of/the+canary=robot"
LOGIN = (ROBOT, SECRET)
REPOSITORY = "pub/canary"
LAYER = bytes(range(256)) * 40
MANIFEST = manifest(CONFIG, [(digest_of(LAYER), len(LAYER))])


@pytest.fixture(scope="module")
def registry() -> Iterator[Simulator]:
    permissions = dict.fromkeys(("pub", "tiny"), ("pull", "push", "delete"))
    with Simulator(users={ROBOT: Account(SECRET, projects=permissions)}) as simulator:
        yield simulator


@pytest.fixture
def harbor(registry: Simulator) -> Iterator[Simulator]:
    yield registry
    registry.reset()


def probe(harbor: Simulator, name: str, *options: str) -> runner.Outcome:
    """A run of a plugin as a process, with the canary robot's login."""
    login = {"HARBOR_USERNAME": ROBOT, "HARBOR_PASSWORD": SECRET}
    common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "-w", "50s", "-c", "55s")  # on any machine
    return runner.process(f"check_harbor_{name}", *common, *options, env={**os.environ, **login})


def send(harbor: Simulator, method: str, path: str, body: bytes = b"", **headers: str) -> requests.Response:
    where = path if path.startswith("https:") else f"{harbor.url}/v2/{REPOSITORY}/{path}"
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, where, data=body, headers=sent, auth=LOGIN, verify=harbor.ca_file, timeout=30)


def push_blob(harbor: Simulator, content: bytes) -> requests.Response:
    location = send(harbor, "POST", "blobs/uploads/").headers["Location"]
    location = send(harbor, "PATCH", location, content).headers["Location"]
    return send(harbor, "PUT", f"{location}&digest={digest_of(content)}")


def push_image(harbor: Simulator, tag: str = "1.0") -> requests.Response:
    for blob in (CONFIG, LAYER):
        assert push_blob(harbor, blob).status_code == 201
    return send(harbor, "PUT", f"manifests/{tag}", MANIFEST, Content_Type=MEDIA_TYPE)


def problem(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


@pytest.mark.parametrize("depth", ["session", "blob", "image"])
def test_every_depth_of_the_push_probe(harbor: Simulator, depth: str) -> None:
    canceled = "upload started in pub/canary and canceled"
    done = canceled if depth == "session" else f"{depth} written to pub/canary and cleaned up"
    for _ in range(2):
        outcome = probe(harbor, "push", "--project", "pub", "--depth", depth)
        assert (outcome.first, outcome.code, outcome.err) == (f"HARBOR PUSH OK - {done}", 0, "")
    assert harbor.content.storage.uploads == {}
    assert send(harbor, "HEAD", "manifests/check-harbor").status_code == 404


def test_the_pull_probe_reads_all_of_what_was_pushed(harbor: Simulator) -> None:
    push_image(harbor)
    outcome = probe(harbor, "pull", "--image", f"{REPOSITORY}:1.0", "--blobs", "all")
    assert (outcome.code, outcome.err) == (0, "")
    harbor.content.storage.blobs[REPOSITORY, digest_of(LAYER)] = LAYER[:-1] + b"x"
    outcome = probe(harbor, "pull", "--image", f"{REPOSITORY}:1.0", "--blobs", "all")
    assert (outcome.code, "is corrupt" in outcome.first) == (2, True)


def test_a_pushed_image_is_listed_until_it_is_deleted(harbor: Simulator) -> None:
    pushed = push_image(harbor)
    assert pushed.headers["Location"] == f"{harbor.url}/v2/{REPOSITORY}/manifests/{digest_of(MANIFEST)}"
    for reference in ("1.0", digest_of(MANIFEST)):
        pulled = send(harbor, "GET", f"manifests/{reference}", Accept=MEDIA_TYPE)
        assert (pulled.content, pulled.headers["Content-Type"]) == (MANIFEST, MEDIA_TYPE)
    assert send(harbor, "GET", "tags/list").json() == {"name": REPOSITORY, "tags": ["1.0"]}
    assert harbor.content.artifacts[REPOSITORY, "1.0"].digest == digest_of(MANIFEST)
    assert problem(send(harbor, "DELETE", "manifests/1.0")) == (400, "UNSUPPORTED")
    assert send(harbor, "DELETE", f"manifests/{digest_of(MANIFEST)}").status_code == 202
    assert problem(send(harbor, "DELETE", f"manifests/{digest_of(MANIFEST)}")) == (404, "NOT_FOUND")
    assert problem(send(harbor, "GET", "tags/list")) == (404, "NOT_FOUND")
    assert (REPOSITORY, "1.0") not in harbor.content.artifacts


def test_a_tag_moves_to_what_is_pushed_last(harbor: Simulator) -> None:
    push_image(harbor)
    other = manifest(CONFIG, [])
    send(harbor, "PUT", "manifests/1.0", other, Content_Type=MEDIA_TYPE)
    assert send(harbor, "GET", "manifests/1.0", Accept=MEDIA_TYPE).content == other
    assert send(harbor, "GET", f"manifests/{digest_of(MANIFEST)}", Accept=MEDIA_TYPE).content == MANIFEST


def test_an_index_is_taken_once_its_children_are_there(harbor: Simulator) -> None:
    child = {"mediaType": MEDIA_TYPE, "digest": digest_of(MANIFEST), "size": len(MANIFEST)}
    kind = "application/vnd.oci.image.index.v1+json"
    index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [child]}).encode()
    assert problem(send(harbor, "PUT", "manifests/all", index, Content_Type=kind)) == (400, "MANIFEST_BLOB_UNKNOWN")
    push_image(harbor, digest_of(MANIFEST))
    assert send(harbor, "PUT", "manifests/all", index, Content_Type=kind).status_code == 201
    assert send(harbor, "GET", "tags/list").json()["tags"] == ["all"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (MANIFEST, "MANIFEST_BLOB_UNKNOWN"),
        (b"no JSON", "MANIFEST_INVALID"),
        (b'{"config":7,"layers":[]}', "MANIFEST_INVALID"),
        (b"[]", "MANIFEST_INVALID"),
    ],
)
def test_manifests_that_are_refused(harbor: Simulator, body: bytes, code: str) -> None:
    assert problem(send(harbor, "PUT", "manifests/1.0", body, Content_Type=MEDIA_TYPE)) == (400, code)


def test_a_configuration_that_is_no_json_is_more_than_core_can_read(harbor: Simulator) -> None:
    push_blob(harbor, LAYER)
    answer = send(harbor, "PUT", "manifests/1.0", manifest(LAYER, []), Content_Type=MEDIA_TYPE)
    assert problem(answer) == (500, "UNKNOWN")


def test_content_that_is_not_what_its_digest_says(harbor: Simulator) -> None:
    location = send(harbor, "POST", "blobs/uploads/").headers["Location"]
    assert problem(send(harbor, "PUT", f"{location}&digest={digest_of(LAYER)}", b"x")) == (400, "DIGEST_INVALID")
    other = f"manifests/{digest_of(LAYER)}"
    assert problem(send(harbor, "PUT", other, MANIFEST, Content_Type=MEDIA_TYPE)) == (400, "DIGEST_INVALID")


def test_a_blob_is_there_until_it_is_deleted(harbor: Simulator) -> None:
    assert push_blob(harbor, LAYER).headers["Docker-Content-Digest"] == digest_of(LAYER)
    path = f"blobs/{digest_of(LAYER)}"
    assert send(harbor, "GET", path).content == LAYER
    assert send(harbor, "DELETE", path).status_code == 202
    for method in ("GET", "DELETE"):
        assert problem(send(harbor, method, path)) == (404, "BLOB_UNKNOWN")


def test_the_quota_counts_each_blob_once(harbor: Simulator) -> None:
    before = harbor.content.quotas["pub"][1]
    for _ in range(2):
        push_blob(harbor, LAYER)
    assert harbor.content.quotas["pub"] == (52428800, before + len(LAYER))
    outcome = probe(harbor, "push", "--project", "tiny")
    assert (outcome.code, "quota exceeded: adding 2.0 MiB" in outcome.first) == (2, True)


@pytest.mark.parametrize(
    ("switch", "told"),
    [
        ("storage-full", "starting an upload: the registry's storage is full"),
        ("storage-readonly", "starting an upload: the registry's storage is read-only"),
        ("database-read-only", "completing a blob: 500 from core"),
        ("redis-refuses-writes", "writing 2050 KiB: 500 from core"),
        ("read-only-mode", "Harbor is in read-only mode"),
        ("registry-down", "starting an upload: 502 from the registry"),
    ],
)
def test_what_stops_a_push(harbor: Simulator, switch: str, told: str) -> None:
    harbor.switch(switch)
    outcome = probe(harbor, "push", "--project", "pub", "--depth", "image")
    assert (outcome.code, outcome.first[: len(told) + 23]) == (2, f"HARBOR PUSH CRITICAL - {told}")


def test_what_was_pushed_is_gone_after_a_reset(harbor: Simulator) -> None:
    push_image(harbor)
    harbor.reset()
    assert problem(send(harbor, "GET", "manifests/1.0")) == (404, "NOT_FOUND")
