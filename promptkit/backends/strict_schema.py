"""A JSON Schema as the strict subset that structured outputs of this dialect take, with an account of what changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from promptkit.backends.schema_rules import SchemaRules, limits_passed
from promptkit.requests import Limit, Tool
from promptkit.schemas.fragments import is_nullable, resolve, types_of

__all__ = ["STRICT", "UNLIMITED", "StrictSchema", "strict_parameters", "to_strict"]

STRICT = SchemaRules(
    keywords=frozenset(
        {
            "$ref",
            "additionalProperties",
            "anyOf",
            "const",
            "description",
            "enum",
            "exclusiveMaximum",
            "exclusiveMinimum",
            "items",
            "maxItems",
            "maximum",
            "minItems",
            "minimum",
            "multipleOf",
            "pattern",
            "properties",
            "required",
            "title",
            "type",
        }
    ),
    formats=frozenset({"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"}),
    look_around=False,
    max_levels=10,
    max_properties=5_000,
    max_enum_values=1_000,
    max_characters=120_000,
    long_enum=250,
    max_long_enum_characters=15_000,
)
"""OpenAI's subset. Source: its guide "Structured model outputs", section "Supported schemas", as of 2026; that
patterns may not look around is said by the error of its API alone ("regex lookaround is not supported")."""

UNLIMITED = replace(
    STRICT,
    max_levels=None,
    max_properties=None,
    max_enum_values=None,
    max_characters=None,
    max_long_enum_characters=None,
)
"""The same subset for servers whose limits are not known."""

_ANNOTATIONS = frozenset(
    {"$comment", "$id", "$schema", "deprecated", "discriminator", "examples", "readOnly", "writeOnly"}
)
_HANDLED = frozenset({"$defs", "additionalProperties", "allOf", "definitions"})
_RULE_FREE = frozenset({"$ref", "description", "items", "properties", "title"})
_MAX_NOTES = 2_000  # shared definitions can be used at very many places
_RECENT = 16  # branches of one place repeat their rules
_JSON_TYPES: tuple[tuple[type[Any], str], ...] = (
    (str, "string"),
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (type(None), "null"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictSchema:
    """The outcome of the translation.

    Attributes:
        schema: The strict schema; only of use when there are no obstacles.
        kept: Path and keyword of each rule that the strict schema says.
        moved: Path and keyword of each rule that only the description says now.
        obstacles: Path and reason of each thing that the subset cannot say without a change of meaning.
        object_root: False when the output is no object, so that no schema can be sent at all.
        limits: The provider's limits that the strict schema passes.
        paths: Every path of the output, in the order of the schema.
    """

    schema: Mapping[str, Any] = field(repr=False)
    kept: tuple[tuple[str, str], ...]
    moved: tuple[tuple[str, str], ...]
    obstacles: tuple[tuple[str, str], ...]
    object_root: bool
    limits: tuple[Limit, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def strict(self) -> bool:
        """True when the schema can be sent as strict to servers that take objects only."""
        return self.fits(objects_only=True)

    def fits(self, *, objects_only: bool) -> bool:
        """True when the schema can be sent as one that an answer is held to."""
        return (self.object_root or not objects_only) and not self.obstacles and not self.limits


def to_strict(schema: Mapping[str, Any], rules: SchemaRules = STRICT) -> StrictSchema:
    """Translate a schema; every value that the result allows is allowed by ``schema``, less what was moved.

    Properties become required: an optional one must allow null or have a default, else the strict form would
    make the model write a value that the schema does not ask for.

    Args:
        schema: The output's schema.
        rules: What the provider takes of it.
    """
    root = dict(schema)
    if "$ref" in root:
        root = dict(resolve(root, schema))
    definitions: Mapping[str, Any] = {**schema.get("definitions", {}), **schema.get("$defs", {})}
    walk = _Walk(schema, rules)
    translated = walk.fragment({key: root[key] for key in root if key not in ("$defs", "definitions")}, "")
    if definitions:
        walk.noting = False  # their rules were noted where they are used
        translated["$defs"] = {
            name: walk.fragment(part, f"$defs.{name}") for name, part in definitions.items()
        }
    return StrictSchema(
        schema=translated,
        kept=tuple(walk.kept),
        moved=tuple(walk.moved),
        obstacles=tuple(walk.obstacles),
        object_root=types_of(translated) == ("object",),
        limits=limits_passed(translated, rules),
        paths=tuple(walk.paths),
    )


@lru_cache(maxsize=256)
def strict_parameters(tool: Tool, rules: SchemaRules) -> Mapping[str, Any] | None:
    """The schema of a tool's arguments in the strict form; None where that cannot say it."""
    made = to_strict(tool.parameters, rules)
    return made.schema if made.strict else None


class _Walk:
    """One pass over a schema, which notes what it kept, moved and could not say."""

    def __init__(self, root: Mapping[str, Any], rules: SchemaRules) -> None:
        self.root = root
        self.rules = rules
        self.paths: dict[str, None] = {}
        self.kept: list[tuple[str, str]] = []
        self.moved: list[tuple[str, str]] = []
        self.obstacles: list[tuple[str, str]] = []
        self.noting = True
        self._following: list[str] = []

    def follow(self, reference: str, path: str) -> None:
        """Note the rules of a referred fragment under the path of its use; a circle is followed once."""
        if reference in self._following and not self.rules.recursion:
            self.hinder(path, "a type that contains itself")
        if not self.noting or reference in self._following:
            return
        if len(self.kept) > _MAX_NOTES:
            self._note(self.kept, path, "reference")
            return
        target = resolve({"$ref": reference}, self.root)
        if "$ref" not in target:
            self._following.append(reference)
            self.fragment(target, path)
            self._following.pop()

    def hinder(self, path: str, reason: str) -> None:
        """Note an obstacle; one in a definition, whose places of use have told of it, is not told again."""
        if self.noting or all(reason != told for _, told in self.obstacles):
            self.obstacles.append((path, reason))

    def _note(self, notes: list[tuple[str, str]], path: str, key: str) -> None:
        if self.noting and (path, key) not in notes[-_RECENT:]:
            notes.append((path, key))

    def fragment(self, source: Any, path: str) -> dict[str, Any]:
        if self.noting:
            self.paths.setdefault(path)
        if not isinstance(source, Mapping):
            self.hinder(path, "a place where any value is allowed")
            return {}
        source = _without_all_of(source)  # pyright: ignore[reportUnknownArgumentType]
        out: dict[str, Any] = {}
        said: list[str] = []
        for key in source:
            self._keyword(key, path, (source, out, said))
        self._typed(source, out, path)
        if "anyOf" in out:
            out["anyOf"] = [self.fragment(branch, path) for branch in out["anyOf"]]
        if "object" in types_of(out):
            self._close(source, out, path)
        if "array" in types_of(out):
            self._items(source, out, path)
        _describe(out, said)
        return _reference(out, self, path)

    def _keyword(
        self, key: str, path: str, into: tuple[Mapping[str, Any], dict[str, Any], list[str]]
    ) -> None:
        source, out, said = into
        value = source[key]
        if key in _ANNOTATIONS or key in _HANDLED or key.startswith("x-"):
            return
        if key == "oneOf":
            out["anyOf"] = value
            # Branches that a discriminator tells apart are exclusive anyway.
            self._note(self.kept if "discriminator" in source else self.moved, path, key)
        elif key == "patternProperties":
            self.hinder(path, "properties that are named by a pattern")
        elif key == "const" and self.rules.constants_as_enum:
            out["enum"] = [value]
            self._note(self.kept, path, key)
        elif self.rules.takes(key, value):
            out[key] = value
            if key not in _RULE_FREE:
                self._note(self.kept, path, key)
        elif key == "default":
            if value is not None:
                said.append(_rule(key, value))
        else:
            said.append(_rule(key, value))
            self._note(self.moved, path, key)

    def _typed(self, source: Mapping[str, Any], out: dict[str, Any], path: str) -> None:
        if "allOf" in source:
            self.hinder(path, "allOf with several parts")
        if "type" in out or "anyOf" in out or "$ref" in out:
            return
        values: Sequence[Any] = source.get("enum", [source["const"]] if "const" in source else [])
        kinds = list(dict.fromkeys(_json_type(value) for value in values))
        if "properties" in source:
            kinds = ["object"]
        if not kinds or "" in kinds:
            self.hinder(path, "a place where any value is allowed")
            return
        out["type"] = kinds[0] if len(kinds) == 1 else kinds

    def _close(self, source: Mapping[str, Any], out: dict[str, Any], path: str) -> None:
        properties: Mapping[str, Any] = source.get("properties", {})
        others = source.get("additionalProperties", not properties)
        if others is not False and self.rules.closed:
            self.hinder(path, "an object that is open for further properties")
        elif "additionalProperties" in source:
            self._note(self.kept, path, "additionalProperties")
        required = frozenset(source.get("required", ()))
        translated: dict[str, Any] = {}
        for name, part in properties.items():
            below = f"{path}.{name}" if path else name
            translated[name] = self.fragment(part, below)
            if self.rules.demands_all and name not in required and not self._may_be_demanded(part):
                self.hinder(below, "an optional property without null or default")
        if translated or self.rules.closed:
            out["properties"] = translated
        out["required"] = [name for name in properties if self.rules.demands_all or name in required]
        out["additionalProperties"] = self._others(others, path)

    def _others(self, others: Any, path: str) -> Any:
        """What ``additionalProperties`` says of names that are not declared."""
        if others is False or self.rules.closed:
            return False
        return True if others is True else self.fragment(others, f"{path}.*" if path else "*")

    def _may_be_demanded(self, part: Any) -> bool:
        if not isinstance(part, Mapping):
            return False
        whole = resolve(part, self.root)  # pyright: ignore[reportUnknownArgumentType]
        return "default" in whole or is_nullable(whole)

    def _items(self, source: Mapping[str, Any], out: dict[str, Any], path: str) -> None:
        if "prefixItems" in source or not isinstance(source.get("items"), Mapping):
            self.hinder(path, "a list whose items have no one type")
            return
        out["items"] = self.fragment(source["items"], f"{path}[]")


def _without_all_of(source: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fragment with an ``allOf`` of one part taken in, where no keyword stands twice."""
    parts: Sequence[Mapping[str, Any]] = source.get("allOf", ())
    if len(parts) != 1:
        return source
    rest = {key: value for key, value in source.items() if key != "allOf"}
    return source if rest.keys() & parts[0].keys() else {**parts[0], **rest}


def _reference(out: dict[str, Any], walk: _Walk, path: str) -> dict[str, Any]:
    """The fragment with its reference checked and its neighbours put around it, where there are any."""
    reference = out.pop("$ref", None)
    if reference is None:
        return out
    walk.follow(str(reference), path)
    name = str(reference).replace("#/definitions/", "#/$defs/")
    parts = name.split("/")
    if name != "#" and (parts[:2] != ["#", "$defs"] or len(parts) != 3):  # noqa: PLR2004 - '#', '$defs', name
        walk.hinder(path, f"a reference to {reference}")
    rules = out.keys() - {"description", "title"}
    if rules:
        walk.hinder(path, f"{', '.join(sorted(rules))} beside a reference")
    return {"anyOf": [{"$ref": name}], **out} if out else {"$ref": name}


def _describe(out: dict[str, Any], said: Iterable[str]) -> None:
    rules = "; ".join(said)
    if not rules:
        return
    about = out.get("description")
    out["description"] = f"{about} ({rules})" if about else f"({rules})"


def _json_type(value: Any) -> str:
    return next((name for kind, name in _JSON_TYPES if isinstance(value, kind)), "")


def _rule(key: str, value: Any) -> str:
    return f"{key}: {json.dumps(value, ensure_ascii=False)}"
