"""Deadlines, dialling, TLS, certificate chains, requests and answers. It knows nothing of Harbor.

Modules that load a library of their own (transport: requests; chain: pyOpenSSL) are imported where they are used.
"""

from . import deadline
from .failure import ANSWER, BODY, CERTIFICATE, CONNECT, CONTENT, RESOLVE, ROUTE, STATUS, TLS, Failure, Kind, Unusable
from .request import Answer, Request

__all__ = [
    "ANSWER", "BODY", "CERTIFICATE", "CONNECT", "CONTENT", "RESOLVE", "ROUTE", "STATUS", "TLS",
    "Answer", "Failure", "Kind", "Request", "Unusable", "deadline",
]  # fmt: skip
