"""Kinds: what a template knows of a value before it has one, read from the schema of the inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from promptkit.schemas import InputField
from promptkit.schemas.fragments import branches, is_nullable, resolve, types_of, without_null
from promptkit.schemas.input_checks import is_closed
from promptkit.schemas.json_types import is_mapping

__all__ = [
    "ANY",
    "NUMBER",
    "TEXT",
    "Kind",
    "KindName",
    "either",
    "kind_of_input",
    "list_of",
    "made_of",
    "said",
]

KindName: TypeAlias = Literal[
    "any",
    "boolean",
    "document",
    "function",
    "image",
    "list",
    "loop",
    "macro",
    "message",
    "module",
    "namespace",
    "none",
    "number",
    "object",
    "text",
]

# What calls differ in although its type is closed: the time, and names of one call.
_MOMENT = re.compile(
    r"(?:now|today|time|date|timestamp|uuid|nonce|seed|(?:\w+_)?(?:now|today|time|timestamp|uuid|id))"
)
_NUMBER = re.compile(r" \d+")
_DATES = ("date", "date-time", "time", "uuid")
_TYPES: Mapping[str, KindName] = {
    "array": "list",
    "boolean": "boolean",
    "integer": "number",
    "null": "none",
    "number": "number",
    "object": "object",
    "string": "text",
}
_SAID: Mapping[str, str] = {
    "boolean": "a boolean",
    "document": "a document",
    "function": "a function",
    "image": "an image",
    "list": "a list",
    "loop": "the loop",
    "macro": "a macro",
    "message": "a message",
    "module": "an imported file",
    "namespace": "a namespace",
    "none": "None",
    "number": "a number",
    "object": "an object",
    "text": "text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is known of a value.

    Attributes:
        name: Its type; ``any`` where nothing is known.
        nullable: True when it may be None.
        trusted: False when it may hold a stranger's text.
        fenced: True when a stranger's text in it stands in fences, which no filter has touched since.
        changes: True when it is likely to be another one with every call.
        values: All values that it can have, where these are few; of a method of text, and of `range`, its name.
        path: Where it comes from, such as ``ticket.body`` or ``items[].name``; empty for what is made.
        closed: True when an object has no fields besides the declared ones.
        schema: Its JSON Schema, null taken out.
        root: The schema that references in it lead into.
        inner: What a list holds, where no schema says so.
        target: What a macro, a module or a namespace stands for.
        own: What tells this value from others of its path, such as one item of a list from the next; empty where the
            path does.
        given: Fields that are not None, whatever the schema says.
        lazy: True for a list that can be gone through once, and has no numbers, before the filter ``list``.
    """

    name: KindName = "any"
    nullable: bool = False
    trusted: bool = True
    fenced: bool = False
    changes: bool = False
    values: tuple[Any, ...] | None = None
    path: str = ""
    closed: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    root: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    inner: Kind | None = None
    target: Any = field(default=None, repr=False)
    own: str = ""
    given: frozenset[str] = frozenset()
    lazy: bool = False

    @property
    def key(self) -> str:
        """What conditions know the value by; empty where it cannot be told from others."""
        return self.own or ("" if "[" in self.path else self.path)

    @property
    def called_here(self) -> str:
        """What a message calls it: by the name that the template gave it where its path would not do."""
        return _NUMBER.sub("", self.own) if " " in self.own and "[" not in self.own else self.path

    @property
    def may_be_empty(self) -> bool:
        """Whether it is a list that a caller may give without items."""
        return self.name == "list" and self.schema.get("type") == "array" and not self.schema.get("minItems")

    @property
    def is_safe(self) -> bool:
        """True when no stranger's text stands in it without a fence."""
        return self.trusted or self.fenced

    @property
    def fields(self) -> Mapping[str, Any]:
        """The declared fields of an object by name."""
        found = self.schema.get("properties", {})
        return found if is_mapping(found) else {}

    @property
    def item(self) -> Kind:
        """What stands in a list."""
        if self.inner is not None:
            return self.inner
        items = self.schema.get("items")
        return self._part(items if is_mapping(items) else {}, f"{self.path}[]")

    def member(self, name: str) -> Kind | None:
        """The field of an object; None when it has no such field."""
        path = f"{self.path}.{name}" if self.path else ""
        if name in self.fields:
            part = self.fields[name]
            made = self._part(part if is_mapping(part) else {}, path, name)
            optional = name not in self.schema.get("required", ()) and "default" not in made.schema
            if name in self.given:
                return made.certain()
            return replace(made, nullable=True) if optional else made
        if self.closed:
            return None
        extra = self.schema.get("additionalProperties")
        return self._part(extra if is_mapping(extra) else {}, path, name)

    def _part(self, fragment: Mapping[str, Any], path: str, name: str = "") -> Kind:
        made = _kind(fragment, replace(self, path=path))
        return replace(made, own=f"{self.key}.{name}" if name and self.key else "")

    def certain(self) -> Kind:
        """The same when it is known not to be None."""
        return replace(self, nullable=False) if self.nullable else self

    def loose(self) -> Kind:
        """Anything that is made of the value."""
        return Kind(trusted=self.trusted, changes=self.changes)

    def filled(self) -> Kind:
        """The same when it is known to be true: not None, and a list with an item."""
        made = self.certain()
        return replace(made, schema={**made.schema, "minItems": 1}) if made.may_be_empty else made

    def called(self, own: str) -> Kind:
        """The same value, told from others of its path."""
        return replace(self, own=own)

    def holding(self, item: Kind) -> Kind:
        """A list with such items."""
        return replace(self, inner=item)


ANY, NUMBER, TEXT = Kind(), Kind(name="number"), Kind(name="text")


def kind_of_input(item: InputField, *, typed: bool) -> Kind:
    """The kind of an input.

    Args:
        item: The input.
        typed: True when a Python type declares the inputs, whose objects have their fields and no others.
    """
    holder = Kind(root=item.json_schema, trusted=item.trusted, changes=True, path=item.name, closed=typed)
    if item.kind in ("image", "document"):
        name: KindName = "image" if item.kind == "image" else "document"
        return replace(holder, name=name, nullable=_may_miss(item), trusted=True)
    if item.kind == "messages":
        return replace(
            holder, name="list", nullable=_may_miss(item), inner=Kind(name="message", trusted=False)
        )
    made = _kind(item.json_schema, holder)
    changes = made.changes or _MOMENT.fullmatch(item.name) is not None
    return replace(
        made, nullable=item.default is None and (made.nullable or _may_miss(item)), changes=changes
    )


def list_of(kind: Kind) -> Kind:
    """A list of these."""
    made = Kind(name="list", inner=kind, trusted=kind.trusted, changes=kind.changes, path=kind.path)
    return replace(made, fenced=kind.fenced)


def made_of(made: Kind, *parts: Kind, keeps: bool = False) -> Kind:
    """A kind made of parts: as trusted as all of them, and from where the first untrusted one comes.

    Args:
        made: What it is.
        parts: What it is made of.
        keeps: Whether fences among the parts stay what they are.
    """
    untrusted = [part for part in parts if not part.trusted]
    bare = [part for part in untrusted if not part.fenced]
    source = next(iter(bare or untrusted), None)
    trusted = made.trusted and source is None
    path = source.path if source is not None else made.path
    return replace(
        made,
        trusted=trusted,
        fenced=keeps and not trusted and not bare and made.is_safe,
        changes=made.changes or any(part.changes for part in parts),
        path=path,
        own=made.own if path == made.path else "",
    )


def either(left: Kind, right: Kind) -> Kind:
    """What is one of two kinds."""
    if "none" in (left.name, right.name):
        made = replace(right if left.name == "none" else left, values=None)
    else:
        alike = left.name == right.name and (
            left.name not in ("list", "object") or left.schema == right.schema
        )
        made = replace(left, values=None) if alike else _either_list(left, right)
    nullable = left.nullable or right.nullable or "none" in (left.name, right.name)
    made = replace(made, nullable=nullable)
    if left.key == right.key:
        return made_of(made, left, right, keeps=True)
    return made_of(replace(made, path="", own=""), left, right, keeps=True)


def _either_list(left: Kind, right: Kind) -> Kind:
    """What is one of two lists of different items, as in ``rows or []``; anything when they are no lists."""
    if (left.name, right.name) != ("list", "list"):
        return ANY
    if _is_empty(left) or _is_empty(right):
        full = right if _is_empty(left) else left
        return replace(
            full, schema={key: part for key, part in full.schema.items() if key != "minItems"}, values=None
        )
    made = replace(list_of(either(left.item, right.item)), lazy=left.lazy or right.lazy)
    return replace(made, schema={"type": "array"}) if left.may_be_empty or right.may_be_empty else made


def _is_empty(kind: Kind) -> bool:
    """Whether it is the list ``[]`` that a template writes down."""
    return kind.inner is not None and kind.inner.values == ()


def said(kind: Kind) -> str:
    """What a message calls it."""
    return _SAID.get(kind.name, "a value")


def _may_miss(item: InputField) -> bool:
    return not item.required and item.default is None


def _kind(fragment: Mapping[str, Any], holder: Kind) -> Kind:
    """The kind of a part of the holder's schema; its label and its path are the holder's."""
    root, typed = holder.root, holder.closed
    resolved = resolve(fragment, root)
    nullable, bare = is_nullable(resolved), resolve(without_null(resolved), root)
    closed_type = bool(fragment) and is_closed(fragment, lambda inner: resolve(inner, root))
    made = Kind(
        nullable=nullable,
        trusted=holder.trusted or closed_type,
        changes=holder.changes and (not (holder.trusted or closed_type) or bare.get("format") in _DATES),
        path=holder.path,
        schema=bare,
        root=root,
    )
    if branches(bare) or "allOf" in bare:
        return replace(made, closed=typed)
    values = (bare["const"],) if "const" in bare else bare.get("enum")
    if values is not None:
        return replace(made, name=_name_of_values(values), values=tuple(values))
    names = types_of(bare)
    name: KindName = _TYPES.get(names[0], "any") if len(names) == 1 else "any"
    closed = bare.get("additionalProperties") is False or (typed and "additionalProperties" not in bare)
    return replace(made, name=name, closed=typed if name != "object" else closed and "properties" in bare)


def _name_of_values(values: Any) -> KindName:
    if all(isinstance(value, str) for value in values):
        return "text"
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return "number"
    return "any"
