"""Outputs in a stub: the Python type of a value, classes that were generated for a prompt written out."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from promptkit.libraries.stubs.names import Names
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
        return f"Literal[{', '.join(repr(value) for value in arguments)}]"
    if origin in (Union, types.UnionType):
        parts = [output_type(part, wanted, names) for part in arguments]
        return " | ".join(dict.fromkeys(parts))
    if origin is not None:
        inner = ", ".join(output_type(part, f"{wanted}Item", names) for part in arguments)
        return f"{names.qualified(origin)}[{inner}]"
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__module__ == _GENERATED:
        return _written(kind, wanted, names)
    return names.qualified(kind) if isinstance(kind, type) else "Any"


def _written(model: type[BaseModel], wanted: str, names: Names) -> str:
    made = names.new(wanted)
    lines = [f"class {made}(BaseModel):"]
    for name, field in model.model_fields.items():
        text = output_type(field.annotation, f"{wanted}{name[:1].upper()}{name[1:]}", names)
        lines.append(f"    {name}: {text}")
    names.classes.append("\n".join(lines if len(lines) > 1 else [*lines, "    pass"]))
    return made
