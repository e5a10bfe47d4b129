"""What ``using`` sets on a prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypedDict, Unpack, get_args

from promptkit.errors import InputError
from promptkit.requests import Demands, Enforce, GenerationConfig, RepairLevel, Tool
from promptkit.sessions import BackendLike
from promptkit.spelling import did_you_mean

__all__ = ["CallOptions", "Options"]


class CallOptions(TypedDict, total=False):
    """The options of ``using`` beside backend and tools; None leaves one as it was.

    Attributes:
        attempts: How many questions are allowed in all.
        continuations: How often an answer that max_tokens cut is gone on with; 0 if never set.
        generation: Sampling settings over those of the file.
        deadline_s: Seconds for the whole call, re-asks included.
        tags: Labels for the record.
        enforce: ``off``, ``prefer`` or ``require``, in place of what the file says.
        repair: ``off``, ``lossless`` or ``lenient``, in place of what the file says.
        max_input_tokens: The most tokens of the prompt. Blocks of context that may shrink give way first.
        abort_on_violation: Whether the model is stopped at the first field that breaks the contract.
    """

    attempts: int | None
    continuations: int | None
    generation: GenerationConfig | Mapping[str, Any] | None
    deadline_s: float | None
    tags: Mapping[str, str] | None
    enforce: Enforce | None
    repair: RepairLevel | None
    max_input_tokens: int | None
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
        repair: How an answer that is no strict JSON is read; None leaves it to the file.
        max_input_tokens: The most tokens of the prompt; None leaves it to the file and the model.
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
    repair: RepairLevel | None = None
    max_input_tokens: int | None = None
    abort_on_violation: bool = False
    tools: tuple[Tool, ...] = ()

    @property
    def demands(self) -> Demands:
        """What the backend must be able to do beside enforcing the output."""
        return Demands(continuations=self.continuations, tools=tuple(tool.name for tool in self.tools))

    def over(
        self,
        backend: BackendLike | None = None,
        *,
        tools: Sequence[Any] | None = None,
        **given: Unpack[CallOptions],
    ) -> Options:
        """These options with others laid over them; None leaves one as it was.

        Raises:
            InputError: For a number of attempts below 1 or of continuations below 0, an unknown setting, or what
                is no tool.
            TypeError: For an option that does not exist.
        """
        for name in given:
            if name not in _OPTIONS:
                known = ", ".join(_OPTIONS)
                raise TypeError(
                    f"using() has no option {name}{did_you_mean(name, _OPTIONS)}; there are backend, tools, {known}"
                )
        if backend is not None and not isinstance(backend, str) and not hasattr(backend, "plan"):
            raise InputError(
                f"{backend!r} is no backend; give a name such as 'llama:demo' or an object that answers requests"
            )
        made: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        for name, (holds, wanted) in _RULES.items():
            if name in made and not holds(made[name]):
                raise InputError(f"{name} is {made[name]!r}; it must be {wanted}")
        if "generation" in made:
            made["generation"] = {**self.generation, **_settings(made["generation"])}
        if "tags" in made:
            made["tags"] = {**self.tags, **made["tags"]}
        if backend is not None:
            made["backend"] = backend
        if tools is not None:
            made["tools"] = _tools(tools)
        return replace(self, **made)


def _settings(given: GenerationConfig | Mapping[str, Any]) -> dict[str, Any]:
    settings = given.to_dict() if isinstance(given, GenerationConfig) else dict(given)
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


def _count_from(least: int) -> tuple[Callable[[Any], bool], str]:
    return lambda it: _is_number(it, int) and it >= least, f"a whole number from {least}"


_OPTIONS = tuple(CallOptions.__annotations__)
_RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "attempts": _count_from(1),
    "continuations": _count_from(0),
    "max_input_tokens": _count_from(1),
    "deadline_s": (lambda it: _is_number(it, int | float) and it > 0, "a number of seconds above 0"),
    "tags": (_are_labels, "a mapping of texts, for example {'customer': 'c42'}"),
    "enforce": (lambda it: it in get_args(Enforce), "off, prefer or require"),
    "repair": (lambda it: it in get_args(RepairLevel), "off, lossless or lenient"),
}
"""What each option must hold, and that in words."""
