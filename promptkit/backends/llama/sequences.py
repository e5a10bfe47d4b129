"""One request in the decoder: its prompt, its answer so far, and what ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from promptkit.backends.llama.assembling import TextAssembler
from promptkit.backends.llama.bindings import Array, numpy
from promptkit.backends.llama.contexts import Adapter
from promptkit.backends.llama.grammars import Masks
from promptkit.backends.llama.sampling import Sampler
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.completions import Completed, Completion, Event, FinishReason, TextDelta, Usage
from promptkit.errors import BackendError, TimedOut

__all__ = ["Answer", "Limits", "News"]

News = Event | BackendError
"""What a caller hears of an answer: pieces of text, then the whole or an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends an answer from outside.

    Attributes:
        deadline: A time of ``time.monotonic()``; None for none.
        cancel: Ends the answer when set.
    """

    deadline: float | None = None
    cancel: threading.Event | None = None

    @property
    def cancelled(self) -> bool:
        """True when the caller wants no more."""
        return self.cancel is not None and self.cancel.is_set()

    @property
    def late(self) -> bool:
        """True when the deadline has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline


@dataclass(slots=True, kw_only=True, eq=False)
class Answer:
    """One answer in the making. Made by the caller, then used by the decoder's thread alone.

    Attributes:
        model: The model's name.
        vocabulary: Its tokens.
        prompt: The prompt's tokens.
        masks: What may be written; None for plain text.
        sampler: Chooses the tokens.
        text: Puts the text together.
        max_tokens: The most tokens that may be written.
        limits: What ends it from outside.
        backend: The name of the backend that was asked, which errors carry.
        tell: Takes the news; called in the decoder's thread.
        adapters: LoRA weights to decode with.
        streams: True when the caller wants the pieces; else only the whole is told.
        opening: All tokens that are read before anything is chosen: the prompt and what must come first.
        finish_reason: Why it ended; None before it did.
        pending: Tokens of the answer that are still to be decoded.
        output_tokens: Tokens written so far; the one that says "end" is not counted.
        cached_tokens: Prompt tokens that the model still knew.
        left: True once the caller is gone and hears no more.
        over: True once the last news was told.
    """

    model: str
    vocabulary: Vocabulary
    prompt: Sequence[int]
    masks: Masks | None
    sampler: Sampler
    text: TextAssembler
    max_tokens: int
    limits: Limits
    backend: str
    tell: Callable[[News], object]
    adapters: tuple[Adapter, ...] = ()
    streams: bool = True
    opening: Array = field(default=None, init=False)
    finish_reason: FinishReason | None = field(default=None, init=False)
    pending: list[int] = field(default_factory=list[int], init=False)
    output_tokens: int = field(default=0, init=False)
    cached_tokens: int = field(default=0, init=False)
    left: bool = field(default=False, init=False)
    over: bool = field(default=False, init=False)
    _whole: list[str] = field(default_factory=list[str], init=False)

    @property
    def usage(self) -> Usage:
        """What was read and written so far."""
        return Usage(
            input_tokens=len(self.prompt), output_tokens=self.output_tokens, cached_tokens=self.cached_tokens
        )

    def begin(self) -> None:
        """Write what must come first; called once, by the caller.

        Raises:
            GrammarInvalid: When the grammar cannot be followed.
        """
        first = self._forced()
        self._write(first)
        self.opening = numpy().array([*self.prompt, *first], dtype=numpy().int32)

    def go_on(self, scores: Array) -> None:
        """Choose the next token by the scores and write it with those that must follow it.

        Raises:
            GrammarInvalid: When the grammar cannot be followed.
            LocalBackendError: When the scores are no numbers.
        """
        allowed = self.masks.allowed() if self.masks else self.vocabulary.writable
        token = self.sampler.choose(scores, allowed)
        if token in self.vocabulary.ends:
            self.finish_reason = "stop"
            return
        self.pending = [token]
        self._write(self.pending)
        if self.finish_reason is None and (forced := self._forced()):
            self._write(forced)
            self.pending += forced

    def is_wanted(self) -> bool:
        """False once the answer has ended; the caller's cancel and deadline are looked at.

        Raises:
            TimedOut: When the deadline has passed.
        """
        if self.finish_reason is None and (self.left or self.limits.cancelled):
            self.finish_reason = "cancelled"
        if self.finish_reason is None and self.limits.late:
            raise TimedOut(
                f"{self.model} had read {len(self.prompt)} and written {self.output_tokens} tokens when "
                "the deadline passed; allow more time, or lower max_tokens",
                kind="deadline",
                usage=self.usage,
            )
        return self.finish_reason is None

    def finish(self) -> None:
        """Tell the caller the rest of the text and the whole."""
        assert self.finish_reason is not None
        self._show(self.text.finish())
        completion = Completion(
            text="".join(self._whole),
            finish_reason=self.finish_reason,
            model=self.model,
            usage=self.usage,
        )
        self._end(Completed(completion=completion))

    def fail(self, error: BackendError) -> None:
        """Tell the caller why there is no answer."""
        error.backend = error.backend or self.backend
        self._end(error)

    def _end(self, news: News) -> None:
        self.over = True
        self.tell(news)

    def _forced(self) -> list[int]:
        return self.masks.forced() if self.masks else []

    def _write(self, tokens: Sequence[int]) -> None:
        """Take tokens into the answer and show the new text."""
        shown = ""
        for token in tokens:
            piece = self.vocabulary.pieces[token]
            if self.masks:
                self.masks.consume(token, piece)
            elif self.output_tokens == 0 and self.vocabulary.adds_blank:
                # The blank before a text belongs to the vocabulary's way of writing, not to the answer.
                piece = piece.removeprefix(b" ")
            self.output_tokens += 1
            shown += self.text.add(piece)
            if self.text.stopped or (self.masks and self.masks.finished):
                self.finish_reason = "stop"
            elif self.output_tokens >= self.max_tokens:
                self.finish_reason = "length"
            if self.finish_reason is not None:
                break
        self._show(shown)

    def _show(self, text: str) -> None:
        if text:
            self._whole.append(text)
        if text and self.streams:
            self.tell(TextDelta(text=text))
