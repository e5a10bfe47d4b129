"""Python types as schemas: pydantic validates in strict JSON mode and writes the JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from promptkit.errors import SchemaUnsupported
from promptkit.schemas.json_types import is_list, is_mapping
from promptkit.schemas.outcomes import Invalid, Valid
from promptkit.schemas.places import shorten
from promptkit.schemas.typed_errors import problems_of
from promptkit.schemas.typed_parts import TypedPart, typed_parts

__all__ = ["TypedCodec", "adapter_of", "closed_objects"]


class TypedCodec:
    """Between JSON and the instances of one Python type.

    Attributes:
        json_schema: The type's JSON Schema, its objects closed against names that the type does not have,
            without the titles that pydantic derives from field names. A given ``json_schema`` stands in for
            it.

    Raises:
        SchemaUnsupported: When pydantic cannot validate the type or JSON Schema cannot say it.
    """

    __slots__ = ("_adapter", "_further", "_parts", "json_schema")

    def __init__(self, tp: Any, *, json_schema: Mapping[str, Any] | None = None) -> None:
        self._adapter = adapter_of(tp)
        self._parts: TypedPart | None = None
        self.json_schema = _schema_of(self._adapter, tp) if json_schema is None else json_schema
        self._further = _takes_further_names(self.json_schema)

    def decode(self, data: Any, text: str, *, closed: bool = False) -> Valid[Any] | Invalid:
        """The instance when the text fits the type without coercion, else everything that is wrong.

        Args:
            data: What the text is as plain data.
            text: JSON.
            closed: True refuses names that the type would pass over, unless it says that it takes further ones.
        """
        extra: Literal["forbid"] | None = "forbid" if closed and not self._further else None
        try:
            value = self._adapter.validate_json(text, strict=True, extra=extra)
        except ValidationError as error:
            return Invalid(problems=problems_of(error, data))
        return Valid(value=value, data=data)

    def parts(self) -> TypedPart:
        """The type field by field, worked out on first use."""
        if self._parts is None:
            self._parts = typed_parts(self._adapter.core_schema)
        return self._parts

    def encode(self, value: Any) -> Any:
        """The instance as plain JSON data under the names of the JSON Schema.

        Raises:
            TypeError: When the value is no instance of the type and cannot be written as JSON.
        """
        try:
            return self._adapter.dump_python(value, mode="json", by_alias=True, warnings="none")
        except PydanticSerializationError as error:
            raise TypeError(f"the value cannot be written as JSON: {error}") from error


class _Untitled(GenerateJsonSchema):
    """Pydantic's own hooks: titles that only repeat names cost tokens, and nothing is left out silently."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic names it
        return False

    def emit_warning(self, kind: Any, detail: str) -> None:
        """A branch of a union that JSON Schema cannot say is an error, not a warning."""
        if kind != "non-serializable-default":
            raise PydanticInvalidForJsonSchema(detail)


def adapter_of(tp: Any) -> TypeAdapter[Any]:
    """Pydantic's adapter of a type.

    Raises:
        SchemaUnsupported: When pydantic cannot validate the type.
    """
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(tp)
        if not adapter.pydantic_complete:  # a name that is not defined yet stays a reference until first use
            adapter.rebuild()
    except (PydanticUserError, NameError, TypeError) as error:
        raise SchemaUnsupported(
            f"{_type_name(tp)} cannot be an output or input type: {_first_line(error)}. "
            "Use a pydantic model, a dataclass, a TypedDict or a type built from plain ones.",
            paths=[""],
        ) from error
    return adapter


def _schema_of(adapter: TypeAdapter[Any], tp: Any) -> Mapping[str, Any]:
    try:
        schema = adapter.json_schema(schema_generator=_Untitled)
    except (PydanticInvalidForJsonSchema, PydanticUserError) as error:
        raise SchemaUnsupported(
            f"{_type_name(tp)} has no JSON Schema: {_first_line(error)}. Use types that JSON can write.",
            paths=[""],
        ) from error
    return closed_objects(schema)


def closed_objects(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with ``additionalProperties: false`` wherever properties are named and nothing else is said.

    A model shall be asked for what is read and for nothing else; what a type accepts stays its own affair.
    """
    return {key: _closed(key, value) for key, value in _with_closing(schema).items()}


def _with_closing(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if (
        "properties" in schema
        and not {"additionalProperties", "unevaluatedProperties", "allOf"} & schema.keys()
    ):
        return {**schema, "additionalProperties": False}
    return schema


def _closed(key: str, value: Any) -> Any:
    if key in ("properties", "$defs", "patternProperties") and is_mapping(value):
        named: Mapping[str, Any] = value
        return {name: closed_objects(part) if is_mapping(part) else part for name, part in named.items()}
    if key in ("items", "additionalProperties") and is_mapping(value):
        return closed_objects(value)
    if key in ("anyOf", "oneOf", "prefixItems") and is_list(value):
        return [closed_objects(part) if is_mapping(part) else part for part in value]
    return value


def _takes_further_names(schema: Any) -> bool:
    """True when an object of the schema that declares names takes any others beside them."""
    if is_mapping(schema):
        open_beside = "properties" in schema and schema.get("additionalProperties", False) is not False
        return open_beside or any(_takes_further_names(part) for part in schema.values())
    return is_list(schema) and any(map(_takes_further_names, schema))


def _type_name(tp: Any) -> str:
    return getattr(tp, "__name__", None) or str(tp)


def _first_line(error: Exception) -> str:
    return shorten(str(error).strip().split("\n", 1)[0], 200).rstrip(".")
