"""Clarity, context and constraints as far as they can be measured: what a reader of the prompt would have to guess.

The rules read English. They rather miss something than complain about good prompts: tests/checks/cases holds them
to a precision of 0.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptkit.checks.clarity.answers import format_problems, length_problems
from promptkit.checks.clarity.background import absent_problems, unmentioned_problems
from promptkit.checks.clarity.people import audience_problems, tone_problems
from promptkit.checks.clarity.prose import prose_of
from promptkit.checks.clarity.tasks import end_problems, task_problems
from promptkit.checks.clarity.texts import instructions_of
from promptkit.checks.clarity.wording import negation_problems, vague_problems
from promptkit.prompts import Prompt
from promptkit.rendering import Problem

__all__ = ["clarity_problems"]


def clarity_problems(prompt: Prompt[Any]) -> Iterator[Problem]:
    """What is unclear about a prompt that loads; of one in another language, what its parts alone tell."""
    declaration, instructions = prompt.declaration, instructions_of(prompt.declaration)
    told = list(task_problems(declaration, instructions))
    yield from told
    yield from end_problems(declaration, instructions)
    if declaration.wording is not None:
        return  # the words of the other rules are English
    # What a prompt without a task writes is unknown, so its reader, tone and length are too.
    unknown = any(problem.rule == "task-missing" for problem in told)
    prose = [] if unknown else prose_of(prompt, instructions)
    yield from audience_problems(prompt, instructions, prose)
    yield from tone_problems(prompt, instructions, prose)
    yield from length_problems(prompt, instructions, prose)
    yield from format_problems(prompt, instructions)
    yield from vague_problems(declaration, instructions)
    yield from negation_problems(declaration, instructions)
    yield from unmentioned_problems(prompt, instructions)
    yield from absent_problems(prompt, instructions)
