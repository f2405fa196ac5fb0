"""Deadlines, connections, TLS, certificate chains, requests and answers. It knows nothing about Harbor.

Modules that load an extra library (transport: requests; chain: pyOpenSSL) are imported only where they are used.
"""

from . import deadline
from .failure import ANSWER, BODY, CERTIFICATE, CONNECT, CONTENT, RESOLVE, ROUTE, STATUS, TLS, Failure, Kind, Unusable
from .request import Answer, Request

__all__ = [
    "ANSWER", "BODY", "CERTIFICATE", "CONNECT", "CONTENT", "RESOLVE", "ROUTE", "STATUS", "TLS",
    "Answer", "Failure", "Kind", "Request", "Unusable", "deadline",
]  # fmt: skip
