"""Tasks: that one is stated, that it is one, and when it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptkit.checks.clarity.texts import Instruction, sentences
from promptkit.declarations import Clarity, Declaration
from promptkit.rendering import Problem

__all__ = ["end_problems", "task_problems"]

_PERSONA = re.compile(
    r"(?i)^(?:you(?:'re| are|'ve| have| love| like| enjoy| know| believe| care| live| work| speak| speciali[sz]e|"
    r" excel| value)\b|act as\b|as an? [\w ]+ you\b|role:|imagine you\b|du bist\b|"
    r"your (?:role|name|tone|style|voice|personality|expertise|background)\b)"
)
_FORM_ONLY = re.compile(
    r"(?i)^(?:please )?(?:answer|respond|reply|return|output|write)\b[^.]{0,30}\b(?:json|xml|yaml|markdown|format)\b"
)
_ENDS = re.compile(
    r"(?i)\b(?:you (?:are|have) (?:done|finished)|(?:is|are) (?:complete|done|finished) (?:when|once)|"
    r"(?:end|finish|stop) (?:when|once|after)|done when|until (?:every|each|all|no|the))\b"
)
# Verbs that each make something of their own: two of them are two tasks.
_MAKING = re.compile(
    r"(?i)^(?:please |you (?:should|must|will) )?(?:(?:and|also|additionally|then|finally|next|afterwards|furthermore|"
    r"moreover|in addition),? )*"
    r"(?:analy[sz]e|answer|classify|compose|correct|create|critique|design|draft|evaluate|explain|extract|fix|"
    r"generate|grade|implement|paraphrase|plan|propose|rank|rate|recommend|refactor|reply|respond|review|rewrite|score|"
    r"suggest|summari[sz]e|translate|write)\b(?! (?:null|none|nothing|only|no)\b)"
)
_BREAK = re.compile(
    r"(?<=[.!?])\s+|;\s+|\n+|,?\s+(?:and )?(?:also|additionally|then|finally|furthermore)\b,?\s+"
)
_LIST = re.compile(r",\s+(?:and\s+)?|\s+and\s+")
_MANY = 3
"""Making verbs in one list from which they are several tasks; two joined by "and" often are one: find and correct."""


def task_problems(declaration: Declaration, instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """A task that is missing, or that is several."""
    task = next((text for text in instructions if text.part == "task"), None)
    if task is None:
        if not _says_task(instructions):
            yield _missing(declaration, instructions)
        return
    tasks = _tasks_in(task.text)
    if len(tasks) > 1:
        yield Problem(
            rule="task-several",
            message=f"the task is several: {'; '.join(tasks)}; write one prompt for each, so that each can be checked, "
            "tested and given its own examples",
            file=declaration.place,
            line=task.line,
        )


def end_problems(declaration: Declaration, instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """A clarity section that does not say when the work is done."""
    clarity = declaration.clarity
    if clarity == Clarity() or clarity.done_when is not None:
        return
    if any(_ENDS.search(text.text) for text in instructions):
        return
    lines = declaration.lines
    yield Problem(
        rule="done-when-missing",
        message="nothing says when the answer is complete; add `done_when:` with what can be seen in the answer, for "
        "example: each reason is a quotation",
        file=declaration.place,
        line=lines.get("clarity.task") or lines.get("clarity"),
    )


def _says_task(instructions: Sequence[Instruction]) -> bool:
    """Whether a sentence of the body asks for something; the persona alone does not."""
    for text in instructions:
        if text.part == "body":
            for sentence in sentences(text.text):
                words = re.findall(r"[^\W_]+", sentence)
                label = sentence.endswith(":") and len(words) < 4  # noqa: PLR2004 - as in "The text:"
                if (
                    len(words) > 1
                    and not label
                    and not _PERSONA.match(sentence)
                    and not _FORM_ONLY.match(sentence)
                ):
                    return True
    return False


def _missing(declaration: Declaration, instructions: Sequence[Instruction]) -> Problem:
    persona = any(text.part == "role" or _PERSONA.match(text.text) for text in instructions)
    what = (
        "the prompt says who the model is, and not what it is to do"
        if persona
        else "the prompt states no task"
    )
    return Problem(
        rule="task-missing",
        message=f"{what}; add `task:` to clarity with one sentence that begins with a verb",
        file=declaration.place,
        line=declaration.lines.get("clarity") or (declaration.body_line if declaration.body else None),
    )


def _tasks_in(text: str) -> list[str]:
    """The clauses that each make something, when they are more than one task."""
    clauses = [clause.strip() for clause in _BREAK.split(text) if clause]
    clauses = [clause for clause in clauses if _MAKING.match(clause) and not _FORM_ONLY.match(clause)]
    if len(clauses) > 1:
        return [_short(clause) for clause in clauses]
    for sentence in sentences(text):
        listed = [part for part in _LIST.split(sentence) if _MAKING.match(part.strip())]
        if len(listed) >= _MANY:
            return [_short(part) for part in listed]
    return []


def _short(text: str) -> str:
    words = text.strip().rstrip(".,;").split()
    return " ".join(words[:6]) + (" ..." if len(words) > 6 else "")  # noqa: PLR2004 - enough to find it
