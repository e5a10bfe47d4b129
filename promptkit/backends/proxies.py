"""Through which proxy a server is reached; decided from the environment and an option, without I/O."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from promptkit.errors import ConfigurationError

__all__ = ["DIRECT", "Proxy", "check_proxy", "proxy_for"]

DIRECT = "direct"
"""The option's word for no proxy, whatever the environment says."""

_FORM = "http://HOST:PORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        host: Its name or address.
        port: Its port.
        authorization: The value of the header that lets us in; None where it lets anybody in.
    """

    host: str
    port: int
    authorization: bytes | None = field(default=None, repr=False)


def proxy_for(scheme: str, host: str, port: int, option: str | None = None) -> Proxy | None:
    """The proxy that stands between us and a server; None for none.

    Args:
        scheme: ``http`` or ``https``.
        host: The server's name.
        port: The server's port.
        option: The proxy's URL, or ``direct``; None for what ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``
            and ``NO_PROXY`` say.

    Raises:
        ConfigurationError: When a proxy's URL is not one.
    """
    if option == DIRECT:
        return None
    if option is not None:
        return _parsed(option, "the option proxy")
    named = getproxies_environment()
    url = named.get(scheme) or named.get("all")
    if not url or proxy_bypass_environment(f"{host}:{port}", named):
        return None
    return _parsed(url, f"the environment variable {scheme.upper() if named.get(scheme) else 'ALL'}_PROXY")


def check_proxy(option: str) -> str:
    """The option's value, if it can be used.

    Raises:
        ConfigurationError: When it is no URL of a proxy, or holds a password.
    """
    if "@" in option:
        # The value is not shown: it holds a password.
        raise ConfigurationError(
            "proxy holds a user name or password before @; put the whole URL into the environment variable "
            f"HTTPS_PROXY instead, or write proxy={_FORM!r}"
        )
    if option != DIRECT:
        _parsed(option, "the option proxy")
    return option


def _parsed(url: str, where: str) -> Proxy:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    problem, port = None, None
    if parts.scheme != "http":
        problem = f"it is spoken to by {parts.scheme}"
    try:
        port = parts.port or 80
    except ValueError as error:
        problem = str(error)
    if problem is None and not parts.hostname:
        problem = "it names no host"
    if problem is not None or port is None or parts.hostname is None:
        # The URL is not shown: it may hold a password.
        raise ConfigurationError(f"{where} names no proxy that can be used ({problem}); write {_FORM}")
    return Proxy(host=parts.hostname, port=port, authorization=_authorization(parts.username, parts.password))


def _authorization(user: str | None, password: str | None) -> bytes | None:
    if user is None:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return b"Basic " + base64.b64encode(pair.encode())
