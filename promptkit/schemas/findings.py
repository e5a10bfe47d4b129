"""What is collected while inputs are checked: every problem, and how much text there is."""

from __future__ import annotations

from typing import Literal

from promptkit.errors import InputProblem
from promptkit.schemas.places import type_phrase

__all__ = ["MAX_INPUT_CHARS", "Findings"]

MAX_INPUT_CHARS = 4_000_000
"""More text than any model reads (about a million tokens): beyond it is a mistake, not an input."""


class Findings:
    """The problems of one call, in the order of the fields.

    Attributes:
        problems: Everything found so far.
        characters: Characters in all strings so far.
    """

    __slots__ = ("characters", "problems")

    def __init__(self) -> None:
        self.problems: list[InputProblem] = []
        self.characters = 0

    def add(
        self, path: str, kind: Literal["missing", "unexpected", "reserved", "type", "size"], message: str
    ) -> None:
        """Note one problem; ``message`` is whole, with its path."""
        self.problems.append(InputProblem(path, kind, message))

    def wrong_type(self, path: str, expected: str, got: object) -> None:
        """Note a value of the wrong kind."""
        self.add(path, "type", f"{path}: expected {expected}, got {type_phrase(got)}")

    def text(self, path: str, text: str) -> str:
        """Count a string and check that it can be sent: not too long, and encodable as UTF-8."""
        self.characters += len(text)
        if len(text) > MAX_INPUT_CHARS:
            self.add(path, "size", f"{path} has {len(text)} characters; the limit is {MAX_INPUT_CHARS}")
        elif not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                where = f"unpaired surrogate at character {error.start + 1}"
                self.add(
                    path,
                    "type",
                    f"{path}: cannot be encoded as UTF-8 ({where}); decode it without errors first",
                )
        return text

    def finish(self) -> None:
        """Check the sum of all strings, unless one of them was too long already."""
        if self.characters > MAX_INPUT_CHARS and not any(problem.kind == "size" for problem in self.problems):
            self.add(
                "",
                "size",
                f"all inputs together have {self.characters} characters; the limit is {MAX_INPUT_CHARS}",
            )
