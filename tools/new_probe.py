"""Write a new probe and its test, both passing, and the documents derived from them: `new_probe.py labels`."""

from __future__ import annotations

import re
import subprocess
import sys

import probes

PROBE = '''#!/usr/bin/env python3
"""Are there too many NAME?

Reads /api/v2.0/projects: how many projects there are. Write here what is read, and why it matters.

States:
  OK        there are few enough
  WARNING   there are many (-w)
  CRITICAL  there are very many (-c)
  UNKNOWN   usage error, no credentials, no answer that can be judged; with --isolate: another probe reports the cause,
            named in the line (redis, database, the credentials)

Perfdata:
  count  how many there are
  time   seconds that the answer took

Permissions: project:list, on system level. Harbor: 2.0 or newer.

Does not see: write here what it could be mistaken for.
"""

import harbor_preloaded

from harborlib.harbor import Run, endpoints
from harborlib.judge import Limit, Readings
from harborlib.run import Probe, Service, plugin
from harborlib.text import COUNT, words

many = Limit("NAME.too-many", "count", COUNT, "{value} projects", "1000", "5000",
             help="number of projects", next_step="look at Projects in the UI")  # fmt: skip


def measure(run: Run) -> Readings:
    """How many there are."""
    count = sum(1 for _ in run.rest.whole(endpoints.PROJECTS, noun="project"))
    yield many(count)
    return words.number(count, "project")


main = plugin.main(Probe(
    __name__,
    measure,
    [many],
    asks=[endpoints.PROJECTS],
    services=[
        Service(every="1h", attempts=2, retry="5min", login="robot", hosts=("robot_authfile",),
                notes="There are many NAME. Look at Projects in the UI.")
    ],
))  # fmt: skip
'''

TEST = '''"""check_harbor_NAME: what an operator sees."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator


@pytest.mark.parametrize(
    ("options", "state", "code"),
    [
        ((), "OK - 4 projects", 0),
        (("-w", "2"), "WARNING - 4 projects (warning at 2)", 1),
        (("-c", "2"), "CRITICAL - 4 projects (critical at 2)", 2),
    ],
)
def test_count(ask, harbor: Simulator, options: tuple[str, ...], state: str, code: int) -> None:
    lines = ask("NAME", *options)
    assert lines[0].partition(" | ")[0] == f"HARBOR UPPER {state}"
    assert lines[-1] == f"exit code {code}"
'''
FILES = {"plugins/check_harbor_{}.py": (PROBE, 0o755), "tests/plugins/test_check_harbor_{}.py": (TEST, 0o644)}
SECTION = """\
## harbor-NAME

### <a id="NAME.too-many"></a>`NAME.too-many`

- **You see:** WARNING when there are 1000, CRITICAL at 5000.
- **It means:** Write here what causes it.
- **Users feel:** Nothing.
- **Confirm:** Projects in the UI.
- **Fix:** Delete what is not needed.

"""
BEFORE = "## harbor-selfcheck\n"
REST = """
Next: give the probe its question and its test, write what is new into CHANGELOG.md, teach the simulator the endpoint if
it is new (CONTRIBUTING.md lists where), and run `make docs` again."""


def main() -> None:
    """Write the files that do not exist yet; raises SystemExit for an unusable name."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name):
        sys.exit("give a name of small letters, digits and _: make new-probe NAME=labels")
    for pattern, (text, mode) in FILES.items():
        path = probes.ROOT / pattern.format(name)
        if path.exists():
            sys.exit(f"{path.relative_to(probes.ROOT)} is there already")
        path.write_text(text.replace("NAME", name).replace("UPPER", name.upper()), encoding="utf-8")
        path.chmod(mode)
        print(f"wrote {path.relative_to(probes.ROOT)}", flush=True)
    runbook = probes.ROOT / "docs" / "runbook.md"
    text = runbook.read_text(encoding="utf-8")
    runbook.write_text(text.replace(BEFORE, SECTION.replace("NAME", name) + BEFORE), encoding="utf-8")
    print("wrote its section into docs/runbook.md", flush=True)
    for tool in ("docs", "definitions", "lists"):
        subprocess.run([sys.executable, probes.ROOT / "tools" / f"{tool}.py"], check=True, stdout=subprocess.DEVNULL)
    print("wrote its page and its services, and its lines in README.md, setup.cfg, docs/ and the role harbor_robot")
    print(REST)


if __name__ == "__main__":
    main()
