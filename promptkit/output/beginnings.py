"""Where the JSON of an answer begins that arrives in pieces: thoughts and one fence before it are passed over."""

from __future__ import annotations

import re
from collections.abc import Callable

from promptkit.output.thoughts import ANSWER_LINE_PATTERN, THOUGHTS_CLOSED, THOUGHTS_OPENED

__all__ = ["Beginning"]

_FENCE = re.compile(r"```(?:json|JSON)?[ \t]*\r?\n")
_ANY_VALUE = '{["-0123456789tfn'
_NO_THOUGHT = "{["
_LONGEST_LINE = 80  # a longer one is neither a fence nor the line before an answer
_CUT = "…"  # stands for the beginning of a long line


class Beginning:
    """Passes over what may stand before the JSON value where that is beyond doubt.

    That is one fence of three backticks, alone or with ``json``, and thoughts: a block of ``<think>`` at the
    start, or with reasoning whatever stands before ``</think>`` or before the line that the prompt asks for.

    Args:
        reasoning: True where the output has reasoning.

    Attributes:
        lost: True once the text begins in another way: then nothing of it is followed.
    """

    __slots__ = ("_first", "_held", "_marks", "_reasoning", "_step", "lost")

    def __init__(self, *, reasoning: bool) -> None:
        self.lost = False
        self._reasoning = reasoning
        self._first = _NO_THOUGHT if reasoning else _ANY_VALUE
        self._marks: tuple[str, ...] = ("```", THOUGHTS_OPENED)
        self._held = ""
        self._step: Callable[[], bool] = self._lead

    def feed(self, text: str) -> str | None:
        """What of the text belongs to the value, from its first character on; None while it has not begun."""
        if self.lost:
            return None
        self._held += text
        while not self.lost and self._step():
            if self._step == self._lead and self._held[:1] and self._held[0] in self._first:
                return self._held
        return None

    def _lead(self) -> bool:
        """Pass over blanks, or go on with a fence or thoughts; False while more text is needed."""
        held = self._held = self._held.lstrip(" \t\r\n")
        if not held or held[0] in self._first:
            return bool(held)
        if any(mark.startswith(held) for mark in self._marks):
            return False
        if held.startswith("```") and "```" in self._marks:
            self._step = self._fence
        elif self._reasoning or (THOUGHTS_OPENED in self._marks and held.startswith(THOUGHTS_OPENED)):
            self._step = self._thought
        else:
            self.lost = True
        return True

    def _fence(self) -> bool:
        if "\n" not in self._held and len(self._held) < _LONGEST_LINE:
            return False
        found = _FENCE.match(self._held)
        if found is None:
            self.lost = True
        else:
            self._go_on(self._held[found.end() :], marks=())
        return True

    def _thought(self) -> bool:
        """Pass over thoughts; of what is held no more is kept than what may begin their end."""
        before, closed, after = self._held.partition(THOUGHTS_CLOSED)
        line = ANSWER_LINE_PATTERN.search(self._held) if self._reasoning and not closed else None
        if closed:
            self._go_on(after, marks=("```",))
        elif line is not None and line.end() < len(self._held):
            self._reasoning = False
            self._go_on(self._held[line.end() :], marks=("```",))
        else:
            rest = before[before.rfind("\n") + 1 :] if line is None else before[line.start() :]
            self._held = rest if len(rest) < _LONGEST_LINE else f"{_CUT}{rest[-len(THOUGHTS_CLOSED) :]}"
            return False
        return True

    def _go_on(self, rest: str, *, marks: tuple[str, ...]) -> None:
        self._held, self._marks, self._step = rest, marks, self._lead
        self._first = _NO_THOUGHT if self._reasoning else _ANY_VALUE
