"""harborlib.harbor.endpoints: names and values in paths and queries."""

from __future__ import annotations

from harborlib.harbor import endpoints

import pytest

from harbor_simulator import Simulator
from harbor_simulator.records import Remote
from support.rest import connect


def test_names_in_paths() -> None:
    assert endpoints.ARTIFACT.at("p", "a/b c", "sha256:1").endswith(
        "/p/repositories/a%252Fb%2520c/artifacts/sha256%3A1"
    )
    assert endpoints.RETENTION.at("\udc00x").endswith("/retentions/%3Fx")


@pytest.mark.parametrize(
    ("q", "sent"),
    [
        ({"name": "priv"}, "q=name%3Dpriv"),
        ({"Level": "project", "ProjectID": 3}, "q=Level%3Dproject%2CProjectID%3D3"),
        ({"name": "a+b"}, "q=name%3Da%252Bb"),
        ({"name": "a&b=c"}, "q=name%3Da%2526b%253Dc"),
        ({"name": "robot$p+ci \udc00"}, "q=name%3Drobot%2524p%252Bci%2520%253F"),
    ],
)
def test_values_to_look_for_are_encoded_twice(q: dict[str, object], sent: str) -> None:
    assert endpoints.PROJECTS.at(page=2, q=q) == f"/api/v2.0/projects?page=2&{sent}"


def test_a_name_with_a_plus_is_found(harbor: Simulator) -> None:
    harbor.content.remotes = [Remote(1, "a b"), Remote(2, "a+b"), Remote(3, "a%2Bb")]
    for name in ("a b", "a+b", "a%2Bb"):
        assert [row.text("name") for row in connect(harbor).pages(endpoints.REGISTRIES, q={"name": name})] == [name]
