"""The schema of an output: one JSON Schema, one validator, whatever it was declared by."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

from promptkit.schemas.fragments import resolve
from promptkit.schemas.generated_models import type_of
from promptkit.schemas.json_types import is_list, is_mapping, is_object
from promptkit.schemas.outcomes import Invalid, Problem, Valid
from promptkit.schemas.parts import Part
from promptkit.schemas.places import type_phrase
from promptkit.schemas.raw_codecs import RawCodec
from promptkit.schemas.strict_json import NotJson, parse_json
from promptkit.schemas.typed_codecs import TypedCodec, closed_objects

__all__ = ["OutputSchema"]

T = TypeVar("T")


class _Codec(Protocol):
    """Between plain JSON data and the typed value."""

    def decode(self, data: Any, text: str, *, closed: bool = False) -> Valid[Any] | Invalid:
        """The value; ``text`` is the JSON that ``data`` was parsed from."""
        ...

    def encode(self, value: Any) -> Any:
        """The value as plain JSON data."""
        ...

    def parts(self) -> Part | None:
        """What may be judged on its own; None where nothing may."""
        ...


class OutputSchema(Generic[T]):
    """What an output must be.

    Made once and shared: everything that can be prepared is prepared by the constructors, and no method
    changes it, so one instance serves all threads.

    Attributes:
        name: At most 64 characters of ``A-Za-z0-9_-``, as wire formats ask for one.
        kind: ``text`` for the plain answer, ``json`` for a value.
        json_schema: JSON Schema 2020-12 with the properties in their declared order; empty for text.
        python_type: The type of the values; ``object`` where they are plain data of a raw schema.
    """

    __slots__ = ("_codec", "json_schema", "kind", "name", "python_type")

    def __init__(
        self, *, name: str, json_schema: Mapping[str, Any], python_type: Any, codec: _Codec | None
    ) -> None:
        self.name = _wire_name(name)
        self.kind: Literal["text", "json"] = "text" if codec is None else "json"
        self.json_schema = json_schema
        self.python_type = python_type
        self._codec = codec

    def __repr__(self) -> str:
        return f"OutputSchema(name={self.name!r}, kind={self.kind!r})"

    @staticmethod
    def text(name: str = "text") -> OutputSchema[str]:
        """Plain text: the answer as it stands."""
        return OutputSchema(name=name, json_schema={}, python_type=str, codec=None)

    @staticmethod
    def from_type(tp: type[T] | Any, name: str | None = None) -> OutputSchema[T]:
        """Whatever pydantic's TypeAdapter takes: models, TypedDict, dataclass, Literal, Enum, union, list.

        ``str`` alone means plain text. Schemas are kept per type, so asking twice costs nothing.

        Raises:
            SchemaUnsupported: When pydantic cannot validate the type or JSON Schema cannot say it.
        """
        try:
            hash(tp)
        except TypeError:  # an Annotated type may carry unhashable metadata
            return _from_type(tp, name)
        made: OutputSchema[T] = _cached(cast("Hashable", tp), name)
        return made

    @staticmethod
    def from_json_schema(schema: Mapping[str, Any], name: str, *, formats: bool = True) -> OutputSchema[Any]:
        """A raw JSON Schema: values stay plain data and are checked by jsonschema-rs.

        Args:
            schema: The schema.
            name: The output's name.
            formats: False leaves ``format`` unchecked, for values that are judged by a type later: a type may
                take a date and time without an offset, which ``date-time`` does not.

        Raises:
            SchemaUnsupported: When the schema itself is invalid or refers to another document.
        """
        codec = RawCodec(schema, formats=formats)
        return OutputSchema(name=name, json_schema=dict(schema), python_type=object, codec=codec)

    @staticmethod
    def from_declared(schema: Mapping[str, Any], name: str) -> OutputSchema[Any]:
        """A schema that came from Picoschema: objects become instances of generated pydantic models.

        Their fields are attributes; a name that Python or pydantic takes for itself gets a trailing
        underscore as an attribute (``class_``) and keeps its own name in JSON.

        Raises:
            SchemaUnsupported: When the schema holds something that no generated model can say.
        """
        python_type = type_of(schema, name)
        codec = TypedCodec(python_type, json_schema=closed_objects(schema))
        return OutputSchema(name=name, json_schema=codec.json_schema, python_type=python_type, codec=codec)

    def described_by(self, json_schema: Mapping[str, Any]) -> OutputSchema[T]:
        """The same values and validator under another JSON Schema that takes the same values.

        For a type in code and a declaration in a file that agree: the declaration carries the descriptions.
        """
        if self._codec is None:
            return self
        return OutputSchema(
            name=self.name,
            json_schema=closed_objects(json_schema),
            python_type=self.python_type,
            codec=self._codec,
        )

    def read_json(self, text: str, *, closed: bool = False) -> Valid[T] | Invalid:
        """The value that a text is: strict JSON, then the type, without any coercion.

        For plain text it is the text itself.

        Args:
            text: The text.
            closed: True refuses names that the JSON Schema does not have also where a type would pass over them
                without a word.
        """
        if self._codec is None:
            return Valid(value=text, data=text)  # type: ignore[arg-type]
        try:
            data = parse_json(text)
        except NotJson as error:
            return Invalid(problems=(error.problem,))
        return self._codec.decode(data, text, closed=closed)

    def validate(self, data: Any) -> Valid[T] | Invalid:
        """The value that plain data is, as strict as if it had come as JSON."""
        if self._codec is None:
            if isinstance(data, str):
                return Valid(value=data, data=data)  # type: ignore[arg-type]
            message = f"expected a string, got {type_phrase(data)}"
            return Invalid(problems=(Problem(path="", rule="type", message=message, got=type_phrase(data)),))
        try:
            text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            message = f"the value is no JSON data: {error}"
            return Invalid(problems=(Problem(path="", rule="json", message=message, got=type_phrase(data)),))
        return self.read_json(text)

    def parts(self) -> Part | None:
        """The schema part by part, for an answer that arrives piece by piece; None where it has no parts."""
        return None if self._codec is None else self._codec.parts()

    def dump(self, value: T) -> Any:
        """The value as plain JSON data, names as in the JSON Schema."""
        return value if self._codec is None else self._codec.encode(value)

    def dump_json(self, value: T) -> str:
        """The value as compact JSON in the order of the schema's properties; text stays as it is."""
        if self._codec is None:
            return str(value)
        data = _in_order(self.dump(value), self.json_schema, self.json_schema)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _wire_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:64] or "output"


@lru_cache(maxsize=256)
def _cached(tp: Any, name: str | None) -> OutputSchema[Any]:
    return _from_type(tp, name)


def _from_type(tp: Any, name: str | None) -> OutputSchema[Any]:
    if tp is str:
        return OutputSchema.text(name or "text")
    codec = TypedCodec(tp)
    return OutputSchema(
        name=name or getattr(tp, "__name__", None) or "output",
        json_schema=codec.json_schema,
        python_type=tp,
        codec=codec,
    )


def _in_order(data: Any, fragment: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """The data with the keys of its objects in the schema's order; keys it does not name stand last."""
    fragment = resolve(fragment, root)
    if is_object(data):
        properties: Mapping[str, Any] = fragment.get("properties", {})
        names = [name for name in properties if name in data]
        names += [name for name in data if name not in properties]
        return {name: _in_order(data[name], properties.get(name, {}), root) for name in names}
    if is_list(data) and is_mapping(fragment.get("items")):
        return [_in_order(item, fragment["items"], root) for item in data]
    return data
