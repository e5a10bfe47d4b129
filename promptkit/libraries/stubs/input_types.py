"""Inputs in a stub: what a call may be given, from the JSON Schema of each input."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from typing import Any

from promptkit.libraries.stubs.names import Names, camel, shadows
from promptkit.schemas import InputField
from promptkit.schemas.fragments import branches, resolve, types_of
from promptkit.schemas.json_types import is_mapping

__all__ = ["InputTypes"]

_PARTS: Mapping[str, str] = {
    "image": "ImagePart | bytes | Path",
    "document": "DocumentPart | bytes | Path",
    "messages": "Sequence[Message | Mapping[str, Any]]",
}
_SCALARS: Mapping[str, str] = {
    "string": "str",
    "integer": "int",
    "number": "float | Decimal",
    "boolean": "bool",
    "null": "None",
}
_MOMENTS: Mapping[str, str] = {
    "date": "str | datetime.date",
    "date-time": "str | datetime.datetime",
    "time": "str | datetime.time",
    "uuid": "str | UUID",
}
_OBJECTS = "BaseModel | DataclassInstance"
"""What an object may be besides a dict."""
_MAX_DEPTH = 8


class InputTypes:
    """Writes the types of inputs, and a TypedDict for each object among them.

    Args:
        names: The stub's names.
        root: The schema of all inputs, for references.
    """

    def __init__(self, names: Names, root: Mapping[str, Any]) -> None:
        self._names = names
        self._root = root

    def of(self, field: InputField, owner: str) -> str:
        """The type of one input; ``owner`` begins the names of its classes."""
        if field.kind in _PARTS:
            text = _PARTS[field.kind]
            return text if field.required else f"{text} | None"
        return self._type(field.json_schema, f"{owner}{field.name[:1].upper()}{field.name[1:]}", 0)

    def _type(self, fragment: Any, name: str, depth: int) -> str:
        if not is_mapping(fragment) or depth > _MAX_DEPTH:
            return "Any"
        fragment = resolve(fragment, self._root)
        if "$ref" in fragment:
            return "Any"
        values = [fragment["const"]] if "const" in fragment else fragment.get("enum")
        if values is not None:
            plain = all(isinstance(value, str | int | bool | None) for value in values)
            return f"Literal[{', '.join(repr(value) for value in values)}]" if plain else "Any"
        if parts := branches(fragment):
            return _union(self._type(part, name, depth + 1) for part in parts)
        kinds = types_of(fragment)
        return _union(self._of_kind(kind, fragment, name, depth) for kind in kinds) if kinds else "Any"

    def _of_kind(self, kind: str, fragment: Mapping[str, Any], name: str, depth: int) -> str:
        if kind == "array":
            return _list_of(self._type(fragment.get("items", True), f"{name}Item", depth + 1))
        if kind == "string":
            return _MOMENTS.get(str(fragment.get("format")), "str")
        if kind != "object":
            return _SCALARS.get(kind, "Any")
        properties: Mapping[str, Any] = fragment.get("properties", {})
        others = fragment.get("additionalProperties", not properties)
        if not properties:
            return f"Mapping[str, {self._type(others, f'{name}Value', depth + 1)}] | {_OBJECTS}"
        fields = {key: self._type(part, f"{name}{camel(key)}", depth + 1) for key, part in properties.items()}
        if others is not False:
            # A TypedDict refuses keys that it does not name.
            values = _union([*fields.values(), self._type(others, f"{name}Value", depth + 1)])
            return f"Mapping[str, {values}] | {_OBJECTS}"
        return f"{self._typed_dict(name, fields, set(fragment.get('required', ())))} | {_OBJECTS}"

    def _typed_dict(self, name: str, fields: Mapping[str, str], required: set[str]) -> str:
        made = self._names.new(name)
        given = {key: text if key in required else f"NotRequired[{text}]" for key, text in fields.items()}
        if shadows(given) or not all(key.isidentifier() and not keyword.iskeyword(key) for key in given):
            pairs = ", ".join(f"{key!r}: {text}" for key, text in given.items())
            self._names.classes.append(f"{made} = TypedDict({made!r}, {{{pairs}}})")
        else:
            lines = [f"    {key}: {text}" for key, text in given.items()]
            self._names.classes.append("\n".join([f"class {made}(TypedDict):", *lines]))
        return made


def _list_of(item: str) -> str:
    """Lists, tuples and sets; a text is a sequence of texts too, but no list."""
    if item == "str":
        return "list[str] | tuple[str, ...] | AbstractSet[str]"
    return (
        f"Sequence[{item}]"
        if any(word in item for word in ("[", "BaseModel"))
        else f"Sequence[{item}] | AbstractSet[{item}]"
    )


def _union(parts: Iterable[str]) -> str:
    found = list(dict.fromkeys(parts))
    return "Any" if "Any" in found else " | ".join(found)
