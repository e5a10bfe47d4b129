"""The decode loop: one prompt, one answer, token by token."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from promptkit.backends.llama.assembling import TextAssembler
from promptkit.backends.llama.grammars import Masks
from promptkit.backends.llama.models import LoadedModel
from promptkit.backends.llama.sampling import Sampler
from promptkit.completions import FinishReason, Usage
from promptkit.errors import TimedOut

__all__ = ["Answer", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends an answer from outside.

    Attributes:
        max_tokens: The most tokens that may be written.
        deadline: A time of ``time.monotonic()``; None for none.
        cancel: Ends the answer when set.
    """

    max_tokens: int
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


@dataclass(slots=True, kw_only=True)
class Answer:
    """One answer in the making; only for the caller whose turn it is on the model.

    Attributes:
        model: The model that writes.
        prompt: The prompt's tokens.
        masks: What may be written; None for plain text.
        sampler: Chooses the tokens.
        text: Puts the text together.
        limits: What ends it from outside.
        finish_reason: Why it ended; None before it did.
        output_tokens: Tokens written so far; the one that says "end" is not counted.
        cached_tokens: Prompt tokens that the model still knew.
    """

    model: LoadedModel
    prompt: Sequence[int]
    masks: Masks | None
    sampler: Sampler
    text: TextAssembler
    limits: Limits
    finish_reason: FinishReason | None = field(default=None, init=False)
    output_tokens: int = field(default=0, init=False)
    cached_tokens: int = field(default=0, init=False)

    @property
    def usage(self) -> Usage:
        """What was read and written so far."""
        return Usage(
            input_tokens=len(self.prompt), output_tokens=self.output_tokens, cached_tokens=self.cached_tokens
        )

    def pieces(self) -> Iterator[str]:
        """The text as it is written; ``finish_reason`` is set when it ends.

        Raises:
            TimedOut: When the deadline passes.
            GrammarInvalid: When the grammar cannot be followed.
            LocalBackendError: When llama.cpp fails.
        """
        step = self._forced()
        yield self._written(step)
        self._read_prompt()
        if step and self.finish_reason is None:
            self.model.context.write(step)
        while self._goes_on():
            allowed = self.masks.allowed() if self.masks else self.model.vocabulary.writable
            token = self.sampler.choose(self.model.context.scores(), allowed)
            if token in self.model.vocabulary.ends:
                self.finish_reason = "stop"
                break
            step = [token]
            yield self._written(step)
            if self.finish_reason is None and (forced := self._forced()):
                yield self._written(forced)
                step += forced
            if self.finish_reason is None:
                self.model.context.write(step)
        yield self.text.finish()

    def _forced(self) -> list[int]:
        return self.masks.forced() if self.masks else []

    def _written(self, tokens: Sequence[int]) -> str:
        """Take tokens into the answer; the new text to show."""
        shown = ""
        for token in tokens:
            piece = self.model.vocabulary.pieces[token]
            if self.masks:
                self.masks.consume(token, piece)
            elif self.output_tokens == 0 and self.model.vocabulary.adds_blank:
                # The blank before a text belongs to the vocabulary's way of writing, not to the answer.
                piece = piece.removeprefix(b" ")
            self.output_tokens += 1
            shown += self.text.add(piece)
            if self.text.stopped or (self.masks and self.masks.finished):
                self.finish_reason = "stop"
            elif self.output_tokens >= self.limits.max_tokens:
                self.finish_reason = "length"
            if self.finish_reason is not None:
                break
        return shown

    def _read_prompt(self) -> None:
        if self.finish_reason is not None:
            return
        context = self.model.context
        self.cached_tokens = context.reuse(self.prompt)
        for batch in context.batches(self.prompt, self.cached_tokens):
            if not self._goes_on():
                return
            context.read(batch)

    def _goes_on(self) -> bool:
        """False once the answer has ended."""
        if self.finish_reason is None and self.limits.cancelled:
            self.finish_reason = "cancelled"
        if self.finish_reason is None and self.limits.late:
            raise TimedOut(
                f"{self.model.name} had read {len(self.prompt)} and written {self.output_tokens} tokens when "
                "the deadline passed; allow more time, or lower max_tokens",
                kind="deadline",
                usage=self.usage,
            )
        return self.finish_reason is None
