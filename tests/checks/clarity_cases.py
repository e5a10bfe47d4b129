"""The labelled prompt files of cases/, and how well the clarity rules find what their labels say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from promptkit.authoring import read_text
from promptkit.checks.clarity import clarity_problems
from promptkit.prompts import Prompt

__all__ = ["Case", "Score", "cases", "score"]

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """One file with the rules that a careful reader says it breaks; none for a good one."""

    title: str
    text: str
    breaks: frozenset[str]


@dataclass(frozen=True)
class Score:
    """What was found of what the labels say, and what was found besides."""

    right: Counter[str]
    wrong: list[tuple[str, str, str]]
    missed: list[tuple[str, str]]

    @property
    def precision(self) -> float:
        return self.right.total() / (self.right.total() + len(self.wrong))

    @property
    def recall(self) -> float:
        return self.right.total() / (self.right.total() + len(self.missed))


def cases(half: str) -> Iterator[Case]:
    """The cases of one half: ``tuning``, to work on, or ``kept``, to judge by and not to look at."""
    for kind in ("good", "faulty"):
        for block in re.split(r"^=== ", (FOLDER / f"{half}_{kind}.txt").read_text(), flags=re.MULTILINE)[1:]:
            head, _, text = block.partition("\n")
            labels, _, title = head.removeprefix(kind).partition(":")
            breaks = frozenset(label.strip() for label in labels.split(",") if label.strip())
            yield Case(f"{kind}: {title.strip()}", text, breaks)


def score(half: str) -> Score:
    """How well the rules do on one half."""
    found = Score(Counter(), [], [])
    for case in cases(half):
        prompt = Prompt.declared(read_text(case.text, file=case.title))
        problems = {problem.rule: problem.message for problem in clarity_problems(prompt)}
        found.right.update(problems.keys() & case.breaks)
        found.wrong.extend((case.title, rule, problems[rule]) for rule in problems.keys() - case.breaks)
        found.missed.extend((case.title, rule) for rule in case.breaks - problems.keys())
    return found
