"""One connection to a server: HTTP by h11, which does no I/O, over sockets of our own.

The one module that knows by which library HTTP is spoken.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import h11

from promptkit.backends.certificates import trust
from promptkit.backends.routes import Header, Route, Target
from promptkit.backends.sockets import AsyncWire, Wire
from promptkit.backends.wire import HttpCall, TransportFault, Waits

__all__ = ["AsyncConnection", "AsyncOpenReply", "Connection", "OpenReply"]

KEEP_ALIVE_S = 60.0  # a connection that the server closed earlier is noticed and not used
READ_BYTES = 64 * 1024
MAX_HEAD_BYTES = 100 * 1024
"""Bytes of a head, or of a chunk's size: more than any server sends, and small beside a memory."""

_TUNNEL_OPEN = range(200, 300)
_BAD_REQUEST = "what was to be sent is no HTTP request"  # what it was is not said: it may hold the key
_POST = h11.Request(method="POST", target="/", headers=[("host", "server"), ("content-length", "0")])
_CONNECT = h11.Request(method="CONNECT", target="server:443", headers=[("host", "server:443")])
_END = h11.EndOfMessage()

_V = TypeVar("_V")


class _Talk:
    """One request and its answer on a connection, as bytes go out and come in."""

    def __init__(self) -> None:
        self._state = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._over = False
        self._fault: TransportFault | None = None  # h11 tells what was wrong once, and only that afterwards

    def request(self, method: str, target: str, headers: list[Header], body: bytes = b"") -> bytes:
        """The bytes of a request.

        h11 checks and frames a request as if it came from anyone, which takes longer than all else of it. Ours have
        the same few headers each time: h11 is told of a request without a body, and what is sent is written here.

        Raises:
            TransportFault: When a header holds a line break, or the method or the target a blank.
        """
        self._state.send(_CONNECT if method == "CONNECT" else _POST)
        self._state.send(_END)
        first = f"{method} {target} HTTP/1.1".encode()
        head = b"\r\n".join([first, *(name + b": " + value for name, value in headers), b"", b""])
        breaks = len(headers) + 2  # one at the end of each line, and an empty line
        clean = head.count(b"\n") == head.count(b"\r") == breaks and b"\0" not in head
        if not clean or len(first.split(b" ")) != len(("method", "target", "version")):
            raise TransportFault("lost", _BAD_REQUEST)
        return head + body

    def take(self, data: bytes) -> None:
        """Take what the server sent; nothing is its end.

        Raises:
            TransportFault: When it ends before it has begun an answer.
        """
        if not data and self._state.their_state is h11.SEND_RESPONSE:
            raise TransportFault("lost", "the server ended the connection without an answer")
        self._state.receive_data(data)

    def head(self) -> h11.Response | None:
        """The head of the answer; None when more bytes are needed.

        Raises:
            TransportFault: When the bytes are no HTTP.
        """
        while True:
            event = self._next()
            if isinstance(event, h11.Response):
                return event
            if event is h11.NEED_DATA:
                return None  # and past informational answers, which come before the true one

    def body(self) -> bytes | None:
        """All of the body that is there; None when more bytes are needed, nothing at the end.

        A stream comes in many small chunks, often several at once: whoever reads on has less to do with one.

        Raises:
            TransportFault: When the bytes are no HTTP, or end too early; what was right before is given first.
        """
        pieces: list[bytes] = []
        while not self._over:
            try:
                event = self._next()
            except TransportFault as fault:
                self._fault, event = self._fault or fault, h11.NEED_DATA
                if not pieces:
                    raise TransportFault(self._fault.kind, self._fault.detail) from None
            if isinstance(event, h11.Data):
                pieces.append(event.data)
            elif event is h11.NEED_DATA:
                return b"".join(pieces) or None
            else:
                self._over = True
        return b"".join(pieces)

    def ended(self) -> bool:
        """Whether both sides have said all; the connection is ready for another request then."""
        state = self._state
        if state.our_state is not h11.DONE or state.their_state is not h11.DONE or state.trailing_data[0]:
            return False
        state.start_next_cycle()
        self._over = False
        return True

    def _next(self) -> Any:
        try:
            return self._state.next_event()
        except h11.RemoteProtocolError as error:
            raise TransportFault("lost", str(error)) from None


class OpenReply(NamedTuple):
    """An answer of which the head has come.

    Attributes:
        status: The HTTP status.
        headers: Headers by lower-case name.
        pieces: The body as it arrives; it raises TransportFault when it does not arrive whole, or not in time.
    """

    status: int
    headers: Mapping[str, str]
    pieces: Generator[bytes, None, None]


class AsyncOpenReply(NamedTuple):
    """As :class:`OpenReply`, for an event loop."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncGenerator[bytes, None]


class Connection:
    """A connection for synchronous calls, one after another; opened by the first.

    Args:
        route: How its calls travel.

    Attributes:
        ready: True when it can serve another call: the one before was read to its end.
    """

    def __init__(self, route: Route) -> None:
        self.ready = False
        self._route = route
        self._talk = _Talk()
        self._wire: Wire | None = None
        self._rests_since = 0.0

    @property
    def stale(self) -> bool:
        """True when it has rested for too long, or the server has closed it."""
        too_long = time.monotonic() - self._rests_since > KEEP_ALIVE_S
        return too_long or self._wire is None or self._wire.readable

    def send(self, call: HttpCall, target: Target, waits: Waits) -> OpenReply:
        """Send a call and wait for the head of its answer.

        Raises:
            TransportFault: When none comes.
        """
        border, head, self.ready = _Border(), None, False
        with border:
            if self._wire is None:
                self._wire = self._open(waits)
            self._wire.waits = waits
            _send(self._wire, self._talk, self._route, call, target)
            head = _head(self._wire, self._talk)
        head = border.passed(head)
        return OpenReply(head.status_code, _by_name(head.headers.raw_items()), self._pieces())

    def close(self) -> None:
        """Close it; more than once does nothing."""
        self.ready = False
        if self._wire is not None:
            self._wire.close()

    def _pieces(self) -> Generator[bytes, None, None]:
        border, wire, talk = _Border(), self._wire, self._talk
        assert wire is not None, "a head came by it"
        with border:
            while (piece := talk.body()) != b"":
                if piece is None:
                    talk.take(wire.read(READ_BYTES))
                else:
                    yield piece
        border.passed(True)
        self.ready, self._rests_since = talk.ended(), time.monotonic()

    def _open(self, waits: Waits) -> Wire:
        route, wire = self._route, None
        tls = trust(route.ca_file) if route.scheme == "https" else None
        try:
            wire = Wire.dial(*route.address, waits)
            if route.tunnel is not None:
                talk = _Talk()
                wire.write(_tunnel(route, talk))
                _check_tunnel(_head(wire, talk))
            if tls is not None:
                wire.secure(tls, route.host)
        except (TransportFault, OSError) as error:
            if wire is not None:
                wire.close()
            raise _on_the_way(error, route) from None
        return wire


def _send(wire: Wire, talk: _Talk, route: Route, call: HttpCall, target: Target) -> None:
    with suppress(OSError):  # the server may have said why before it broke off
        wire.write(_question(talk, route, call, target))


def _head(wire: Wire, talk: _Talk) -> h11.Response:
    while (head := talk.head()) is None:
        talk.take(wire.read(READ_BYTES))
    return head


class AsyncConnection:
    """A connection for asynchronous calls of one event loop; as :class:`Connection`."""

    def __init__(self, route: Route) -> None:
        self.ready = False
        self._route = route
        self._talk = _Talk()
        self._wire: AsyncWire | None = None
        self._rests_since = 0.0

    @property
    def stale(self) -> bool:
        """True when it has rested for too long, or the server has closed it."""
        too_long = time.monotonic() - self._rests_since > KEEP_ALIVE_S
        return too_long or self._wire is None or self._wire.readable

    async def send(self, call: HttpCall, target: Target, waits: Waits) -> AsyncOpenReply:
        """As :meth:`Connection.send`."""
        border, head, self.ready = _Border(), None, False
        with border:
            if self._wire is None:
                self._wire = await self._open(waits)
            self._wire.waits = waits
            await _asend(self._wire, self._talk, self._route, call, target)
            head = await _ahead(self._wire, self._talk)
        head = border.passed(head)
        return AsyncOpenReply(head.status_code, _by_name(head.headers.raw_items()), self._pieces())

    async def aclose(self) -> None:
        """Close it; more than once does nothing."""
        self.ready = False
        if self._wire is not None:
            await self._wire.aclose()

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        border, wire, talk = _Border(), self._wire, self._talk
        assert wire is not None, "a head came by it"
        with border:
            while (piece := talk.body()) != b"":
                if piece is None:
                    talk.take(await wire.read(READ_BYTES))
                else:
                    yield piece
        border.passed(True)
        self.ready, self._rests_since = talk.ended(), time.monotonic()

    async def _open(self, waits: Waits) -> AsyncWire:
        route, wire = self._route, None
        tls = trust(route.ca_file) if route.scheme == "https" else None
        try:
            wire = await AsyncWire.dial(*route.address, waits)
            if route.tunnel is not None:
                talk = _Talk()
                await wire.write(_tunnel(route, talk))
                _check_tunnel(await _ahead(wire, talk))
            if tls is not None:
                await wire.secure(tls, route.host)
        except (TransportFault, OSError) as error:
            if wire is not None:
                await wire.aclose()
            raise _on_the_way(error, route) from None
        return wire


async def _asend(wire: AsyncWire, talk: _Talk, route: Route, call: HttpCall, target: Target) -> None:
    with suppress(OSError):
        await wire.write(_question(talk, route, call, target))


async def _ahead(wire: AsyncWire, talk: _Talk) -> h11.Response:
    while (head := talk.head()) is None:
        talk.take(await wire.read(READ_BYTES))
    return head


class _Border:
    """Around what holds the key: faults and all other errors leave without the frames whose locals show it."""

    __slots__ = ("_fault",)

    def __init__(self) -> None:
        self._fault: TransportFault | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if isinstance(error, TransportFault):
            self._fault = TransportFault(error.kind, error.detail)
            return True
        if error is not None:
            error.__traceback__ = None
        return False

    def passed(self, value: _V | None) -> _V:
        """The value; or the fault, raised here, where no chain leads back."""
        if self._fault is not None or value is None:
            raise self._fault or TransportFault("lost", "no answer")
        return value


def _question(talk: _Talk, route: Route, call: HttpCall, target: Target) -> bytes:
    return talk.request(call.method, route.request_target(target), route.headers(call, target), call.body)


def _tunnel(route: Route, talk: _Talk) -> bytes:
    tunnel = route.tunnel or ""
    return talk.request("CONNECT", tunnel, [(b"host", tunnel.encode()), *route.proxy_headers()])


def _check_tunnel(head: h11.Response) -> None:
    if head.status_code not in _TUNNEL_OPEN:
        raise TransportFault("connect", f"it answered {head.status_code} instead of opening a tunnel")


def _on_the_way(error: TransportFault | OSError, route: Route) -> TransportFault:
    """A fault while connecting, with the proxy in it."""
    late = isinstance(error, TransportFault) and error.kind in ("timeout", "connect_timeout")
    detail = error.detail if isinstance(error, TransportFault) else str(error)
    return TransportFault("connect_timeout" if late else "connect", f"{route.remark}{detail}")


def _by_name(headers: list[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """The headers by lower-case name; values of the same name are joined, as RFC 9110, section 5.3, has it."""
    by_name: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        by_name[name] = f"{by_name[name]}, {value}" if name in by_name else value
    return by_name
