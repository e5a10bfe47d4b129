"""One question to a server and its answer, decided without I/O: what to send, what the bytes mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal
from urllib.parse import urlsplit

from promptkit.backends.dialects import openai_chat
from promptkit.backends.estimates import estimate_tokens
from promptkit.backends.keys import KeyBlotter, key_problem
from promptkit.backends.rate_headers import rate_limits_of
from promptkit.backends.sse import EventStreamParser
from promptkit.backends.wire import Endpoint, HttpReply, TransportFault, Waits
from promptkit.completions import Completed, Completion, Event, TextDelta
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

_ENCODINGS = frozenset({"", "deflate", "gzip", "identity"})  # stacked ones would multiply what bytes become


class Exchange:
    """A call and the reader of its answer; made for one question and used once.

    Attributes:
        call: What is sent.
        endpoint: Where it is sent.
        profile: How the server is spoken to.
        waits: How long it may take.
        stream: True when the answer is asked for piece by piece.
        offers_json_object: True when the server refused and named ``json_object`` while doing so.
    """

    def __init__(
        self,
        request: Request,
        *,
        endpoint: Endpoint,
        profile: openai_chat.Profile,
        waits: Waits,
        stream: bool,
    ) -> None:
        """Encode the request.

        Raises:
            CapabilityMissing: When a message holds something that the server cannot be given.
            TimedOut: When the deadline has passed already.
            Unauthorized: When the key is missing or cannot be one; nothing is sent then.
        """
        problem = key_problem(endpoint.key_env, required=profile.needs_key)
        if problem is not None:
            raise Unauthorized(
                f"{endpoint.name} was not asked: the environment variable {endpoint.key_env} {problem}. "
                "Put the key there.",
                backend=endpoint.name,
            )
        self.call = openai_chat.encode(request, endpoint, stream=stream, profile=profile)
        self.endpoint = endpoint
        self.profile = profile
        self.waits = waits
        self.stream = stream
        self.offers_json_object = False
        self._input_tokens = estimate_tokens(request.messages)
        self._body = bytearray()
        self._events: EventStreamParser | None = None
        self._late_chunks = 0
        self._received_bytes = 0
        self._begun = False
        self._blotter = KeyBlotter(endpoint.key_env)
        self._shown: list[str] = []
        self._reply = HttpReply(status=0, headers={}, body=b"")
        self._decoder = openai_chat.StreamDecoder(self._reply, endpoint=endpoint)
        if waits.remaining_s == 0.0:
            raise self._timed_out(TransportFault("timeout", "the deadline has passed"))

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take the status and the headers of the answer.

        Raises:
            ServerError: When its body is packed in a way that was not asked for.
        """
        self._begun = True
        self._reply = HttpReply(status=status, headers=headers, body=b"")
        self._decoder = openai_chat.StreamDecoder(
            self._reply, endpoint=self.endpoint, input_tokens=self._input_tokens
        )
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
        if 200 <= status < 300 and "text/event-stream" in headers.get("content-type", ""):  # noqa: PLR2004 - the good statuses
            self._events = EventStreamParser()

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
            for event in self._events.feed(chunk):
                for ours in self._decoder.feed(event):
                    yield from self._shown_as(ours)
        except BackendError as error:
            raise self._told(error) from None

    def end(self) -> Iterator[Event]:
        """The events that the end of the body completes; the last of the answer's is Completed.

        Raises:
            BackendError: For an error answer, a cut stream and for what is not the protocol.
        """
        try:
            if self._events is None:
                yield from self._whole()
            elif not self._decoder.finished:
                yield from self._shown_as(self._decoder.end())
        except BackendError as error:
            raise self._told(error) from None

    @property
    def over(self) -> bool:
        """True when nothing that may still come is of use."""
        return self._late_chunks > MAX_CHUNKS_AFTER_END

    def cancelled(self) -> Completed:
        """What the answer is when the caller cancels now."""
        completion = replace(self._decoder.cancelled().completion, text="".join(self._shown))
        return Completed(completion=self._blotter.completion(completion))

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
        """The completion without the key, with what its headers say of the server's rate limits."""
        limits = rate_limits_of(self._reply.headers)
        return self._blotter.completion(
            completion if limits is None else replace(completion, rate_limits=limits)
        )

    def _told(self, error: BackendError) -> BackendError:
        """The error without the key, its partial text being what was shown."""
        if isinstance(error, StreamInterrupted):
            error.partial = "".join(self._shown)
        error.rate_limits = rate_limits_of(self._reply.headers)
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
        if fault.kind in ("timeout", "connect_timeout"):
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
            completion = openai_chat.decode(
                reply.status, reply.headers, bytes(self._body), endpoint=self.endpoint
            )
        except BackendError:
            self.offers_json_object = b"json_object" in self._body
            raise
        completion = self._finished(completion)
        if self.stream and completion.text:
            # The server does not stream: the whole text is one piece.
            yield TextDelta(text=completion.text)
        yield Completed(completion=completion)

    def _timed_out(self, fault: TransportFault) -> BackendError:
        kind: Literal["connect", "first_token", "stall", "deadline"]
        if self.waits.remaining_s == 0.0:
            kind, what = "deadline", "the deadline passed before the answer was whole"
        elif fault.kind == "connect_timeout":
            kind, what = "connect", f"no connection within {self.waits.connect_s:g} s"
        elif self._decoder.text or (self._begun and self._events is None):
            kind, what = "stall", f"the answer stalled: no byte for {self.waits.read_s:g} s"
        else:
            kind, what = "first_token", f"no answer began within {self.waits.read_s:g} s"
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
        untrusted = "CERTIFICATE_VERIFY_FAILED" in fault.detail
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
