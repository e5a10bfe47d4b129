"""Answers piece by piece: what the events of a stream, read by a dialect, make together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from promptkit.backends.answers import calls_of, finish_with, merged
from promptkit.backends.dialect import Dialect, NotTheProtocol, Piece, ToolCallPiece
from promptkit.backends.estimates import estimate_text, estimate_tokens
from promptkit.backends.failures import failure_in_body, not_the_protocol
from promptkit.backends.fields import HALF_A_PAIR, parsed, request_id_of, whole_characters
from promptkit.backends.logprobs import token_logprobs
from promptkit.backends.sse import ServerSentEvent
from promptkit.backends.wire import Endpoint, HttpReply
from promptkit.completions import Completed, Completion, Event, FinishReason, TextDelta, Usage
from promptkit.errors import BackendError, StreamInterrupted
from promptkit.messages import Message

__all__ = ["AnswerStream"]


class AnswerStream:
    """Takes the events of one stream in order and gives deltas and, last, the completion.

    Attributes:
        finished: True when the completion has been given; what comes later is not looked at.
        begun: True when a token has come, be it of the text, of reasoning or of a tool call.
    """

    def __init__(self, reply: HttpReply, *, dialect: Dialect, endpoint: Endpoint) -> None:
        """Begin a stream.

        Args:
            reply: Status and headers of the answer, as far as they are known; its body is not looked at.
            dialect: What the server speaks.
            endpoint: Where it comes from, for errors.
        """
        self.finished = False
        self.begun = False
        self._reply = reply
        self._dialect = dialect
        self._endpoint = endpoint
        self._sent: Sequence[Message] = ()
        self._text: list[str] = []
        self._half = ""
        self._refusal: list[str] = []
        self._reasoning: list[str] = []
        self._logprobs: list[Any] = []
        self._signed: list[tuple[str, str]] = []
        self._unsigned = 0
        self._calls: list[ToolCallPiece] = []
        self._finish: FinishReason | None = None
        self._counts: Any = {}
        self._model = endpoint.model
        self._id: str | None = None

    def begin(self, reply: HttpReply, sent: Sequence[Message]) -> None:
        """Take status and headers of the answer.

        Args:
            reply: These; its body is not looked at.
            sent: What was sent, for an estimate of what a cut stream cost.
        """
        self._reply, self._sent = reply, sent

    @property
    def text(self) -> str:
        """The text that has arrived."""
        return "".join(self._text)

    def feed(self, event: ServerSentEvent) -> tuple[Event, ...]:
        """The events of ours that one event of the server makes.

        Raises:
            StreamInterrupted: For an error in the stream and for what is not the protocol, after text came.
            BackendError: The same before any text.
        """
        if self.finished:
            return ()
        if event.data.strip() == "[DONE]":
            return (self.end(),)
        try:
            return self._read(event)
        except BackendError as error:
            raise self.broken_off(error) from None

    def _read(self, event: ServerSentEvent) -> tuple[Event, ...]:
        data = parsed(event.data)
        if event.event == "error" and not isinstance(data, dict):
            data = {"error": event.data}
        if not isinstance(data, dict):
            raise self._not_the_protocol("its stream holds an event that is no JSON object", event)
        fields = cast("dict[str, Any]", data)
        if fields.get("error") or event.event == "error":
            raise failure_in_body(fields, self._reply, self._endpoint)
        problem = None
        try:
            piece = self._dialect.read_event(fields, event.event)
        except NotTheProtocol as error:
            piece, problem = Piece(), str(error)
        if problem is not None:
            raise self._not_the_protocol(problem, event)
        if piece.error is not None:
            raise failure_in_body(piece.error, self._reply, self._endpoint)
        self._add(piece)
        said = self._said(piece.text, event) if piece.text else ()
        return (*said, self.end()) if piece.over else said

    def _add(self, piece: Piece) -> None:
        """Take everything but the text."""
        self.begun = self.begun or bool(piece.text or piece.reasoning or piece.refusal or piece.calls)
        if piece.usage:
            self._counts = merged(self._counts, piece.usage)
        self._model = piece.model or self._model
        self._id = piece.id or self._id
        self._finish = piece.finish_reason or self._finish
        if piece.reasoning:
            self._reasoning.append(piece.reasoning)
        if piece.signature:
            self._signed.append(("".join(self._reasoning[self._unsigned :]), piece.signature))
            self._unsigned = len(self._reasoning)
        if piece.refusal:
            self._refusal.append(piece.refusal)
        self._logprobs += piece.logprobs
        self._calls += piece.calls

    def _said(self, text: str, event: ServerSentEvent) -> tuple[Event, ...]:
        """The delta of a text; the first half of a surrogate pair at its end waits for the second."""
        text = self._half + text
        self._half = text[-1] if text and "\ud800" <= text[-1] <= "\udbff" else ""
        whole = whole_characters(text.removesuffix(self._half))
        if whole is None:
            raise self._not_the_protocol(f"its stream {HALF_A_PAIR}", event)
        if not whole:
            return ()
        self._text.append(whole)
        return (TextDelta(text=whole),)

    @property
    def stopped(self) -> bool:
        """True when the server has said why the answer stops: its text is whole."""
        return self._finish is not None

    def end(self) -> Completed:
        """The completion, when the stream is over.

        Raises:
            StreamInterrupted: When the server had not said why the answer stops: it may not be whole.
            ServerError: When a text of it is no Unicode.
        """
        if self._finish is None:
            raise self.interrupted("the stream ended")
        refusal = _joined(self._refusal) or None
        finish = finish_with(self._finish, refusal, calls_of(self._calls))
        completion = self._completion(finish, refusal)
        texts = (
            self._half,
            completion.refusal,
            completion.reasoning,
            completion.model,
            completion.request_id,
            *(call.arguments for call in completion.tool_calls),
        )
        if any(text and whole_characters(text) is None for text in texts):
            raise self.broken_off(not_the_protocol(f"its stream {HALF_A_PAIR}", self._reply, self._endpoint))
        self.finished = True
        return Completed(completion=completion)

    def cancelled(self) -> Completed:
        """The completion of a stream that the caller cut."""
        self.finished = True
        return Completed(completion=replace(self._completion("cancelled", None), usage=self.spent()))

    def interrupted(self, problem: str) -> StreamInterrupted:
        """The error for a stream that was cut, with the text that had arrived and what it cost about."""
        text = self.text
        return StreamInterrupted(
            f"{self._endpoint.name}: {problem} before the answer at {self._endpoint.url} was whole, after "
            f"{len(text)} characters. Try again; if it happens always, look into the server's log.",
            partial=text,
            backend=self._endpoint.name,
            status=self._reply.status,
            request_id=request_id_of(self._reply.headers) or self._id,
            usage=self.spent(),
        )

    def broken_off(self, error: BackendError) -> BackendError:
        """The error itself before any text, after it an error that keeps the text and what the first one says."""
        text = self.text
        if not text or isinstance(error, StreamInterrupted):
            return error
        return StreamInterrupted(
            f"{self._endpoint.name}: the answer broke off after {len(text)} characters: {error}",
            partial=text,
            backend=error.backend,
            status=error.status,
            code=error.code,
            request_id=error.request_id or request_id_of(self._reply.headers) or self._id,
            retryable=error.retryable,
            retry_after_s=error.retry_after_s,
            usage=self.spent(),
        )

    def _not_the_protocol(self, problem: str, event: ServerSentEvent) -> BackendError:
        reply = replace(self._reply, body=event.data.encode("utf-8", "replace"))
        return not_the_protocol(problem, reply, self._endpoint)

    def _completion(self, finish: FinishReason, refusal: str | None) -> Completion:
        return Completion(
            text=self.text,
            finish_reason=finish,
            model=self._model,
            usage=self._usage(),
            request_id=request_id_of(self._reply.headers) or self._id,
            refusal=refusal,
            reasoning=_joined(self._reasoning) or None,
            logprobs=token_logprobs(self._logprobs),
            tool_calls=calls_of(self._calls, self._signed),
        )

    def _usage(self) -> Usage | None:
        return self._dialect.usage(self._counts) if self._counts else None

    def spent(self) -> Usage:
        """What the answer cost so far, by estimate where the server has not said it."""
        pieces = (*self._text, *self._reasoning, *self._refusal, *(call.arguments for call in self._calls))
        written = estimate_text(sum(map(len, pieces)))
        said = self._usage()
        if said is None or self._finish is None:
            read = said.input_tokens if said is not None else estimate_tokens(self._sent)
            return Usage(input_tokens=read, output_tokens=written, estimated=True)
        return said


def _joined(pieces: list[str]) -> str:
    text = "".join(pieces)
    return whole_characters(text) or text
