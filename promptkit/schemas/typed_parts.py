"""Parts of Python types: each field is validated once, by pydantic, when its text is whole.

An object whose fields were validated one by one is made by a validator that takes them as they are: the type's own
core schema, in which the schemas of those fields give way to what was found. So defaults, aliases, names that are
not allowed, and validators of the whole object run as always, and those of the fields do not run again. Core
schemas are documented in pydantic_core.core_schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema

from promptkit.schemas.json_types import is_list, is_mapping, is_object
from promptkit.schemas.outcomes import Invalid, Valid
from promptkit.schemas.parts import Members
from promptkit.schemas.typed_errors import problems_of

__all__ = ["TypedPart", "typed_parts"]

_Schema = Mapping[str, Any]

_OBJECTS = {"model": "model-fields", "dataclass": "dataclass-args"}
_OWN_FIELDS = frozenset({"model", "dataclass", "typed-dict"})
_THROUGH = frozenset({"default", "nullable", "function-after"})
_CHANGED_STRINGS = ("strip_whitespace", "to_lower", "to_upper")
_NO_SCHEMAS = frozenset({"metadata", "serialization", "config"})

_found: ContextVar[Sequence[Any]] = ContextVar("found")


def _taken(index: int) -> Any:
    return _found.get()[index]


_TAKEN = core_schema.no_info_plain_validator_function(_taken)
"""Stands for the schema of a member that was judged: its JSON is then the index of what was found."""


class TypedPart:
    """The core schema of one place."""

    __slots__ = (
        "_config",
        "_core",
        "_defs",
        "_fields",
        "_inner_config",
        "_joiner",
        "_members",
        "_schema",
        "_validator",
        "late",
        "reshapes",
        "streams",
    )

    def __init__(
        self, schema: _Schema, config: Any, defs: Mapping[str, _Schema], *, late: bool = False
    ) -> None:
        self.late = late
        self._schema, self._config, self._defs = schema, config, defs
        self._core, plain = _core(schema, defs)
        self._inner_config = self._core.get("config", None if self._core["type"] in _OBJECTS else config)
        self.reshapes = not plain or bool(self._core.get("post_init"))
        self._fields = _fields_of(self._core, self._inner_config)
        self._members: dict[str | int, TypedPart | None] = {}
        self._validator: SchemaValidator | None = None
        self._joiner: SchemaValidator | None = None
        self.streams = not late and plain and _is_any_string(self._core, config)

    def opens(self, bracket: str) -> bool:
        """True for models, dataclasses, typed dicts and dicts by name, and for lists."""
        if self.late:
            return False
        if bracket == "[":
            return bool(self._core["type"] == "list")
        return self._fields is not None or _is_plain_dict(self._core)

    def member(self, name: str | int) -> TypedPart | None:
        """The part of a field by its alias, or of an item."""
        key = name if self._fields is not None else 0
        if key not in self._members:
            self._members[key] = self._made(key)
        return self._members[key]

    def whole(self, text: str, data: Any) -> Valid[Any] | Invalid:
        """The instance that the text is."""
        if self._validator is None:
            self._validator = _validator(self._schema, self._config, self._defs)
        try:
            return Valid(value=self._validator.validate_json(text, strict=True), data=data)
        except ValidationError as error:
            return Invalid(problems=problems_of(error, data))

    def joined(self, data: Any, members: Members) -> Valid[Any] | Invalid:
        """The instance made of its members."""
        if self._joiner is None:
            self._joiner = _validator(self._joining(self._schema), self._config, self._defs)
        values = list(members.values.values())
        texts = {name: str(index) for index, name in enumerate(members.values)} | members.texts
        token = _found.set(values)
        try:
            value = self._joiner.validate_json(_written(texts, data), strict=True)
        except ValidationError as error:
            return Invalid(problems=problems_of(error, data))
        finally:
            _found.reset(token)
        return Valid(value=value, data=data)

    def found_in(self, value: Any, name: str | int) -> tuple[Any, ...]:
        """The attribute or item."""
        if is_list(value):
            return (value[name],) if isinstance(name, int) and name < len(value) else ()
        field = self._fields[str(name)][0] if self._fields and name in self._fields else str(name)
        if is_object(value):
            return (value[field],) if field in value else ()
        return (getattr(value, field),) if hasattr(value, field) else ()

    def _made(self, key: str | int) -> TypedPart | None:
        if self._fields is None:
            inner = self._core["items_schema" if self._core["type"] == "list" else "values_schema"]
            return TypedPart(inner, self._inner_config, self._defs, late=_looks_around(inner, self._defs))
        if key not in self._fields:
            return None
        inner = self._fields[str(key)][1]["schema"]
        late = _looks_around(inner, self._defs) or _hides_default(inner)
        return TypedPart(inner, self._inner_config, self._defs, late=late)

    def _joining(self, schema: _Schema) -> dict[str, Any]:
        """The schema with that of each member that is judged before in a form that takes what was found."""
        kind = schema["type"]
        if kind == "definition-ref":
            return self._joining(self._defs[schema["schema_ref"]])
        copy = {key: value for key, value in schema.items() if key != "ref"}
        if kind in _THROUGH:
            return {**copy, "schema": self._joining(schema["schema"])}
        if kind == "list":
            return {**copy, "items_schema": self._taking(0, schema["items_schema"])}
        if kind == "dict":
            return {**copy, "values_schema": self._taking(0, schema["values_schema"])}
        holder = schema if kind == "typed-dict" else schema["schema"]
        replaced: dict[str, Any] = {
            name: {**field, "schema": self._taking(key, field["schema"])}
            for key, (name, field) in (self._fields or {}).items()
        }
        made = {**holder, "fields": _same_shape(holder["fields"], replaced)}
        return {**copy, "fields": made["fields"]} if kind == "typed-dict" else {**copy, "schema": made}

    def _taking(self, key: str | int, schema: _Schema) -> Any:
        part = self.member(key)
        if part is None or part.late:
            return schema
        if schema["type"] == "default":
            return {**schema, "schema": self._taking(key, schema["schema"])}
        return _TAKEN


def typed_parts(schema: _Schema) -> TypedPart:
    """The parts of a type, by its core schema."""
    defs: dict[str, _Schema] = {}
    if schema["type"] == "definitions":
        defs = {definition["ref"]: definition for definition in schema["definitions"]}
        schema = schema["schema"]
    return TypedPart(schema, None, defs)


def _core(schema: _Schema, defs: Mapping[str, _Schema]) -> tuple[_Schema, bool]:
    """What is inside defaults, nullables and validators that come after; and whether there are none of these."""
    plain = True
    while True:
        if schema["type"] == "definition-ref":
            schema = defs[schema["schema_ref"]]
        elif schema["type"] in _THROUGH:
            plain = plain and schema["type"] != "function-after"
            schema = schema["schema"]
        else:
            return schema, plain


def _fields_of(core: _Schema, config: Any) -> dict[str, tuple[str, Any]] | None:
    """Name in Python and schema of each field by its name in JSON; None where the fields cannot be told apart."""
    kind = core["type"]
    holder = core if kind == "typed-dict" else core.get("schema", {})
    if kind not in _OWN_FIELDS or holder["type"] != _OBJECTS.get(kind, "typed-dict"):
        return None
    settings: _Schema = config or {}
    if core.get("root_model") or core.get("custom_init") or settings.get("validate_by_alias") is False:
        return None
    fields = holder["fields"]
    named: list[tuple[str, Any]] = (
        [(field["name"], field) for field in fields] if is_list(fields) else list(fields.items())
    )
    if any(field.get("init_only") for _, field in named):
        return None
    return {
        alias: (name, field)
        for name, field in named
        if isinstance(alias := field.get("validation_alias", name), str)
    }


def _same_shape(fields: Any, replaced: Mapping[str, Any]) -> Any:
    if is_list(fields):
        return [replaced.get(field["name"], field) for field in fields]
    return {name: replaced.get(name, field) for name, field in fields.items()}


def _is_plain_dict(core: _Schema) -> bool:
    """True for a dict whose names are any strings."""
    names = core.get("keys_schema", {"type": "any"}) if core["type"] == "dict" else {"type": "none"}
    return names["type"] == "str" and not any(names.get(change) for change in _CHANGED_STRINGS)


def _is_any_string(core: _Schema, config: Any) -> bool:
    """True where a string is the value as it is written."""
    settings: _Schema = config or {}
    changed = any(core.get(change) or settings.get(f"str_{change}") for change in _CHANGED_STRINGS)
    return core["type"] == "str" and not changed


def _looks_around(schema: _Schema, defs: Mapping[str, _Schema]) -> bool:
    """True when a validator of the field takes info, which tells it the fields before."""
    return any(
        part["type"].startswith("function-") and part.get("function", {}).get("type") == "with-info"
        for part in _schemas_in(schema, defs, set())
    )


def _hides_default(schema: _Schema) -> bool:
    """True when a validator stands around the default, so that the one is not to be had without the other."""
    inside = schema
    while inside["type"] in _THROUGH:
        if inside["type"] == "default" and inside is not schema:
            return True
        inside = inside["schema"]
    return False


def _schemas_in(schema: Any, defs: Mapping[str, _Schema], seen: set[str]) -> Iterator[_Schema]:
    """The schemas inside one, itself first; the fields of objects in it are their own affair."""
    if is_list(schema) or isinstance(schema, tuple):
        for part in cast("Sequence[Any]", schema):
            yield from _schemas_in(part, defs, seen)
    if not is_mapping(schema):
        return
    if isinstance(schema.get("type"), str):
        yield schema
        reference = schema.get("schema_ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            yield from _schemas_in(defs[reference], defs, seen)
        if schema["type"] in _OWN_FIELDS:
            return
    for key, part in schema.items():
        if key not in _NO_SCHEMAS:
            yield from _schemas_in(part, defs, seen)


def _references(schema: Any) -> Iterator[str]:
    if is_list(schema) or isinstance(schema, tuple):
        for part in cast("Sequence[Any]", schema):
            yield from _references(part)
    elif is_mapping(schema):
        if isinstance(schema.get("schema_ref"), str):
            yield schema["schema_ref"]
        for key, part in schema.items():
            if key not in _NO_SCHEMAS:
                yield from _references(part)


def _validator(schema: _Schema, config: Any, defs: Mapping[str, _Schema]) -> SchemaValidator:
    """A validator with the definitions that its schema leads to."""
    needed: dict[str, _Schema] = {}
    waiting = list(_references(schema))
    while waiting:
        reference = waiting.pop()
        if reference not in needed:
            needed[reference] = defs[reference]
            waiting += _references(defs[reference])
    made: Any = schema
    if needed:
        made = core_schema.definitions_schema(cast("Any", schema), cast("Any", list(needed.values())))
    # Else a model's own validator, made when the class was, would stand in for the schema that is given here.
    return SchemaValidator(made, config, _use_prebuilt=False)


def _written(texts: Mapping[str | int, str], data: Any) -> str:
    """An object or a list of these members, in the order of the data."""
    if is_list(data):
        return f"[{','.join(texts[index] for index in range(len(data)))}]"
    return f"{{{','.join(f'{json.dumps(name)}:{texts[name]}' for name in data)}}}"
