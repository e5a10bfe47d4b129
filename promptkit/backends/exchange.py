"""One question to a server and its answer, decided without I/O: what to send, what the bytes mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal
from urllib.parse import urlsplit

from promptkit.backends.answer_streams import AnswerStream
from promptkit.backends.answers import decode
from promptkit.backends.dialect import Dialect
from promptkit.backends.json_lines import JsonLinesParser
from promptkit.backends.keys import KeyBlotter, key_problem
from promptkit.backends.prices import priced
from promptkit.backends.rate_headers import rate_limits_of
from promptkit.backends.sse import EventStreamParser
from promptkit.backends.wire import Endpoint, HttpReply, TransportFault, Waits
from promptkit.completions import Completed, Completion, Event, TextDelta, Usage
from promptkit.errors import (
    BackendError,
    ConnectionFailed,
    ServerError,
    StreamInterrupted,
    TimedOut,
    Unauthorized,
)
from promptkit.requests import Request

__all__ = ["Exchange"]

MAX_CHUNKS_AFTER_END = 16  # the end of the body follows at once; a server that goes on is cut off
MAX_ANSWER_BYTES = 64 * 2**20
"""Bytes of an answer, decompressed: many times the longest that a model writes, and small beside a memory."""

_PARSERS: tuple[tuple[str, type[EventStreamParser | JsonLinesParser]], ...] = (
    ("text/event-stream", EventStreamParser),
    ("application/x-ndjson", JsonLinesParser),
    ("application/jsonl", JsonLinesParser),
)
"""How a body is taken apart, by the type of its content; any other is read whole."""

_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"  # OpenSSL's word in its message
_ENCODINGS = frozenset({"", "deflate", "gzip", "identity"})  # stacked ones would multiply what bytes become


class Exchange:
    """A call and the reader of its answer; made for one question and used once.

    Attributes:
        call: What is sent.
        endpoint: Where it is sent; its URL is the whole one.
        dialect: How the server is spoken to.
        waits: How long it may take.
        stream: True when the answer is asked for piece by piece.
        other: How the server wants to be spoken to, when it refused the output's schema and said so.
    """

    def __init__(
        self,
        request: Request,
        *,
        endpoint: Endpoint,
        dialect: Dialect,
        waits: Waits,
        stream: bool,
    ) -> None:
        """Encode the request.

        Args:
            request: What is asked.
            endpoint: Where; its URL is the base, below which the dialect's paths lie.
            dialect: How the server is spoken to.
            waits: How long it may take.
            stream: Whether the answer is asked for piece by piece.

        Raises:
            CapabilityMissing: When a message holds something that the server cannot be given.
            TimedOut: When the deadline has passed already.
            Unauthorized: When the key is missing or cannot be one; nothing is sent then.
        """
        problem = key_problem(endpoint.key_env, required=dialect.needs_key)
        if problem is not None:
            raise Unauthorized(
                f"{endpoint.name} was not asked: the environment variable {endpoint.key_env} {problem}. "
                "Put the key there.",
                backend=endpoint.name,
            )
        self.call = dialect.encode(request, endpoint, stream=stream)
        self.endpoint = replace(endpoint, url=f"{endpoint.url}{self.call.path}")
        self.dialect = dialect
        self.waits = waits
        self.stream = stream
        self.other: Dialect | None = None
        self._body = bytearray()
        self._events: EventStreamParser | JsonLinesParser | None = None
        self._late_chunks = 0
        self._received_bytes = 0
        self._begun = False
        self._blotter = KeyBlotter(endpoint.key_env)
        self._shown: list[str] = []
        self._reply = HttpReply(status=0, headers={}, body=b"")
        self._decoder = AnswerStream(self._reply, dialect=dialect, endpoint=self.endpoint)
        self._sent = request.messages
        if waits.passed:
            raise self._timed_out(TransportFault("timeout", "the deadline has passed"))

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take the status and the headers of the answer.

        Raises:
            ServerError: When its body is packed in a way that was not asked for.
        """
        self._begun = True
        self._reply = HttpReply(status=status, headers=headers, body=b"")
        self._decoder.begin(self._reply, self._sent)
        encoding = headers.get("content-encoding", "").strip().casefold()
        if encoding not in _ENCODINGS:
            raise self._told(
                ServerError(
                    f"{self.endpoint.name} answered {status} at {self.endpoint.url} with the content-encoding "
                    f"{encoding!r}; gzip and deflate are taken, one at a time. The fault is on the server's side "
                    "or in a proxy.",
                    backend=self.endpoint.name,
                    status=status,
                )
            )
        if 200 <= status < 300:  # noqa: PLR2004 - the good statuses
            content = headers.get("content-type", "")
            self._events = next((parser() for kind, parser in _PARSERS if kind in content), None)

    def feed_ahead(self, chunk: bytes) -> Iterator[Event]:
        """As :meth:`feed`, but all events are made before the first is given.

        To and fro between reading and what is done with the events takes longer than either, where several come
        at once. It is for callers that do not cancel in between: what is made counts as shown.
        """
        events: list[Event] = []
        fault: BackendError | None = None
        try:
            for event in self.feed(chunk):
                events.append(event)  # noqa: PERF402 - what came before a fault is kept
        except BackendError as error:
            fault = error
        yield from events
        if fault is not None:
            raise fault

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that a piece of the body completes.

        Raises:
            BackendError: For an error in a stream and for what is not the protocol.
        """
        if self._decoder.finished:
            self._late_chunks += 1
            return
        self._received_bytes += len(chunk)
        try:
            if self._received_bytes > MAX_ANSWER_BYTES:
                raise self._decoder.broken_off(self._too_long())
            if self._events is None:
                self._body += chunk
                return
            yield from self._taken(self._events, chunk)
        except BackendError as error:
            raise self._told(error) from None
        if self._decoder.begun:
            self.waits.go_on()

    def end(self) -> Iterator[Event]:
        """The events that the end of the body completes; the last of the answer's is Completed.

        Raises:
            BackendError: For an error answer, a cut stream and for what is not the protocol.
        """
        try:
            if self._events is None:
                yield from self._whole()
            elif not self._decoder.finished:
                if isinstance(self._events, JsonLinesParser):
                    yield from self._taken(self._events, b"\n")
                if not self._decoder.finished:
                    yield from self._shown_as(self._decoder.end())
        except BackendError as error:
            raise self._told(error) from None

    def _taken(self, parser: EventStreamParser | JsonLinesParser, chunk: bytes) -> Iterator[Event]:
        for event in parser.feed(chunk):
            for ours in self._decoder.feed(event):
                if not isinstance(ours, TextDelta):
                    yield from self._shown_as(ours)
                elif text := self._blotter.piece(ours.text):
                    self._shown.append(text)
                    yield ours if text is ours.text else TextDelta(text=text)

    @property
    def over(self) -> bool:
        """True when nothing that may still come is of use."""
        return self._late_chunks > MAX_CHUNKS_AFTER_END

    def cancelled(self) -> Completed:
        """What the answer is when the caller cancels now."""
        completion = replace(self._decoder.cancelled().completion, text="".join(self._shown))
        return Completed(completion=self._finished(completion))

    def broken(self, fault: TransportFault) -> Iterator[Event]:
        """The last event, where the transport broke after the server had said why the answer stops.

        Raises:
            BackendError: Of the kind that fits, where the answer is not whole.
        """
        if self._decoder.finished:
            return
        if not self._decoder.stopped:
            raise self._told(self._failure(fault))
        try:
            yield from self._shown_as(self._decoder.end())
        except BackendError as error:
            raise self._told(error) from None

    def _shown_as(self, event: Event) -> Iterator[Event]:
        """The event without the key; a text that may begin it waits for what follows."""
        text = self._blotter.piece(event.text) if isinstance(event, TextDelta) else self._blotter.rest()
        if text:
            self._shown.append(text)
            yield TextDelta(text=text)
        if isinstance(event, Completed):
            yield Completed(completion=self._finished(event.completion))

    def _finished(self, completion: Completion) -> Completion:
        """The completion without the key, with its cost and what its headers say of the server's rate limits."""
        limits, usage = rate_limits_of(self._reply.headers), self._priced(completion.usage)
        if limits is not None or usage is not completion.usage:
            completion = replace(completion, rate_limits=limits, usage=usage)
        return self._blotter.completion(completion)

    def _priced(self, usage: Usage | None) -> Usage | None:
        return None if usage is None else priced(usage, self.endpoint.prices)

    def _told(self, error: BackendError) -> BackendError:
        """The error without the key, its partial text being what was shown."""
        if isinstance(error, StreamInterrupted):
            error.partial = "".join(self._shown)
        error.rate_limits = rate_limits_of(self._reply.headers)
        error.usage = self._priced(error.usage)
        return self._blotter.error(error)

    def _too_long(self) -> BackendError:
        return ServerError(
            f"{self.endpoint.name}: the answer at {self.endpoint.url} is longer than "
            f"{MAX_ANSWER_BYTES // 2**20} MiB, decompressed, and was not read to its end. The fault is on the "
            "server's side or in a proxy.",
            backend=self.endpoint.name,
            status=self._reply.status,
            retryable=False,
        )

    def _failure(self, fault: TransportFault) -> BackendError:
        untrusted = _UNTRUSTED in fault.detail
        if fault.kind in ("timeout", "connect_timeout") or (self.waits.passed and not untrusted):
            error = self._timed_out(fault)
        elif fault.kind == "connect":
            error = self._not_connected(fault)
        elif fault.kind == "garbled":
            error = self._decoder.broken_off(
                ServerError(
                    f"{self.endpoint.name}: the answer from {self.endpoint.url} cannot be decompressed "
                    f"({fault.detail}). The fault is on the server's side or in a proxy.",
                    backend=self.endpoint.name,
                )
            )
        else:
            error = self._lost(fault)
        return error

    def _whole(self) -> Iterator[Event]:
        reply = self._reply
        try:
            whole = HttpReply(status=reply.status, headers=reply.headers, body=bytes(self._body))
            completion = decode(whole, self.dialect, self.endpoint)
        except BackendError:
            self.other = self.dialect.other(bytes(self._body)) if self.dialect.other is not None else None
            raise
        completion = self._finished(completion)
        if self.stream and completion.text:
            # The server does not stream: the whole text is one piece.
            yield TextDelta(text=completion.text)
        yield Completed(completion=completion)

    def _timed_out(self, fault: TransportFault) -> BackendError:
        kind: Literal["connect", "first_token", "stall", "deadline"]
        if self.waits.passed:
            kind, what = "deadline", "the deadline passed before the answer was whole"
        elif fault.kind == "connect_timeout":
            kind, what = "connect", f"no connection within {self.waits.connect_s:g} s"
        elif self.waits.going_on:
            kind, what = "stall", f"the answer stalled: no token for {self.waits.stall_s:g} s"
        elif self._begun and self._events is None:
            kind, what = "stall", f"the answer was not whole within {self.waits.first_s:g} s"
        else:
            kind, what = "first_token", f"no answer began within {self.waits.first_s:g} s"
        partial = self._decoder.text
        so_far = f" after {len(partial)} characters" if partial else ""
        return TimedOut(
            f"{self.endpoint.name}: {what}{so_far} at {self.endpoint.url}. Check that the server is well, or "
            "allow more time.",
            kind=kind,
            backend=self.endpoint.name,
            usage=self._decoder.spent() if partial else None,
        )

    def _not_connected(self, fault: TransportFault) -> BackendError:
        untrusted = _UNTRUSTED in fault.detail
        advice = (
            "Name the file of the certificate's issuer in the environment variable SSL_CERT_FILE if you trust it."
            if untrusted
            else "Is the server running, and is the address right?"
        )
        return ConnectionFailed(
            f"{self.endpoint.name}: no connection to {_host_and_port(self.endpoint.url)} ({fault.detail}). "
            f"{advice}",
            backend=self.endpoint.name,
            retryable=not untrusted,
        )

    def _lost(self, fault: TransportFault) -> BackendError:
        if self._decoder.text:
            return self._decoder.interrupted(f"the connection was lost ({fault.detail})")
        when = "while the answer was read" if self._begun else "before an answer began"
        return ConnectionFailed(
            f"{self.endpoint.name}: the connection to {_host_and_port(self.endpoint.url)} was lost {when} "
            f"({fault.detail}). Try again; if it happens always, look into the server's log.",
            backend=self.endpoint.name,
        )


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or {'http': 80, 'https': 443}[parts.scheme]}"
