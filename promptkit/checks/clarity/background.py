"""Background: context that the instruction refers to, and references to context that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from promptkit.checks.clarity.texts import Instruction, stems
from promptkit.declarations import ContextBlock
from promptkit.prompts import Prompt
from promptkit.rendering import Problem
from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["absent_problems", "unmentioned_problems"]

_COMMON = frozenset(
    word[:5]
    for word in re.findall(
        r"\w+",
        "about above after again all also and any are before below but by can does done each every for from has have "
        "here in into is it its just like may more most must not of on one only other our out per same should some "
        "such than that the their them then there these they this those to two was were what when where which while "
        "who will with word words would write written you your",
    )
)
"""Stems that say nothing of what a text is about."""
_THINGS = (
    r"(?:polic(?:y|ies)|guidelines?|guides?|handbooks?|manuals?|rulebooks?|playbooks?|standards?|regulations?|criteria|"
    r"checklists?|glossar(?:y|ies)|terms|rubrics?|catalogues?|documents?|documentation)"
)
_GROUP = r"((?:[\w-]+\s+){0,3}?[\w-]+)"
_REFERENCES = (
    re.compile(rf"(?i)\b(?:the )?(?:following|attached|enclosed|provided|supplied)\s+{_GROUP}(?=$|[\s.,;:])"),
    re.compile(rf"(?i)\bthe\s+{_GROUP}\s+(?:above|below)\b"),
    re.compile(
        r"(?i)\b(?:according to|based on|in line with|as per|by|following|from)\s+(?:the|our|your)\s+"
        rf"((?:[\w-]+\s+){{0,2}}?{_THINGS})\b"
    ),
)


def unmentioned_problems(prompt: Prompt[Any], instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """Context blocks of which nothing says what they are for."""
    declaration = prompt.declaration
    said = stems(" ".join(text.text for text in instructions)) - _COMMON
    asked = said | stems(_words_of(prompt.contract.output.schema.json_schema)) - _COMMON
    sources = [block for block in declaration.context if block.source is not None]
    for block in declaration.context:
        if block.source is not None and len(sources) == 1:
            continue  # the one thing that the prompt is about
        if stems(f"{block.id} {block.source or ''} {block.include or ''}") & said:
            continue
        if block.text is not None and (stems(block.text) - _COMMON) & asked:
            continue
        yield Problem(
            rule="context-unmentioned",
            message=f"nothing says what the context {block.id} is for; refer to it in the task or a step, or leave "
            "it out",
            file=declaration.place,
            line=block.line,
            word=block.id,
        )


def absent_problems(prompt: Prompt[Any], instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """References such as "the policy above" to what neither inputs, context nor examples hold."""
    declaration = prompt.declaration
    given = _given(prompt, instructions)
    for text in instructions:
        if text.part in ("role", "audience"):
            continue
        for pattern in _REFERENCES:
            for match in pattern.finditer(text.text):
                group = stems(match[1]) - _COMMON
                if group and not group & given:
                    yield Problem(
                        rule="context-absent",
                        message=f'"{match.group().strip()}" refers to what the prompt does not hold; add it as an '
                        "input or a context block, or leave the reference out",
                        file=declaration.place,
                        line=text.line,
                        lines=text.lines,
                        word=match[1].split()[-1],
                    )
                    return


def _given(prompt: Prompt[Any], instructions: Sequence[Instruction]) -> frozenset[str]:
    """Stems of everything that the prompt shows a model besides its own task."""
    declaration = prompt.declaration
    fields = prompt.contract.inputs.fields.values()
    inputs = [f"{item.name} {_words_of(item.json_schema)}" for item in fields]
    blocks = [_block_words(block) for block in declaration.context]
    labels = [text.text for text in instructions if text.part == "body"]
    examples = ["examples"] if declaration.examples else []
    output = _words_of(prompt.contract.output.schema.json_schema)
    return stems(" ".join([*inputs, *blocks, *_labels(labels), *examples, output])) - _COMMON


def _block_words(block: ContextBlock) -> str:
    return f"{block.id} {block.source or ''} {block.text or ''} {block.include or ''}"


def _labels(texts: Sequence[str]) -> Iterator[str]:
    """Lines that introduce what stands below them."""
    for text in texts:
        yield from (line for line in text.split("\n") if line.rstrip().endswith((":", "_")))


def _words_of(schema: Any) -> str:
    """Names, descriptions and words of enums in a schema."""
    if is_list(schema):
        return " ".join(map(_words_of, schema))
    if not is_mapping(schema):
        return ""
    words: list[str] = [str(schema.get("description", ""))]
    words += [str(value) for value in schema.get("enum", ()) if isinstance(value, str)]
    properties = schema.get("properties")
    if is_mapping(properties):
        words += [*properties, *map(_words_of, properties.values())]
    words += [_words_of(schema.get(key)) for key in ("items", "anyOf", "oneOf")]
    return " ".join(words)
