"""The answer: how long it may be, and that its format is said once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from promptkit.checks.clarity.people import is_written_out
from promptkit.checks.clarity.prose import Prose, names_length
from promptkit.checks.clarity.texts import Instruction
from promptkit.prompts import Prompt
from promptkit.rendering import Problem

__all__ = ["format_problems", "length_problems"]

_ANSWERING = r"(?:answer|respond|response|reply|return|output|produce|emit|present|give|write|put|result)"
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "JSON",
        re.compile(
            rf"(?i)\b{_ANSWERING}\b[^.;\n]{{0,40}}\bjson\b|\b(?:as|in|valid) json\b|"
            r"\{\s*\"\w+\"\s*:|\bjson (?:object|array) with\b"
        ),
    ),
    (
        "XML",
        re.compile(
            rf"(?i)\b(?:as|in|valid) xml\b|\b{_ANSWERING}\b[^.;\n]{{0,60}}(?:<[a-z_]+>|\bxml) tags?\b"
        ),
    ),
    ("YAML", re.compile(r"(?i)\b(?:as|in|valid) yaml\b")),
    (
        "a table",
        re.compile(rf"(?i)\b{_ANSWERING}\b[^.;\n]{{0,40}}\bas a table\b|\bmarkdown table\b|\bas csv\b"),
    ),
    (
        "a list",
        re.compile(r"(?i)\b(?:as|in) (?:bullet points|bullets|a (?:bulleted|numbered|bullet) list)\b"),
    ),
)
_GIVEN = re.compile(
    r"(?i)\b(?:is|are|comes?|arrives?|given|provided|stored|encoded|delivered|sent)\b[^.;\n]{0,20}$"
)
"""What stands before a format that the input has, not the answer: "the order is given as JSON"."""
_VAGUE_LENGTH = re.compile(
    r"(?i)\b(?:short|brief|briefly|concise|concisely|succinct|compact|long|detailed)\b"
)


def length_problems(
    prompt: Prompt[Any], instructions: Sequence[Instruction], prose: Sequence[Prose]
) -> Iterator[Problem]:
    """Prose of which nothing says how long it may be; examples show a length."""
    declaration = prompt.declaration
    unbounded = [part for part in prose if not part.bounded]
    if not unbounded or declaration.examples or not is_written_out(prompt, instructions):
        return
    if any(names_length(text.text) for text in instructions if text.part != "role"):
        return
    vague = next(
        (
            match
            for text in instructions
            if text.part == "task" and (match := _VAGUE_LENGTH.search(text.text))
        ),
        None,
    )
    place = unbounded[0].path
    what = f"`{place}`" if place else "the text"
    said = f', and "{vague.group()}" is no number' if vague is not None else ""
    lines = declaration.lines
    task = lines.get("clarity.task") or lines.get("clarity")
    yield Problem(
        rule="length-unnamed",
        message=f"nothing says how long {what} may be{said}; add a rule such as `max_words: 80`, which is said and "
        "checked",
        file=declaration.place,
        line=task or (declaration.body_line if declaration.body else None),
        lines=4,
        word=vague.group() if vague is not None else "",
    )


def format_problems(prompt: Prompt[Any], instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """A format that is said by hand beside the section that says it, or two formats for one text."""
    said = [
        (name, match.group(), text)
        for text in instructions
        if text.part in ("task", "step", "rule", "body")
        for name, pattern in _FORMS
        if (match := pattern.search(text.text)) and not _GIVEN.search(text.text[: match.start()])
    ]
    structured = prompt.contract.output.mode != "text"
    if structured:
        said = [found for found in said if found[0] in ("JSON", "XML", "YAML")]
    if not said or (not structured and len({name for name, _, _ in said}) < 2):  # noqa: PLR2004 - two formats
        return
    name, words, text = said[-1]
    why = "which the section output_format says already" if structured else f"and {said[0][0]} before"
    yield Problem(
        rule="format-repeated",
        message=f"the answer's format is said more than once: {name} here, {why}; say it once, in the output's schema",
        file=prompt.declaration.place,
        line=text.line,
        lines=text.lines,
        word=words.split()[0],
    )
