"""People: for whom prose is written, and in which tone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from promptkit.checks.clarity.prose import Prose
from promptkit.checks.clarity.texts import Instruction, sentences
from promptkit.declarations import Clarity
from promptkit.prompts import Prompt
from promptkit.rendering import Problem

__all__ = ["audience_problems", "is_written_out", "tone_problems"]

_READER = re.compile(
    r"(?i)\b(?:audience|readers?|listeners?|viewers?|users?|customers?|clients?|patients?|guests?|visitors?|callers?|"
    r"pupils?|students?|learners?|beginners?|child(?:ren)?|adults?|parents?|teachers?|colleagues?|team|managers?|board|"
    r"boss|employees?|developers?|engineers? (?:on|who)|freelancers?|citizens?|tenants?|buyers?|shoppers?|subscribers?|"
    r"followers?|fans|travellers?|recipients?|applicants?|candidates?|someone who|people who|anyone|everyone|"
    r"for (?:a|an|the|my|our) (?!text|each|list|same|next)\w+ (?:who|guest|person|team|class)|"
    r"(?:can|will|must|who) (?:read|understand|skim)|read by|"
    r"aimed at|addressed to|(?:talk|speak|write|writing|explain) to (?:a|an|the)|"
    r"address(?:ing)? (?!each|every|all|the|this|it)\w+|"
    # People are mostly called by what they do: for administrators, for hobby gardeners, for young musicians.
    r"(?:for|to) (?:[\w-]+ )?(?!orders|errors|numbers|letters|parameters|characters|answers|papers|headers|offers|"
    r"chapters|others)\w{3,}(?:ers|ors|ists|ians|women|men|people))\b"
)
_MACHINES = (
    r"(?:program|system|software|database|spreadsheet|table|pipeline|router|queue|index|filter|parser|script|api|"
    r"catalogue|record|register|file|tracker|calendar|map|chart|list|crawler|pager|report tool)s?"
)
_MACHINE = re.compile(rf"(?i)\b{_MACHINES}\b")
_FOR_MACHINE = re.compile(rf"(?i)\bfor (?:a|an|the|my|our) (?:[\w-]+ ){{0,2}}{_MACHINES}\b")
_TONE = re.compile(
    r"(?i)\b(?:tone|style|voice|register|manner|formal(?:ly)?|informal(?:ly)?|friendly|polite(?:ly)?|calm(?:ly)?|warm(?:ly)?|"
    r"neutral(?:ly)?|factual(?:ly)?|matter-of-fact|sober(?:ly)?|plain(?:ly)?|simple|simply|cheerful(?:ly)?|playful(?:ly)?|"
    r"serious(?:ly)?|professional(?:ly)?|casual(?:ly)?|humorous(?:ly)?|witty|dry|kind(?:ly)?|gentle|gently|firm(?:ly)?|"
    r"apologetic(?:ally)?|enthusiastic(?:ally)?|objective(?:ly)?|respectful(?:ly)?|encouraging(?:ly)?|empathetic(?:ally)?|"
    r"direct(?:ly)?|terse(?:ly)?|vivid(?:ly)?|lively|solemn(?:ly)?|conversational(?:ly)?|academic|blunt(?:ly)?|"
    r"upbeat|courteous(?:ly)?|sincere(?:ly)?|welcoming|confident(?:ly)?|persuasive(?:ly)?|diplomatic(?:ally)?|"
    r"tactful(?:ly)?|reassuring(?:ly)?|inspiring|poetic(?:ally)?|ironic(?:ally)?|relaxed|sympathetic(?:ally)?|"
    r"compassionate(?:ly)?|considerate(?:ly)?|candid(?:ly)?|patiently)\b"
)
_RATIONALE = re.compile(r"(?i)(?:^|[._])(?:why|reasons?|reasoning|justification)$")
"""Fields that say why the others are as they are: they are read by whoever checks those."""
_SENTENCES = 2
"""Sentences that a body without a clarity section has at least before something is missed in it."""


def audience_problems(
    prompt: Prompt[Any], instructions: Sequence[Instruction], prose: Sequence[Prose]
) -> Iterator[Problem]:
    """Prose of which nothing says who reads it, where a clarity section could: bodies say it in too many ways."""
    declaration = prompt.declaration
    prose = [part for part in prose if not _RATIONALE.search(part.path)]
    if not prose or declaration.clarity == Clarity() or declaration.clarity.audience is not None:
        return
    texts = [text.text for text in instructions if text.part != "role"]
    if any(_READER.search(text) or _FOR_MACHINE.search(text) for text in texts):
        return
    yield Problem(
        rule="audience-missing",
        message=f"nothing says who reads {_called(prose[0])}; add `audience:` to clarity: what a reader knows already "
        "decides on words and detail",
        file=declaration.place,
        line=_line(prompt),
    )


def tone_problems(
    prompt: Prompt[Any], instructions: Sequence[Instruction], prose: Sequence[Prose]
) -> Iterator[Problem]:
    """A text to people of which neither a role nor a word names the tone; examples show one."""
    declaration = prompt.declaration
    clarity = declaration.clarity
    written = [part for part in prose if part.to_people]
    if clarity == Clarity() or clarity.role is not None or declaration.examples or not written:
        return
    if any(_TONE.search(text.text) for text in instructions) or _MACHINE.search(clarity.audience or ""):
        return
    if any(constraint.rule.kind in ("judged", "tone", "language") for constraint in declaration.constraints):
        return
    yield Problem(
        rule="tone-unnamed",
        message=f"neither a role nor a word names the tone of {_called(written[0])}; add `role:` to clarity with it, "
        "for example: a calm support engineer",
        file=declaration.place,
        line=_line(prompt),
    )


def is_written_out(prompt: Prompt[Any], instructions: Sequence[Instruction]) -> bool:
    """Whether a prompt is worked out enough that something can be missing in it."""
    if prompt.declaration.clarity != Clarity():
        return True
    return sum(len(sentences(text.text)) for text in instructions if text.part == "body") > _SENTENCES


def _called(prose: Prose) -> str:
    return f"`{prose.path}`" if prose.path else "the text"


def _line(prompt: Prompt[Any]) -> int | None:
    declaration = prompt.declaration
    lines = declaration.lines
    return (
        lines.get("clarity.task")
        or lines.get("clarity")
        or (declaration.body_line if declaration.body else None)
    )
