"""check_harbor_pull where the registry sends it elsewhere for a blob: to an object store, or to another path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry import daemon
from registry.images import Image, digest_of
from registry.lab import REPOSITORY, Lab
from registry.objectstore import ObjectStore

NORMAL = "HARBOR PULL OK - priv/canary:1.0 pulled: manifest and 4 of 4 blobs right | "
PHASES = "token=Ts;;;0 manifest=Ts;;;0 blob=Ts;;;0 bytes={size}B;;;0 rate=NB;;;0 time=Ts;5;20;0"


def size(pulled: Image) -> int:
    return sum(map(len, pulled.blobs))


def short(content: bytes) -> str:
    return digest_of(content)[:19]


def test_a_proxy_cache_of_docker_hub_that_redirects_to_library(lab: Lab) -> None:
    lab.add("priv/library/nginx:1", lab.image)
    for name in ("manifests/1", *(f"blobs/{digest_of(blob)}" for blob in lab.image.blobs)):
        lab.harbor.answer(f"/v2/priv/nginx/{name}", 301, {"Location": f"/v2/priv/library/nginx/{name}"})
    outcome = lab.pull("--image", "priv/nginx:1")
    assert outcome.first == "HARBOR PULL OK - priv/nginx:1 pulled: manifest and 4 of 4 blobs right"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    (tmp_path / "storage").mkdir()
    with ObjectStore(tmp_path / "storage") as store:
        yield store


@pytest.fixture
def redirecting(tmp_path: Path, store: ObjectStore) -> Iterator[Lab]:
    """A Harbor whose registry sends clients to the object store for blobs."""
    daemon.needed()
    with Lab(tmp_path, registry_middleware=store.middleware) as lab:
        yield lab


def test_the_object_store_gets_no_token(redirecting: Lab, store: ObjectStore) -> None:
    assert redirecting.screen(redirecting.pull()) == [
        NORMAL + PHASES.format(size=size(redirecting.image)),
        "exit code 0",
    ]
    assert len(store.seen) == 4
    assert all(set(headers) == {"Host", "User-Agent", "Accept-Encoding"} for headers in store.seen)
    assert any(request.authorization == "Bearer" for request in redirecting.harbor.requests)


@pytest.mark.parametrize(
    ("mood", "why"),
    [
        ("forbidden", "403 for blob {blob} of priv/canary"),
        ("gone", "404 for blob {blob} of priv/canary"),
        ("cut-off", "the answer to GET {path} breaks off: connection closed early"),
    ],
)
def test_an_object_store_that_fails_is_named(redirecting: Lab, store: ObjectStore, mood: str, why: str) -> None:
    store.mood = mood
    outcome = redirecting.pull("--blobs", "config", "--isolate")
    config = redirecting.image.config
    path = "/" + str(redirecting.registry.blob(digest_of(config)).relative_to(redirecting.storage))
    text = f"object store {store.where}: " + why.format(blob=short(config), path=path)
    assert outcome.out.startswith(f"HARBOR PULL CRITICAL - {text[:117]}")
    assert text in outcome.out
    assert outcome.out.splitlines()[-1] == (
        f"Next: look at the object store {store.where}: whoever pulls must be able to reach it"
    )
    assert outcome.code == 2


def test_an_object_store_that_hangs_is_named(redirecting: Lab, store: ObjectStore) -> None:
    store.mood = "hanging"
    outcome = redirecting.pull("--blobs", "config", "-t", "5")
    assert outcome.first.startswith(f"HARBOR PULL CRITICAL - object store {store.where}: timed out after ")
    assert outcome.seconds < 5


def test_an_object_store_with_damaged_content(redirecting: Lab, store: ObjectStore) -> None:
    store.mood = "corrupt"
    outcome = redirecting.pull("--blobs", "config")
    assert outcome.code == 2
    assert f"HARBOR PULL CRITICAL - blob {short(redirecting.image.config)} of {REPOSITORY} is corrupt" in outcome.out


def test_the_certificate_of_the_object_store_is_not_harbors(tmp_path: Path) -> None:
    daemon.needed()
    (tmp_path / "storage").mkdir()
    with (
        ObjectStore(tmp_path / "storage", "expired") as store,
        Lab(tmp_path, registry_middleware=store.middleware) as lab,
    ):
        outcome = lab.pull("--isolate")
        assert outcome.first.startswith(f"HARBOR PULL CRITICAL - object store {store.where}: ")
        assert "expired" in outcome.first


def test_the_signature_of_a_redirect_is_not_shown(lab: Lab, tmp_path: Path) -> None:
    target = "https://127.0.0.1:1/bucket/data?X-Amz-Signature=feedfacecafebeef0123"
    for blob in lab.image.blobs:
        lab.harbor.answer(f"/v2/{REPOSITORY}/blobs/{digest_of(blob)}", 307, {"Location": target})
    outcome = lab.pull("-vvv")
    assert outcome.first == (
        "HARBOR PULL CRITICAL - object store 127.0.0.1:1: cannot connect to 127.0.0.1:1: Connection refused"
    )
    assert "feedface" not in outcome.out


@pytest.mark.parametrize("location", ["", "ftp://127.0.0.1/x", "https://127.0.0.1:99999/x"])
def test_a_redirect_to_nowhere(lab: Lab, location: str) -> None:
    path = f"/v2/{REPOSITORY}/blobs/{digest_of(lab.image.config)}"
    lab.harbor.answer(path, 307, {"Location": location} if location else {})
    outcome = lab.pull("--blobs", "config")
    assert f"{path} is answered 307 without a usable Location" in outcome.out
    assert outcome.code == 2
