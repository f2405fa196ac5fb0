"""The TLS contexts that the simulator uses for its clients."""

from __future__ import annotations

import functools
import ssl
import tempfile
import warnings

from .certificates import directory, identity
from .issuing import Identity


@functools.cache
def context(certificate: str | Identity, host: str, version: str) -> ssl.SSLContext:
    """A server's context; `version` "1.1" means TLS 1.1 and nothing newer, anything else 1.2 and newer."""
    shown = identity(certificate, host) if isinstance(certificate, str) else certificate
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    result.set_ciphers("ALL:@SECLEVEL=0")  # otherwise OpenSSL would not even load a weak certificate
    if version == "1.1":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            result.minimum_version = ssl.TLSVersion.TLSv1_1
            result.maximum_version = ssl.TLSVersion.TLSv1_1
    else:
        result.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.NamedTemporaryFile(dir=directory(), suffix=".pem") as file:
        file.write(shown.pem())
        file.flush()
        result.load_cert_chain(file.name)
    return result
