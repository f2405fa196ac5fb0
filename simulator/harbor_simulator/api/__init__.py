"""The REST API below /api/v2.0."""

from .endpoints import ENDPOINTS, answer

__all__ = ["ENDPOINTS", "answer"]
