"""Keys and types of Picoschema, taken apart and checked one at a time."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptkit.authoring.fields import as_items
from promptkit.authoring.nodes import Items, Node, Scalar, plain
from promptkit.spelling import did_you_mean

__all__ = [
    "PARTS",
    "SCALARS",
    "FieldName",
    "enum_of",
    "field_name",
    "fits",
    "identifier",
    "nullable",
    "shown_list",
    "unknown_type",
]

SCALARS = ("string", "number", "integer", "boolean", "null", "any")
PARTS = ("image", "document", "messages")
_KEY = re.compile(
    r"(?P<name>[^?()]*)(?P<optional>\?)?\s*(?:\(\s*(?P<kind>[^,()]*?)\s*(?:,\s*(?P<about>.*?)\s*)?\))?",
    re.DOTALL,
)
_FLOW_KEY = re.compile(r"[^{}:()]*\([^{}()]*\)")
_TYPE_NAMES: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}
_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
}
_OTHER_WORDS: Mapping[str, str] = {
    "str": "string",
    "text": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "none": "null",
    "file": "document",
}


@dataclass(frozen=True, slots=True)
class FieldName:
    """A key taken apart: ``name?(kind, about)``."""

    name: str
    optional: bool
    kind: str | None
    about: str | None


def field_name(key: Scalar) -> FieldName:
    """The key taken apart; raises a TemplateError with the mend when it is no field."""
    found = _KEY.fullmatch(key.text)
    if found is None:
        raise key.place.fault(_malformed_key(key))
    return FieldName(found["name"].strip(), bool(found["optional"]), found["kind"], found["about"] or None)


def enum_of(node: Node, path: str) -> dict[str, Any]:
    """The schema of an enum written as a list of words and numbers."""
    values: list[Any] = []
    for item in as_items(node, f"{path}, an enum,"):
        value = plain(item)
        if not isinstance(item, Scalar) or value is None:
            raise item.place.fault(
                f"A value of the enum {path} is no text and no number. Write words, in quotes where needed; "
                "an optional field has ? behind its name."
            )
        if any(value == other and type(value) is type(other) for other in values):
            raise item.place.fault(f"The enum {path} has {value!r} twice. Remove one of the two.")
        values.append(value)
    if not values:
        raise node.place.fault(f"The enum {path} has no values. Write them as a list: `[first, second]`.")
    kinds = {_TYPE_NAMES[type(value)] for value in values}
    return {"type": kinds.pop(), "enum": values} if len(kinds) == 1 else {"enum": values}


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """An optional field takes null too, as in dotprompt; parts and ``any`` stay as they are."""
    changed = dict(schema)
    if isinstance(changed.get("type"), str) and changed["type"] != "null":
        changed["type"] = [changed["type"], "null"]
    if "enum" in changed:
        changed["enum"] = [*changed["enum"], None]
    return changed


def fits(schema: Mapping[str, Any], value: Any) -> bool:
    """True when a default is a value of its field's type; the items of lists are not looked at."""
    if "x-part" in schema:
        return False
    if "enum" in schema:
        return value in schema["enum"]
    accepted: tuple[type, ...] = _PYTHON_TYPES.get(schema.get("type", ""), (object,))
    return isinstance(value, accepted) and (not isinstance(value, bool) or accepted in ((bool,), (object,)))


def unknown_type(kind: str, path: str, known: tuple[str, ...]) -> str:
    """The message for a word that is no type, with the mend."""
    if not kind:
        return f"{path} has no type. Write one behind the colon: {', '.join(known)}."
    name = path.rpartition(".")[2]
    if kind.endswith("[]"):
        return f"{kind!r} is no type. For a list write `{name}(array): {kind[:-2]}`."
    if kind in ("array", "list", "object", "dict", "enum"):
        word = {"list": "array", "dict": "object"}.get(kind, kind)
        behind = {"array": " string", "enum": " [first, second]"}.get(word, "")
        return f"{kind!r} stands behind the name. Write `{name}({word}):{behind}`."
    hint = f" (did you mean {_OTHER_WORDS[kind]}?)" if kind in _OTHER_WORDS else did_you_mean(kind, known)
    return (
        f"{path} has the unknown type {kind!r}{hint}. Known types: {', '.join(known)}; a description follows "
        "behind a comma."
    )


def identifier(name: str) -> str:
    """A name near to ``name`` that a field can have."""
    made = re.sub(r"\W+", "_", name).strip("_") or "field"
    if made[0].isdigit():
        made = f"field_{made}"
    return f"{made}_" if keyword.iskeyword(made) else made


def shown_list(node: Items) -> str:
    """A list as it would stand in brackets."""
    return f"[{', '.join(item.text for item in node.items if isinstance(item, Scalar))}]"


def _malformed_key(key: Scalar) -> str:
    rest = key.place.text[key.place.column - 1 :]
    whole = _FLOW_KEY.match(rest)
    if "(" in key.text and ")" not in key.text and whole:
        return (
            "Inside braces a comma ends the key, so this key is cut in two. Put it in quotes: "
            f'"{whole.group()}"'
        )
    return (
        f"The key {key.text!r} is no field. Write `name: type`, `name?: type` for an optional one, or "
        "`name(array, about): type` with array, object or enum in the parentheses."
    )
