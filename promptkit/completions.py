"""What comes back from a backend, and what was found out about it: values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from promptkit.messages import ToolCallPart

__all__ = [
    "LEAST_LOGPROB",
    "Allowance",
    "Attempt",
    "Completed",
    "Completion",
    "Detour",
    "Enforcement",
    "Event",
    "FinishReason",
    "Quotation",
    "RateLimits",
    "Repair",
    "TextDelta",
    "TokenLogprob",
    "Unfinished",
    "Usage",
    "Verdict",
    "usage_of",
]

FinishReason: TypeAlias = Literal["stop", "length", "refusal", "filter", "tool", "cancelled"]

LEAST_LOGPROB = -9999.0
"""The log-probability that stands for "practically never", as in OpenAI's API: JSON has no infinities."""


class Enforcement(StrEnum):
    """Where a rule is enforced, from the earliest place to the latest."""

    NATIVE = "native"  # by the provider's own structured output
    GRAMMAR = "grammar"  # by our mask while decoding
    PROMPT = "prompt"  # said in the prompt only
    CHECK = "check"  # checked on the finished answer
    IMPOSSIBLE = "impossible"  # the backend refuses it


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts as the backend reported them.

    Attributes:
        input_tokens: Tokens read, including cached ones.
        output_tokens: Tokens written, including reasoning.
        cached_tokens: Those input tokens that came from the provider's prompt cache.
        cache_written_tokens: Those input tokens that were written to it.
        reasoning_tokens: Those output tokens that were reasoning.
        estimated: True when a count had to be estimated, for example after a cut stream.
        cost: US dollars spent, as the backend reports it or by its price; None where neither is known. Of a sum,
            None unless it is known of every part.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    cost: Decimal | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cache_written_tokens=self.cache_written_tokens + other.cache_written_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            estimated=self.estimated or other.estimated,
            cost=None if self.cost is None or other.cost is None else self.cost + other.cost,
        )


def usage_of(parts: Iterable[Usage | None]) -> Usage | None:
    """The sum of what is known; None where nothing is."""
    known = [usage for usage in parts if usage is not None]
    return sum(known[1:], known[0]) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """One token of an answer, and how likely the model found it.

    Attributes:
        text: The token's text; a part of a character stands as U+FFFD or as the backend writes it.
        logprob: Natural logarithm of its probability before sampling settings and masks, from LEAST_LOGPROB to 0.
        top: The likeliest tokens at this place, best first, each with its log-probability; as many as were
            asked for, or as the backend gives.
    """

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """Where an answer was cut, so that the backend that wrote it can go on.

    Attributes:
        tokens: What was written, by the numbers of the model's tokens, reasoning included.
        draws: How many of them were drawn by chance.
        thoughts: How many of them stand before the answer, once it has begun; None before.
    """

    tokens: tuple[int, ...]
    draws: int = 0
    thoughts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much of one thing a server still takes, as it said with an answer; None where it did not say.

    Attributes:
        limit: The most in a time that the server chooses, mostly a minute.
        left: What is left of it now.
        reset_s: Seconds until all of it is there again.
    """

    limit: int | None = None
    left: int | None = None
    reset_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """A server's rate limits, as it said them with one answer or error; None for what it did not speak of.

    Attributes:
        requests: Requests.
        tokens: Tokens, read and written together.
        input_tokens: Tokens read.
        output_tokens: Tokens written.
    """

    requests: Allowance | None = None
    tokens: Allowance | None = None
    input_tokens: Allowance | None = None
    output_tokens: Allowance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detour:
    """One step that a layer took on the way from a question to its answer.

    Attributes:
        layer: ``retry``: the backend failed and was asked again; ``fallback``: another was asked in its place;
            ``cache``: the answer was kept from an earlier call, or is that of an equal call at the same time.
        backend: The backend that failed or was left; of a kept answer, the one that it is from.
        reason: Why, as a sentence.
        to: The backend that was asked next; None when it was the same, or none.
        waited_s: Seconds that were waited before it.
        usage: What was spent on what failed; None where nothing is known.
    """

    layer: Literal["retry", "fallback", "cache"]
    backend: str
    reason: str
    to: str | None = None
    waited_s: float = 0.0
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The raw answer of a backend.

    Attributes:
        text: What the model wrote, without reasoning.
        finish_reason: Why it stopped.
        model: The model's name as the backend reports it.
        usage: Token counts, None where the backend reports none.
        request_id: The backend's own id of the request.
        refusal: The refusal's text where the backend tells it apart from an answer.
        reasoning: The reasoning's text where the backend gives it.
        logprobs: The answer's tokens in order, where they were asked for and the backend gives them; else None.
        confidence: How sure the model was of each field, from 0 to 1, by its path in the output; None where the
            backend does not tell.
        tool_calls: The tools that the model asks to be called, in its order.
        unfinished: Where the backend could go on; None where the answer is whole, or where it could not.
        rate_limits: What the server said of its rate limits with the answer; None where it said nothing.
        detours: What layers did on the way to it, in order.
    """

    text: str
    finish_reason: FinishReason
    model: str
    usage: Usage | None = None
    request_id: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    confidence: Mapping[str, float] | None = None
    tool_calls: tuple[ToolCallPart, ...] = ()
    unfinished: Unfinished | None = field(default=None, repr=False)
    rate_limits: RateLimits | None = field(default=None, repr=False, compare=False)
    detours: tuple[Detour, ...] = ()

    @property
    def spent(self) -> Usage | None:
        """Tokens and money that it took, failed tries included; None where nothing is known.

        An answer that was kept from an earlier call takes nothing. ``usage`` is what its writing took.
        """
        kept = any(detour.layer == "cache" for detour in self.detours)
        own = Usage(input_tokens=0, output_tokens=0, cost=Decimal(0)) if kept else self.usage
        return usage_of((*(detour.usage for detour in self.detours), own))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of text as it arrives.

    Attributes:
        text: The new text alone.
    """

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The last event of a backend's stream.

    Attributes:
        completion: The whole answer, its text equal to all deltas joined.
    """

    completion: Completion


Event: TypeAlias = TextDelta | Completed


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One change that was made to take a value from a model's text.

    Attributes:
        path: Where in the value, for example ``citations[0].doc``.
        rule: The name of the repair.
        before: The text or value as the model wrote it.
        after: What it was taken for.
        cost: How far from what was written; lower is closer.
        lossy: True when something was lost.
    """

    path: str
    rule: str
    before: Any
    after: Any
    cost: int
    lossy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """Where a value of the output stands in an input.

    Attributes:
        path: The place in the output, for example ``evidence``.
        source: The place in the inputs, for example ``ticket.body``.
        start: First character in the text at ``source``, counted from 0.
        end: The character behind the last one.
        exact: True when it stands there letter for letter; False when blanks or Unicode forms differ.
    """

    path: str
    source: str
    start: int
    end: int
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one constraint.

    Attributes:
        constraint: The constraint's id.
        path: The field it is about; empty for the whole output.
        rule: The rule's kind, for example ``max_words``.
        outcome: Held, violated, or unchecked because nothing could check it here.
        severity: A violated ``must`` fails the output, a ``should`` does not.
        enforced: The earliest place where the rule was enforced.
        got: What was found, shortened for people; None when the rule held.
        expected: The rule as a sentence.
        hint: What to do about a violation, for a re-ask and for people.
        on_fail: What a violated ``must`` leads to.
        places: Each place that is broken, for example ``items[2].name``; empty when the rule held.
        quotations: Where quoted values stand in the inputs, when the rule is one on quotations and held.
    """

    constraint: str
    path: str
    rule: str
    outcome: Literal["held", "violated", "unchecked"]
    severity: Literal["must", "should"]
    enforced: Enforcement
    expected: str
    got: str | None = None
    hint: str | None = None
    on_fail: Literal["error", "reask", "warn"] = "reask"
    places: tuple[str, ...] = ()
    quotations: tuple[Quotation, ...] = ()

    @property
    def fails(self) -> bool:
        """True when it fails the output: a violated ``must`` that does not merely warn."""
        return self.outcome == "violated" and self.severity == "must" and self.on_fail != "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One question to a model and what came of it.

    Attributes:
        number: 1 for the first.
        cause: Why it was asked: ``first``, or ``re-ask:`` with the rules that the answer before had broken, for
            example ``re-ask: reply.max_words, items[2].name: type``; empty in records that did not say it yet.
        asked: The paths that were asked for; empty for the whole answer.
        messages: What was sent after the first question's messages, as data; empty for the first question.
        completion: The raw answer; None when the backend failed.
        error: The error's class name and message when the attempt failed.
        verdicts: The verdicts on the value as it stood after this attempt, empty when there was no value.
        usage: Tokens that this attempt took, also one that failed; none for a kept answer; None where the
            backend counts none.
        cost: Money as a decimal string, None when the backend does not report it.
        started_at: Seconds since the epoch.
        elapsed_s: How long the attempt took.
        detours: What layers did on the way to the answer or the error, in order.
    """

    number: int
    cause: str = ""
    asked: tuple[str, ...] = ()
    messages: tuple[Mapping[str, Any], ...] = ()
    completion: Completion | None
    error: str | None
    verdicts: tuple[Verdict, ...] = ()
    usage: Usage | None = None
    cost: str | None = None
    started_at: float
    elapsed_s: float
    detours: tuple[Detour, ...] = ()
