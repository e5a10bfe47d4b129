"""Bytes out, bytes in, over httpx: the one module that knows the HTTP client.

Each connection has a client of its own, kept on a free list: a shared pool looks through all of its
connections at each request, which costs more than the request itself when there are many.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections import deque
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import Any, Literal
from weakref import WeakKeyDictionary, finalize

import httpx

from promptkit.backends.wire import Destination, HttpCall, TransportFault, Waits

__all__ = ["AsyncConnections", "AsyncReply", "Connections", "Reply"]

MAX_IDLE_CONNECTIONS = 64
KEEP_ALIVE_S = 60.0  # a connection that the server closed earlier is noticed and not used


class _Key(httpx.Auth):
    """Puts the key on a request at the last moment, so that no value of ours ever holds it."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        where = self._destination
        key = os.environ.get(where.key_env, "").strip()
        if key:
            request.headers[where.key_header] = f"{where.key_prefix}{key}"
        yield request


class Reply:
    """An answer whose body is still to be read.

    Attributes:
        status: The HTTP status.
        headers: Headers by lower-case name.
    """

    def __init__(self, response: httpx.Response, waits: Waits) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = dict(response.headers)
        self._response = response
        self._waits = waits

    def chunks(self) -> Generator[bytes, None, None]:
        """The body as it arrives, decompressed.

        Raises:
            TransportFault: When it does not arrive whole or not in time.
        """
        # httpcore reads the waits anew when the body begins: the deadline is nearer than it was.
        self._response.request.extensions["timeout"].update(self._waits.by_phase())
        body = self._response.iter_bytes()
        while True:
            fault = None
            try:
                chunk = next(body, None)
            except httpx.HTTPError as error:
                fault, chunk = _fault(error), None
            # Raised here and not above, so that no chain leads to a request, whose headers hold the key.
            if fault is not None:
                raise fault
            if chunk is None:
                return
            _check_deadline(self._waits)
            yield chunk


class Connections:
    """Connections for synchronous calls; used by many threads, and anew after a fork."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._pid = os.getpid()
        self._idle: deque[httpx.Client] = deque()  # its append and pop are atomic: no lock to inherit
        finalize(self, _close_all, self._idle)  # for a backend that nobody closes, also at exit

    @contextmanager
    def send(self, url: str, call: HttpCall, waits: Waits) -> Generator[Reply, None, None]:
        """Send a call and give its answer, the body unread.

        Raises:
            TransportFault: When no answer begins.
        """
        _check_deadline(waits)
        if self._pid != os.getpid():
            self.close()
            self._pid = os.getpid()
        client = self._take()
        try:
            response, fault = None, None
            try:
                response = client.send(_request(client, url, call, waits), stream=True)
            except httpx.HTTPError as error:
                fault = _fault(error)
            if response is None:
                raise fault or TransportFault("lost", "no answer")
            try:
                yield Reply(response, waits)
            finally:
                response.close()
        finally:
            self._give(client)

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they come back too many."""
        _close_all(self._idle)

    def _take(self) -> httpx.Client:
        try:
            return self._idle.pop()
        except IndexError:
            return httpx.Client(**_client_settings(self._destination))

    def _give(self, client: httpx.Client) -> None:
        if len(self._idle) < MAX_IDLE_CONNECTIONS:
            self._idle.append(client)
        else:
            client.close()


class AsyncReply:
    """An answer whose body is still to be read, asynchronously.

    Attributes:
        status: The HTTP status.
        headers: Headers by lower-case name.
    """

    def __init__(self, response: httpx.Response, waits: Waits) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = dict(response.headers)
        self._response = response
        self._waits = waits

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, decompressed.

        Raises:
            TransportFault: When it does not arrive whole or not in time.
        """
        body = self._response.aiter_bytes()
        while True:
            fault = None
            try:
                async with asyncio.timeout(self._waits.remaining_s):
                    chunk = await anext(body, None)
            except (httpx.HTTPError, TimeoutError) as error:
                fault, chunk = _fault(error), None
            if fault is not None:
                raise fault
            if chunk is None:
                return
            yield chunk


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
        """
        _check_deadline(waits)
        connections = await self._of_this_loop()
        client = connections.take()
        try:
            response, fault = None, None
            try:
                async with asyncio.timeout(waits.remaining_s):
                    response = await client.send(_request(client, url, call, waits), stream=True)
            except (httpx.HTTPError, TimeoutError) as error:
                fault = _fault(error)
            if response is None:
                raise fault or TransportFault("lost", "no answer")
            try:
                yield AsyncReply(response, waits)
            finally:
                await response.aclose()
        finally:
            await connections.give(client)

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
            connections = self._lists[loop] = _LoopConnections(self._destination)
            await connections.close_with_loop()
        return connections


class _LoopConnections:
    def __init__(self, destination: Destination) -> None:
        self.closed = False
        self._destination = destination
        self._idle: deque[httpx.AsyncClient] = deque()
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

    def take(self) -> httpx.AsyncClient:
        return self._idle.pop() if self._idle else httpx.AsyncClient(**_client_settings(self._destination))

    async def give(self, client: httpx.AsyncClient) -> None:
        if self.closed or len(self._idle) >= MAX_IDLE_CONNECTIONS:
            await client.aclose()
        else:
            self._idle.append(client)


def _close_all(clients: deque[httpx.Client]) -> None:
    while clients:
        clients.pop().close()


def _check_deadline(waits: Waits) -> None:
    if waits.passed:
        raise TransportFault("timeout", "the deadline has passed")


def _request(
    client: httpx.Client | httpx.AsyncClient, url: str, call: HttpCall, waits: Waits
) -> httpx.Request:
    return client.build_request(
        call.method,
        url,
        content=call.body,
        headers=dict(call.headers),
        extensions={"timeout": waits.by_phase()},
    )


def _client_settings(destination: Destination) -> dict[str, Any]:
    return {
        "auth": _Key(destination),
        "follow_redirects": False,
        "headers": {"user-agent": "promptkit", "accept-encoding": "gzip, deflate"},
        "limits": httpx.Limits(max_connections=1, keepalive_expiry=KEEP_ALIVE_S),
        "trust_env": not destination.loopback,
        "verify": _trusted_certificates() if destination.secure else _no_certificates(),
    }


@cache
def _trusted_certificates() -> ssl.SSLContext:
    """The process's TLS settings: reading the certificates takes longer than many a call."""
    return httpx.create_ssl_context()


@cache
def _no_certificates() -> ssl.SSLContext:
    """For http, where no TLS is spoken: it trusts nobody, and is made without reading certificates."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _fault(error: httpx.HTTPError | TimeoutError) -> TransportFault:
    detail = str(error) or type(error).__name__
    for kinds, kind in _FAULT_KINDS:
        if isinstance(error, kinds):
            return TransportFault(kind, detail)
    return TransportFault("lost", detail)


_FAULT_KINDS: tuple[
    tuple[
        tuple[type[Exception], ...],
        Literal["connect", "connect_timeout", "timeout", "lost", "garbled"],
    ],
    ...,
] = (
    ((httpx.ConnectTimeout,), "connect_timeout"),
    ((httpx.TimeoutException, TimeoutError), "timeout"),
    ((httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol), "connect"),
    ((httpx.DecodingError,), "garbled"),
)
