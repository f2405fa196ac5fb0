"""How each trouble of scenarios.py is made: a context manager that gives a Harbor in this trouble."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from registry import daemon, mounts, nginx
from registry.images import digest_of
from registry.lab import ROBOT, USERS, Lab
from registry.objectstore import ObjectStore
from registry.scenarios import Trouble

MIB = 1024 * 1024
Labs = Iterator[Lab]


def trouble(scenario: Trouble, folder: Path) -> contextlib.AbstractContextManager[Lab]:
    """A Harbor in the trouble of a scenario."""
    settings: dict[str, Any] = {"certificate": scenario.certificate}
    make: Callable[..., contextlib.AbstractContextManager[Lab]] = globals()[scenario.made_by]
    return make(folder, scenario.switches, settings)


def flip(path: Path) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@contextlib.contextmanager
def nothing(folder: Path, switches: tuple[str, ...], settings: dict[str, Any]) -> Labs:
    with Lab(folder, **settings) as lab:
        lab.harbor.certificate = settings.get("certificate", "good")
        lab.harbor.switch(*switches)
        yield lab


def in_place(change: Callable[[Lab], object]) -> Callable[..., contextlib.AbstractContextManager[Lab]]:
    """A trouble that comes over a healthy Harbor."""

    @contextlib.contextmanager
    def make(*arguments: Any) -> Labs:
        with nothing(*arguments) as lab:
            change(lab)
            yield lab

    return make


registry_stopped = in_place(lambda lab: lab.registry.stop())
storage_moved_away = in_place(lambda lab: lab.storage.rename(lab.folder / "elsewhere"))
blob_flipped = in_place(lambda lab: flip(lab.registry.blob(digest_of(lab.image.layers[1]))))
blob_truncated = in_place(lambda lab: os.truncate(lab.registry.blob(digest_of(lab.image.layers[1])), 7000))
blob_deleted = in_place(lambda lab: lab.registry.blob(digest_of(lab.image.layers[1])).unlink())
manifest_deleted = in_place(lambda lab: lab.registry.blob(lab.image.digest).unlink())
quota_used_up = in_place(lambda lab: lab.upstream.quotas.update(priv=900))


@contextlib.contextmanager
def registry_frozen(*arguments: Any) -> Labs:
    with nothing(*arguments) as lab:
        lab.registry.freeze()
        try:
            yield lab
        finally:
            lab.registry.resume()


def filled(leave: int) -> Callable[..., contextlib.AbstractContextManager[Lab]]:
    """A storage with so many bytes left."""

    @contextlib.contextmanager
    def make(folder: Path, switches: tuple[str, ...], settings: dict[str, Any]) -> Labs:
        storage = folder / "storage"
        with mounts.tmpfs(storage, 8 * MIB), nothing(folder, switches, settings) as lab:
            mounts.fill(storage, leave)
            yield lab

    return make


storage_nearly_full = filled(64 * 1024)
storage_full = filled(0)


@contextlib.contextmanager
def storage_read_only(*arguments: Any) -> Labs:
    with nothing(*arguments) as lab, mounts.read_only(lab.storage):
        yield lab


def object_store(mood: str) -> Callable[..., contextlib.AbstractContextManager[Lab]]:
    """An object store that behaves so."""

    @contextlib.contextmanager
    def make(folder: Path, switches: tuple[str, ...], settings: dict[str, Any]) -> Labs:
        storage = folder / "storage"
        storage.mkdir()
        with ObjectStore(storage) as store:
            store.mood = mood
            with nothing(folder, switches, {**settings, "registry_middleware": store.middleware}) as lab:
                yield lab

    return make


object_store_forbidden = object_store("forbidden")
object_store_hanging = object_store("hanging")
object_store_corrupt = object_store("corrupt")


def ingress(**directives: str) -> Callable[..., contextlib.AbstractContextManager[Lab]]:
    """An nginx in front that is set up wrongly."""

    @contextlib.contextmanager
    def make(*arguments: Any) -> Labs:
        daemon.needed(nginx.PROGRAM)
        with nothing(*arguments) as lab, nginx.running(lab.folder / "nginx", lab.harbor.port, **directives) as url:
            lab.url = lab.harbor.external_url = url
            yield lab

    return make


ingress_limits_bodies = ingress(limit="client_max_body_size 1m;")
ingress_misroutes_v2 = ingress(location=nginx.ELSEWHERE)


@contextlib.contextmanager
def uploads_elsewhere(folder: Path, switches: tuple[str, ...], settings: dict[str, Any]) -> Labs:
    with nothing(folder, switches, {**settings, "registry_http": {"host": "https://registry.example.net"}}) as lab:
        yield lab


@contextlib.contextmanager
def canary_refused(folder: Path, switches: tuple[str, ...], settings: dict[str, Any]) -> Labs:
    users = {name: account for name, account in USERS.items() if name != ROBOT}
    with nothing(folder, switches, {**settings, "users": users}) as lab:
        yield lab
