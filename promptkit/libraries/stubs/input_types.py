"""Inputs in a stub: what a call may be given, from the JSON Schema of each input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from promptkit.libraries.stubs.names import Names
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
    "number": "float",
    "boolean": "bool",
    "null": "None",
}
_MOMENTS: Mapping[str, str] = {
    "date": "str | datetime.date",
    "date-time": "str | datetime.datetime",
    "time": "str | datetime.time",
}
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
            return f"Sequence[{self._type(fragment.get('items', True), f'{name}Item', depth + 1)}]"
        if kind != "object":
            return _MOMENTS.get(str(fragment.get("format")), _SCALARS.get(kind, "Any"))
        properties: Mapping[str, Any] = fragment.get("properties", {})
        if not properties or not all(key.isidentifier() for key in properties):
            others = fragment.get("additionalProperties", True)
            return f"Mapping[str, {self._type(others, f'{name}Value', depth + 1)}] | BaseModel"
        return f"{self._typed_dict(name, properties, fragment, depth)} | BaseModel"

    def _typed_dict(
        self, name: str, properties: Mapping[str, Any], fragment: Mapping[str, Any], depth: int
    ) -> str:
        required = set(fragment.get("required", ()))
        made = self._names.new(name)
        lines = [f"class {made}(TypedDict):"]
        for key, part in properties.items():
            text = self._type(part, f"{name}{key[:1].upper()}{key[1:]}", depth + 1)
            lines.append(f"    {key}: {text if key in required else f'NotRequired[{text}]'}")
        self._names.classes.append("\n".join(lines))
        return made


def _union(parts: Iterable[str]) -> str:
    found = list(dict.fromkeys(parts))
    return "Any" if "Any" in found else " | ".join(found)
