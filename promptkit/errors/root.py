"""The root of the error tree."""

from __future__ import annotations

from typing import Any, ClassVar

from promptkit.completions import Attempt

__all__ = ["PromptKitError"]


class PromptKitError(Exception):
    """Root of all errors that promptkit raises on purpose.

    Attributes:
        attempts: The attempts made so far, with what they cost; empty before the first.
        record: The CallRecord of the failed call, where a call was begun.
        exit_code: What the command line exits with: 1 output, 2 use, input or plan, 3 backend or budget.
    """

    exit_code: ClassVar[int] = 2
    attempts: tuple[Attempt, ...] = ()
    record: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only evidence is no constructor argument that pickle knows of: hand it over as it is.
        return type(self).__new__, (type(self), *self.args), self.__dict__
