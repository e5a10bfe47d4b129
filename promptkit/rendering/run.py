"""One render under way: where messages go, and how much it may still do."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from jinja2 import TemplateRuntimeError
from jinja2.runtime import Context

from promptkit.messages import Message, Part, Role, TextPart
from promptkit.rendering.spans import MAX_CHARACTERS, Marks, Span, bare, joined, plain, stripped

__all__ = ["CURRENT", "MAX_ITEMS", "MAX_MADE", "MAX_STEPS", "Run"]

MAX_STEPS = 100_000
"""Turns of loops, calls of macros and includes in one render."""

MAX_ITEMS = MAX_CHARACTERS // 4
"""Items that one value may hold and one render may print: a line of a list has about four characters."""

MAX_MADE = 8 * MAX_CHARACTERS
"""Characters that filters, operators, methods and macros may read and make in one render."""


class Run:
    """The sink of one render. Role blocks emit to it; nothing is ever read back from rendered text.

    Attributes:
        values: The inputs.
        messages: What was emitted so far.
        bare: True while an example is rendered: the history emits nothing then.
        context: The names of the body where sections may read them there; None where it changes them.
        marks: Where texts come from, by message and part, while the render is traced.
    """

    __slots__ = ("_characters", "_items", "_made", "_steps", "bare", "context", "marks", "messages", "values")

    def __init__(self, values: Mapping[str, Any], *, bare: bool = False) -> None:
        self.values = values
        self.messages: list[Message] = []
        self.bare = bare
        self.context: Context | None = None
        self.marks: dict[tuple[int, int], Marks] = {}
        self._characters = 0
        self._items = 0
        self._made = 0
        self._steps = 0

    def charge(self, steps: int) -> None:
        """Count turns of a loop or calls.

        Raises:
            TemplateRuntimeError: When they are more than MAX_STEPS.
        """
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise TemplateRuntimeError(
                f"loops and macros take more than {MAX_STEPS:,} turns in one render, includes counted; "
                f"loop over less, or prepare the text in Python"
            )

    def charge_items(self, items: int) -> None:
        """Count items that are printed, or made and compared at their lower price.

        Raises:
            TemplateRuntimeError: When they are more than MAX_ITEMS.
        """
        self._items += items
        if self._items > MAX_ITEMS:
            raise TemplateRuntimeError(
                f"lists and objects of more than {MAX_ITEMS:,} items are made or printed in one render; "
                f"print less of them, or prepare the text in Python"
            )

    def charge_text(self, characters: int) -> None:
        """Count characters that an expression reads or makes.

        Raises:
            TemplateRuntimeError: When they are more than MAX_MADE.
        """
        self._made += characters
        if self._made > MAX_MADE:
            raise TemplateRuntimeError(
                f"expressions work on more than {MAX_MADE:,} characters in one render; "
                f"shorten the inputs, or prepare the text in Python"
            )

    def emit(self, role: Role, body: str) -> None:
        """Add a message; one that holds nothing but the template's own blanks is left out.

        Args:
            role: Who speaks.
            body: The role block's text, as `joined` gave it.

        Raises:
            TemplateRuntimeError: When all messages together are longer than MAX_CHARACTERS.
        """
        if type(body) is not str and isinstance(body, Span):
            if body.pieces is not None:
                self._emit_parts(role, body.pieces)
                return
            body, marks = bare(body)
            if marks is not None:
                self.marks[len(self.messages), 0] = marks
        if body:
            self._characters += len(body)
            if self._characters > MAX_CHARACTERS:
                self._count(0)
            self.messages.append(Message(role=role, content=body))

    def _emit_parts(self, role: Role, pieces: tuple[str | Part, ...]) -> None:
        """Texts between parts become parts of their own, each stripped like a message."""
        parts: list[Part] = []
        texts: list[str] = []

        def close_text() -> None:
            text = stripped(joined(texts))
            texts.clear()
            if text:
                self._count(len(text))
                parts.append(TextPart(text=self._noted(text, len(parts))))

        for piece in pieces:
            if isinstance(piece, str):
                texts.append(piece)
            else:
                close_text()
                parts.append(piece)
        close_text()
        self.messages.append(Message(role=role, content=tuple(parts)))

    def _noted(self, text: str, part: int) -> str:
        """The text alone; where it comes from is kept apart."""
        if not isinstance(text, Span):
            return text
        if text.marks is not None:
            self.marks[len(self.messages), part] = text.marks
        return plain(text)

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > MAX_CHARACTERS:
            raise TemplateRuntimeError(
                f"the messages are longer than {MAX_CHARACTERS:,} characters together; shorten the inputs"
            )


CURRENT: ContextVar[Run] = ContextVar("promptkit.rendering.run")
"""The render under way in this thread or task; macros imported without context find it here alone."""
