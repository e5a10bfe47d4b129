"""Inputs declared by a Python type: pydantic checks them, in strict JSON mode like outputs."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, TypeGuard

from pydantic import BaseModel, Field, ValidationError, create_model

from promptkit.errors import SchemaUnsupported
from promptkit.messages import DocumentPart, ImagePart, Message
from promptkit.schemas.findings import Findings
from promptkit.schemas.plain_data import is_plain, to_plain
from promptkit.schemas.typed_codecs import TypedCodec, adapter_of
from promptkit.schemas.typed_errors import problems_of

__all__ = ["TypedInputs"]

_Special: TypeAlias = Literal["image", "document", "messages"]


class TypedInputs:
    """The fields of one type, checked together so that the type's own validators run.

    Attributes:
        json_schema: Schema of an object whose properties are the fields; special ones carry ``x-part``.

    Raises:
        SchemaUnsupported: When the type has no fields of its own, or pydantic cannot validate it.
    """

    __slots__ = ("_adapter", "_special", "json_schema")

    def __init__(self, tp: Any) -> None:
        fields = _fields(tp)
        self._special: dict[str, _Special] = {}
        for name, (hint, _) in fields.items():
            part = _special(hint)
            if part is not None:
                self._special[name] = part
        checked = _without(tp, fields, self._special) if self._special else tp
        self._adapter = adapter_of(checked)
        schema = dict(TypedCodec(checked).json_schema)
        if "$ref" in schema:  # a model that refers to itself stands under $defs
            name = str(schema.pop("$ref")).rsplit("/", 1)[1]
            schema = {**schema["$defs"][name], "$defs": schema["$defs"]}
        self.json_schema = _with_special(schema, fields, self._special) if self._special else schema

    def plain(self, value: Any, path: str, findings: Findings) -> Any:
        """One field as plain data, before all are checked together."""
        characters = findings.characters
        if is_plain(value, findings):
            return value  # what goes on is what the type makes of it, never this very object
        findings.characters = characters
        return to_plain(value, path, findings)

    def check(self, values: dict[str, Any], findings: Findings) -> dict[str, Any]:
        """All fields as the type takes them: without coercion, with its defaults, as plain data again."""
        plain = {name: value for name, value in values.items() if name not in self._special}
        try:
            made = self._adapter.validate_json(json.dumps(plain, ensure_ascii=False), strict=True)
        except ValidationError as error:
            for problem in problems_of(error, plain):
                if problem.rule.startswith("missing"):
                    findings.add(problem.path, "missing", f"missing {problem.path}")
                elif problem.rule == "extra_forbidden":
                    findings.add(problem.path, "unexpected", f"unexpected {problem.path}")
                else:
                    findings.add(problem.path, "type", str(problem))
            return values
        dumped = self._adapter.dump_python(made, mode="json", by_alias=True, warnings="none")
        return {
            name: values.get(name) if name in self._special else dumped.get(name)
            for name in self.json_schema["properties"]
        }


_Fields: TypeAlias = Mapping[str, tuple[Any, Any]]
"""Of each field its type and its default as pydantic's create_model takes it: ``...`` means required."""


def _fields(tp: Any) -> _Fields:
    if _is_model(tp):
        return {name: (field.annotation, field) for name, field in tp.model_fields.items()}
    if not (dataclasses.is_dataclass(tp) or _is_typed_dict(tp)):
        name = getattr(tp, "__name__", None) or str(tp)
        raise SchemaUnsupported(
            f"{name} has no fields to be inputs; use a pydantic model, a TypedDict or a dataclass", paths=[""]
        )
    try:
        hints: Mapping[str, Any] = typing.get_type_hints(tp, include_extras=True)
    except NameError as error:
        raise SchemaUnsupported(
            f"the inputs' type names {error.name}, which does not exist; import it at module level",
            paths=[""],
        ) from error
    defaults = _dataclass_defaults(tp) if dataclasses.is_dataclass(tp) else _typed_dict_defaults(tp, hints)
    return {name: (_bare(hint), defaults.get(name, ...)) for name, hint in hints.items()}


def _is_model(tp: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(tp, type) and issubclass(tp, BaseModel)


def _is_typed_dict(tp: Any) -> bool:
    """True for those of typing_extensions too, which ``typing.is_typeddict`` does not know before 3.12."""
    return isinstance(tp, type) and hasattr(tp, "__required_keys__") and hasattr(tp, "__total__")


def _typed_dict_defaults(tp: Any, hints: Mapping[str, Any]) -> dict[str, Any]:
    """None for each key that may be left out; the hints know it where annotations are strings."""
    marks = {name: typing.get_origin(hint) for name, hint in hints.items()}
    optional = {name for name in tp.__optional_keys__ if marks[name] is not typing.Required}
    optional |= {name for name, mark in marks.items() if mark is typing.NotRequired}
    return dict.fromkeys(optional)


def _bare(hint: Any) -> Any:
    wrapped = typing.get_origin(hint) in (typing.NotRequired, typing.Required)
    return typing.get_args(hint)[0] if wrapped else hint


def _dataclass_defaults(tp: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for field in dataclasses.fields(tp):
        if field.default is not dataclasses.MISSING:
            defaults[field.name] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            defaults[field.name] = Field(default_factory=field.default_factory)
    return defaults


def _special(hint: Any) -> _Special | None:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is typing.Annotated:
        return _special(arguments[0])
    if origin in (typing.Union, types.UnionType):
        found: set[_Special | None] = {_special(part) for part in arguments if part is not type(None)}
        return found.pop() if len(found) == 1 else None
    if origin in (list, tuple) and arguments and arguments[0] is Message:
        return "messages"
    if hint is ImagePart:
        return "image"
    return "document" if hint is DocumentPart else None


def _without(tp: Any, fields: _Fields, special: Mapping[str, _Special]) -> Any:
    """The type less its special fields, which are checked by their own means."""
    decorators = getattr(tp, "__pydantic_decorators__", None)
    if decorators is not None and (decorators.model_validators or decorators.field_validators):
        raise SchemaUnsupported(
            f"{tp.__name__} has validators of its own and fields that are images, documents or messages; "
            f"move {', '.join(special)} out of it or do without the validators",
            paths=sorted(special),
        )
    rest: dict[str, Any] = {name: field for name, field in fields.items() if name not in special}
    return create_model(tp.__name__, __config__=getattr(tp, "model_config", None), **rest)


def _with_special(
    schema: dict[str, Any], fields: _Fields, special: Mapping[str, _Special]
) -> Mapping[str, Any]:
    properties: dict[str, Any] = dict(schema.get("properties", {}))
    ordered: dict[str, Any] = {}
    for name in fields:
        if name in special:
            ordered[name] = {"x-part": special[name]}
        elif name in properties:
            ordered[name] = properties[name]
    required = [name for name in special if _is_required(fields[name][1])]
    return {
        **schema,
        "properties": {**ordered, **properties},
        "required": [*schema.get("required", ()), *required],
    }


def _is_required(default: Any) -> bool:
    ask = getattr(default, "is_required", None)
    return default is ... if ask is None else bool(ask())
