"""Bytes over one socket, each wait bounded by the call that it serves: for a thread, and for an event loop."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeAlias, cast

from promptkit.backends.wire import SHORTEST_WAIT_S, TransportFault, Waits

__all__ = ["AsyncWire", "Wire"]

MAX_UNREAD_BYTES = 256 * 1024
"""What an event loop takes before somebody reads; a server that sends faster waits."""

_KEEP_ALIVE_AFTER_S = 60  # an answer may take minutes, and routers between forget silent connections
_PASSED = "the deadline has passed"

_Address: TypeAlias = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


class Wire:
    """A socket for a thread that waits.

    Attributes:
        waits: How long the call may take that is under way.
    """

    def __init__(self, sock: socket.socket, waits: Waits) -> None:
        self.waits = waits
        self._sock = sock

    @classmethod
    def dial(cls, host: str, port: int, waits: Waits) -> Self:
        """Connect to the first address of the host that answers; each gets its share of the time.

        Raises:
            TransportFault: When none does in time, or at all.
        """
        race = _Race(waits)
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise TransportFault("connect", str(error)) from None
        for sock, address in race.sockets(addresses):
            sock.settimeout(race.share_s)
            with race.attempt(sock):
                sock.connect(address)
            if race.won:
                return cls(sock, waits)
        raise race.lost()

    def read(self, max_bytes: int) -> bytes:
        """The next bytes; none at the end.

        Raises:
            TransportFault: When they do not come in time, or the connection breaks.
        """
        self._limit()
        try:
            return self._sock.recv(max_bytes)
        except OSError as error:
            raise _lost(error) from None

    def write(self, buffer: bytes) -> None:
        """Send all of the bytes.

        Raises:
            TransportFault: When they are not taken in time.
            OSError: When the connection is broken; an answer may stand in it all the same.
        """
        rest = memoryview(buffer)
        while rest:
            self._limit()
            try:
                rest = rest[self._sock.send(rest) :]
            except TimeoutError as error:
                raise _lost(error) from None

    def secure(self, trusted: ssl.SSLContext, host: str) -> None:
        """Speak TLS from now on.

        Raises:
            TransportFault: When the two sides do not agree, or not in time.
        """
        self._sock.settimeout(self.waits.connect_wait_s)
        try:
            self._sock = trusted.wrap_socket(self._sock, server_hostname=host)
        except OSError as error:
            raise _not_connected(error) from None

    def close(self) -> None:
        """Close the socket; more than once does nothing."""
        self._sock.close()

    @property
    def readable(self) -> bool:
        """True when reading would not wait: a connection that rests is closed then, or not worth keeping."""
        return _readable(self._sock.fileno())

    def _limit(self) -> None:
        if self.waits.passed:
            raise TransportFault("timeout", _PASSED)
        self._sock.settimeout(self.waits.read_wait_s)


class AsyncWire(asyncio.Protocol):
    """A socket for the tasks of an event loop.

    Attributes:
        waits: How long the call may take that is under way.
    """

    def __init__(self, waits: Waits) -> None:
        self.waits = waits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._over = False
        self._error: Exception | None = None
        self._reading_paused = False
        self._writing_paused = False
        self._waiter: asyncio.Future[bool] | None = None

    @classmethod
    async def dial(cls, host: str, port: int, waits: Waits) -> Self:
        """As :meth:`Wire.dial`."""
        loop, race = asyncio.get_running_loop(), _Race(waits)
        try:
            async with asyncio.timeout(waits.connect_wait_s):
                addresses = await _addresses(host, port)
        except OSError as error:
            raise _not_connected(error) from None
        for sock, address in race.sockets(addresses):
            sock.setblocking(False)
            with race.attempt(sock):
                async with asyncio.timeout(race.share_s):
                    await loop.sock_connect(sock, address)
            if race.won:
                _, wire = await loop.create_connection(lambda: cls(waits), sock=sock)
                return wire
        raise race.lost()

    async def read(self, max_bytes: int) -> bytes:
        """As :meth:`Wire.read`."""
        while not self._unread and not self._over:
            await self._wait()
        if self._unread:
            data = bytes(self._unread[:max_bytes])
            del self._unread[:max_bytes]
            if self._reading_paused and self._transport is not None:
                self._reading_paused = False
                self._transport.resume_reading()
            return data
        if self._error is not None:
            raise TransportFault("lost", _said(self._error))
        return b""

    async def write(self, buffer: bytes) -> None:
        """As :meth:`Wire.write`."""
        if self._over or self._transport is None:
            raise ConnectionResetError("the connection is lost")
        self._transport.write(buffer)
        while self._writing_paused and not self._over:
            await self._wait()

    async def secure(self, trusted: ssl.SSLContext, host: str) -> None:
        """As :meth:`Wire.secure`."""
        assert self._transport is not None, "a wire that was dialled has a transport"
        try:
            async with asyncio.timeout(self.waits.connect_wait_s):
                self._transport = await self._loop.start_tls(
                    self._transport, self, trusted, server_hostname=host
                )
        except OSError as error:
            raise _not_connected(error) from None

    async def aclose(self) -> None:
        """Close the socket at once, without a word to the server; more than once does nothing."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
            await asyncio.sleep(0)  # the loop closes the socket in its next round, which may be its last

    @property
    def readable(self) -> bool:
        """As :attr:`Wire.readable`."""
        if self._over or self._unread or self._transport is None:
            return True
        return _readable(self._transport.get_extra_info("socket").fileno())

    async def _wait(self) -> None:
        """Until something happens: bytes come, bytes are taken, the connection ends.

        Raises:
            TransportFault: When nothing does in time.
        """
        if self.waits.passed:
            raise TransportFault("timeout", _PASSED)
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(self.waits.read_wait_s, self._wake, False)
        try:
            happened = await self._waiter
        finally:
            timer.cancel()
            self._waiter = None
        if not happened:
            raise TransportFault("timeout", "timed out")

    def _wake(self, happened: bool = True) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(happened)

    # What the event loop tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._unread += data
        if len(self._unread) > MAX_UNREAD_BYTES and self._transport is not None and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The server says nothing more."""
        self._over = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._over, self._error = True, exc
        self._wake()

    def pause_writing(self) -> None:
        """The server takes bytes more slowly than we write them."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """The server has caught up."""
        self._writing_paused = False
        self._wake()


class _Race:
    """Attempts at the addresses of a host, one after another, within the time that a connection may take."""

    def __init__(self, waits: Waits) -> None:
        self.won = False
        self._until = time.monotonic() + waits.connect_wait_s
        self._left = 1
        self._problem = OSError("its name has no address")

    def sockets(self, addresses: Sequence[_Address]) -> Iterator[tuple[socket.socket, Any]]:
        """A socket for each address, and the address."""
        for number, (family, kind, protocol, _, address) in enumerate(addresses):
            self._left = len(addresses) - number
            yield socket.socket(family, kind, protocol), address

    @property
    def share_s(self) -> float:
        """Seconds for this attempt: what is left, divided among the addresses that are left."""
        return max(SHORTEST_WAIT_S, (self._until - time.monotonic()) / self._left)

    @contextmanager
    def attempt(self, sock: socket.socket) -> Generator[None, None, None]:
        """Note how an attempt ends; a socket that is not connected is closed, whatever ended it."""
        try:
            yield
            _keep_alive(sock)
            self.won = True
        except OSError as error:
            self._problem = error
        finally:
            if not self.won:
                sock.close()

    def lost(self) -> TransportFault:
        """Why no attempt came through: the last one's reason."""
        return _not_connected(self._problem)


async def _addresses(host: str, port: int) -> Sequence[_Address]:
    try:  # a number needs no name server, and no thread that asks one
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_ALIVE_AFTER_S)


def _readable(descriptor: int) -> bool:
    """True when reading would not wait, also for a socket that is closed."""
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):  # pragma: no cover - Windows
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _not_connected(error: OSError) -> TransportFault:
    return TransportFault("connect_timeout" if isinstance(error, TimeoutError) else "connect", _said(error))


def _lost(error: OSError) -> TransportFault:
    return TransportFault("timeout" if isinstance(error, TimeoutError) else "lost", _said(error))


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
