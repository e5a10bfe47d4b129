"""Bytes over one socket, each wait bounded by the call that it serves: for a thread, and for an event loop."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import time
from typing import Self, cast

from promptkit.backends.wire import SHORTEST_WAIT_S, TransportFault, Waits

__all__ = ["AsyncWire", "Wire"]

MAX_UNREAD_BYTES = 256 * 1024
"""What an event loop takes before somebody reads; a server that sends faster waits."""

_KEEP_ALIVE_AFTER_S = 60  # an answer may take minutes, and routers between forget silent connections
_PASSED = "the deadline has passed"


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
        """Connect to the first address of the host that answers.

        Raises:
            TransportFault: When none does in time, or at all.
        """
        until = time.monotonic() + waits.connect_wait_s
        problem = OSError("its name has no address")
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise TransportFault("connect", str(error)) from None
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(max(SHORTEST_WAIT_S, until - time.monotonic()))
            try:
                sock.connect(address)
            except OSError as error:
                sock.close()
                problem = error
            else:
                _keep_alive(sock)
                return cls(sock, waits)
        raise _not_connected(problem)

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
        """Connect to the first address of the host that answers; the next is tried after a quarter of a second.

        Raises:
            TransportFault: When none does in time, or at all.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(waits.connect_wait_s):
                transport, wire = await loop.create_connection(
                    lambda: cls(waits), host, port, happy_eyeballs_delay=0.25
                )
        except OSError as error:
            raise _not_connected(error) from None
        _keep_alive(transport.get_extra_info("socket"))
        return wire

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
