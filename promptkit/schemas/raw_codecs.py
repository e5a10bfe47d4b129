"""Between JSON and the values of a raw JSON Schema, which are the data itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptkit.schemas.outcomes import Invalid, Valid
from promptkit.schemas.raw_parts import RawPart, raw_parts
from promptkit.schemas.raw_schemas import raw_problems, raw_validator

__all__ = ["RawCodec"]


class RawCodec:
    """The values of a raw JSON Schema are the data itself.

    Raises:
        SchemaUnsupported: When the schema is invalid or refers to another document.
    """

    __slots__ = ("_formats", "_parts", "_schema", "_validator")

    def __init__(self, schema: Mapping[str, Any], *, formats: bool = True) -> None:
        self._validator = raw_validator(schema, formats=formats)
        self._schema, self._formats = schema, formats
        self._parts: tuple[RawPart | None] | None = None

    def decode(
        self,
        data: Any,
        text: str,  # noqa: ARG002 - one shape for all codecs
        *,
        closed: bool = False,  # noqa: ARG002
    ) -> Valid[Any] | Invalid:
        """The data when it fits, else everything that is wrong."""
        problems = raw_problems(self._validator, data)
        return Invalid(problems=problems) if problems else Valid(value=data, data=data)

    def parts(self) -> RawPart | None:
        """The schema field by field, worked out on first use; None where it cannot be taken apart."""
        if self._parts is None:
            self._parts = (raw_parts(self._schema, formats=self._formats),)
        return self._parts[0]

    def encode(self, value: Any) -> Any:
        """The value itself."""
        return value
