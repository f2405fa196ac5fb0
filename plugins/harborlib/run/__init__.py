"""A probe's options and service, one run of it (deadline, second try, clean-up), and the process around it."""

from . import options, plugin
from .probe import Probe
from .service import Service

__all__ = ["Probe", "Service", "options", "plugin"]
