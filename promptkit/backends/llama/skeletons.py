"""A grammar around rules: objects and lists spelled out on the way to each rule, everything else by schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from promptkit.backends.llama.grammars import Grammar
from promptkit.backends.llama.regexes import Unsayable
from promptkit.backends.llama.spellings import JSON, PLAIN
from promptkit.backends.llama.strings import StringTerminal, Unfit, quoted, string_terminal
from promptkit.backends.llama.wire_schemas import ANNOTATIONS, fragments
from promptkit.constraints import Derived, Form, parse
from promptkit.constraints.paths import EACH, Step
from promptkit.schemas.fragments import branches, resolve, types_of
from promptkit.schemas.json_types import is_mapping

__all__ = ["Fits", "PlacedForm", "Skeleton", "json_skeleton", "text_skeleton"]

PlacedForm: TypeAlias = tuple[str, Form]
Fragment: TypeAlias = Mapping[str, Any]

_DEFINITIONS = ("$defs", "definitions")
_LEAF = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
_OBJECT = frozenset({"type", "properties", "required", "additionalProperties"})
_LIST = frozenset({"type", "items", "minItems", "maxItems"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """A grammar in Lark, and the strings in it that rules are about.

    Attributes:
        text: The grammar.
        strings: The terminals of those strings by the steps of their paths.
    """

    text: str = field(repr=False)
    strings: Mapping[tuple[Step, ...], StringTerminal]

    def at(self, path: str) -> StringTerminal:
        """The terminal of the string at a path."""
        return self.strings[parse(path).steps]


Fits: TypeAlias = Callable[[StringTerminal], None]
"""Raises Unfit for a terminal that no text fits."""


def text_skeleton(forms: Sequence[PlacedForm], fits: Fits | None = None) -> Skeleton:
    """The grammar of a plain text.

    Raises:
        Unsayable: When a form cannot be said.
        Unfit: When no text fits.
    """
    grammars = [form.grammar for _, form in forms if isinstance(form, Derived)]
    if grammars:
        if len(forms) > 1:
            raise Unsayable("a grammar binds the whole text, and cannot be combined with another rule")
        whole = StringTerminal(name="start", lines=(), is_combined=False, is_large=True)
        return Skeleton(text=grammars[0], strings={(): whole})
    terminal = string_terminal({}, [form for _, form in forms], PLAIN, "TEXT")
    if fits is not None:
        fits(terminal)
    return Skeleton(text="\n".join(["start: TEXT", *terminal.lines]), strings={(): terminal})


def json_skeleton(grammar: Grammar, forms: Sequence[PlacedForm], fits: Fits | None = None) -> Skeleton:
    """The grammar of exactly those compact JSON texts that the schema and the forms allow.

    Args:
        grammar: The grammar of the schema alone.
        forms: What rules allow, by path.
        fits: Where it finds that no text fits, null or nothing stands instead if the schema allows it.

    Raises:
        Unsayable: When a place cannot be spelled out.
        Unfit: When no text fits where one must stand.
    """
    tree = _Node()
    for path, form in forms:
        steps = parse(path).steps
        if not all(isinstance(step, str) or step is EACH for step in steps):
            raise Unsayable("its path picks out single items of a list")
        tree.add(steps, form)
    builder = _Builder(grammar, fits)
    start = builder.value(grammar.wire, tree, ())
    lines = [f"start: {start}", *builder.rules]
    lines += [line for terminal in builder.strings.values() for line in terminal.lines]
    return Skeleton(text="\n".join(lines), strings=builder.strings)


@dataclass(slots=True)
class _Node:
    """A place on the way to rules."""

    forms: list[Form] = field(default_factory=list[Form])
    inner: dict[Step, _Node] = field(default_factory=dict["Step", "_Node"])

    def add(self, steps: Sequence[Step], form: Form) -> None:
        if not steps:
            self.forms.append(form)
        else:
            self.inner.setdefault(steps[0], _Node()).add(steps[1:], form)


class _Builder:
    """Rules of one grammar in the making."""

    def __init__(self, grammar: Grammar, fits: Fits | None) -> None:
        self._root = grammar.wire
        self._ignored = {keyword for keyword, values in grammar.ignored.items() if not values}
        self._lenient = grammar.lenient
        self._fits = fits
        self._leaves: dict[str, str] = {}
        self._count = 0
        self.rules: list[str] = []
        self.strings: dict[tuple[Step, ...], StringTerminal] = {}

    def value(self, fragment: Any, node: _Node, path: tuple[Step, ...]) -> str:
        """An expression for a value; where rules lie at it or inside, it is spelled out."""
        if not node.forms and not node.inner:
            return self._leaf(fragment)
        real, nullable = self._without_null(fragment)
        try:
            spelled = self._spelled(real, node, path)
        except Unfit:
            if not nullable:
                raise
            return quoted("null")
        return f"({spelled} | {quoted('null')})" if nullable else spelled

    def _spelled(self, fragment: Fragment, node: _Node, path: tuple[Step, ...]) -> str:
        kinds = types_of(fragment) or _types_of_values(fragment)
        wanted = "string" if node.forms else "array" if EACH in node.inner else "object"
        if kinds != (wanted,):
            raise Unsayable(f"the value is not said to be {_ARTICLES[wanted]} and nothing else")
        if (node.forms and node.inner) or (EACH in node.inner and len(node.inner) > 1):
            raise Unsayable("rules on it ask for different kinds of values")
        if wanted == "string":
            self._count += 1
            terminal = string_terminal(fragment, node.forms, JSON, f"S{self._count}")
            if self._fits is not None:
                self._fits(terminal)
            self.strings[path] = terminal
            return terminal.name
        self._check(fragment, _LIST if wanted == "array" else _OBJECT)
        if wanted == "array":
            return self._list(fragment, node.inner[EACH], path)
        return self._object(fragment, node, path)

    def _without_null(self, fragment: Any) -> tuple[Fragment, bool]:
        """The fragment less null and annotations, references followed; whether null was in it."""
        said = self._said(fragment)
        parts = branches(said)
        if not parts:
            kinds = types_of(said) or _types_of_values(said)
            rest = tuple(kind for kind in kinds if kind != "null")
            nullable = len(rest) < len(kinds) and _takes_null(said)
            return ({**said, "type": rest[0]} if len(rest) == 1 else said), nullable
        if len(said) > 1:
            raise Unsayable("there are keywords beside its alternatives")
        real = [part for part in parts if types_of(resolve(part, self._root)) != ("null",)]
        if len(real) != 1:
            raise Unsayable("it has several alternatives")
        inner, nullable = self._without_null(real[0])
        if nullable and "oneOf" in said and len(parts) > 1:
            raise Unsayable("two of its alternatives are null")
        return inner, nullable or len(parts) > 1

    def _said(self, fragment: Any) -> Fragment:
        """What binds of a fragment, references followed."""
        for _ in range(32):
            if not is_mapping(fragment):
                raise Unsayable("its schema is open")
            if "$ref" not in fragment:
                return {
                    key: value
                    for key, value in fragment.items()
                    if key not in ANNOTATIONS and key not in self._ignored and not key.startswith("x-")
                }
            target = resolve({"$ref": fragment["$ref"]}, self._root)
            if fragment.keys() - ANNOTATIONS - {"$ref"} or "$ref" in target:
                raise Unsayable(
                    "its schema has keywords beside a reference, or a reference that leads nowhere"
                )
            fragment = target
        raise Unsayable("its schema refers to itself")

    def _check(self, fragment: Fragment, known: frozenset[str]) -> None:
        if others := fragment.keys() - known:
            raise Unsayable(f"the schema around it has {', '.join(sorted(others))}")

    def _object(self, fragment: Fragment, node: _Node, path: tuple[Step, ...]) -> str:
        properties: Fragment = fragment.get("properties") or {}
        required = set(fragment.get("required", ()))
        if fragment.get("additionalProperties") is not False:
            raise Unsayable("the object around it takes further properties")
        if missing := (required | node.inner.keys()) - properties.keys():
            raise Unsayable(f"the object around it declares no {', '.join(map(str, missing))}")
        members: list[tuple[str, bool]] = []
        for name, inner in properties.items():
            try:
                members.append((self._member(name, inner, node, path), name in required))
            except Unfit:
                if name in required:
                    raise
        self._count += 1
        return f'"{{" {self._sequence(members, f"o{self._count}")} "}}"'

    def _member(self, name: str, fragment: Any, node: _Node, path: tuple[Step, ...]) -> str:
        key = json.dumps(name, ensure_ascii=False)
        if not name.isprintable():
            raise Unsayable("a property around it has a name with characters that are not printable")
        inner = node.inner.get(name, _Node())
        return f"{quoted(key + ':')} {self.value(fragment, inner, (*path, name))}"

    def _sequence(self, members: Sequence[tuple[str, bool]], name: str) -> str:
        """Members in their order with commas between them, optional ones there or not."""
        first = more = '""'
        for number, (member, is_required) in reversed(list(enumerate(members))):
            self.rules.append(f"{name}_v{number}: {member}")
            here, later = f"{name}_v{number} {more}", f'"," {name}_v{number} {more}'
            if not is_required:
                here, later = f"{here} | {first}", f"{later} | {more}"
            self.rules += [f"{name}_f{number}: {here}", f"{name}_m{number}: {later}"]
            first, more = f"{name}_f{number}", f"{name}_m{number}"
        return first

    def _list(self, fragment: Fragment, node: _Node, path: tuple[Step, ...]) -> str:
        self._count += 1
        item = f"i{self._count}"
        least, most = int(fragment.get("minItems", 0)), fragment.get("maxItems")
        try:
            self.rules.append(f"{item}: {self.value(fragment.get('items', {}), node, (*path, EACH))}")
        except Unfit:
            if least:
                raise
            most = 0
        if most == 0:
            return '"[" "]"'
        repeats = f"{{{max(least - 1, 0)},{'' if most is None else int(most) - 1}}}"
        more = item if most == 1 else f'{item} ("," {item}){repeats}'
        return f'"[" {more} "]"' if least else f'"[" ({more})? "]"'

    def _leaf(self, fragment: Any) -> str:
        """A value by its schema alone."""
        if fragment is True:
            fragment = {}
        if not is_mapping(fragment):
            raise Unsayable("a property beside it takes no value")
        definitions = {key: self._root[key] for key in _DEFINITIONS if key in self._root}
        reached = _reached(fragment, definitions)
        options = {**_LEAF, "lenient": self._lenient}
        text = json.dumps({**fragment, **reached, "x-guidance": options}, ensure_ascii=False)
        if text not in self._leaves:
            self._leaves[text] = f"l{len(self._leaves)}"
            self.rules.append(f"{self._leaves[text]}: %json {text}")
        return self._leaves[text]


_ARTICLES = {"string": "a string", "array": "a list", "object": "an object"}


def _types_of_values(fragment: Fragment) -> tuple[str, ...]:
    values: list[Any] = fragment.get("enum", [fragment["const"]] if "const" in fragment else [])
    return tuple(dict.fromkeys(_name_of(value) for value in values))


def _name_of(value: object) -> str:
    if value is None:
        return "null"
    return "string" if isinstance(value, str) else ""


def _takes_null(fragment: Fragment) -> bool:
    if "const" in fragment:
        return fragment["const"] is None
    return "enum" not in fragment or None in fragment["enum"]


def _reached(fragment: Fragment, definitions: Fragment) -> dict[str, dict[str, Any]]:
    """The definitions that a fragment refers to, directly or through others."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(_references(fragment))
    while waiting:
        parts = waiting.pop().split("/")
        if parts[0] != "#" or len(parts) != 3 or parts[1] not in definitions:  # noqa: PLR2004 - `#/$defs/name`
            raise Unsayable("a property beside it refers to something other than a definition")
        name = parts[2].replace("~1", "/").replace("~0", "~")
        known = found.setdefault(parts[1], {})
        if name not in known and name in definitions[parts[1]]:
            known[name] = definitions[parts[1]][name]
            waiting += _references(known[name])
    return found


def _references(fragment: Any) -> Iterator[str]:
    for _, inner in fragments(fragment) if is_mapping(fragment) else ():
        if "$dynamicRef" in inner or "$id" in inner or "$anchor" in inner:
            raise Unsayable("a property beside it names an anchor")
        if isinstance(inner.get("$ref"), str):
            yield inner["$ref"]
