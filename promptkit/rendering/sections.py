"""Sections as text: clarity, constraints, the output's format and the blocks of context.

The wording here is frozen as ``promptkit/1``: a change of one character is ``promptkit/2``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from promptkit.constraints import Constraint, parse, spoken_list
from promptkit.declarations import Clarity, ContextBlock
from promptkit.rendering.fences import fenced
from promptkit.rendering.printing import printed
from promptkit.rendering.spans import is_nothing, joined
from promptkit.wordings import ENGLISH, Wording

__all__ = [
    "Changing",
    "Render",
    "Section",
    "Values",
    "changing",
    "clarity_section",
    "constraints_section",
    "fixed",
    "in_lines",
    "labelled",
    "source_section",
]

Values: TypeAlias = Mapping[str, Any]
Render: TypeAlias = Callable[[Values], str]


@dataclass(frozen=True, slots=True)
class Changing:
    """A part of a section that depends on the inputs.

    Attributes:
        render: Makes its text.
        before: What stands before it where it is anything, and is left out with it.
        name: The input of texts that it prints, where it is one and nothing else.
    """

    render: Render
    before: str = ""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A text that a template can print.

    Attributes:
        pieces: Its texts and what changes, in order. What never changes was put together once, so that a render
            works out the rest alone.
        constant: The text where it depends on no input; else None.
        sure: True when it is never nothing.
    """

    pieces: tuple[str | Changing, ...]
    constant: str | None = None
    sure: bool = False

    def behind(self, before: str) -> Changing:
        """The whole as one piece behind a text that is left out where it is nothing."""
        first = self.pieces[0] if len(self.pieces) == 1 else ""
        if isinstance(first, Changing) and not first.before:
            return replace(first, before=before)
        return Changing(self.render, before)

    def render(self, values: Values) -> str:
        """The text for these inputs."""
        if self.constant is not None:
            return self.constant
        texts: list[str] = []
        for piece in self.pieces:
            if isinstance(piece, str):
                texts.append(piece)
                continue
            text = piece.render(values)
            if text or not is_nothing(text):
                if piece.before:
                    texts.append(piece.before)
                texts.append(text)
        return texts[0] if len(texts) == 1 else joined(texts)


def fixed(text: str) -> Section:
    """A section that is the same for all inputs."""
    said = not is_nothing(text)
    return Section((text,) if said else (), text, said)


def changing(pieces: Iterable[str | Changing], *, sure: bool) -> Section:
    """A section that depends on the inputs, or not at all when each piece is a text.

    Args:
        pieces: Its pieces in order.
        sure: Whether it is never nothing.
    """
    found = list(pieces)
    texts = [piece for piece in found if isinstance(piece, str)]
    if len(texts) == len(found):
        return fixed(joined(texts))
    # Texts that carry a note of their own stay apart, since the whole would carry one alone.
    groups = itertools.groupby(found, key=lambda piece: type(piece) is str)
    together: list[str | Changing] = []
    for plain, group in groups:
        together += ["".join(str(piece) for piece in group)] if plain else group
    return Section(tuple(together), None, sure)


def in_lines(entries: Iterable[tuple[str, Section]], between: str = "\n") -> Section:
    """Several sections as one, each behind its own mark; one that is nothing leaves neither mark nor separator.

    Args:
        entries: Mark and section of each.
        between: What separates two of them.
    """
    said = [entry for entry in entries if entry[1].constant is None or entry[1].sure]
    if said and not said[0][1].sure and len(said) > 1:
        # Whether anything stands before the second is known with the inputs alone.
        sure = any(section.sure for _, section in said)
        return changing([Changing(lambda values: _lines(said, between, values))], sure=sure)
    pieces: list[str | Changing] = []
    for mark, section in said:
        before = (between if pieces else "") + mark
        if section.sure:
            pieces += [before, *section.pieces] if before else section.pieces
        else:
            pieces.append(section.behind(before))
    return changing(pieces, sure=bool(said) and said[0][1].sure)


def _lines(entries: Iterable[tuple[str, Section]], between: str, values: Values) -> str:
    pieces: list[str] = []
    for mark, section in entries:
        text = section.render(values)
        if not is_nothing(text):
            pieces += [between, mark, text] if pieces else [mark, text]
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
    entries: list[tuple[str, Section]] = []
    for name in ("role", "task", "audience", "done_when"):
        if name == "done_when":
            steps = [strings[f"clarity.steps[{index}]"] for index in range(len(clarity.steps))]
            entries.append(("", _numbered(steps, wording.say("section.steps"))))
        if getattr(clarity, name) is not None:
            entries.append((f"{wording.say(f'section.{name}')} ", strings[f"clarity.{name}"]))
    if fences:
        entries.append(("", fixed(wording.say("section.fences"))))
    return in_lines(entries)


def _numbered(steps: Sequence[Section], heading: str) -> Section:
    """Steps with their numbers below a heading; one that is nothing has no number."""
    said = [step for step in steps if step.constant is None or step.sure]
    if all(step.sure for step in said):
        marks = [("", fixed(heading))] if said else []
        return in_lines(marks + [(f"{number}. ", step) for number, step in enumerate(said, 1)])

    def render(values: Values) -> str:
        texts = [text for step in said if not is_nothing(text := step.render(values))]
        lines = [("", fixed(heading))] if texts else []
        lines += [(f"{number}. ", fixed(text)) for number, text in enumerate(texts, 1)]
        return in_lines(lines).render(values)

    return changing([Changing(render)], sure=any(step.sure for step in said))


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

    def render(values: Values) -> str:
        said = [(rule, section.render(values)) for rule, section in rules]
        spoken = [pair for pair in said if not is_nothing(pair[1])]
        pieces: list[str] = []
        for mark, text in spoken_list(spoken, json_schema, wording):
            pieces += ["\n", mark, text] if pieces else [mark, text]
        return joined(pieces)

    if all(section.constant is not None for _, section in rules):
        return fixed(render({}))
    return changing([Changing(render)], sure=any(section.sure for _, section in rules))


def source_section(
    block: ContextBlock,
    shown: Callable[[Any], Any] | None,
    *,
    sure: bool = False,
    fence: Callable[[Any, str], str] = fenced,
) -> Section:
    """The input at the block's path, fenced under the block's id; nothing when it is None or absent.

    Args:
        block: The block.
        shown: Gives for a value its text with a note of where it comes from; None where none is wanted.
        sure: Whether the input is never None.
        fence: Fences a value under a label.
    """
    name, label = block.source or "", block.id
    path = parse(name)
    several = "[]" in name

    def render_input(values: Values) -> str:
        value = values.get(name)
        if value is None:
            return ""
        return fence(value if shown is None else shown(value), label)

    def render_path(values: Values) -> str:
        found = [value for _, value in path.values(values) if value is not None]
        if not found:
            return ""
        value: Any = found if several else found[0]
        return fence(value if shown is None else shown(value), label)

    whole = len(path.steps) == 1
    return changing([Changing(render_input if whole else render_path)], sure=sure and whole)


def labelled(name: str, shown: Callable[[Any], Any] | None, *, sure: bool = False) -> Section:
    """An input under its own name, for the standard layout; nothing when it is None.

    Args:
        name: The input.
        shown: As for `source_section`.
        sure: As for `source_section`.
    """

    def render(values: Values) -> str:
        value = values.get(name)
        if value is None:
            return ""
        return joined([f"{name}:\n", printed(value if shown is None else shown(value))])

    return changing([Changing(render)], sure=sure)
