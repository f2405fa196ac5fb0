"""What the tests of check_harbor_remote_registry share."""

from __future__ import annotations

TEST_IT = "Next: test it in the web UI (Administration > Registries), then with curl from the core container"
FAILS = "live ping fails (the registry is unhealthy)"


def perfdata(registries: int, failed: int = 0, ping: str = "T") -> str:
    slowest = f" ping={ping}s;3;;0" if ping else ""
    return f" | time=Ts;;;0 registries={registries};;;0 failed={failed};;;0{slowest}"


def shown(lines: list[str]) -> list[str]:
    """The lines with the measured ping made the same."""
    first, *further = lines
    words = ["ping=Ts;3;;0" if word.startswith("ping=0.") else word for word in first.split(" ")]
    return [" ".join(words), *further]
