"""What is sent to a backend and what a backend is: values and two protocols."""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from promptkit.completions import Completion, Enforcement, Event
from promptkit.constraints import Constraint, narrow
from promptkit.messages import Message, Part
from promptkit.schemas import OutputSchema

__all__ = [
    "AsyncBackend",
    "Backend",
    "Capabilities",
    "Count",
    "GenerationConfig",
    "OutputSpec",
    "Placement",
    "Plan",
    "PromptRef",
    "Rendered",
    "Request",
    "canonical_json",
]


def canonical_json(data: Any) -> bytes:
    """Compact UTF-8 JSON with sorted keys: equal data gives equal bytes.

    Raises:
        TypeError: When ``data`` is not JSON-able.
        ValueError: For NaN and infinities, which JSON does not have.
    """
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


_SEEDS = 2**63  # servers read seeds as signed 64-bit numbers, and the sampler here takes no negative ones

_SETTINGS: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("temperature", (int, float), "a number"),
    ("max_tokens", (int,), "a whole number"),
    ("seed", (int,), "a whole number"),
    ("top_p", (int, float), "a number"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationConfig:
    """How a model samples; None leaves a setting to the backend.

    Attributes:
        temperature: 0 means greedy; finite.
        max_tokens: Upper bound of the answer's tokens.
        seed: Seed of the sampler, where the backend takes one; 0 or more, less than 2**63.
        top_p: Nucleus sampling's probability mass, above 0 up to 1.
        stop: Texts at which the answer ends, none of them empty.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, kinds, word in _SETTINGS:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
                raise ValueError(f"{name} is {value!r}; it must be {word}")
        texts: Any = self.stop
        if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):  # pyright: ignore[reportUnknownVariableType]
            raise ValueError(f"stop is {self.stop!r}; it must be a list of texts")
        if "" in self.stop:
            raise ValueError(f"stop is {self.stop!r}; it must be a list of texts that are not empty")
        self._check_ranges()

    def _check_ranges(self) -> None:
        if self.temperature is not None and not -math.inf < self.temperature < math.inf:
            raise ValueError(f"temperature is {self.temperature}; it must be a finite number")
        if self.seed is not None and not 0 <= self.seed < _SEEDS:
            raise ValueError(f"seed is {self.seed}; it must be 0 or more and less than 2**63")
        if self.temperature is not None and self.temperature < 0:
            raise ValueError(f"temperature is {self.temperature}; it must be 0 or more")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ValueError(f"max_tokens is {self.max_tokens}; it must be at least 1")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; it must be above 0 and at most 1")

    def to_dict(self) -> dict[str, Any]:
        """The settings that are set, as JSON-able data."""
        pairs = {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "top_p": self.top_p,
            "stop": list(self.stop) or None,
        }
        return {name: value for name, value in pairs.items() if value is not None}


class OutputSpec:
    """What an answer must be: a schema, the constraints on it, and the two as one JSON Schema.

    Attributes:
        schema: The output's schema; its ``kind`` is ``text`` or ``json``.
        constraints: The rules on the value.
        json_schema: The schema narrowed by those constraints that JSON Schema can say; empty for text.
        json_bytes: ``json_schema`` as compact JSON, property order kept, serialised once.
    """

    __slots__ = ("constraints", "json_bytes", "json_schema", "schema")

    def __init__(self, *, schema: OutputSchema[Any], constraints: Sequence[Constraint] = ()) -> None:
        self.schema = schema
        self.constraints = tuple(constraints)
        self.json_schema: Mapping[str, Any] = narrow(schema.json_schema, self.constraints)
        self.json_bytes = json.dumps(self.json_schema, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def mode(self) -> Literal["text", "json"]:
        """``text`` for a plain answer, ``json`` for a value of the schema."""
        return self.schema.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRef:
    """Which prompt a request came from.

    Attributes:
        name: For example ``support/triage``.
        version: Semantic version; None when the file names none.
        file: Path of its file; None when it was built in Python.
        digest: SHA-256 of the declaration's text, as ``sha256:...``.
    """

    name: str
    version: str | None = None
    file: str | None = None
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A prompt filled in: the messages and what is asked of the answer.

    Attributes:
        messages: What the model will be shown.
        output: What the answer must be.
        generation: How to sample.
        prompt: Which prompt this came from.
        inputs: The validated inputs as plain data.
        exporter: Writes this as keyword arguments of a chat-completions client; set by Prompt.
    """

    messages: tuple[Message, ...]
    output: OutputSpec = field(repr=False)
    generation: GenerationConfig
    prompt: PromptRef
    inputs: Mapping[str, Any] = field(repr=False)
    exporter: Callable[[Rendered], dict[str, Any]] = field(repr=False, compare=False)

    def to_openai(self) -> dict[str, Any]:
        """Keyword arguments for ``client.chat.completions.create(model=..., **these)``."""
        return self.exporter(self)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The messages as ``{"role": ..., "content": ...}`` data."""
        return [message.to_dict() for message in self.messages]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a backend.

    Attributes:
        messages: The conversation so far.
        output: What the answer must be.
        generation: How to sample.
        prompt: Which prompt this came from.
        tags: The caller's own labels; they never reach the model.
    """

    messages: tuple[Message, ...]
    output: OutputSpec = field(repr=False)
    generation: GenerationConfig
    prompt: PromptRef
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    def fingerprint(self) -> str:
        """SHA-256 over everything that shapes the answer, as ``sha256:...``.

        Messages, generation and schema count; tags, the prompt's name and its version do not.
        """
        digest = hashlib.sha256()
        digest.update(
            canonical_json(
                {
                    "v": 1,
                    "messages": [message.to_dict() for message in self.messages],
                    "generation": self.generation.to_dict(),
                    "mode": self.output.mode,
                }
            )
        )
        for message in self.messages:
            if not isinstance(message.content, str):
                for part in message.content:
                    digest.update(getattr(part, "data", None) or b"")
        digest.update(self.output.json_bytes)
        return f"sha256:{digest.hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one rule is enforced.

    Attributes:
        path: The field; empty for the whole output.
        rule: A JSON Schema keyword or a constraint's kind.
        where: The earliest place that enforces it.
        note: Why, or what the backend does with it instead; empty when there is nothing to say.
    """

    path: str
    rule: str
    where: Enforcement
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a backend will do with an output specification, known before anything is sent.

    Attributes:
        backend: The backend's name.
        placements: One for each rule.
        wire: The schema as this backend will be given it; None when it is given none.
    """

    backend: str
    placements: tuple[Placement, ...] = ()
    wire: Mapping[str, Any] | None = field(default=None, repr=False)

    def where(self, path: str, rule: str) -> Enforcement:
        """The place of one rule; CHECK when the plan does not name it, since every answer is checked."""
        for placement in self.placements:
            if placement.path == path and placement.rule == rule:
                return placement.where
        return Enforcement.CHECK


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend can do.

    Attributes:
        schema: True when it enforces a JSON Schema while the model writes.
        stream: True when answers can arrive piece by piece.
        seed: True when a seed is honoured.
        logprobs: True when log-probabilities can be had.
        parts: Kinds of parts that messages may hold.
        max_parallel: How many requests it answers at once; None when it sets no limit.
    """

    schema: bool = False
    stream: bool = True
    seed: bool = False
    logprobs: bool = False
    parts: frozenset[type[Part]] = frozenset()
    max_parallel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of tokens.

    Attributes:
        n: The count.
        exact: False when it is an estimate.
    """

    n: int
    exact: bool


@runtime_checkable
class Backend(Protocol):
    """Anything that answers requests.

    ``deadline`` is a time of ``time.monotonic()``; ``cancel`` ends the request when it is set.
    Every failure is raised as a BackendError.
    """

    @property
    def name(self) -> str:
        """The name by which users ask for it, for example ``llama:demo``; never holds a key."""
        ...

    def capabilities(self) -> Capabilities:
        """What the backend can do; no I/O."""
        ...

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        """What it will do with ``spec``; pure and offline, never sees messages."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        """How many tokens these messages are, exactly or by estimate."""
        ...

    def complete(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Completion:
        """Answer one request."""
        ...

    def stream(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> AbstractContextManager[Iterator[Event]]:
        """Answer one request piece by piece; the last event is Completed."""
        ...

    def close(self) -> None:
        """Give back what is held; may be called twice."""
        ...


@runtime_checkable
class AsyncBackend(Protocol):
    """The asynchronous twin of Backend: the same planning, awaitable calls.

    A cancelled task ends its request; CancelledError passes through.
    """

    @property
    def name(self) -> str:
        """The name by which users ask for it."""
        ...

    def capabilities(self) -> Capabilities:
        """What the backend can do; no I/O."""
        ...

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        """What it will do with ``spec``; pure and offline."""
        ...

    async def acomplete(self, request: Request, *, deadline: float | None = None) -> Completion:
        """Answer one request."""
        ...

    def astream(
        self, request: Request, *, deadline: float | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Answer one request piece by piece; the last event is Completed."""
        ...

    async def aclose(self) -> None:
        """Give back what is held; may be called twice."""
        ...
