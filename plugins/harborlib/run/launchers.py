"""Start scripts of the plugins that ask the preloaded server before Python loads its usual modules.

    python3 -m harborlib.run.launchers /opt/check_harbor/bin

pip's own scripts load more first, and pip removes the options of a script's first line.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .probe import PREFIX

MODULES = Path(__file__).resolve().parents[2]
LONGEST = 127  # bytes of a script's first line that older kernels read
# Only this interpreter's own libraries count: -I leaves out the working directory, the user's and PYTHONPATH's.
SCRIPT = """\
#!{python} -IS
import sys

sys.path.append({modules!r})
import harbor_preloaded  # returns, with the libraries in reach, only if the server does not run the check
from {name} import main

main()
"""


def write(folder: Path, python: str, modules: str) -> list[str]:
    """Write a script for each plugin; returns the names of those that changed."""
    if " " in python or len(f"#!{python} -IS") > LONGEST:
        sys.exit(f"no script can start with this interpreter: {python}")
    changed = []
    for name in sorted(module.stem for module in MODULES.glob(f"{PREFIX}*.py")):
        script, text = folder / name, SCRIPT.format(python=python, modules=modules, name=name)
        if script.is_file() and not script.is_symlink() and script.read_text(encoding="utf-8") == text:
            continue
        new = folder / f".{name}.new"  # the engine may start the present one at any time
        new.write_text(text, encoding="utf-8")
        new.chmod(0o755)
        os.replace(new, script)
        changed.append(name)
    return changed


def main() -> None:
    """Write the scripts, and print the names of those that changed."""
    parser = argparse.ArgumentParser(prog="python3 -m harborlib.run.launchers", description="Write start scripts.")
    parser.add_argument("folder", type=Path, help="where the scripts are written")
    parser.add_argument("--python", default=sys.executable, help="the interpreter (default: this one)")
    parser.add_argument("--modules", default=str(MODULES), help="where the modules are (default: beside this one)")
    args = parser.parse_args()
    for name in write(args.folder, args.python, args.modules):
        print(name)


if __name__ == "__main__":
    main()
