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
        "such than that the their them then there these they this those to was were what when where which while "
        "who will with word words would write written you your two three four five six seven eight",
    )
)
"""Stems that say nothing of what a text is about."""
_THINGS = (
    r"(?:polic(?:y|ies)|guidelines?|guides?|handbooks?|manuals?|rulebooks?|playbooks?|standards?|regulations?|criteria|"
    r"checklists?|glossar(?:y|ies)|terms|rubrics?|catalogues?|documents?|documentation)"
)
_REFERENCES = (
    re.compile(
        r"(?i)\b(?:the )?(?:following|attached|enclosed|provided|supplied)\s+"
        r"((?!(?:the|our|your|an?|this|these|its|up)\b)[\w-]+"
        r"(?: (?!(?:to|in|on|by|with|from|and|or|that|of|for|as|is|are)\b)[\w-]+){0,3})"
    ),
    re.compile(r"(?i)\bthe\s+((?:[\w-]+\s+){0,3}?[\w-]+)\s+(?:above|below)\b"),
    re.compile(
        r"(?i)\b(?:according to|based on|in line with|as per|by|following|from)\s+(?:the|our|your)\s+"
        rf"((?:[\w-]+\s+){{0,2}}?{_THINGS})\b"
    ),
)
_LABEL = re.compile(r"[:_]\W*$|^#{1,6} |^\*\*[^*]+\*\*|^<[a-zA-Z][\w-]*>")
_WHOLES = frozenset({"docum", "text", "file", "input"})
"""Stems of words for whatever the prompt is given to work on."""
_QUESTIONS = frozenset({"question", "query", "request", "topic", "name", "language", "history"})
"""Names of inputs that ask for something rather than hold it."""


def unmentioned_problems(prompt: Prompt[Any], instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """Context blocks of which nothing says what they are for."""
    declaration = prompt.declaration
    said = stems(" ".join(text.text for text in instructions)) - _COMMON
    # A role says who the model is; that it shares a word with a text does not say what the text is for.
    asked = stems(" ".join(text.text for text in instructions if text.part != "role")) - _COMMON
    asked |= stems(_words_of(prompt.contract.output.schema.json_schema)) - _COMMON
    sources = [block for block in declaration.context if block.source is not None]
    for block in declaration.context:
        if block.source is not None and len(sources) == 1:
            continue  # the one thing that the prompt is about
        if stems(f"{block.id} {block.source or ''} {block.include or ''}") & said:
            continue
        if _is_labelled(block.id, declaration.body):
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


def _is_labelled(block: str, body: str) -> bool:
    """Whether words stand on the line that prints a block, or a label on the line above it."""
    for printed in re.finditer(rf"\{{\{{-?\s*context\.{block}\b", body):
        *above, line = re.sub(r"\{%.*?%\}|\{#.*?#\}", "", body[: printed.start()], flags=re.DOTALL).split(
            "\n"
        )
        label = next((other for other in reversed(above) if other.strip()), "")
        if re.search(r"\w", line) or (re.search(r"\w{3}", label) and _LABEL.search(label.strip())):
            return True
    return False


def absent_problems(prompt: Prompt[Any], instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """References such as "the policy above" to what neither inputs, context nor examples hold."""
    declaration = prompt.declaration
    given, made = _given(prompt, instructions), _made(prompt)
    for text in instructions:
        if text.part in ("role", "audience"):
            continue
        for pattern in _REFERENCES:
            for match in pattern.finditer(text.text):
                group = stems(match[1]) - _COMMON
                held = group & given or stems(match[1].split()[-1]) & made
                # What stands behind a colon is what the words before it announce.
                announced = text.text[match.end() : match.end() + 1] == ":"
                if group and not held and not announced:
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
    given = stems(" ".join([*inputs, *blocks, *_labels(labels)])) - _COMMON
    holds = any(item.name not in _QUESTIONS for item in fields)
    return given | _WHOLES if holds else given


def _made(prompt: Prompt[Any]) -> frozenset[str]:
    """Stems of what the prompt's own sections hold: fields, steps, rules, examples."""
    declaration = prompt.declaration
    sections = {
        "steps instructions": declaration.clarity.steps,
        "rules constraints requirements": declaration.constraints,
        "examples": declaration.examples,
    }
    words = [name for name, held in sections.items() if held]
    words.append(_words_of(prompt.contract.output.schema.json_schema))
    if prompt.contract.output.mode != "text":
        words.append("format schema fields keys structure object")
    return stems(" ".join(words)) - _COMMON


def _block_words(block: ContextBlock) -> str:
    return f"{block.id} {block.source or ''} {block.text or ''} {block.include or ''}"


def _labels(texts: Sequence[str]) -> Iterator[str]:
    """Lines that introduce what stands below them: before a colon or a value, headings, bold words, tags."""
    for text in texts:
        yield from (line for line in text.split("\n") if _LABEL.search(line.strip()))


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
