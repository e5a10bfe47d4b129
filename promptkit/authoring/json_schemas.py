"""Raw JSON Schemas in a file: refused where they are wrong, with the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.authoring.fields import as_pairs
from promptkit.authoring.nodes import Items, Node, Pairs, Scalar, plain
from promptkit.constraints import parse
from promptkit.errors import SchemaUnsupported, TemplateError
from promptkit.schemas.fragments import resolve
from promptkit.schemas.raw_schemas import raw_validator
from promptkit.spelling import did_you_mean

__all__ = ["read_json_schema"]

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


def read_json_schema(node: Node, what: str) -> Mapping[str, Any]:
    """The schema that stands in a file; ``what`` names it in errors, for example ``output.json_schema``.

    Raises:
        TemplateError: At the line of the first thing that JSON Schema does not allow, or that refers to nothing.
    """
    schema: Mapping[str, Any] = plain(as_pairs(node, what))
    for reference in _references(node):
        text = str(reference.value)
        if text.startswith("#") and "/" in text and "$ref" in resolve({"$ref": text}, schema):
            raise reference.place.fault(
                f"{what} refers to {text}, which is not in it. Write what is meant under $defs, or mend the path."
            )
    try:
        raw_validator(schema)
    except SchemaUnsupported as error:
        raise _fault(node, what, error) from None
    return schema


def _fault(node: Node, what: str, error: SchemaUnsupported) -> TemplateError:
    path = next(iter(error.paths), "")
    found = _at(node, path)
    if path.rpartition(".")[2] == "type":
        for kind in found.items if isinstance(found, Items) else (found,):
            if isinstance(kind, Scalar) and kind.text not in _TYPES:
                return kind.place.fault(
                    f"{kind.text} is no type of JSON Schema{did_you_mean(kind.text, _TYPES)}. Write one of "
                    f"{', '.join(_TYPES)}."
                )
    if not path:
        outside = (one for one in _references(node) if not str(one.value).startswith("#"))
        found = next(outside, found)
    return found.place.fault(f"{what}: {error}")


def _at(node: Node, path: str) -> Node:
    """The innermost node on the way to a place in the schema."""
    for step in parse(path).steps:
        inner: Node | None = None
        if isinstance(node, Pairs) and isinstance(step, str):
            inner = node.get(step)
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            inner = node.items[step]
        if inner is None:
            break
        node = inner
    return node


def _references(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Pairs):
        for key, pair in node.entries.items():
            if key == "$ref" and isinstance(pair.value, Scalar):
                yield pair.value
            else:
                yield from _references(pair.value)
    elif isinstance(node, Items):
        for item in node.items:
            yield from _references(item)
