"""One connection to a server over httpcore, the engine of httpx: the one module that knows the HTTP client.

httpcore speaks HTTP; the sockets are ours, so that each wait for one is bounded by what is left to the call.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Mapping
from contextlib import aclosing
from functools import lru_cache
from types import TracebackType
from typing import TypeVar, cast

import httpcore

from promptkit.backends.certificates import trust
from promptkit.backends.routes import Route, Target
from promptkit.backends.sockets import AsyncWire, Wire
from promptkit.backends.wire import HttpCall, TransportFault, Waits

__all__ = ["AsyncConnection", "AsyncOpenReply", "Connection", "OpenReply"]

_V = TypeVar("_V")

KEEP_ALIVE_S = 60.0  # a connection that the server closed earlier is noticed and not used
_TUNNEL_OPEN = range(200, 300)


class Connection:
    """A connection for synchronous calls, one after another; opened by the first.

    Args:
        route: How its calls travel.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._wire: _Stream | None = None
        self._http: httpcore.HTTP11Connection | None = None

    @property
    def ended(self) -> bool:
        """True when it was never opened, or broke."""
        return self._http is None or self._http.is_closed()

    @property
    def stale(self) -> bool:
        """True when it has been idle for too long, or the server has closed it."""
        return self._http is None or self._http.has_expired()

    def send(self, call: HttpCall, target: Target, waits: Waits) -> OpenReply:
        """Send a call and wait for the head of its answer.

        Raises:
            TransportFault: When none comes.
        """
        border, reply = _Border(), None
        with border:
            if self._http is None or self._wire is None:
                self._wire, self._http = self._open(waits)
            self._wire.waits = waits
            reply = OpenReply(self._http.handle_request(_request(self._route, call, target)))
        return border.passed(reply)

    def close(self) -> None:
        """Close it; more than once does nothing."""
        if self._http is not None:
            self._http.close()

    def _open(self, waits: Waits) -> tuple[_Stream, httpcore.HTTP11Connection]:
        route, wire = self._route, None
        tls = trust(route.ca_file) if route.scheme == "https" else None
        try:
            wire = _Stream.dial(*route.address, waits)
            if route.tunnel is not None:
                proxy = httpcore.HTTP11Connection(_origin("http", *route.address), wire)
                _check_tunnel(proxy.handle_request(_tunnel_request(route)))
            if tls is not None:
                wire.secure(tls, route.host)
        except TransportFault as fault:
            if wire is not None:
                wire.close()
            raise _on_the_way(fault, route) from None
        return wire, httpcore.HTTP11Connection(_origin(*route.origin), wire, keepalive_expiry=KEEP_ALIVE_S)


class OpenReply:
    """An answer of which the head has come.

    Attributes:
        status: The HTTP status.
        headers: Headers by lower-case name.
    """

    def __init__(self, response: httpcore.Response) -> None:
        self.status = response.status
        self.headers = _by_name(response.headers)
        self._response = response

    def pieces(self) -> Generator[bytes, None, None]:
        """The body as it arrives.

        Raises:
            TransportFault: When it does not arrive whole, or not in time.
        """
        border = _Border()
        with border:
            yield from cast("Iterable[bytes]", self._response.stream)
        border.passed(self)

    def close(self) -> None:
        """Leave the answer; its connection is closed when the body was not read to its end."""
        self._response.close()


class AsyncConnection:
    """A connection for asynchronous calls of one event loop; as :class:`Connection`."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._wire: _AsyncStream | None = None
        self._http: httpcore.AsyncHTTP11Connection | None = None

    @property
    def ended(self) -> bool:
        """True when it was never opened, or broke."""
        return self._http is None or self._http.is_closed()

    @property
    def stale(self) -> bool:
        """True when it has been idle for too long, or the server has closed it."""
        return self._http is None or self._http.has_expired()

    async def send(self, call: HttpCall, target: Target, waits: Waits) -> AsyncOpenReply:
        """As :meth:`Connection.send`."""
        border, reply = _Border(), None
        with border:
            if self._http is None or self._wire is None:
                self._wire, self._http = await self._open(waits)
            self._wire.waits = waits
            request = _request(self._route, call, target)
            reply = AsyncOpenReply(await self._http.handle_async_request(request))
        return border.passed(reply)

    async def aclose(self) -> None:
        """Close it; more than once does nothing."""
        if self._http is not None:
            await self._http.aclose()

    async def _open(self, waits: Waits) -> tuple[_AsyncStream, httpcore.AsyncHTTP11Connection]:
        route, wire = self._route, None
        tls = trust(route.ca_file) if route.scheme == "https" else None
        try:
            wire = await _AsyncStream.dial(*route.address, waits)
            if route.tunnel is not None:
                proxy = httpcore.AsyncHTTP11Connection(_origin("http", *route.address), wire)
                _check_tunnel(await proxy.handle_async_request(_tunnel_request(route)))
            if tls is not None:
                await wire.secure(tls, route.host)
        except TransportFault as fault:
            if wire is not None:
                await wire.aclose()
            raise _on_the_way(fault, route) from None
        return wire, httpcore.AsyncHTTP11Connection(
            _origin(*route.origin), wire, keepalive_expiry=KEEP_ALIVE_S
        )


class AsyncOpenReply:
    """As :class:`OpenReply`, for an event loop."""

    def __init__(self, response: httpcore.Response) -> None:
        self.status = response.status
        self.headers = _by_name(response.headers)
        self._response = response

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """As :meth:`OpenReply.pieces`."""
        border = _Border()
        with border:
            stream = cast(
                "AsyncGenerator[bytes, None]", aiter(cast("AsyncIterable[bytes]", self._response.stream))
            )
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    yield piece
        border.passed(self)

    async def aclose(self) -> None:
        """As :meth:`OpenReply.close`."""
        await self._response.aclose()


class _Stream(Wire, httpcore.NetworkStream):
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            super().write(buffer, timeout)
        except OSError as error:
            raise httpcore.WriteError(
                str(error)
            ) from None  # httpcore goes on to read: the server may have said why


class _AsyncStream(AsyncWire, httpcore.AsyncNetworkStream):
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            await super().write(buffer, timeout)
        except OSError as error:
            raise httpcore.WriteError(str(error)) from None


class _Border:
    """Around the client: its errors become a fault, all others lose the frames whose locals hold the key."""

    __slots__ = ("_fault",)

    def __init__(self) -> None:
        self._fault: TransportFault | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if error is None:
            return False
        if isinstance(error, TransportFault):
            self._fault = TransportFault(error.kind, error.detail)
        elif isinstance(error, httpcore.LocalProtocolError):  # its text quotes the header that is wrong
            self._fault = TransportFault("lost", "what was to be sent is no HTTP request")
        elif isinstance(error, httpcore.ProtocolError | httpcore.NetworkError):
            self._fault = TransportFault("lost", str(error) or type(error).__name__)
        else:
            error.__traceback__ = None
            return False
        return True

    def passed(self, value: _V | None) -> _V:
        """The value; or the fault, raised here, where no chain leads to the client's frames."""
        if self._fault is not None or value is None:
            raise self._fault or TransportFault("lost", "no answer")
        return value


def _request(route: Route, call: HttpCall, target: Target) -> httpcore.Request:
    url = _url(*route.origin, route.request_target(target))
    return httpcore.Request(call.method, url, headers=route.headers(call, target), content=call.body)


def _tunnel_request(route: Route) -> httpcore.Request:
    tunnel = route.tunnel or ""
    headers = [(b"host", tunnel.encode()), *route.proxy_headers()]
    return httpcore.Request("CONNECT", _url("http", *route.address, tunnel), headers=headers)


def _origin(scheme: str, host: str, port: int) -> httpcore.Origin:
    return _url(scheme, host, port, "/").origin


@lru_cache(maxsize=256)
def _url(scheme: str, host: str, port: int, target: str) -> httpcore.URL:
    return httpcore.URL(scheme=scheme, host=host, port=port, target=target)


def _check_tunnel(response: httpcore.Response) -> None:
    if response.status not in _TUNNEL_OPEN:
        raise TransportFault("connect", f"it answered {response.status} instead of opening a tunnel")


def _on_the_way(fault: TransportFault, route: Route) -> TransportFault:
    """A fault while connecting, with the proxy in it."""
    late = fault.kind in ("timeout", "connect_timeout")
    return TransportFault("connect_timeout" if late else "connect", f"{route.remark}{fault.detail}")


def _by_name(headers: list[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """The headers by lower-case name; values of the same name are joined, as RFC 9110, section 5.3, has it."""
    by_name: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        by_name[name] = f"{by_name[name]}, {value}" if name in by_name else value
    return by_name
