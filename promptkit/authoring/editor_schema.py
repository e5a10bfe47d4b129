"""The JSON Schema of prompt files, for editors that complete and check YAML by one.

It says what can be said of a file alone: keys, types and choices. What is said across a file (that a rule names
a field, that an example fits) is found when the file is read. A test holds it against the reading of files.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from typing import Any

from promptkit import constraints
from promptkit.cleaning import WAYS
from promptkit.constraints import KINDS
from promptkit.findings import SETTINGS
from promptkit.wordings import known_languages

__all__ = ["editor_schema"]

_TEXT: Mapping[str, Any] = {"type": ["string", "number", "boolean"]}
"""A number or a word such as true counts as the text that it is written as."""
_TEXTS: Mapping[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 1}
_ANY_OBJECT: Mapping[str, Any] = {"type": "object"}
# Editors match by ECMA-262, whose \w is ASCII alone; names may have the letters of any language.
_LETTER = r"[^\x00-\x40\x5B-\x60\x7B-\x7F]"
_WORD = r"[^\x00-\x2F\x3A-\x40\x5B-\x5E\x60\x7B-\x7F]"
_IDENTIFIER = rf"({_LETTER}|_){_WORD}*"
_PATH = rf"[A-Za-z0-9_]({_WORD}|[.-])*(/[A-Za-z0-9_]({_WORD}|[.-])*)*"
_NAME = rf"^{_PATH}$"
_REFERENCE = rf"^{_PATH}(@.+)?$"
_FIELD = rf"^\s*(?!({'|'.join(keyword.kwlist)})(?!{_WORD})){_LETTER}{_WORD}*\s*\??\s*"
"""The beginning of a field's key: its name, no keyword of Python, and the mark of an optional one."""
_VERSION = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"
_MODEL = rf"^{_IDENTIFIER}(\.{_IDENTIFIER})*:{_IDENTIFIER}(\.{_IDENTIFIER})*$"
_SCALARS = ("string", "number", "integer", "boolean", "null", "any")
_FACTORIES = {"format": "format_of", "sorted": "sorted_by", "unique": "unique_items"}
_INTEGERS = frozenset(
    f"{end}_{unit}"
    for end in ("min", "max")
    for unit in ("characters", "words", "sentences", "lines", "items")
)
_PAIRS = frozenset({"characters", "words", "sentences", "lines", "item_count"})
_PHRASES: Mapping[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1}]}
_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    **{kind: {"type": ["number", "string"]} for kind in ("at_least", "at_most")},
    **{
        kind: {"type": "string"}
        for kind in ("not_before", "not_after", "matches", "grammar", "format", "expr")
    },
    **dict.fromkeys(
        ("starts_with", "ends_with", "contains", "must_mention", "never_says", "language"), _PHRASES
    ),
    **{
        kind: {"type": ["string", "object"]}
        for kind in ("judged", "one_of_input", "quoted_from", "sorted", "tone")
    },
    "between": {"type": "array", "items": {"type": ["number", "string"]}, "minItems": 2, "maxItems": 2},
    "min_confidence": {"type": "number"},
    "no_invented": {"type": ["boolean", "array", "object"]},
    "one_of": {"type": "array", "minItems": 1},
    "unique": {"type": ["boolean", "string", "array"]},
}
"""What a rule may be given, as far as one value tells; the rest is said when the file is read."""


def editor_schema(*, front_matter: bool = False, kinds: Iterable[str] = KINDS) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a prompt file.

    Args:
        front_matter: True for the front matter of a ``.prompt.j2`` file, whose template stands behind it; False
            for a ``.prompt.yaml`` file.
        kinds: The kinds of rule that files may name; those that do not come with promptkit take anything.
    """
    properties = dict(_properties())
    if not front_matter:
        properties["template"] = _said(
            "The Jinja template; several lines as a block: `template: |`.", **_TEXT
        )
    kind = "front matter" if front_matter else "file"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"promptkit/1 prompt {kind}",
        **_object(properties),
        "$defs": _definitions(sorted(kinds)),
    }


def _properties() -> Iterable[tuple[str, dict[str, Any]]]:
    yield "format", _said("The format of the file and the wording of its sections.", const="promptkit/1")
    yield "name", _said("Its path in the library; left out in most files.", **_TEXT, pattern=_NAME)
    yield "version", _said("A semantic version: three numbers.", type="string", pattern=_VERSION)
    yield "description", _said("One sentence for people.", **_TEXT)
    languages = list(known_languages())
    yield "language", _said("In which language promptkit speaks.", **_TEXT, examples=languages)
    yield (
        "deprecated",
        _said("Why it should no longer be used, and what to use instead.", type=["string", "number"]),
    )
    yield "extends", _said("The prompt that this one is a variant of.", **_TEXT, pattern=_REFERENCE)
    yield "generation", _said("How to sample.", **_ref("generation"))
    yield "input", _said("What goes in.", **_ref("input"))
    yield "clarity", _said("Who does what for whom.", **_ref("clarity"))
    yield "context", _said("What the model is shown.", type="array", items=_ref("block"))
    yield "output", _said("What comes out.", anyOf=[{"const": "text"}, _ref("output")])
    yield "constraints", _said("Rules across fields.", type="array", items=_ref("listedRule"))
    yield "attempts", _said("How many times a model may be asked in all.", **_COUNT, maximum=10)
    yield (
        "enforce",
        _said("Whether a backend holds the model to the output.", enum=["off", "prefer", "require"]),
    )
    yield "examples", _said("Shown to the model.", type="array", items=_ref("example"))
    yield "tests", _said("Run by promptkit check.", type="array", items=_ref("test"))
    yield (
        "check",
        _said("What rules of promptkit check are set to here.", **_ref("check")),
    )


def _definitions(kinds: Iterable[str]) -> dict[str, Any]:
    return {**_sections(), **_ends(), **_fields(kinds), **_json_schema(), **_cases()}


def _sections() -> dict[str, Any]:
    """The sections that hold settings and text."""
    return {
        "generation": _object(
            {
                "temperature": {"type": "number", "minimum": 0},
                "max_tokens": _COUNT,
                "seed": {"type": "integer"},
                "top_p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                "top_k": {"type": "integer", "minimum": 0},
                "min_p": {"type": "number", "minimum": 0, "maximum": 1},
                "repetition_penalty": {"type": "number", "minimum": 0.1, "maximum": 10},
                "stop": _TEXTS,
                "logprobs": {"type": "integer", "minimum": 0, "maximum": 20},
            }
        ),
        "clarity": _object(
            {"role": _TEXT, "task": _TEXT, "audience": _TEXT, "steps": _TEXTS, "done_when": _TEXT}
        ),
        "check": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]+(-[a-z]+)*$"},
            "additionalProperties": {"enum": list(SETTINGS)},
        },
        "block": {
            **_object(
                {
                    "id": {**_TEXT, "pattern": rf"^{_IDENTIFIER}$"},
                    "from": {**_TEXT, "pattern": rf"^{_IDENTIFIER}"},
                    "text": _TEXT,
                    "include": {**_TEXT, "pattern": _REFERENCE},
                    "priority": {"type": "integer"},
                    "max_tokens": _COUNT,
                    "shrink": {"enum": ["never", "drop_first", "drop_last", "middle", "sentences"]},
                }
            ),
            **_exactly_one("from", "text", "include"),
            "dependentRequired": {"text": ["id"]},
        },
    }


def _ends() -> dict[str, Any]:
    """The two ends of the contract."""
    return {
        "input": {
            **_object(
                {
                    "schema": {"anyOf": [_ref("inputFields"), _ref("jsonSchema")]},
                    "model": {"type": "string", "pattern": _MODEL},
                    "trust": {
                        "type": "object",
                        "additionalProperties": {"enum": ["trusted", "untrusted"]},
                    },
                    "clean": {
                        "type": "object",
                        "additionalProperties": {
                            "anyOf": [{"enum": list(WAYS)}, {"type": "array", "items": {"enum": list(WAYS)}}]
                        },
                    },
                    "max_tokens": _COUNT,
                    "history": _object(
                        {"keep_last": _COUNT, "max_tokens": _COUNT, "priority": {"type": "integer"}}
                    ),
                }
            ),
            **_exactly_one("schema", "model"),
        },
        "output": {
            **_object(
                {
                    "schema": {
                        "anyOf": [
                            {"const": "text"},
                            {**_ref("outputFields"), "minProperties": 1},
                            _ref("jsonSchema"),
                        ]
                    },
                    "model": {"type": "string", "pattern": _MODEL},
                    "json_schema": {"type": ["object", "boolean"]},
                    "reasoning": {"anyOf": [{"type": "boolean"}, _COUNT]},
                    "repair": {"enum": ["off", "lossless", "lenient"]},
                }
            ),
            **_exactly_one("schema", "model", "json_schema"),
        },
    }


def _fields(kinds: Iterable[str]) -> dict[str, Any]:
    """Picoschema, and rules: parts go in and do not come out, rules are of what comes out."""
    details = {"about": _TEXT, "default": True}
    rules = {**_options(), **_kinds(kinds)}
    return {
        **_fields_of("input", details, parts=("image", "document", "messages"), inner="value"),
        **_fields_of("value", details),
        **_fields_of("output", {**details, **rules}),
        "choices": {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1},
        "listedRule": _object({"field": _TEXT, **rules}),
    }


def _fields_of(
    of: str, details: Mapping[str, Any], *, parts: Iterable[str] = (), inner: str | None = None
) -> dict[str, Any]:
    """The definitions of fields, by names that begin with what they are of; ``inner``: what lists and objects hold."""
    kind, item, inside = f"{of}Type", f"{inner or of}Item", f"{inner or of}Fields"
    types = "|".join([*_SCALARS, *parts])
    return {
        f"{of}Fields": {
            "description": "Picoschema: a name, its type, and what it is.",
            "type": "object",
            "patternProperties": {
                rf"{_FIELD}$": {"anyOf": [_ref(kind), _ref(f"{of}Specification")]},
                rf"{_FIELD}{_kind('array')}": _ref(item),
                rf"{_FIELD}{_kind('object')}": _ref(inside),
                rf"{_FIELD}{_kind('enum')}": _ref("choices"),
                rf"^\s*{_kind('[*]')}": _ref(item),
            },
            "additionalProperties": False,
        },
        kind: {
            "description": "A type, and behind a comma what the field is.",
            "type": ["string", "null"],
            "pattern": rf"^\s*({types})\s*(,[\s\S]*)?$",
        },
        **({} if inner else {item: {"anyOf": [_ref(kind), _ref(inside), _ref("choices")]}}),
        f"{of}Specification": {
            **_object(
                {
                    "type": {"anyOf": [_ref(kind), _ref("choices"), {"const": "array"}]},
                    "items": _ref(item),
                    **details,
                }
            ),
            "required": ["type"],
        },
    }


def _kind(word: str) -> str:
    return rf"\(\s*{word}\s*(,[\s\S]*)?\)\s*$"


def _json_schema() -> dict[str, Any]:
    """What is taken for JSON Schema where Picoschema may stand."""
    return {
        "jsonSchema": {
            "description": "A JSON Schema of an object or a list.",
            "type": "object",
            "anyOf": [
                {"properties": {"type": {"enum": ["object", "array"]}}, "required": ["type"]},
                {
                    "patternProperties": {r"^\$": True},
                    "minProperties": 1,
                    "propertyNames": {"pattern": r"^\$"},
                },
                {"required": ["$ref"]},
                {"required": ["$schema"]},
                *(
                    {"properties": {key: {"type": "array"}}, "required": [key]}
                    for key in ("anyOf", "oneOf", "allOf")
                ),
                {
                    "properties": {"properties": {"type": "object", "additionalProperties": _ANY_OBJECT}},
                    "required": ["properties"],
                },
            ],
        },
    }


def _cases() -> dict[str, Any]:
    """Examples and tests."""
    return {
        "example": {
            **_object({"input": _ANY_OBJECT, "output": True, "reasoning": _TEXT}),
            "required": ["input", "output"],
        },
        "test": {
            **_object(
                {
                    "name": _TEXT,
                    "input": _ANY_OBJECT,
                    "replies": {"type": "array"},
                    "expect": {
                        **_object({"output": True, "violates": _TEXTS, "error": _TEXT, "contains": _TEXTS}),
                        "minProperties": 1,
                    },
                }
            ),
            "required": ["name", "input", "expect"],
        },
    }


def _options() -> dict[str, Any]:
    """What stands beside a rule."""
    return {
        "id": _TEXT,
        "severity": {"enum": ["must", "should"]},
        "on_fail": {"enum": ["error", "reask", "warn"]},
        "say": _TEXT,
        "enforce": {"enum": ["prefer", "hard", "check"]},
        "judge": _TEXT,
        "when": {"enum": ["eval", "run"]},
    }


def _kinds(kinds: Iterable[str]) -> dict[str, Any]:
    """The rules, with what each is."""
    return {kind: {**_argument(kind), "description": _about(kind)} for kind in kinds}


def _argument(kind: str) -> dict[str, Any]:
    if kind in _INTEGERS:
        return {"type": "integer", "minimum": 1}
    if kind in _PAIRS:
        return {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
    return dict(_ARGUMENTS.get(kind, {}))


def _about(kind: str) -> str:
    factory = getattr(constraints, _FACTORIES.get(kind, kind), None)
    return (getattr(factory, "__doc__", None) or f"The rule {kind}.").split("\n", 1)[0]


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _exactly_one(*keys: str) -> dict[str, Any]:
    return {"oneOf": [{"required": [key]} for key in keys]}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _said(description: str, **schema: Any) -> dict[str, Any]:
    return {**schema, "description": description}
