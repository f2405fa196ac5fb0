"""check_harbor_pull where the registry sends it elsewhere for a blob: to an object store, or to another path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harbor_simulator.issuing import Identity, issue
from registry import daemon
from registry.images import digest_of
from registry.lab import REPOSITORY, Lab
from registry.objectstore import HOST, ObjectStore
from support.pulls import NORMAL, phases, short

VERIFIED = "is verified against --ca-file or the system's CAs"


def test_a_proxy_cache_of_docker_hub_that_redirects_to_library(lab: Lab) -> None:
    lab.add("priv/library/nginx:1", lab.image)
    for name in ("manifests/1", *(f"blobs/{digest_of(blob)}" for blob in lab.image.blobs)):
        lab.harbor.answer(f"/v2/priv/nginx/{name}", 301, {"Location": f"/v2/priv/library/nginx/{name}"})
    outcome = lab.pull("--image", "priv/nginx:1")
    assert outcome.first == "HARBOR PULL OK - priv/nginx:1 pulled: manifest and 4 blobs intact"


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
        NORMAL + phases(redirecting.image),
        f"Note: object store {store.where} {VERIFIED}",
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
        ("cut-off", "the answer to GET {path} was cut off: connection closed early"),
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
        f"Next: check the object store {store.where}: clients that pull must be able to reach it"
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
        text = f"object store {store.where}: certificate does not verify: certificate has expired"
        cas = "add its CA to --ca-file and to the CAs that clients trust"
        assert lab.screen(outcome) == [
            f"HARBOR PULL CRITICAL - {text} | token=Ts;;;0 manifest=Ts;;;0",
            f"Note: object store {store.where} {VERIFIED}",
            f"Next: renew the certificate of the object store {store.where}, or {cas}",
            "exit code 2",
        ]


@pytest.fixture
def public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Identity:
    """A certificate for the object store by a CA of the system, which knows nothing of Harbor's own."""
    ca = issue("A public CA", authority=True)
    leaf = issue(HOST, "localhost", issuer=ca)
    system = tmp_path / "system.pem"
    system.write_bytes(Identity(ca.key, (ca.certificate,)).pem())
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    return Identity(leaf.key, (leaf.certificate,))


def test_a_public_store_behind_a_harbor_with_its_own_ca(tmp_path: Path, public: Identity) -> None:
    daemon.needed()
    (tmp_path / "storage").mkdir()
    with (
        ObjectStore(tmp_path / "storage", public) as store,
        Lab(tmp_path, registry_middleware=store.middleware) as lab,
    ):
        outcome = lab.pull()
        assert lab.screen(outcome)[1:] == [f"Note: object store {store.where} {VERIFIED}", "exit code 0"]
        lab.harbor.certificate = public  # Harbor itself is verified by --ca-file alone
        assert "certificate does not verify: unable to get local issuer certificate" in lab.pull().out


def sent(lab: Lab, location: str) -> None:
    """Have the registry send its clients to `location` for every blob, `{path}` being the blob's file."""
    for blob in lab.image.blobs:
        path = "/" + str(lab.registry.blob(digest_of(blob)).relative_to(lab.storage))
        lab.harbor.answer(f"/v2/{REPOSITORY}/blobs/{digest_of(blob)}", 307, {"Location": location.format(path=path)})


def test_a_store_that_sends_on_to_its_region(lab: Lab) -> None:
    with ObjectStore(lab.storage) as world, ObjectStore(lab.storage) as region:
        world.sends_on = f"{region.url}{{path}}"
        sent(lab, f"{world.url}{{path}}?X-Amz-Signature=feedfacecafebeef0123")
        assert lab.pull().code == 0
        assert [len(world.seen), len(region.seen)] == [4, 4]
        assert region.paths == world.paths
        assert not [headers for headers in world.seen + region.seen if "Authorization" in headers]
        region.mood = "forbidden"
        assert lab.pull().first.startswith(f"HARBOR PULL CRITICAL - object store {region.where}: 403 for blob ")


def test_a_store_on_plain_http(lab: Lab) -> None:
    with ObjectStore(lab.storage, "") as store:
        sent(lab, f"{store.url}{{path}}")
        assert lab.pull().first == (
            "HARBOR PULL OK - priv/canary:1.0 pulled: manifest and 4 blobs intact, "
            f"object store {store.where} is read over http"
        )
        assert not [headers for headers in store.seen if "Authorization" in headers]


def test_a_key_that_begins_with_a_slash(lab: Lab) -> None:
    with ObjectStore(lab.storage) as store:
        sent(lab, f"{store.url}/{{path}}?X-Amz-Signature=feedfacecafebeef0123")
        assert lab.pull().code == 0
        assert all(path.startswith("//docker/") for path in store.paths)


def test_a_path_of_harbor_that_sends_on_to_a_store(lab: Lab) -> None:
    """As a proxy cache may: first to another path of Harbor, with the token, then away, without."""
    with ObjectStore(lab.storage) as store:
        sent(lab, "/v2/priv/moved{path}")
        for blob in lab.image.blobs:
            path = "/" + str(lab.registry.blob(digest_of(blob)).relative_to(lab.storage))
            lab.harbor.answer(f"/v2/priv/moved{path}", 302, {"Location": f"{store.url}{path}"})
        lab.harbor.requests.clear()
        assert lab.pull().code == 0
        moved = [request for request in lab.harbor.requests if "moved" in request.path]
        assert {request.authorization for request in moved} == {"Bearer"}
        assert not [headers for headers in store.seen if "Authorization" in headers]


def test_a_store_behind_harbors_own_name(lab: Lab) -> None:
    """An ingress can route a path of Harbor's host to the store, which refuses a signature that comes with a token."""
    sent(lab, "/bucket{path}?X-Amz-Signature=feedfacecafebeef0123")
    for blob in lab.image.blobs:
        path = "/" + str(lab.registry.blob(digest_of(blob)).relative_to(lab.storage))
        lab.harbor.answer(f"/bucket{path}", 200, {}, blob)
    lab.harbor.requests.clear()
    assert lab.screen(lab.pull()) == [NORMAL + phases(lab.image), "exit code 0"]
    kept = [request for request in lab.harbor.requests if request.path.startswith("/bucket/")]
    assert {request.authorization for request in kept} == {None}


def test_a_store_that_sends_back_to_harbor_gets_no_token_there(lab: Lab) -> None:
    with ObjectStore(lab.storage) as store:
        store.sends_on = f"{lab.harbor.url}/v2/{REPOSITORY}/blobs/anything"
        sent(lab, f"{store.url}{{path}}")
        lab.harbor.requests.clear()
        assert lab.pull().code == 2
        back = [request for request in lab.harbor.requests if request.path.endswith("/anything")]
        assert [request.authorization for request in back] == [None]


def test_redirects_without_end(lab: Lab) -> None:
    with ObjectStore(lab.storage) as store:
        store.sends_on = f"{store.url}{{path}}"
        sent(lab, f"{store.url}{{path}}")
        config = short(lab.image.config)
        text = f"object store {store.where}: blob {config} of {REPOSITORY} is redirected more than 9 times"
        outcome = lab.pull("--blobs", "config")
        assert (outcome.first, outcome.code) == (f"HARBOR PULL CRITICAL - {text}", 2)
        assert len(store.seen) == 9


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "https://127.0.0.1:99999/x"])
def test_a_store_that_sends_on_to_nowhere(lab: Lab, location: str) -> None:
    with ObjectStore(lab.storage) as store:
        store.sends_on = location
        sent(lab, f"{store.url}{{path}}")
        outcome = lab.pull("--blobs", "config")
        assert f"object store {store.where}: " in outcome.first
        assert " without a usable Location" in outcome.out


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
    assert f"307 for {path} without a usable Location" in outcome.out
    assert outcome.code == 2
