"""The words of a prompt that instruct: clarity, sentences of rules, and the body's own text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from promptkit.declarations import Clarity, Declaration

__all__ = ["Instruction", "Part", "instructions_of", "items", "sentences", "stems"]

Part: TypeAlias = Literal["role", "task", "audience", "step", "done_when", "rule", "body"]

_VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_RAW = re.compile(r"\{%-?\s*raw.*?endraw\s*-?%\}", re.DOTALL)
_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+|;\s+")
_WORD = re.compile(r"[^\W\d_]+")
_BULLET = re.compile(r"^(?:[-*•]|#{1,6}|\d{1,2}[.)]|\([a-z\d]\))\s+")
_SHORTEST = 3
_STEM = 5
"""Letters by which words are taken for one: ``summary`` and ``summarise``, ``policy`` and ``policies``."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One text that instructs.

    Attributes:
        part: What it is.
        text: Its words, with a blank where a value is printed.
        line: Line of the file at which it begins; None for a prompt that was built in Python.
        lines: How many lines it may take up there.
    """

    part: Part
    text: str
    line: int | None
    lines: int = 1


def instructions_of(declaration: Declaration) -> list[Instruction]:
    """Every text that instructs, in the order of the file; context is background and no instruction."""
    return [*_clarity(declaration), *_rules(declaration), *_body(declaration)]


def _clarity(declaration: Declaration) -> Iterator[Instruction]:
    clarity, lines = declaration.clarity, declaration.lines
    if clarity == Clarity():
        return
    texts: list[tuple[Part, str, str | None]] = [
        ("role", "clarity.role", clarity.role),
        ("task", "clarity.task", clarity.task),
        ("audience", "clarity.audience", clarity.audience),
        *(("step", f"clarity.steps[{at}]", step) for at, step in enumerate(clarity.steps)),
        ("done_when", "clarity.done_when", clarity.done_when),
    ]
    for part, key, text in texts:
        if text is not None:
            yield _instruction(part, text, lines.get(key) or lines.get("clarity"))


def _rules(declaration: Declaration) -> Iterator[Instruction]:
    for constraint in declaration.constraints:
        if constraint.say is not None:
            yield _instruction("rule", constraint.say, constraint.line)


def _body(declaration: Declaration) -> Iterator[Instruction]:
    """The body's paragraphs; what stands between tags is text, what a value prints is none."""
    text = _TAG.sub(_blanked, _RAW.sub(_blanked, declaration.body))
    line = declaration.body_line
    for paragraph in re.split(r"(\n[ \t]*\n)", text):
        if _WORD.search(_VALUE.sub(" ", paragraph)):
            skipped = paragraph[: len(paragraph) - len(paragraph.lstrip())].count("\n")
            height = paragraph.strip().count("\n") + 1
            yield Instruction("body", _words(paragraph), line + skipped, height)
        line += paragraph.count("\n")


def _instruction(part: Part, text: str, line: int | None) -> Instruction:
    # YAML may fold a text, so that its lines in the file are more than its own.
    return Instruction(part, _words(text), line, text.count("\n") + len(text) // 40 + 2)


def _words(text: str) -> str:
    return _TAG.sub(" ", _VALUE.sub(" _ ", text)).strip()


def _blanked(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n") or " "


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the bullets and numbers before them; a semicolon ends one too."""
    return [_BULLET.sub("", part.strip()) for part in _END.split(text) if _WORD.search(part)]


def items(text: str) -> list[tuple[bool, str]]:
    """The items of a text's lists and what stands between them; True for an item of a list."""
    found: list[tuple[bool, str]] = []
    for line in text.split("\n"):
        listed = _BULLET.match(line.strip()) is not None
        if listed or not found:
            found.append((listed, line))
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
    return found


def stems(text: str) -> frozenset[str]:
    """The beginnings of a text's words, by which one word is known in its forms."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text)
    return frozenset(word.lower()[:_STEM] for word in _WORD.findall(spaced) if len(word) >= _SHORTEST)
