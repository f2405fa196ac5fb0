"""`python -m harbor_simulator`: the same as the command check_harbor_simulator."""

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
