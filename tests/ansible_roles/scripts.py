"""The files of harbor_checks that run on the host, as modules."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from ansible_roles.controller import COLLECTION

ROLE = COLLECTION / "roles" / "harbor_checks"


def script(name: str) -> ModuleType:
    """The file of this name."""
    spec = importlib.util.spec_from_file_location(name, ROLE / "files" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
