"""How sure the model must have been of a field."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.rules import Scope, Unjudged

__all__ = ["MinConfidence"]

_EXAMPLE = "min_confidence: 0.8"


@dataclass(frozen=True, slots=True)
class MinConfidence:
    """The least share that the model must have given the value, among all that are possible.

    Only fields with few possible values have one: enums, booleans, constants. It is judged by what the backend
    tells of the finished answer, is not said to the model, and is ``unchecked`` where the backend does not tell.

    Attributes:
        share: Above 0, at most 1.
    """

    kind = "min_confidence"
    takes: ClassVar[frozenset[str]] = frozenset()
    checked_only: ClassVar[bool] = True
    unsaid: ClassVar[bool] = True
    share: float

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the share as a number."""
        return cls(argument)

    def __post_init__(self) -> None:
        given: Any = self.share
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= 1:
            raise wrong_shape("min_confidence", "a number above 0 and at most 1", _EXAMPLE, given)

    def sentence(self, subject: str) -> str:
        """What the rule demands, for verdicts: no model is told."""
        return f"{subject} is given with a confidence of at least {self.share:g}."

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A share that is too small.

        Raises:
            Unjudged: When the backend does not tell how sure the model was of this field.
        """
        if scope.confidence is None:
            raise Unjudged("the backend does not tell how sure the model was")
        sure = scope.confidence.get(scope.path)
        if sure is None:
            raise Unjudged("no confidence is told of it: only enums, booleans and constants have one")
        return None if sure >= self.share else f"a confidence of {sure:.2f}"

    def hint(self, value: Any, scope: Scope) -> str:
        """Asks for another look."""
        return "Look at the input again, and choose the value that fits it best."
