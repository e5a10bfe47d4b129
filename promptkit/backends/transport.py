"""Calls over connections that are kept: a free list for threads, and one for each event loop.

A connection serves one call at a time and is alone in its pool: a pool that is shared looks through all of its
connections at each request, which costs more than the request itself when there are many.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from weakref import WeakKeyDictionary, finalize

from promptkit.backends.http_client import AsyncConnection, AsyncOpenReply, Connection, OpenReply
from promptkit.backends.inflating import inflater_for
from promptkit.backends.routes import Route, target_of
from promptkit.backends.wire import Destination, HttpCall, TransportFault, Waits

__all__ = ["AsyncConnections", "AsyncReply", "Connections", "Reply"]

MAX_IDLE_CONNECTIONS = 256


class _Body:
    """A body as it arrives, unpacked and bounded by the deadline."""

    def __init__(self, headers: Mapping[str, str], waits: Waits) -> None:
        self._inflater = inflater_for(headers.get("content-encoding", ""))
        self._waits = waits

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What the bytes hold.

        Raises:
            TransportFault: When they do not decompress, or the deadline has passed.
        """
        _check_deadline(self._waits)
        if self._inflater is None:
            yield data
            return
        problem = None
        try:
            for piece in self._inflater.feed(data):
                yield piece
                _check_deadline(self._waits)
        except ValueError as error:
            problem = str(error)
        if problem is not None:
            raise TransportFault("garbled", problem)

    def end(self) -> None:
        """Take notice that nothing more comes.

        Raises:
            TransportFault: When what was compressed is cut.
        """
        problem = None
        try:
            if self._inflater is not None:
                self._inflater.end()
        except ValueError as error:
            problem = str(error)
        if problem is not None:
            raise TransportFault("garbled", problem)


class Reply:
    """An answer whose body is still to be read.

    Attributes:
        status: The HTTP status.
        headers: Headers by lower-case name.
    """

    def __init__(self, reply: OpenReply, waits: Waits) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self._pieces = reply.pieces
        self._waits = waits

    def chunks(self) -> Generator[bytes, None, None]:
        """The body as it arrives, decompressed.

        Raises:
            TransportFault: When it does not arrive whole or not in time.
        """
        body = _Body(self.headers, self._waits)
        for data in self._pieces:
            yield from body.pieces(data)
        body.end()


class Connections:
    """Connections for synchronous calls; used by many threads, and anew after a fork."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._pid = os.getpid()
        self._idle: deque[Connection] = deque()  # its append and pop are atomic: no lock to inherit
        finalize(self, _close_all, self._idle)  # for a backend that nobody closes, also at exit

    @contextmanager
    def send(self, url: str, call: HttpCall, waits: Waits) -> Generator[Reply, None, None]:
        """Send a call and give its answer, the body unread.

        Raises:
            TransportFault: When no answer begins.
            ConfigurationError: When the proxy or the certificates that are named cannot be used.
        """
        _check_deadline(waits)
        waits.begin()
        if self._pid != os.getpid():
            self.close()
            self._pid = os.getpid()
        target = target_of(url)
        connection = self._take() or Connection(Route(self._destination, target))
        try:
            yield Reply(connection.send(call, target, waits), waits)
        finally:
            self._give(connection)

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they come back too many."""
        _close_all(self._idle)

    def _take(self) -> Connection | None:
        """The connection that was used last, if it is still good."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if not connection.stale:
                return connection
            connection.close()
        return None

    def _give(self, connection: Connection) -> None:
        if not connection.ready or len(self._idle) >= MAX_IDLE_CONNECTIONS:
            connection.close()
            return
        self._idle.append(connection)
        if len(self._idle) == 1:
            return
        try:
            oldest = self._idle.popleft()
        except IndexError:
            return
        if oldest.stale:
            oldest.close()
        else:
            self._idle.appendleft(oldest)


class AsyncReply:
    """An answer whose body is still to be read, asynchronously.

    Attributes:
        status: The HTTP status.
        headers: Headers by lower-case name.
    """

    def __init__(self, reply: AsyncOpenReply, waits: Waits) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self._pieces = reply.pieces
        self._waits = waits

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, decompressed.

        Raises:
            TransportFault: When it does not arrive whole or not in time.
        """
        body = _Body(self.headers, self._waits)
        async with aclosing(self._pieces) as pieces:
            async for data in pieces:
                for piece in body.pieces(data):
                    yield piece
        body.end()


class AsyncConnections:
    """Connections for asynchronous calls: one free list for each event loop, closed with its loop."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._pid = os.getpid()
        self._lists: WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopConnections] = WeakKeyDictionary()

    @asynccontextmanager
    async def send(self, url: str, call: HttpCall, waits: Waits) -> AsyncGenerator[AsyncReply, None]:
        """Send a call and give its answer, the body unread.

        Raises:
            TransportFault: When no answer begins.
            ConfigurationError: When the proxy or the certificates that are named cannot be used.
        """
        _check_deadline(waits)
        waits.begin()
        connections = await self._of_this_loop()
        target = target_of(url)
        connection = await connections.take() or AsyncConnection(Route(self._destination, target))
        try:
            yield AsyncReply(await connection.send(call, target, waits), waits)
        finally:
            await connections.give(connection)

    async def aclose(self) -> None:
        """Close the idle connections of the running loop."""
        connections = self._lists.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            await connections.close()

    async def _of_this_loop(self) -> _LoopConnections:
        if self._pid != os.getpid():
            self._lists = WeakKeyDictionary()
            self._pid = os.getpid()
        loop = asyncio.get_running_loop()
        connections = self._lists.get(loop)
        if connections is None or connections.closed:
            connections = self._lists[loop] = _LoopConnections()
            await connections.close_with_loop()
        return connections


class _LoopConnections:
    def __init__(self) -> None:
        self.closed = False
        self._idle: deque[AsyncConnection] = deque()
        self._keeper = self._keep()

    async def close_with_loop(self) -> None:
        """Begin the keeper: asyncio.run closes begun asynchronous generators before it closes its loop."""
        await anext(self._keeper)

    async def _keep(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self.closed = True
            while self._idle:
                await self._idle.pop().aclose()

    async def close(self) -> None:
        await self._keeper.aclose()

    async def take(self) -> AsyncConnection | None:
        """The connection that was used last, if it is still good."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.stale:
                return connection
            await connection.aclose()
        return None

    async def give(self, connection: AsyncConnection) -> None:
        if self.closed or not connection.ready or len(self._idle) >= MAX_IDLE_CONNECTIONS:
            await connection.aclose()
            return
        self._idle.append(connection)
        if self._idle[0] is not connection and self._idle[0].stale:
            await self._idle.popleft().aclose()


def _close_all(connections: deque[Connection]) -> None:
    while connections:
        connections.pop().close()


def _check_deadline(waits: Waits) -> None:
    if waits.passed:
        raise TransportFault("timeout", "the deadline has passed")
