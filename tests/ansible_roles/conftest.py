"""What the tests of the roles share: a namespace for root file systems, and the machine that Ansible runs on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_roles import monitored, rootfs
from ansible_roles.controller import Controller, chroot_connection

pytest.register_assert_rewrite("ansible_roles.scenarios")


@pytest.fixture(scope="session")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rootfs.Namespace]:
    with rootfs.Namespace(tmp_path_factory.mktemp("roots")) as namespace:
        yield namespace


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Controller:
    return Controller(tmp_path_factory.mktemp("controller"))


@pytest.fixture(scope="session")
def chroots(collection: Controller) -> Controller:
    """With connections to root file systems."""
    chroot_connection(collection.folder)
    return collection


@pytest.fixture(scope="class")
def host(request: pytest.FixtureRequest, namespace: rootfs.Namespace, chroots: Controller) -> Iterator[monitored.Host]:
    """A monitoring host with this release and the engine of the test class, after the first run of the role."""
    built = rootfs.built(request.param)
    root = rootfs.Root(namespace, [str(built)])
    with monitored.Host(request.cls.kind, request.cls.preloaded, root, chroots) as host:
        yield host
