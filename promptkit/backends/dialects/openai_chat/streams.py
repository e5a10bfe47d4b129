"""Answers of OpenAI's chat completions, piece by piece."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

from promptkit.backends.dialects.openai_chat.fields import (
    HALF_A_PAIR,
    finish_reason_of,
    first_of,
    mapping_of,
    parsed,
    request_id_of,
    string_of,
    text_of,
    usage_of,
    whole_characters,
)
from promptkit.backends.dialects.openai_chat.logprobs import logprob_items, token_logprobs
from promptkit.backends.estimates import estimate_text
from promptkit.backends.failures import failure_in_body, not_the_protocol
from promptkit.backends.sse import ServerSentEvent
from promptkit.backends.wire import Endpoint, HttpReply
from promptkit.completions import Completed, Completion, Event, FinishReason, TextDelta, Usage
from promptkit.errors import BackendError, StreamInterrupted

__all__ = ["StreamDecoder"]


class StreamDecoder:
    """Takes the events of one stream in order and gives deltas and, last, the completion.

    Attributes:
        finished: True when the completion has been given; what comes later is not looked at.
    """

    def __init__(self, reply: HttpReply, *, endpoint: Endpoint, input_tokens: int = 0) -> None:
        """Begin a stream.

        Args:
            reply: Status and headers of the answer; its body is not looked at.
            endpoint: Where it comes from, for errors.
            input_tokens: Estimate of the tokens that were sent, for what a cut stream cost.
        """
        self.finished = False
        self._reply = reply
        self._endpoint = endpoint
        self._input_tokens = input_tokens
        self._text: list[str] = []
        self._half = ""
        self._refusal: list[str] = []
        self._reasoning: list[str] = []
        self._logprobs: list[Any] = []
        self._finish: FinishReason | None = None
        self._usage: Usage | None = None
        self._model = endpoint.model
        self._id: str | None = None

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
        reply = replace(self._reply, body=event.data.encode("utf-8", "replace"))
        data = parsed(event.data)
        if event.event == "error" and not isinstance(data, dict):
            data = {"error": event.data}
        if not isinstance(data, dict):
            raise not_the_protocol("its stream holds an event that is no JSON object", reply, self._endpoint)
        return self._chunk(cast("dict[str, Any]", data), event, reply)

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
        completion = self._completion("refusal" if refusal else self._finish, refusal)
        texts = (
            self._half,
            completion.refusal,
            completion.reasoning,
            completion.model,
            completion.request_id,
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

    def _chunk(self, data: dict[str, Any], event: ServerSentEvent, reply: HttpReply) -> tuple[Event, ...]:
        if data.get("error") or event.event == "error":
            raise failure_in_body(data, reply, self._endpoint)
        self._usage = usage_of(data.get("usage")) or self._usage
        self._model = string_of(data.get("model")) or self._model
        self._id = string_of(data.get("id")) or self._id
        choices = data.get("choices")
        if isinstance(choices, list) and not choices:
            return ()
        choice = first_of(choices)
        delta = mapping_of(choice.get("delta", {})) if choice is not None else None
        text = text_of(delta.get("content")) if delta is not None else None
        if choice is None or delta is None or text is None:
            raise not_the_protocol("its stream holds a chunk without choices[0].delta", reply, self._endpoint)
        self._reasoning.append(
            string_of(delta.get("reasoning_content")) or string_of(delta.get("reasoning")) or ""
        )
        self._refusal.append(string_of(delta.get("refusal")) or "")
        self._logprobs += logprob_items(choice)
        self._stop(choice.get("finish_reason"), reply)
        return self._said(text, reply)

    def _said(self, text: str, reply: HttpReply) -> tuple[Event, ...]:
        """The delta of a text; the first half of a surrogate pair at its end waits for the second."""
        text = self._half + text
        self._half = text[-1] if text and "\ud800" <= text[-1] <= "\udbff" else ""
        whole = whole_characters(text.removesuffix(self._half))
        if whole is None:
            raise not_the_protocol(f"its stream {HALF_A_PAIR}", reply, self._endpoint)
        if not whole:
            return ()
        self._text.append(whole)
        return (TextDelta(text=whole),)

    def _stop(self, reason: Any, reply: HttpReply) -> None:
        if not reason:
            return
        self._finish = finish_reason_of(reason)
        if self._finish is None:
            said = f"its finish_reason is {json.dumps(reason)}, which the protocol does not know"
            raise not_the_protocol(said, reply, self._endpoint)

    def _completion(self, finish: FinishReason, refusal: str | None) -> Completion:
        return Completion(
            text=self.text,
            finish_reason=finish,
            model=self._model,
            usage=self._usage,
            request_id=request_id_of(self._reply.headers) or self._id,
            refusal=refusal,
            reasoning=_joined(self._reasoning) or None,
            logprobs=token_logprobs(self._logprobs),
        )

    def spent(self) -> Usage:
        """What the answer cost so far, by estimate where the server has not said it."""
        written = sum(len(piece) for piece in (*self._text, *self._reasoning, *self._refusal))
        return self._usage or Usage(
            input_tokens=self._input_tokens,
            output_tokens=estimate_text(written),
            estimated=True,
        )


def _joined(pieces: list[str]) -> str:
    text = "".join(pieces)
    return whole_characters(text) or text
