"""What can be wrong with the inputs of a call, one finding each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["InputProblem"]


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing wrong with the inputs of a call.

    Attributes:
        path: The input's path, for example ``ticket.body``.
        kind: What is wrong with it.
        message: One sentence for people.
    """

    path: str
    kind: Literal["missing", "unexpected", "reserved", "type", "size"]
    message: str
