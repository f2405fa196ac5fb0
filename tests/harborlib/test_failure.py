"""Every way to fail has a next step, and says whether Harbor was there at all."""

from __future__ import annotations

from harborlib.harbor import components
from harborlib.judge import isolation
from harborlib.wire.failure import ANSWER, CONTENT, NEXT_STEPS, STAGES, STATUS, Failure

import pytest


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_next_step(stage: str) -> None:
    """That of an error status depends on who answered."""
    assert (stage in NEXT_STEPS) is (stage != STATUS)
    assert "{" not in NEXT_STEPS.get(stage, "").format(host="harbor.example.com", port=443)


@pytest.mark.parametrize("stage", STAGES)
def test_reached_or_not(stage: str) -> None:
    assert Failure(stage, "x").unreachable is (stage not in (STATUS, CONTENT))
    assert Failure(stage, "x", status=503).unreachable is (stage != CONTENT)
    assert Failure(stage, "x", status=404).unreachable is (stage not in (STATUS, CONTENT))


def test_a_refused_login() -> None:
    failure = Failure(STATUS, "x", status=401)
    assert not failure.refused_login, "nobody logged in"
    assert failure.but(login=True).refused_login
    assert not failure.but(login=True, step="pull").refused_login, "a token, which was granted"
    assert not Failure(ANSWER, "x", status=401).refused_login


def test_the_same_but_for_something() -> None:
    with pytest.raises(Failure) as raised:
        raise Failure(ANSWER, "x", status=502, hung=True, path="/", login=True, step="pull", state="warning",
                      next_step="look", absent=True)  # fmt: skip
    other = raised.value.but(detail="y", status=0)
    assert vars(other) == {**vars(raised.value), "detail": "y", "status": 0}
    assert (str(raised.value), str(other)) == ("x", "y")
    assert other.__traceback__ is raised.value.__traceback__


@pytest.mark.parametrize("component", [*isolation.COMPONENTS, "core", "portal"])
def test_every_component_has_a_place_to_look(component: str) -> None:
    loss, container = components.CONTAINERS[component]
    assert components.next_step(component) == (
        f"docker ps -a; docker logs --tail 50 {container} (or the pod and its log); meanwhile {loss}"
    )


def test_a_component_that_nobody_knows() -> None:
    assert components.next_step("exporter") == "look at the component's container or pod, and at its log"
