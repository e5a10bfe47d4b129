"""Whom TLS connections trust: one context for a process and a set of authorities."""

from __future__ import annotations

import os
import ssl
from functools import cache

from promptkit.errors import ConfigurationError

__all__ = ["trust"]


def trust(ca_file: str | None) -> ssl.SSLContext:
    """The TLS settings that trust the authorities in a file.

    Without one those that ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name are trusted, else those of the package
    certifi. Reading certificates takes longer than many a call, so it is done once for the same names.

    Raises:
        ConfigurationError: When the file cannot be read or holds no certificate.
    """
    if ca_file is not None:
        return _trust(ca_file, None)
    return _trust(os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None)


@cache
def _trust(cafile: str | None, capath: str | None) -> ssl.SSLContext:
    if cafile is None and capath is None:
        import certifi

        cafile = certifi.where()
    try:
        context = ssl.create_default_context(cafile=cafile, capath=capath)
    except OSError as error:  # what OpenSSL raises is one too
        reason = error.strerror or str(error)
        raise ConfigurationError(
            f"the certificates in {cafile or capath} cannot be read ({reason}); name a file that holds "
            "certificates in PEM form, by ca_file or by the environment variable SSL_CERT_FILE."
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context
