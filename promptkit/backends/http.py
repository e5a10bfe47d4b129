"""A backend that asks a server: joins the dialect, the transport and the typed errors."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promptkit.backends.dialect import Dialect
from promptkit.backends.estimates import estimate_tokens
from promptkit.backends.exchange import Exchange
from promptkit.backends.prices import Prices, prices_of
from promptkit.backends.proxies import check_proxy
from promptkit.backends.wire import Destination, Endpoint, TransportFault, Waits
from promptkit.completions import Completed, Completion, Event
from promptkit.errors import SchemaRejected, ServerError
from promptkit.interception import require_live
from promptkit.messages import Message
from promptkit.requests import Capabilities, Count, GenerationConfig, OutputSpec, Plan, Request

if TYPE_CHECKING:
    from promptkit.backends.transport import AsyncConnections, Connections

__all__ = ["HttpBackend", "Network", "Timeouts"]

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
_logger = logging.getLogger("promptkit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a server may take, where no deadline is nearer.

    Attributes:
        connect_s: Seconds for a connection.
        first_token_s: Seconds to the first token of an answer that is streamed, from when it is asked for.
        stall_s: Seconds from one token to the next; the comments by which servers keep a stream alive are none.
        answer_s: Seconds to an answer that is not streamed, which comes when all of it is written.
    """

    connect_s: float = 5.0
    first_token_s: float = 120.0
    stall_s: float = 60.0
    answer_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """By which way a server is reached.

    Attributes:
        proxy: URL of an HTTP proxy, or ``direct`` for none; None for what ``HTTPS_PROXY``, ``HTTP_PROXY``,
            ``ALL_PROXY`` and ``NO_PROXY`` say, which do not count for this machine. It holds no password: one
            stands in these variables only.
        ca_file: File with the certificates, in PEM form, of the authorities that are trusted; None for those
            that ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name, else those of the package certifi.

    Raises:
        ConfigurationError: When ``proxy`` is no URL of an HTTP proxy, or holds a password.
    """

    proxy: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if self.proxy is not None:
            check_proxy(self.proxy)


class HttpBackend:
    """Answers requests by asking a server in its dialect; sync and async.

    Thread-safe; connections are kept for each process and each event loop. After ``close`` a further call
    opens new ones. The key is read from the environment at each call and is part of no value, error, log or
    repr.
    """

    def __init__(  # noqa: PLR0913 - what a server is reached by
        self,
        *,
        name: str,
        base_url: str,
        model: str,
        key_env: str,
        dialect: Dialect,
        timeouts: Timeouts | None = None,
        network: Network | None = None,
        prices: Prices | None = None,
    ) -> None:
        """Prepare a backend; nothing is sent.

        Args:
            name: The reference by which users ask for it, for example ``openai:gpt-5``.
            base_url: The URL below which the dialect's paths lie.
            model: The model's name as the server knows it.
            key_env: The environment variable that holds the key; where it is unset no key is sent, unless
                the dialect demands one.
            dialect: How the server is spoken to.
            timeouts: How long the server may take.
            network: By which way it is reached.
            prices: What its tokens cost; None for the list prices of ``name``, where they are known.
        """
        self._endpoint = Endpoint(
            name=name,
            url=base_url.rstrip("/"),
            model=model,
            key_env=key_env,
            words=dialect.words,
            prices=prices_of(name) if prices is None else prices,
        )
        self._dialect = dialect
        self._timeouts = timeouts or Timeouts()
        self._network = network or Network()
        self._sync: Connections | None = None
        self._async: AsyncConnections | None = None

    @property
    def name(self) -> str:
        """The reference by which users ask for it; never holds a key."""
        return self._endpoint.name

    @property
    def prices(self) -> Prices:
        """What its tokens cost; empty where that is not known."""
        return self._endpoint.prices

    def __repr__(self) -> str:
        return f"HttpBackend({self.name!r})"

    def capabilities(self) -> Capabilities:
        """What the server is known to do."""
        return self._dialect.capabilities

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        """Where each keyword of the output's schema is enforced, and which settings the server lacks."""
        return self._dialect.plan(spec, generation, self._endpoint)

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        """An estimate from the length of the texts; images and documents are not counted."""
        return Count(n=estimate_tokens(messages), exact=False)

    def complete(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Completion:
        """Answer one request; ``cancel`` is looked at before it is sent and whenever bytes arrive.

        Raises:
            BackendError: Of the kind that fits.
            CapabilityMissing: When a message or a setting is something that the server cannot be given.
        """
        exchange = self._exchange(request, stream=False, deadline=deadline)
        with closing(self._events(request, exchange, cancel)) as events:
            for event in events:
                if isinstance(event, Completed):
                    return event.completion
        raise self._no_answer()

    @contextmanager
    def stream(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Generator[Iterator[Event], None, None]:
        """Answer one request piece by piece; it is sent when the first event is asked for.

        Raises:
            BackendError: Of the kind that fits; StreamInterrupted with the text so far for a cut stream.
            CapabilityMissing: When a message or a setting is something that the server cannot be given.
        """
        exchange = self._exchange(request, stream=True, deadline=deadline)
        with closing(self._events(request, exchange, cancel)) as events:
            yield events

    async def acomplete(self, request: Request, *, deadline: float | None = None) -> Completion:
        """Answer one request; cancelling the task ends it.

        Raises:
            BackendError: Of the kind that fits.
            CapabilityMissing: When a message or a setting is something that the server cannot be given.
        """
        exchange = self._exchange(request, stream=False, deadline=deadline)
        async with aclosing(self._aevents(request, exchange)) as events:
            async for event in events:
                if isinstance(event, Completed):
                    return event.completion
        raise self._no_answer()

    @asynccontextmanager
    async def astream(
        self, request: Request, *, deadline: float | None = None
    ) -> AsyncGenerator[AsyncIterator[Event], None]:
        """Answer one request piece by piece; it is sent when the first event is asked for.

        Raises:
            BackendError: Of the kind that fits; StreamInterrupted with the text so far for a cut stream.
            CapabilityMissing: When a message or a setting is something that the server cannot be given.
        """
        exchange = self._exchange(request, stream=True, deadline=deadline)
        async with aclosing(self._aevents(request, exchange)) as events:
            yield events

    def close(self) -> None:
        """Close the idle connections of synchronous calls; those of an event loop close with their loop."""
        if self._sync is not None:
            self._sync.close()

    async def aclose(self) -> None:
        """Close the idle connections of the running event loop and of synchronous calls."""
        self.close()
        if self._async is not None:
            await self._async.aclose()

    def _events(
        self, request: Request, exchange: Exchange, cancel: threading.Event | None
    ) -> Generator[Event, None, None]:
        while True:
            try:
                yield from self._read(exchange, cancel)
            except SchemaRejected:
                other = self._in_other_form(request, exchange)
                if other is None:
                    raise
            else:
                return
            exchange = other

    def _read(self, exchange: Exchange, cancel: threading.Event | None) -> Generator[Event, None, None]:
        if cancel is not None and cancel.is_set():
            yield exchange.cancelled()
            return
        fault: TransportFault | None = None
        try:
            with self._connections().send(exchange.endpoint.url, exchange.call, exchange.waits) as reply:
                exchange.begin(reply.status, reply.headers)
                for chunk in reply.chunks():
                    feed = exchange.feed_ahead if cancel is None else exchange.feed
                    for event in feed(chunk):
                        yield event
                        if cancel is not None and cancel.is_set():
                            break
                    if cancel is not None and cancel.is_set():
                        yield exchange.cancelled()
                        return
                    if exchange.over:
                        return
                yield from exchange.end()
        except TransportFault as error:
            fault = error
        # Not inside the except block: the errors of users lead to no chain of ours.
        if fault is not None:
            yield from exchange.broken(fault)

    async def _aevents(self, request: Request, exchange: Exchange) -> AsyncGenerator[Event, None]:
        while True:
            try:
                async with aclosing(self._aread(exchange)) as events:
                    async for event in events:
                        yield event
            except SchemaRejected:
                other = self._in_other_form(request, exchange)
                if other is None:
                    raise
            else:
                return
            exchange = other

    async def _aread(self, exchange: Exchange) -> AsyncGenerator[Event, None]:
        fault: TransportFault | None = None
        try:
            connections = self._async_connections()
            async with connections.send(exchange.endpoint.url, exchange.call, exchange.waits) as reply:
                exchange.begin(reply.status, reply.headers)
                async with aclosing(reply.chunks()) as chunks:
                    async for chunk in chunks:
                        for event in exchange.feed_ahead(chunk):
                            yield event
                        if exchange.over:
                            return
                for event in exchange.end():
                    yield event
        except TransportFault as error:
            fault = error
        if fault is not None:
            for event in exchange.broken(fault):
                yield event

    def _exchange(self, request: Request, *, stream: bool, deadline: float | None) -> Exchange:
        require_live(self.name)
        timeouts = self._timeouts
        return Exchange(
            request,
            endpoint=self._endpoint,
            dialect=self._dialect,
            waits=Waits(
                connect_s=timeouts.connect_s,
                first_s=timeouts.first_token_s if stream else timeouts.answer_s,
                stall_s=timeouts.stall_s,
                deadline=deadline,
            ),
            stream=stream,
        )

    def _in_other_form(self, request: Request, refused: Exchange) -> Exchange | None:
        """The same question in the dialect that the server asks for while it refuses this one; else None.

        What the server takes is remembered; no model has been asked yet.
        """
        if refused.other is None:
            return None
        self._dialect = refused.other
        _logger.info("%s is asked as %s from now on", self.name, self._dialect.name)
        return Exchange(
            request,
            endpoint=self._endpoint,
            dialect=self._dialect,
            waits=refused.waits,
            stream=refused.stream,
        )

    def _connections(self) -> Connections:
        # Without a lock, which might be held while another thread forks: of two that come first, one makes its
        # connections for this call alone, and they are closed when they are collected.
        kept = self._sync
        if kept is None:
            from promptkit.backends.transport import Connections

            kept = self._sync = Connections(self._destination())
        return kept

    def _async_connections(self) -> AsyncConnections:
        kept = self._async
        if kept is None:
            from promptkit.backends.transport import AsyncConnections

            kept = self._async = AsyncConnections(self._destination())
        return kept

    def _destination(self) -> Destination:
        parts = urlsplit(self._endpoint.url)
        return Destination(
            secure=parts.scheme == "https",
            loopback=parts.hostname in _LOOPBACK_HOSTS,
            key_env=self._endpoint.key_env,
            key_header=self._dialect.key_header,
            key_prefix=self._dialect.key_prefix,
            proxy=self._network.proxy,
            ca_file=self._network.ca_file,
        )

    def _no_answer(self) -> ServerError:
        return ServerError(f"{self.name}: the answer has no end. Try again.", backend=self.name)
