"""What the makers of lists and objects ask of the maker of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from promptkit.schemas.generation.choices import Choices
from promptkit.schemas.generation.documents import Document, Schema

__all__ = ["Workshop"]


class Workshop(Protocol):
    """Makes values for places further down."""

    @property
    def document(self) -> Document:
        """The whole schema."""
        ...

    @property
    def choices(self) -> Choices:
        """Where numbers are drawn."""
        ...

    def value(self, schemas: Sequence[Schema], path: tuple[str | int, ...]) -> Any:
        """A value that meets all the schemas."""
        ...

    def name(self, schemas: Sequence[Schema], path: tuple[str | int, ...]) -> str:
        """A name for a field that meets all the schemas."""
        ...

    def is_deep(self, path: tuple[str | int, ...]) -> bool:
        """True when what is left to choice should stay away."""
        ...

    def comes_again(self, schemas: Sequence[Schema]) -> bool:
        """True when one of the schemas is being made further up."""
        ...

    def is_endless(self, schemas: Sequence[Schema]) -> bool:
        """True when each value of the schemas would nest without end."""
        ...
