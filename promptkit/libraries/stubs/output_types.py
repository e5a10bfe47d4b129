"""Outputs in a stub: the Python type of a value, classes that were generated for a prompt written out."""

from __future__ import annotations

import datetime as dt
import enum
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from promptkit.libraries.stubs.names import Names, shadows
from promptkit.schemas import generated_models

__all__ = ["output_type"]

_GENERATED = generated_models.__name__
_PLAIN: Mapping[Any, str] = {
    Any: "Any",
    object: "Any",
    type(None): "None",
    None: "None",
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    dt.date: "datetime.date",
    dt.datetime: "datetime.datetime",
    dt.time: "datetime.time",
}


def output_type(kind: Any, wanted: str, names: Names) -> str:
    """A type as source text.

    Args:
        kind: The type.
        wanted: What a class that was generated for the prompt shall be called.
        names: The stub's names; gets the classes that are written out.
    """
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return output_type(arguments[0], wanted, names)
    if origin is Literal:
        return f"Literal[{', '.join(_literal(value, names) for value in arguments)}]"
    if origin in (Union, types.UnionType):
        parts = [output_type(part, wanted, names) for part in arguments]
        return " | ".join(dict.fromkeys(parts))
    if origin is not None:
        return _generic(origin, arguments, wanted, names)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind.__module__ == _GENERATED:
            return _written(kind, wanted, names)
        # pydantic makes a class of its own for a generic model with its arguments.
        generic = kind.__pydantic_generic_metadata__
        if generic["origin"] is not None:
            return _generic(generic["origin"], generic["args"], wanted, names)
    return names.qualified(kind) if isinstance(kind, type) else "Any"


def _generic(origin: type, arguments: Iterable[Any], wanted: str, names: Names) -> str:
    inner = ("..." if part is ... else output_type(part, f"{wanted}Item", names) for part in arguments)
    return f"{names.qualified(origin)}[{', '.join(inner)}]"


def _literal(value: Any, names: Names) -> str:
    return f"{names.qualified(type(value))}.{value.name}" if isinstance(value, enum.Enum) else repr(value)


def _written(model: type[BaseModel], wanted: str, names: Names) -> str:
    made = names.new(wanted)
    fields = {
        name: output_type(field.annotation, f"{wanted}{name[:1].upper()}{name[1:]}", names)
        for name, field in model.model_fields.items()
    }
    above: list[str] = []
    if shadows(fields):
        # Inside the class such a name means the field, so the types are named before it.
        aliases = {name: names.new(f"{made}{name[:1].upper()}{name[1:]}Type") for name in fields}
        above = [f"{aliases[name]}: TypeAlias = {text}" for name, text in fields.items()]
        fields = aliases
    body = [f"    {name}: {text}" for name, text in fields.items()] or ["    pass"]
    names.classes.append("\n".join([*above, f"class {made}(BaseModel):", *body]))
    return made
