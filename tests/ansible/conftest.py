"""What the tests of the roles share: a namespace for root file systems, and the machine that Ansible runs on."""

from __future__ import annotations

from collections.abc import Iterator

import controller
import pytest
import rootfs


@pytest.fixture(scope="session")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rootfs.Namespace]:
    with rootfs.Namespace(tmp_path_factory.mktemp("roots")) as namespace:
        yield namespace


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> controller.Controller:
    return controller.Controller(tmp_path_factory.mktemp("controller"))
