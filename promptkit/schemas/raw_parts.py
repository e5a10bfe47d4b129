"""Parts of raw JSON Schemas: their values are the data itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from promptkit.schemas.fragments import TANGLED, branches, opened, references_in, types_of
from promptkit.schemas.json_types import is_list, is_mapping, is_object
from promptkit.schemas.outcomes import Invalid, Valid
from promptkit.schemas.parts import Members
from promptkit.schemas.raw_schemas import raw_problems, raw_validator

__all__ = ["RawPart", "raw_parts"]

_CONTAINERS = ("$defs", "definitions")
_OWN_ADDRESS = frozenset({"$id", "$anchor", "$dynamicAnchor", "$dynamicRef"})
_CHOSEN = frozenset({"enum", "const", "format"})


class RawPart:
    """The fragment of a raw schema that describes one place.

    An object or a list is judged with its members once more when it is whole: that is one pass in Rust, runs no
    code of the application, and needs no thought about keywords that look at several members.
    """

    __slots__ = (
        "_formats",
        "_fragment",
        "_members",
        "_opened",
        "_root",
        "_validator",
        "late",
        "reshapes",
        "streams",
    )

    def __init__(self, fragment: Mapping[str, Any], root: Mapping[str, Any], *, formats: bool) -> None:
        self.late = self.reshapes = False
        self._fragment, self._root, self._formats = fragment, root, formats
        self._opened = opened(fragment, root)
        self._members: dict[str | int, RawPart | None] = {}
        self._validator: jsonschema_rs.Validator | None = None
        kinds = set(types_of(self._opened))
        any_string = not (_CHOSEN | TANGLED) & self._opened.keys() and not branches(self._opened)
        self.streams = "string" in kinds and kinds <= {"string", "null"} and any_string

    def opens(self, bracket: str) -> bool:
        """True where properties or items are declared in one place alone."""
        if TANGLED & self._opened.keys() or branches(self._opened):
            return False
        return is_mapping(self._opened.get("properties" if bracket == "{" else "items"))

    def member(self, name: str | int) -> RawPart | None:
        """The part of a declared property or of an item."""
        key = name if isinstance(name, str) else 0
        if key not in self._members:
            declared = self._opened.get("items") if key == 0 else self._opened.get("properties", {}).get(key)
            made = RawPart(declared, self._root, formats=self._formats) if is_mapping(declared) else None
            self._members[key] = made
        return self._members[key]

    def whole(self, text: str, data: Any) -> Valid[Any] | Invalid:  # noqa: ARG002 - one shape for all parts
        """The data when it fits the fragment."""
        if self._validator is None:
            self._validator = raw_validator(self._alone(), formats=self._formats)
        problems = raw_problems(self._validator, data)
        return Invalid(problems=problems) if problems else Valid(value=data, data=data)

    def joined(self, data: Any, members: Members) -> Valid[Any] | Invalid:  # noqa: ARG002 - one shape
        """As :meth:`whole`."""
        return self.whole("", data)

    def found_in(self, value: Any, name: str | int) -> tuple[Any, ...]:
        """The member itself."""
        if is_object(value) and name in value:
            return (value[str(name)],)
        return (value[name],) if is_list(value) and isinstance(name, int) and name < len(value) else ()

    def _alone(self) -> dict[str, Any]:
        """The fragment as a schema of its own, with the definitions that it refers to."""
        kept = {key: self._root[key] for key in ("$schema",) if key in self._root}
        if any(True for _ in references_in(self._fragment)):
            kept |= {key: self._root[key] for key in _CONTAINERS if key in self._root}
        return {**kept, **self._fragment}


def raw_parts(schema: Mapping[str, Any], *, formats: bool) -> RawPart | None:
    """The parts of a schema; None where it cannot be taken apart.

    Args:
        schema: The whole schema.
        formats: Whether ``format`` is checked.
    """
    pointed = all(reference.startswith(("#/$defs/", "#/definitions/")) for reference in references_in(schema))
    if not pointed or _OWN_ADDRESS & _keys_in(schema):
        return None
    return RawPart(schema, schema, formats=formats)


def _keys_in(data: Any) -> set[str]:
    if is_mapping(data):
        inner: list[Any] = list(data.values())
        return {*data, *(key for value in inner for key in _keys_in(value))}
    return {key for value in data for key in _keys_in(value)} if is_list(data) else set()
