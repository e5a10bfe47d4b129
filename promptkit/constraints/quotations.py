"""Texts that stand word for word in an input."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import as_string
from promptkit.constraints.folding import texts_of
from promptkit.constraints.paths import Path, parse
from promptkit.constraints.rules import Scope
from promptkit.schemas.places import shown, type_phrase

__all__ = ["QuotedFrom"]


@dataclass(frozen=True, slots=True)
class QuotedFrom:
    """A text that stands word for word in an input; ``source`` is the path of that input."""

    kind = "quoted_from"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    source: str

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the path of an input."""
        return cls(as_string("quoted_from", "the path of an input", "quoted_from: ticket.body", argument))

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("quoted_from takes the path of an input, as in quoted_from: ticket.body")
        parse(self.source)

    def sentence(self, subject: str) -> str:
        """Said as a quotation."""
        return f"{subject} is quoted word for word from `{self.source}`."

    def reads(self) -> tuple[Path, ...]:
        """The source."""
        return (parse(self.source),)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """An empty quote, or one that occurs in the source neither exactly nor with blanks folded."""
        if not isinstance(value, str):
            return type_phrase(value)
        quote = " ".join(value.split())
        if not quote:
            return "an empty quote"
        for _, source in parse(self.source).values(scope.inputs, parent=scope.parent):
            for text in texts_of(source):
                if value in text or quote in " ".join(text.split()):
                    return None
        return shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Asks for a copy."""
        return f"Copy a passage of `{self.source}` exactly as it is written there."
