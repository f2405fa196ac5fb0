"""`python -m harbor_simulator.drill`: the same as the command check_harbor_drill."""

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
