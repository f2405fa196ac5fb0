"""Next steps in docker for Harbor's installer, in kubectl for its chart."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

from harborlib.harbor import components, platform, registry
from harborlib.wire import certificates

import pytest

from harbor_simulator import Simulator
from support import runner

PLUGINS = Path(platform.__file__).resolve().parents[2]
#: A command of docker or kubectl; prose such as "docker login fails" is none.
COMMAND = re.compile(
    r"\b(?:docker (?:ps|logs|exec|stats|start|restart|inspect|compose)\b|docker-compose|kubectl |df -h)"
)
STEP = "look at {look:core}; {logs:registryctl}; {logs:nginx}; {list}; {load}; {ping}"
HINT = "(if it keeps restarting: check Redis and the database)"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "",
            "look at docker ps -a; docker logs --tail 50 harbor-core "
            "(or kubectl -n NAMESPACE logs --tail 50 deploy/RELEASE-core); docker logs --tail 50 registryctl "
            "(or kubectl -n NAMESPACE logs --tail 50 deploy/RELEASE-registry -c registryctl); "
            "docker logs --tail 50 nginx (or the ingress controller's log); "
            "docker ps -a (or kubectl -n NAMESPACE get pods); "
            "uptime; docker stats --no-stream (or kubectl -n NAMESPACE top pods); "
            "docker exec redis redis-cli ping (or the same in the Redis pod)",
        ),
        (
            "compose",
            "look at docker ps -a; docker logs --tail 50 harbor-core; docker logs --tail 50 registryctl; "
            "docker logs --tail 50 nginx; docker ps -a; uptime; docker stats --no-stream; "
            "docker exec redis redis-cli ping",
        ),
        (
            "kubernetes",
            f"look at kubectl get pods; kubectl logs --tail 50 deploy/harbor-core {HINT}; "
            "kubectl logs --tail 50 deploy/harbor-registry -c registryctl (if it restarted: --previous); "
            "kubectl logs --tail 50 deploy/harbor-nginx (or the ingress controller's log); "
            "kubectl get pods; kubectl top pods; kubectl top nodes; "
            "kubectl exec sts/harbor-redis -- redis-cli ping (if external: redis-cli -h HOST ping)",
        ),
        (
            "kubernetes:prod/shop",
            f"look at kubectl -n prod get pods; kubectl -n prod logs --tail 50 deploy/shop-harbor-core {HINT}; "
            "kubectl -n prod logs --tail 50 deploy/shop-harbor-registry -c registryctl (if it restarted: --previous); "
            "kubectl -n prod logs --tail 50 deploy/shop-harbor-nginx (or the ingress controller's log); "
            "kubectl -n prod get pods; kubectl -n prod top pods; kubectl top nodes; "
            "kubectl -n prod exec sts/shop-harbor-redis -- redis-cli ping (if external: redis-cli -h HOST ping)",
        ),
    ],
)
def test_a_step_has_the_commands_of_the_platform(value: str, said: str) -> None:
    assert platform.with_commands(STEP, platform.parse_platform(value)) == said


@pytest.mark.parametrize(
    ("release", "core"),
    [("prod/harbor", "harbor-core"), ("prod/my-harbor", "my-harbor-core"), ("prod/shop", "shop-harbor-core")],
)
def test_names_are_those_of_the_chart(release: str, core: str) -> None:
    assert f" deploy/{core}" in platform.with_commands("{logs:core}", platform.parse_platform(f"kubernetes:{release}"))


def test_every_mark_has_a_command_on_every_platform() -> None:
    """A mark that is left, or a name that is not filled in, would be pasted into a shell."""
    for mark in platform.COMMANDS:
        for value in ("", "compose", "kubernetes:prod/shop"):
            said = platform.with_commands(f"{{{mark}:trivy}}", platform.parse_platform(value))
            assert not re.search(r"[{}]|None|RELEASE-RELEASE", said), said


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (components.STUCK, "kubectl -n prod get ingress,svc,endpoints"),
        (components.LOCKED, "kubectl -n prod exec sts/shop-harbor-database -- psql -U postgres registry"),
        (certificates.RENEW, "the ingress's TLS secret (cert-manager: kubectl -n prod get certificate)"),
        (registry.REALM, "then run helm upgrade"),
        (registry.MAKE_ROOM, "kubectl -n prod exec deploy/shop-harbor-registry -c registry -- df -h /storage"),
    ],
)
def test_worst_outages_speak_kubectl(step: str, said: str) -> None:
    found = platform.with_commands(step, platform.parse_platform("kubernetes:prod/shop"))
    assert said in found
    assert "docker" not in found


def test_a_database_outside_of_the_chart_has_its_own_log() -> None:
    step = platform.with_commands(components.next_step("database"), platform.parse_platform("kubernetes:prod"))
    assert step.endswith("; kubectl -n prod logs --tail 50 sts/harbor-database (if external: its own log)")


@pytest.mark.parametrize("value", ["docker", "compose:prod", "kubernetes:", "kubernetes:prod/", "kubernetes:-x", "k8s"])
def test_another_value_is_refused_with_the_right_form(value: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as raised:
        platform.parse_platform(value)
    assert str(raised.value) == f"not compose or kubernetes[:NAMESPACE[/RELEASE]]: {value!r}"


def test_a_plugin_and_triage_speak_kubectl(harbor: Simulator) -> None:
    harbor.switch("registry-down")
    where = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--platform", "kubernetes:prod/shop")
    step = (
        "run kubectl -n prod get pods; kubectl -n prod logs --tail 50 deploy/shop-harbor-registry -c registry "
        "(if it restarted: --previous)"
    )
    outcome = runner.here("check_harbor_component", *where, "--component", "registry")
    assert f"\nNext: {step}\n" in outcome.out
    assert step in runner.here("check_harbor_triage", *where).out


def literals(path: Path) -> Iterator[str]:
    """All strings of a module, its docstrings too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_commands_of_a_platform_are_written_here_alone() -> None:
    """A next step with a command written out would be wrong on the other platform: it needs a mark."""
    files = [path for path in PLUGINS.rglob("*.py") if path.name != "platform.py"]
    assert len(files) > 50
    assert [(path.name, text) for path in files for text in literals(path) if COMMAND.search(text)] == []
