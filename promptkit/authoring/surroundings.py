"""What a prompt file may refer to beyond itself: another prompt, a language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from promptkit.declarations import Declaration
from promptkit.wordings import Wording, wording_named

__all__ = ["Surroundings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a prompt file may refer to.

    Attributes:
        base_of: Gives the prompt that a variant extends; None where there is no library to take it from.
        wording_of: Gives the catalogue of a language; ValueError for one that there is not.
    """

    base_of: Callable[[str], Declaration] | None = None
    wording_of: Callable[[str], Wording] = wording_named
