"""A prompt filled in, and one question to a backend."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypedDict

from promptkit.cleaning import Cleaned
from promptkit.completions import Completion
from promptkit.errors import PromptKitError
from promptkit.messages import Message
from promptkit.requests.fit import Fit
from promptkit.requests.generation import GenerationConfig, canonical_json
from promptkit.requests.output_spec import OutputSpec
from promptkit.requests.source_map import SourceMap
from promptkit.requests.tools import Tool

__all__ = ["PromptRef", "Rendered", "Request"]


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


class RenderedFields(TypedDict):
    """The fields of a Rendered by name."""

    messages: tuple[Message, ...]
    output: OutputSpec
    generation: GenerationConfig
    prompt: PromptRef
    inputs: Mapping[str, Any]
    exporter: Callable[[Rendered], dict[str, Any]]
    fit: Fit | None
    cleaned: Mapping[str, Cleaned]
    tracer: Callable[[], SourceMap] | None


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A prompt filled in: the messages and what is asked of the answer.

    Attributes:
        messages: What the model will be shown.
        output: What the answer must be.
        generation: How to sample.
        prompt: Which prompt this came from.
        inputs: The validated inputs as plain data, as they were given.
        exporter: Writes this as keyword arguments of a chat-completions client; set by Prompt.
        fit: What was kept and cut to make it fit; None where nothing limits its length.
        cleaned: The texts of inputs that ``input.clean`` changed, by path, each with its original and its changes.
        tracer: Makes the source map; set by Prompt.
    """

    messages: tuple[Message, ...]
    output: OutputSpec = field(repr=False)
    generation: GenerationConfig
    prompt: PromptRef
    inputs: Mapping[str, Any] = field(repr=False)
    exporter: Callable[[Rendered], dict[str, Any]] = field(repr=False, compare=False)
    fit: Fit | None = field(default=None, repr=False)
    cleaned: Mapping[str, Cleaned] = field(default_factory=dict[str, Cleaned], repr=False)
    tracer: Callable[[], SourceMap] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, fields: RenderedFields) -> Rendered:
        """A value of fields in a dict that is given away: a render makes one each time, and this is the quick way."""
        made = cls.__new__(cls)
        # Setting each field of a frozen data class by object.__setattr__ was a fifth of a render's instructions.
        object.__setattr__(made, "__dict__", fields)
        return made

    @property
    def compared(self) -> Mapping[str, Any]:
        """The inputs that rules compare an answer with: cleaned where the model was shown cleaned ones."""
        return self.inputs if self.output.inputs is None else self.output.inputs

    @property
    def source_map(self) -> SourceMap:
        """Where each range of the messages comes from; worked out when it is asked for, by rendering once more.

        Raises:
            ValueError: When this was not rendered by a prompt.
        """
        if self.tracer is None:
            raise ValueError("this was not rendered by a prompt, so nothing tells where its texts come from")
        return self.tracer()

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
        tools: What the model may ask to be called in place of an answer.
        unchanging: How many of the first messages are the same for all inputs of the prompt, which a provider may
            keep; it shapes no answer.
        tags: The caller's own labels; they never reach the model.
        resumes: The cut answer to these messages that is gone on with; None to begin one. What comes back is the
            whole, with the usage of the new part alone.
        judge: Tells a layer whether an answer holds the contract of this call: the error that it would be refused
            with, None when it holds. Set by the engine for one call; it counts in no comparison and no
            fingerprint, and is not pickled.

    Raises:
        ValueError: When no backend can go on with the answer that ``resumes`` holds.
    """

    messages: tuple[Message, ...]
    output: OutputSpec = field(repr=False)
    generation: GenerationConfig
    prompt: PromptRef
    tools: tuple[Tool, ...] = ()
    unchanging: int = field(default=0, compare=False)
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    resumes: Completion | None = field(default=None, repr=False)
    judge: Callable[[Completion], PromptKitError | None] | None = field(
        default=None, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.resumes is not None and self.resumes.unfinished is None:
            raise ValueError(
                "resumes holds an answer that is whole or of a backend that cannot go on: its unfinished is None; "
                "give a completion that was cut, or leave resumes out"
            )

    @property
    def shown(self) -> tuple[str, ...]:
        """The texts that the model is shown, without what it wrote itself."""
        return tuple(message.text for message in self.messages if message.role != "assistant")

    def __getstate__(self) -> list[Any]:
        # In the form that the __setstate__ of a data class with slots takes.
        return [None if item.name == "judge" else getattr(self, item.name) for item in fields(self)]

    def fingerprint(self) -> str:
        """SHA-256 over everything that shapes the answer, as ``sha256:...``.

        Messages, generation, schema, tools, reasoning and the answer that is gone on with count; tags, the
        prompt's name and its version do not.
        """
        digest = hashlib.sha256(canonical_json(self._shape()))
        for message in self.messages:
            if not isinstance(message.content, str):
                for part in message.content:
                    digest.update(getattr(part, "data", None) or b"")
        if self.output.enforce != "off":
            digest.update(self.output.json_bytes)
            for constraint, form in self.output.forms:
                digest.update(f"{constraint.path}\0{form!r}\0".encode("utf-8", "surrogatepass"))
            for constraint in self.output.constraints:
                if constraint.stops:
                    digest.update(f"{constraint.path}\0hard {constraint.rule!r}\0".encode())
        return f"sha256:{digest.hexdigest()}"

    def _shape(self) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "v": 1,
            "messages": [message.to_dict() for message in self.messages],
            "generation": self.generation.to_dict(),
            "mode": self.output.mode,
        }
        if self.output.reasoning:
            shape["reasoning"] = self.output.reasoning
        if self.tools:
            shape["tools"] = [tool.to_dict() for tool in self.tools]
        if self.resumes is not None and self.resumes.unfinished is not None:
            shape["resumes"] = [self.resumes.text, list(self.resumes.unfinished.tokens)]
        return shape
