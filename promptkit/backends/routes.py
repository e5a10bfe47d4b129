"""From a URL to a socket's address and a request's head: directly, passed on by a proxy, or through a tunnel."""

from __future__ import annotations

import os
from functools import lru_cache
from urllib.parse import quote, urlsplit

from promptkit.backends.proxies import Proxy, proxy_for
from promptkit.backends.wire import Destination, HttpCall

__all__ = ["Header", "Route", "Target", "target_of"]

Header = tuple[bytes, bytes]

_PORTS = {"http": 80, "https": 443}
_UNRESERVED_IN_PATHS = (
    "/%:@!$&'()*+,;=~-._"  # RFC 3986, section 3.3; a % is taken for an escape that stands already
)


class Target:
    """A URL in the forms that a connection and a request need.

    Attributes:
        scheme: ``http`` or ``https``.
        host: The server's name as name servers know it.
        port: Its port.
        path: Path and query, as a request's first line has them.
        authority: Host and port as the header ``host`` has them.
    """

    __slots__ = ("authority", "host", "path", "port", "scheme")

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme
        host = parts.hostname or ""
        self.host = host if host.isascii() else host.encode("idna").decode("ascii")
        self.port = parts.port or _PORTS[parts.scheme]
        query = f"?{quote(parts.query, safe=f'{_UNRESERVED_IN_PATHS}?')}" if parts.query else ""
        self.path = (quote(parts.path, safe=_UNRESERVED_IN_PATHS) or "/") + query
        shown = f"[{self.host}]" if ":" in self.host else self.host
        self.authority = shown if self.port == _PORTS[self.scheme] else f"{shown}:{self.port}"


target_of = lru_cache(maxsize=256)(Target)
"""The target of a URL; the same few URLs are called again and again."""


class Route:
    """How the calls to one destination travel, by what the environment says when it is made.

    Args:
        destination: Where to, and with which key.
        target: A URL there.

    Attributes:
        scheme: ``http`` or ``https``, of the server.
        host: The server's name, for its certificate.
        address: Host and port that the socket is opened to.
        tunnel: The ``HOST:PORT`` that a proxy is asked to open a tunnel to; None where none is.
        origin: Scheme, host and port of whom requests are addressed to: of the server, or of a proxy that reads
            them and passes them on.
        remark: What faults while connecting say of the way.
        ca_file: The file of the authorities that are trusted.

    Raises:
        ConfigurationError: When the environment names a proxy that cannot be used.
    """

    def __init__(self, destination: Destination, target: Target) -> None:
        loopback = destination.loopback and destination.proxy is None
        proxy = None if loopback else proxy_for(target.scheme, target.host, target.port, destination.proxy)
        self.scheme = target.scheme
        self.host = target.host
        self.address = (proxy.host, proxy.port) if proxy is not None else (target.host, target.port)
        tunnel = f"{target.authority.removesuffix(f':{target.port}')}:{target.port}"
        self.tunnel = tunnel if proxy is not None and target.scheme == "https" else None
        self._passed_on = proxy is not None and self.tunnel is None
        self.origin = (
            ("http", *self.address) if self._passed_on else (target.scheme, target.host, target.port)
        )
        self.remark = f"proxy {proxy.host}:{proxy.port}: " if proxy is not None else ""
        self.ca_file = destination.ca_file
        self._destination = destination
        self._proxy = proxy

    def request_target(self, target: Target) -> str:
        """What a request's first line says of where it goes."""
        return f"{target.scheme}://{target.authority}{target.path}" if self._passed_on else target.path

    def headers(self, call: HttpCall, target: Target) -> list[Header]:
        """The headers of a request, the key among them: the caller keeps them out of what others see."""
        headers = [
            (b"host", target.authority.encode()),
            (b"user-agent", b"promptkit"),
            (b"accept-encoding", b"gzip, deflate"),
            (b"content-length", b"%d" % len(call.body)),
        ]
        headers += [(name.encode(), value.encode()) for name, value in call.headers.items()]
        where = self._destination
        key = os.environ.get(where.key_env, "").strip()
        if key:
            headers.append((where.key_header.encode(), f"{where.key_prefix}{key}".encode()))
        return headers + self.proxy_headers() if self._passed_on else headers

    def proxy_headers(self) -> list[Header]:
        """What lets us through the proxy."""
        proxy: Proxy | None = self._proxy
        if proxy is None or proxy.authorization is None:
            return []
        return [(b"proxy-authorization", proxy.authorization)]
