"""What ``using`` sets on a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypedDict, Unpack, get_args

from promptkit.errors import InputError
from promptkit.requests import Demands, Enforce, GenerationConfig, Tool
from promptkit.sessions import BackendLike
from promptkit.spelling import did_you_mean

__all__ = ["Options", "Using"]


class Using(TypedDict, total=False):
    """The options of ``using`` beside backend and tools; what is left out, or None, stays as it was.

    Attributes:
        attempts: How many questions are allowed in all.
        continuations: How often an answer that max_tokens cut is gone on with; 0 if never set.
        generation: Sampling settings over those of the file.
        deadline_s: Seconds for the whole call, re-asks included.
        tags: Labels for the record.
        enforce: ``off``, ``prefer`` or ``require``, in place of what the file says.
        abort_on_violation: Whether the model is stopped at the first field that breaks the contract.
    """

    attempts: int | None
    continuations: int | None
    generation: GenerationConfig | Mapping[str, Any] | None
    deadline_s: float | None
    tags: Mapping[str, str] | None
    enforce: Enforce | None
    abort_on_violation: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What ``using`` sets; inputs and options never mix.

    Attributes:
        backend: Who answers; None leaves it to the session.
        attempts: How many questions are allowed; None leaves it to the file.
        continuations: How often an answer that max_tokens cut is gone on with.
        generation: Sampling settings over those of the file.
        deadline_s: Seconds for the whole call, re-asks included; None sets no limit.
        tags: Labels for the record.
        enforce: Whether the backend must, shall or shall not hold the model to the output; None leaves it to
            the file.
        abort_on_violation: Whether the model is stopped at the first field that breaks the contract.
        tools: What the model may ask to be called.
    """

    backend: BackendLike | None = None
    attempts: int | None = None
    continuations: int = 0
    generation: Mapping[str, Any] = field(default_factory=dict[str, Any])
    deadline_s: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    enforce: Enforce | None = None
    abort_on_violation: bool = False
    tools: tuple[Tool, ...] = ()

    @property
    def demands(self) -> Demands:
        """What the backend must be able to do beside enforcing the output."""
        return Demands(continuations=self.continuations, tools=tuple(tool.name for tool in self.tools))

    def over(
        self,
        *,
        backend: BackendLike | None = None,
        tools: Sequence[Any] | None = None,
        **options: Unpack[Using],
    ) -> Options:
        """These options with others laid over them; None leaves one as it was.

        Raises:
            InputError: For a number of attempts below 1 or of continuations below 0, an unknown setting, or what
                is no tool.
        """
        _check(options)
        if backend is not None and not isinstance(backend, str) and not hasattr(backend, "plan"):
            raise InputError(
                f"{backend!r} is no backend; give a name such as 'llama:demo' or an object that answers requests"
            )
        given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        if backend is not None:
            given["backend"] = backend
        if tools is not None:
            given["tools"] = _tools(tools)
        given["generation"] = {**self.generation, **_settings(options.get("generation"))}
        given["tags"] = {**self.tags, **(options.get("tags") or {})}
        return replace(self, **given)


def _check(options: Using) -> None:
    attempts, continuations = options.get("attempts"), options.get("continuations")
    deadline_s, tags = options.get("deadline_s"), options.get("tags")
    if attempts is not None and (not _is_number(attempts, int) or attempts < 1):
        raise InputError(f"attempts is {attempts!r}; it must be a whole number from 1")
    if continuations is not None and (not _is_number(continuations, int) or continuations < 0):
        raise InputError(f"continuations is {continuations!r}; it must be a whole number from 0")
    if deadline_s is not None and (not _is_number(deadline_s, int | float) or deadline_s <= 0):
        raise InputError(f"deadline_s is {deadline_s!r}; it must be a number of seconds above 0")
    if tags is not None and not _are_labels(tags):
        raise InputError(
            f"tags is {tags!r}; it must be a mapping of texts, for example {{'customer': 'c42'}}"
        )
    if options.get("enforce") not in (None, *get_args(Enforce)):
        raise InputError(f"enforce is {options.get('enforce')!r}; it must be off, prefer or require")


def _settings(generation: GenerationConfig | Mapping[str, Any] | None) -> dict[str, Any]:
    settings = generation.to_dict() if isinstance(generation, GenerationConfig) else dict(generation or {})
    known = [item.name for item in fields(GenerationConfig)]
    for key in settings:
        if key not in known:
            raise InputError(
                f"unknown generation setting {key}{did_you_mean(key, known)}; known are {', '.join(known)}"
            )
    return settings


def _tools(given: Sequence[Any]) -> tuple[Tool, ...]:
    try:
        tools = tuple(item if isinstance(item, Tool) else Tool.of(item) for item in given)
    except ValueError as error:
        raise InputError(f"tools: {error}") from error
    names = [tool.name for tool in tools]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"tools: two are called {name}; give one of them another name")
    return tools


def _is_number(value: Any, kinds: Any) -> bool:
    """True for numbers of these kinds; a boolean is none, though Python counts it among the integers."""
    return isinstance(value, kinds) and not isinstance(value, bool)


def _are_labels(tags: Any) -> bool:
    return isinstance(tags, Mapping) and all(isinstance(text, str) for pair in tags.items() for text in pair)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
