"""`python simulator`: check_harbor_simulator from a checkout, without an installation."""

import sys

from harbor_simulator.command import main

if __name__ == "__main__":
    sys.exit(main())
