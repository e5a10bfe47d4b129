"""Sections as text: clarity, constraints, the output's format and the blocks of context.

The wording here is frozen as ``promptkit/1``: a change of one character is ``promptkit/2``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from promptkit.constraints import Constraint, parse, spoken_list
from promptkit.declarations import Clarity, ContextBlock
from promptkit.rendering.fences import fenced
from promptkit.rendering.printing import printed
from promptkit.rendering.spans import is_nothing, joined
from promptkit.wordings import ENGLISH, Wording

__all__ = [
    "Section",
    "Values",
    "clarity_section",
    "combined",
    "constraints_section",
    "each_apart",
    "fixed",
    "labelled",
    "source_section",
]

Values: TypeAlias = Mapping[str, Any]


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Section:
    """A text that a template can print.

    Attributes:
        render: Makes the text from the inputs.
        constant: The text where it depends on no input; else None.
    """

    render: Callable[[Values], str]
    constant: str | None = None


def fixed(text: str) -> Section:
    """A section that is the same for all inputs."""
    return Section(lambda _values: text, text)


def combined(make: Callable[[Sequence[str]], str], parts: Sequence[Section]) -> Section:
    """One section out of several; constant when all of them are."""
    constants = [part.constant for part in parts if part.constant is not None]
    if len(constants) == len(parts):
        return fixed(make(constants))
    return Section(lambda values: make([part.render(values) for part in parts]))


def each_apart(texts: Iterable[str]) -> str:
    """The texts that are not empty, one blank line between them."""
    return _lines([text for text in texts if not is_nothing(text)], "\n\n")


def _lines(texts: Iterable[str], between: str = "\n") -> str:
    pieces: list[str] = []
    for text in texts:
        if pieces:
            pieces.append(between)
        pieces.append(text)
    return joined(pieces)


def clarity_section(
    clarity: Clarity, strings: Mapping[str, Section], *, fences: bool, wording: Wording | None = None
) -> Section:
    """The first section. A field that is absent or renders to nothing leaves no line.

    Args:
        clarity: As declared.
        strings: Its strings by key, such as ``clarity.role`` and ``clarity.steps[0]``.
        fences: True when data is fenced somewhere in the prompt, which is then said.
        wording: The language of the labels; None for English.
    """
    wording = wording or ENGLISH
    labels = {name: wording.say(f"section.{name}") for name in ("role", "task", "audience", "done_when")}
    names = [name for name in labels if getattr(clarity, name) is not None]
    fields = [strings[f"clarity.{name}"] for name in names]
    steps = [strings[f"clarity.steps[{index}]"] for index in range(len(clarity.steps))]

    def make(texts: Sequence[str]) -> str:
        said = dict(zip(names, texts, strict=False))
        numbered = [step for step in texts[len(names) :] if not is_nothing(step)]
        lines: list[str] = []
        for name, label in labels.items():
            if name == "done_when" and numbered:
                lines.append(wording.say("section.steps"))
                lines.extend(joined([f"{number}. ", step]) for number, step in enumerate(numbered, 1))
            if not is_nothing(said.get(name, "")):
                lines.append(joined([f"{label} ", said[name]]))
        if fences:
            lines.append(wording.say("section.fences"))
        return _lines(lines)

    return combined(make, [*fields, *steps])


def constraints_section(
    rules: Sequence[tuple[Constraint, Section]],
    json_schema: Mapping[str, Any],
    wording: Wording | None = None,
) -> Section:
    """The rules as a list; nothing at all when there are none.

    Args:
        rules: Each constraint and what is said for it.
        json_schema: The output's schema, for the order of its fields.
        wording: The language of the headings; None for English.
    """
    constraints = [constraint for constraint, _ in rules]

    def make(texts: Sequence[str]) -> str:
        spoken = [pair for pair in zip(constraints, texts, strict=True) if not is_nothing(pair[1])]
        return _lines(joined([mark, text]) for mark, text in spoken_list(spoken, json_schema, wording))

    return combined(make, [sentence for _, sentence in rules])


def source_section(block: ContextBlock, shown: Callable[[Any], Any] = _as_it_is) -> Section:
    """The input at the block's path, fenced under the block's id; nothing when it is None or absent.

    Args:
        block: The block.
        shown: What is fenced for a value: itself, or its text with a note of where it comes from.
    """
    name, label = block.source or "", block.id
    path = parse(name)
    several = "[]" in name

    def render(values: Values) -> str:
        if len(path.steps) == 1:
            value = values.get(name)
            return "" if value is None else fenced(shown(value), label)
        found = [value for _, value in path.values(values) if value is not None]
        if not found:
            return ""
        return fenced(shown(found if several else found[0]), label)

    return Section(render)


def labelled(name: str, shown: Callable[[Any], Any] = _as_it_is) -> Section:
    """An input under its own name, for the standard layout; nothing when it is None.

    Args:
        name: The input.
        shown: As for `source_section`.
    """

    def render(values: Values) -> str:
        value = values.get(name)
        return "" if value is None else joined([f"{name}:\n", printed(shown(value))])

    return Section(render)
