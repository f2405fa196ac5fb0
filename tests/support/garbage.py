"""What the tests of check_harbor_gc share."""

from __future__ import annotations

DAILY = "0 0 0 * * *"


def perfdata(age: int | None = None, running: int = 0, took: int | None = None, freed: int = 0) -> str:
    shown = "" if age is None else f" age={age}s;691200;1296000;0"
    done = "" if took is None else f" duration={took}s;;;0 freed={freed}B;;;0"
    return f" | time=Ts;;;0{shown} running={running}s;43200;86400;0{done}"
