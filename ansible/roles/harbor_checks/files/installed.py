"""Prints the version of check_harbor in this virtual environment, and where its libraries come from."""

import json
import pathlib
import sys
from importlib import metadata

shared = "include-system-site-packages = true" in pathlib.Path(sys.prefix, "pyvenv.cfg").read_text().lower()
print(json.dumps({"version": metadata.version("check-harbor"), "libraries": "packages" if shared else "venv"}))
