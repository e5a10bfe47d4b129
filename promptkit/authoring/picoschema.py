"""Picoschema as in dotprompt, with rules beside the fields → JSON Schema 2020-12 and constraints.

The notation is dotprompt's (https://google.github.io/dotprompt/reference/picoschema), with two differences: a
mapping under a name without parentheses is that field's specification, where dotprompt takes it for a nested
object; and a list in the place of a type is an enum of its values.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from promptkit.authoring.field_types import (
    PARTS,
    SCALARS,
    FieldName,
    enum_of,
    field_name,
    fits,
    identifier,
    nullable,
    shown_list,
    unknown_type,
)
from promptkit.authoring.fields import as_pairs, as_text
from promptkit.authoring.nodes import Items, Node, Pair, Pairs, Scalar, plain
from promptkit.authoring.rules import DeclaredRule, field_rules
from promptkit.declarations import RESERVED_NAMES
from promptkit.spelling import did_you_mean

__all__ = ["Compiled", "compile_fields", "is_json_schema"]

_SPEC_KEYS = ("type", "items", "about", "default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What a Picoschema mapping declares.

    Attributes:
        json_schema: An object schema; properties stand in the order of the file.
        rules: The rules that stand with the fields, in the order of the file.
        lines: Line of the file by name of a top-level field.
    """

    json_schema: Mapping[str, Any]
    rules: tuple[DeclaredRule, ...]
    lines: Mapping[str, int]


def is_json_schema(node: Node) -> bool:
    """True when a mapping under ``schema`` is raw JSON Schema and no Picoschema.

    It is when a key begins with ``$``, when ``type`` is ``object`` or ``array``, when ``anyOf``, ``oneOf`` or
    ``allOf`` is a list, or when ``properties`` holds mappings only. A field that is merely called ``type``,
    as in ``type: string``, makes no JSON Schema; ``output.json_schema`` takes whatever is meant as one.
    """
    if not isinstance(node, Pairs):
        return False
    kind = node.get("type")
    if any(key.startswith("$") for key in node.entries):
        return True
    if isinstance(kind, Scalar) and kind.value in ("object", "array"):
        return True
    if any(isinstance(node.get(key), Items) for key in ("anyOf", "oneOf", "allOf")):
        return True
    properties = node.get("properties")
    return isinstance(properties, Pairs) and all(
        isinstance(pair.value, Pairs) for pair in properties.entries.values()
    )


def compile_fields(node: Node, where: Literal["input", "output"]) -> Compiled:
    """Compile the mapping of fields under ``input.schema`` or ``output.schema``.

    Args:
        node: The mapping.
        where: Whose fields they are; images, documents and messages are inputs, rules are for outputs.

    Raises:
        TemplateError: With line, column and the mend for anything that Picoschema does not have.
    """
    pairs = as_pairs(node, f"{where}.schema")
    compiler = _Compiler(where)
    schema = compiler.object_of(pairs, "")
    keys = [pair.key for pair in pairs.entries.values() if pair.key.text != "(*)"]
    lines = {field_name(key).name: key.place.line for key in keys}
    return Compiled(json_schema=schema, rules=tuple(compiler.rules), lines=lines)


class _Compiler:
    """Walks the fields and collects the rules that stand with them."""

    def __init__(self, where: Literal["input", "output"]) -> None:
        self._where = where
        self.rules: list[DeclaredRule] = []

    def object_of(self, pairs: Pairs, path: str) -> dict[str, Any]:
        """The schema of an object with these fields; ``path`` is where it stands, empty for the root."""
        properties: dict[str, Any] = {}
        names: list[str] = []
        others: Any = False
        for pair in pairs.entries.values():
            if pair.key.text == "(*)":
                others = self._wildcard(pair.value, path)
                continue
            field = field_name(pair.key)
            self._check_name(field, pair, top=not path)
            if field.name in properties:
                raise pair.key.place.fault(
                    f"The field {field.name} is declared twice. Remove one of the two."
                )
            schema = self._field(field, pair.value, f"{path}.{field.name}" if path else field.name)
            if not field.optional and "default" not in schema:
                names.append(field.name)
            properties[field.name] = nullable(schema) if field.optional else schema
        return {"type": "object", "properties": properties, "required": names, "additionalProperties": others}

    def _wildcard(self, node: Node, path: str) -> Any:
        before = len(self.rules)
        schema = self._type_of(node, f"{path}.*" if path else "*")
        for rule in self.rules[before:]:
            raise rule.place.fault("A rule cannot stand below (*), which names no field. Name the field.")
        return schema or True

    def _check_name(self, field: FieldName, pair: Pair, *, top: bool) -> None:
        name, place = field.name, pair.key.place
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            raise place.fault(
                f"{name!r} cannot be the name of a field: names are Python identifiers that do not begin "
                f"with _ and are no Python keyword. Name it {identifier(name)}."
            )
        if not top or self._where == "output" or name not in RESERVED_NAMES:
            return
        kind = pair.value.get("type") if isinstance(pair.value, Pairs) else pair.value
        text = kind.text if isinstance(kind, Scalar) else ""
        if name == "history" and text.partition(",")[0].strip() == "messages":
            return
        hint = "Declare it as `history?: messages`, or name it" if name == "history" else "Name it"
        raise place.fault(
            f"{name} has a meaning of its own in templates and cannot be an input. {hint} {name}_text, say."
        )

    def _field(self, field: FieldName, node: Node, path: str) -> dict[str, Any]:
        if field.kind is None:
            schema = self._bare(field.name, node, path)
        elif field.kind == "array":
            schema = {"type": "array", "items": self._type_of(node, f"{path}[]")}
        elif field.kind == "object":
            schema = self.object_of(as_pairs(node, f"{path}, an object,"), path)
        elif field.kind == "enum":
            schema = enum_of(node, path)
        else:
            raise node.place.fault(
                "Parentheses behind a field's name hold array, object or enum, not "
                f"{field.kind!r}{did_you_mean(field.kind, ('array', 'object', 'enum'))}. For a plain type "
                f"write `{field.name}: string`."
            )
        return {**schema, "description": field.about} if field.about else schema

    def _bare(self, name: str, node: Node, path: str) -> dict[str, Any]:
        if isinstance(node, Pairs):
            return self._specification(name, node, path)
        if isinstance(node, Items):
            raise node.place.fault(
                f"{path} has a list where its type belongs. For a choice write `{name}(enum): "
                f"{shown_list(node)}`; for a list of things write `{name}(array): string`."
            )
        return self._scalar(node, path)

    def _type_of(self, node: Node, path: str) -> dict[str, Any]:
        """What an array holds: a scalar type, an object's fields, or a list of values as an enum."""
        if isinstance(node, Pairs):
            return self.object_of(node, path)
        if isinstance(node, Items):
            return enum_of(node, path)
        return self._scalar(node, path)

    def _scalar(self, node: Scalar, path: str) -> dict[str, Any]:
        kind, _, about = (part.strip() for part in node.text.partition(","))
        if kind in PARTS:
            schema: dict[str, Any] = {"x-part": self._part(kind, node, path)}
        elif kind in SCALARS and (node.value is not None or kind == "null"):
            schema = {} if kind == "any" else {"type": kind}
        else:
            raise node.place.fault(unknown_type(kind, path, self._known()))
        return {**schema, "description": about} if about else schema

    def _known(self) -> tuple[str, ...]:
        return SCALARS + PARTS if self._where == "input" else SCALARS

    def _part(self, kind: str, node: Scalar, path: str) -> str:
        if self._where == "output":
            raise node.place.fault(
                f"{path} is of type {kind}, which only an input can have. Use {SCALARS[0]}."
            )
        if not path.isidentifier():
            raise node.place.fault(
                f"{path} is of type {kind}, which only an input itself can have. Declare it as an input of "
                "its own."
            )
        return kind

    def _specification(self, name: str, node: Pairs, path: str) -> dict[str, Any]:
        """A mapping without parentheses: type, about, default and the field's rules."""
        kinds = node.place.source.kinds
        if not any(key in _SPEC_KEYS or key in kinds for key in node.entries):
            raise node.place.fault(
                f"A mapping below {name} is the specification of that field: `type`, `about`, `default` and "
                f"rules. For a nested object write `{name}(object):`."
            )
        entries = node.entries
        kind = entries.get("type")
        if kind is None:
            raise node.place.fault(f"{path} has no type. Add a line such as `type: string`.")
        rules = field_rules(entries, path, beside=_SPEC_KEYS)
        if rules and self._where == "input":
            raise rules[0].place.fault(
                f"The rule {rules[0].constraint.rule.kind} cannot stand with an input: rules hold for the "
                f"output, and an input has {', '.join(_SPEC_KEYS)}. Remove it, or narrow the type."
            )
        self.rules += rules
        schema = self._specified_type(name, kind.value, entries, path)
        return _with_details(schema, entries, path)

    def _specified_type(
        self, name: str, node: Node, entries: Mapping[str, Pair], path: str
    ) -> dict[str, Any]:
        items = entries.get("items")
        kind = node.text.strip() if isinstance(node, Scalar) else ""
        if items and kind != "array":
            raise items.key.place.fault(
                f"{path} has items and is no array. Write `type: array`, or remove items."
            )
        if kind == "array":
            if items is None:
                raise node.place.fault(f"{path} is an array and does not say of what. Add `items: string`.")
            return {"type": "array", "items": self._type_of(items.value, f"{path}[]")}
        if kind == "object":
            raise node.place.fault(
                f"The fields of an object stand below its name. Write `{name}(object):` and the fields below "
                "it."
            )
        if kind == "enum":
            raise node.place.fault(
                f"An enum is written as the list of its values. Write `type: [a, b]` for {path}."
            )
        if isinstance(node, Items):
            return enum_of(node, path)
        return self._scalar(node, path) if isinstance(node, Scalar) else self._no_type(node, path)

    def _no_type(self, node: Node, path: str) -> dict[str, Any]:
        raise node.place.fault(
            f"The type of {path} must be one word or a list of values. Write one of "
            f"{', '.join(self._known())}."
        )


def _with_details(schema: dict[str, Any], entries: Mapping[str, Pair], path: str) -> dict[str, Any]:
    about, default = entries.get("about"), entries.get("default")
    if about:
        if "description" in schema:
            raise about.key.place.fault(f"{path} is described twice, behind its type and by about. Keep one.")
        schema = {**schema, "description": as_text(about.value, f"{path}.about")}
    if default is None:
        return schema
    value = plain(default.value)
    if not fits(schema, value):
        raise default.value.place.fault(
            f"The default of {path} is {value!r}, which is no value of its type. Change the default or the "
            "type."
        )
    return {**schema, "default": value}
