"""Every address of a name: each once, in a fixed order, and those without a route."""

from __future__ import annotations

import argparse
import socket

from harborlib.run import replicas, values
from harborlib.text.report import Measure, Report
from harborlib.text.units import LOW
from harborlib.wire import addresses
from harborlib.wire.failure import Failure
from harborlib.wire.origin import Origin

import pytest

V6 = ("::1", 443, 0, 0)


def row(*address: object) -> tuple[object, ...]:
    family = socket.AF_INET6 if ":" in str(address[0]) else socket.AF_INET
    return (family, socket.SOCK_STREAM, 6, "", address)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the resolver answers."""
    found: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    return found


def options(every_address: tuple[str, ...] = ()) -> argparse.Namespace:
    return argparse.Namespace(harbor=Origin.parse("harbor.example.com"), family=0, every_address=every_address)


def test_each_once_in_numerical_order(names: list[object]) -> None:
    """A mapped address is the IPv4 one, and a name server turns the list round."""
    names += [row(*V6), row("127.0.0.10", 443), row("::ffff:127.0.0.9", 443, 0, 0), row("127.0.0.9", 443), row(*V6)]
    assert addresses.addresses_of("harbor.example.com", 443, 0) == ["127.0.0.9", "127.0.0.10", "::1"]


def test_fifty_addresses(names: list[object]) -> None:
    names += [row(f"127.0.0.{number}", 443) for number in range(50, 0, -1)]
    chosen = replicas.choose(options())
    assert list(chosen.asked) == [f"127.0.0.{number}" for number in range(1, 17)]
    assert chosen.notes == ("harbor.example.com has 50 addresses, only the first 16 are checked",)


def test_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Failure, match=r"cannot resolve harbor\.example\.com"):
        replicas.choose(options())


def test_a_family_without_a_route_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "has_route", lambda address: ":" not in address)
    chosen = replicas.choose(options(("10.0.0.7", "2001:db8::7", "2001:db8::8")))
    assert chosen.asked == ["10.0.0.7"]
    assert chosen.notes == ("not checked, this host has no IPv6 route: 2001:db8::7, 2001:db8::8",)


def test_one_address_of_a_family_without_a_route_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "has_route", lambda address: address != "10.0.0.8")
    assert replicas.choose(options(("10.0.0.7", "10.0.0.8"))) == (["10.0.0.7", "10.0.0.8"], ())


def test_without_any_route_all_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "has_route", lambda _: False)
    assert replicas.choose(options(("10.0.0.7", "2001:db8::7"))) == (["10.0.0.7", "2001:db8::7"], ())


def test_routes_of_this_host() -> None:
    """255.255.255.255 needs SO_BROADCAST: the kernel refuses it at once, as it does without a route."""
    assert addresses.has_route("127.0.0.1")
    assert not addresses.has_route("255.255.255.255")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("all", ()),
        ("10.0.0.8, [::1],10.0.0.7", ("10.0.0.7", "10.0.0.8", "::1")),
        ("::ffff:10.0.0.7,10.0.0.7", ("10.0.0.7",)),
    ],
)
def test_values(text: str, value: object) -> None:
    assert values.addresses(text) == value


@pytest.mark.parametrize(
    "text", ["harbor1,harbor2", "10.0.0.7,", "10.0.0.7:443", ",".join(f"10.0.0.{n}" for n in range(17))]
)
def test_odd_values(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        values.addresses(text)


def test_perfdata_is_that_of_the_worst() -> None:
    one = Report("x", [], measures=[Measure("time", 1.0), Measure("days_left", 80, bad=LOW)])
    other = Report("x", [], measures=[Measure("time", 2.0), Measure("days_left", 2, bad=LOW)])
    for order in ([one, other], [other, one]):
        assert [measure.value for measure in replicas.worst(order)] == [2.0, 2]
