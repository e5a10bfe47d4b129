"""Texts that a pattern describes."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import as_string
from promptkit.constraints.forms import Form, Whole
from promptkit.constraints.patterns import check_pattern, matches_whole
from promptkit.constraints.portable import as_portable
from promptkit.constraints.rules import Scope
from promptkit.schemas.places import shown, type_phrase

__all__ = ["MAX_MATCHED", "Matches"]


MAX_MATCHED = 100_000


@dataclass(frozen=True, slots=True)
class Matches:
    r"""A text that a regular expression matches as a whole, in time linear in the text.

    The syntax is Rust's ``regex`` with ECMA's classes, near to Python's ``re`` but without look-around and
    back-references: ``\d``, ``\w`` and ``\b`` know ASCII alone, ``\p{L}`` is a letter of any language,
    ``.`` is no line break and ``[\s\S]`` is any character.
    """

    kind = "matches"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    pattern: str

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the expression as text."""
        return cls(
            as_string("matches", "a regular expression as a string", "matches: '[A-Z]{2}[0-9]{4}'", argument)
        )

    def __post_init__(self) -> None:
        check_pattern(self.pattern)

    def sentence(self, subject: str) -> str:
        """Said with the pattern as it is."""
        return f"{subject} matches the regular expression `{self.pattern}` as a whole."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As a pattern, where every engine reads it alike and the field has none yet."""
        portable = as_portable(self.pattern)
        if portable is None or "pattern" in fragment:
            return fragment
        return {**fragment, "pattern": f"^(?:{portable})$"}

    def form(self, inputs: Mapping[str, Any] | None) -> Form | None:
        """The pattern."""
        return Whole(self.pattern)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A text that does not match from end to end, or is longer than 100,000 characters."""
        if not isinstance(value, str):
            return type_phrase(value)
        if len(value) > MAX_MATCHED:
            return f"a text of {len(value)} characters, more than the {MAX_MATCHED} that are checked"
        return None if matches_whole(self.pattern, value) else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the pattern."""
        return f"Write a text that the whole of `{self.pattern}` matches."
