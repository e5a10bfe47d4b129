"""One request in the decoder: its prompt, its answer so far, and what ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from promptkit.backends.llama.assembling import TextAssembler
from promptkit.backends.llama.bindings import Array, numpy
from promptkit.backends.llama.confidence import Candidate, Prober
from promptkit.backends.llama.contexts import Adapter
from promptkit.backends.llama.guides import Guide
from promptkit.backends.llama.sampling import Sampler
from promptkit.backends.llama.scores import logprob, top
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.completions import (
    Completed,
    Completion,
    Event,
    FinishReason,
    TextDelta,
    TokenLogprob,
    Unfinished,
    Usage,
)
from promptkit.errors import BackendError, TimedOut

__all__ = ["Answer", "Limits", "News"]

News = Event | BackendError
"""What a caller hears of an answer: pieces of text, then the whole or an error."""


def _nobody(news: News) -> None:
    """Where news go that were told already."""


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
        guide: What may be written, and what of it is the answer.
        sampler: Chooses the tokens.
        text: Puts the text together.
        max_tokens: The most tokens that may be written.
        limits: What ends it from outside.
        backend: The name of the backend that was asked, which errors carry.
        tell: Takes the news; called in the decoder's thread.
        adapters: LoRA weights to decode with.
        streams: True when the caller wants the pieces; else only the whole is told.
        logprobs: How many likeliest tokens to tell at each place, with their log-probabilities; None for no such.
        cut: The answer so far, when one that was cut is gone on with.
        prober: Finds out how sure the model was of fields; None when nobody wants to know.
        opening: All tokens that are read before anything is chosen: the prompt and what must come first.
        finish_reason: Why it ended; None before it did.
        pending: Tokens of the answer that are still to be decoded.
        tokens: The tokens written so far, without the one that says "end".
        cached_tokens: Prompt tokens that the model still knew.
        left: True once the caller is gone and hears no more.
        over: True once the last news was told.
    """

    model: str
    vocabulary: Vocabulary
    prompt: Sequence[int]
    guide: Guide
    sampler: Sampler
    text: TextAssembler
    max_tokens: int
    limits: Limits
    backend: str
    tell: Callable[[News], object]
    adapters: tuple[Adapter, ...] = ()
    streams: bool = True
    logprobs: int | None = None
    prober: Prober | None = None
    cut: Completion | None = None
    opening: Array = field(default=None, init=False)
    finish_reason: FinishReason | None = field(default=None, init=False)
    pending: list[int] = field(default_factory=list[int], init=False)
    tokens: list[int] = field(default_factory=list[int], init=False)
    cached_tokens: int = field(default=0, init=False)
    left: bool = field(default=False, init=False)
    over: bool = field(default=False, init=False)
    _whole: list[str] = field(default_factory=list[str], init=False)
    _noted: list[TokenLogprob] = field(default_factory=list[TokenLogprob], init=False)
    _probes: bool = field(default=False, init=False)
    _resumed: int = field(default=0, init=False)
    _old_thoughts: int = field(default=0, init=False)
    _told: int = field(default=0, init=False)

    @property
    def usage(self) -> Usage:
        """What was read and written so far."""
        return Usage(
            input_tokens=len(self.prompt),
            output_tokens=len(self.tokens) - self._resumed,
            cached_tokens=self.cached_tokens,
            reasoning_tokens=self._thought_tokens - self._old_thoughts,
        )

    @property
    def scored(self) -> int:
        """From which token of ``opening`` on scores are wanted: the last before the new ones, or the last of all."""
        return len(self.opening) - 1 if self.logprobs is None else len(self.prompt) + self._resumed - 1

    @property
    def _thought_tokens(self) -> int:
        return self.guide.thoughts.tokens if self.guide.thoughts else 0

    @property
    def asks_on(self) -> bool:
        """True while the text is finished but scores of it are still wanted."""
        if (
            self.finish_reason not in ("stop", "length")
            or self.left
            or self.limits.cancelled
            or self.limits.late
        ):
            return False
        return (self.logprobs is not None and bool(self.pending)) or self.probe() is not None

    def begin(self) -> None:
        """Write what must come first; called once, by the caller.

        Raises:
            GrammarInvalid: When the grammar cannot be followed.
        """
        if self.cut is not None:
            self._repeat(self.cut)
        self._write(self.guide.forced())
        self.opening = numpy().array([*self.prompt, *self.tokens], dtype=numpy().int32)

    def _repeat(self, cut: Completion) -> None:
        """Write what was written already: the caller has heard it, and it is not counted again."""
        assert cut.unfinished is not None, "a request says so"
        tell, self.tell = self.tell, _nobody
        tokens, thoughts = cut.unfinished.tokens, cut.unfinished.thoughts
        if self.guide.thoughts is not None and thoughts is not None:
            self.guide.thoughts.repeat(thoughts, cut.reasoning or "")
            self.tokens, tokens = list(tokens[:thoughts]), tokens[thoughts:]
        self._write(tokens)
        self.tell = tell
        self.sampler.skip(cut.unfinished.draws)
        self._noted = list(cut.logprobs or ())
        self._resumed, self._old_thoughts = len(self.tokens), self._thought_tokens
        # What is held back now was told when the answer was cut.
        self._told = len(cut.text) - len(self._said())

    def go_on(self, scores: Array) -> None:
        """Choose the next token by the scores and write it with those that must follow it.

        Raises:
            GrammarInvalid: When the grammar cannot be followed.
            LocalBackendError: When the scores are no numbers.
        """
        settled = self.guide.settled(self.sampler.choose(scores, self.guide.allowed(scores)))
        if not settled:
            self.finish_reason = "stop"
            return
        self.note(settled[0], scores)
        before = len(self.tokens)
        self._write(settled)
        if self.finish_reason is None:
            self._write(self.guide.forced())
        self.pending = self.tokens[before:]

    def note(self, token: int, scores: Array) -> None:
        """Take note of how likely a token was by the scores before it."""
        if self.logprobs is None:
            return
        best = top(scores, self.logprobs)
        self._noted.append(
            TokenLogprob(
                text=self._spelled(token),
                logprob=logprob(scores, token),
                top=tuple((self._spelled(other), value) for other, value in best),
            )
        )

    def _spelled(self, token: int) -> str:
        return self.vocabulary.pieces[token].decode("utf-8", "replace")

    def probe(self) -> Candidate | None:
        """What is to be decoded next to know how sure the model was; None when all is known."""
        if self.prober is None or self.finish_reason != "stop":
            return None
        if not self._probes:
            self._probes = True
            self.prober.begin(self._said(), self.tokens, self._thought_tokens)
        return self.prober.next()

    def _said(self) -> str:
        """The text, with what is still held back: the end of a finished JSON is not."""
        return "".join(self._whole)

    def is_wanted(self) -> bool:
        """False once the answer has ended; the caller's cancel and deadline are looked at.

        Raises:
            TimedOut: When the deadline has passed.
        """
        if self.finish_reason is None and (self.left or self.limits.cancelled):
            self.finish_reason = "cancelled"
        if self.finish_reason is None and self.limits.late:
            raise TimedOut(
                f"{self.model} had read {len(self.prompt)} and written {len(self.tokens)} tokens when "
                "the deadline passed; allow more time, or lower max_tokens",
                kind="deadline",
                usage=self.usage,
            )
        return self.finish_reason is None or self.asks_on

    def finish(self) -> None:
        """Tell the caller the rest of the text and the whole."""
        assert self.finish_reason is not None
        self._show(self.text.finish(is_cut=self.finish_reason != "stop"))
        completion = Completion(
            text="".join(self._whole),
            finish_reason=self.finish_reason,
            model=self.model,
            usage=self.usage,
            reasoning=self.guide.thoughts.reasoning if self.guide.thoughts else None,
            logprobs=None if self.logprobs is None else self._answer_noted(),
            confidence=self.prober.shares() if self.prober else None,
            unfinished=self._unfinished() if self.finish_reason == "length" else None,
        )
        self._end(Completed(completion=completion))

    def _unfinished(self) -> Unfinished:
        """Where to go on. Half a mark that ends the thoughts is taken back: it will be written whole."""
        thoughts = self.guide.thoughts
        half, is_chosen = thoughts.mark if thoughts is not None else (0, False)
        return Unfinished(
            tokens=tuple(self.tokens[: len(self.tokens) - half]),
            draws=max(0, self.sampler.draws - is_chosen),
            thoughts=thoughts.tokens if thoughts is not None and thoughts.over else None,
        )

    def _answer_noted(self) -> tuple[TokenLogprob, ...]:
        """What was noted of the answer's tokens, without those of thoughts, which stand before all others."""
        old = len(self.cut.logprobs or ()) if self.cut is not None else 0
        return (*self._noted[:old], *self._noted[old + self._thought_tokens - self._old_thoughts :])

    def fail(self, error: BackendError) -> None:
        """Tell the caller why there is no answer."""
        error.backend = error.backend or self.backend
        self._end(error)

    def _end(self, news: News) -> None:
        self.over = True
        self.tell(news)

    def _write(self, tokens: Sequence[int]) -> None:
        """Take tokens into the answer and show the new text."""
        shown = ""
        for token in tokens:
            piece = self.guide.consume(token)
            self.sampler.wrote(token)
            self.tokens.append(token)
            shown += self.text.add(piece)
            if self.text.stopped or self.guide.finished:
                self.finish_reason = "stop"
            elif len(self.tokens) >= self.max_tokens:
                self.finish_reason = "length"
            if self.finish_reason is not None:
                break
        self._show(shown)

    def _show(self, text: str) -> None:
        if text:
            self._whole.append(text)
        new = text[self._told :]
        self._told -= len(text) - len(new)
        if new and self.streams:
            self.tell(TextDelta(text=new))
