"""Every way to fail has a next step, and says whether Harbor was there at all."""

from __future__ import annotations

from harborlib.harbor import components, platform
from harborlib.harbor.components import ASK_HEALTH, BEHIND_CORE, LOCKED, NEXT_STEPS, next_step, where_to_look
from harborlib.judge import isolation
from harborlib.wire.failure import ANSWER, CONNECT, CONTENT, ROUTE, STAGES, STATUS, Failure, Kind
from harborlib.wire.origin import Origin

import pytest

EMPTY = Kind("volume.empty", CONTENT, "CRITICAL", "fill it")


@pytest.mark.parametrize("stage", STAGES, ids=repr)
def test_every_stage_has_a_next_step(stage: Kind) -> None:
    """That of an error status depends on who answered."""
    assert (stage in NEXT_STEPS) is (stage is not STATUS)
    step = (
        NEXT_STEPS.get(stage, "").replace("{host}", "harbor.example.com").replace("{where}", "harbor.example.com:443")
    )
    assert "{" not in platform.with_commands(step, None)


@pytest.mark.parametrize("stage", STAGES, ids=repr)
def test_reached_or_not(stage: Kind) -> None:
    assert Failure(stage, "x").unreachable is (stage not in (STATUS, CONTENT))
    assert Failure(stage, "x", status=503).unreachable is (stage is not CONTENT)
    assert Failure(stage, "x", status=404).unreachable is (stage not in (STATUS, CONTENT))


def test_ids_differ() -> None:
    assert len({stage.id for stage in STAGES}) == len(STAGES)


def test_a_kind_of_its_own_stands_where_the_one_does_that_it_refines() -> None:
    failure = Failure(EMPTY, "x")
    assert (failure.kind, failure.stage, failure.unreachable) == (EMPTY, CONTENT, False)
    assert (failure.state, failure.next_step) == ("CRITICAL", "fill it")
    other = Failure(EMPTY, "x", state="WARNING", next_step="look")
    assert (other.state, other.next_step) == ("WARNING", "look")


def test_kinds_are_compared_by_identity() -> None:
    assert Kind("volume.empty") != Kind("volume.empty")


def test_the_same_but_for_something() -> None:
    with pytest.raises(Failure) as raised:
        raise Failure(ANSWER, "x", aside="y", status=502, hung=True, path="/", login=True, step="pull",
                      waited=2.0, late=True, by_core=True, state="WARNING", next_step="look")  # fmt: skip
    other = raised.value.but(detail="z", status=0)
    assert vars(other) == {**vars(raised.value), "detail": "z", "status": 0}
    assert (str(raised.value), str(other)) == ("x", "z")
    assert other.__traceback__ is raised.value.__traceback__


@pytest.mark.parametrize("component", [*isolation.COMPONENTS, "core", "portal"])
def test_every_component_has_a_place_to_look(component: str) -> None:
    assert platform.with_commands(components.next_step(component), platform.Platform("compose")) == (
        f"run docker ps -a; docker logs --tail 50 {platform.CONTAINERS[component]}"
    )


def test_a_component_that_nobody_knows() -> None:
    assert components.next_step("exporter") == "check the component's container or pod, and its log"


QUEUES, INFO, QUOTAS, UPLOAD = (
    "/api/v2.0/jobservice/queues",
    "/api/v2.0/systeminfo",
    "/api/v2.0/quotas",
    "/v2/p/r/blobs/",
)


@pytest.mark.parametrize(
    ("path", "status", "by_core", "core_answers", "logins_fail", "step"),
    [
        # nginx waits in vain for core
        (QUOTAS, 502, False, False, False, next_step("core")),
        (UPLOAD, 502, False, False, False, next_step("core")),
        (QUEUES, 504, False, False, False, next_step("core")),
        (QUOTAS, 502, False, True, False, next_step("core")),
        ("/", 502, False, True, False, next_step("portal")),
        # core answers: what fails is behind it
        (QUEUES, 500, True, False, False, next_step("jobservice")),
        (QUEUES, 0, False, True, False, next_step("jobservice")),
        (UPLOAD, 502, True, True, False, next_step("registry")),
        (UPLOAD, 0, False, True, False, next_step("registry")),
        (INFO, 500, True, True, False, LOCKED),
        (INFO, 0, False, True, False, LOCKED),
        ("/service/token", 500, True, False, False, LOCKED),
        (QUOTAS, 0, False, True, False, LOCKED),
        (UPLOAD, 0, False, True, True, LOCKED),
        (QUOTAS, 500, True, True, False, BEHIND_CORE),
        (UPLOAD, 500, True, True, False, BEHIND_CORE),
        (QUOTAS, 503, True, False, False, next_step("core")),  # as core says of itself without Redis
        # nobody knows whether core answers
        (QUOTAS, 0, False, False, False, ASK_HEALTH),
        (UPLOAD, 0, False, False, False, ASK_HEALTH),
    ],
)
def test_next_step_names_the_failing_component(
    path: str, status: int, by_core: bool, core_answers: bool, logins_fail: bool, step: str
) -> None:
    """A status of 0 is a hang."""
    kind = STATUS if status else ANSWER
    failure = Failure(kind, "x", status=status, hung=not status, path=path, login=True, by_core=by_core)
    assert where_to_look(failure, Origin.parse("https://harbor.example.com"), core_answers, logins_fail) == step


@pytest.mark.parametrize(
    ("kind", "where", "core_answers", "step"),
    [
        (CONNECT, "harbor.example.com", False, NEXT_STEPS[CONNECT] + "; if it is another port, pass -H HOST:PORT"),
        (CONNECT, "harbor.example.com:8443", False, NEXT_STEPS[CONNECT]),
        (ROUTE, "harbor.example.com", False, "check -H, then " + components.ROUTES),
        (ROUTE, "harbor.example.com", True, "check " + components.ROUTES),
    ],
)
def test_the_url_is_checked_first(kind: Kind, where: str, core_answers: bool, step: str) -> None:
    assert where_to_look(Failure(kind, "x"), Origin.parse(where), core_answers) == step
