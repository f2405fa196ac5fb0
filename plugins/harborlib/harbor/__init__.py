"""Client for Harbor: the REST API with its permissions and pages, the health report, the registry protocol."""

from . import account, components, endpoints
from .each import Each
from .health import HealthReport
from .refusals import good
from .rest import Rest
from .run import Run

__all__ = ["Each", "HealthReport", "Rest", "Run", "account", "components", "endpoints", "good"]
