"""The JSON Schema of prompt files, for editors that complete and check YAML by one.

It says what can be said of a file alone: keys, types and choices. What is said across a file (that a rule names
a field, that an example fits) is found when the file is read. A test holds it against the reading of files.
"""

from __future__ import annotations

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
_NAME = r"^[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*$"
_REFERENCE = r"^[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*(@.+)?$"
_VERSION = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"
_MODEL = r"^\w+(\.\w+)*:\w+(\.\w+)*$"
_FACTORIES = {"format": "format_of", "sorted": "sorted_by", "unique": "unique_items"}
_INTEGERS = frozenset(
    f"{end}_{unit}"
    for end in ("min", "max")
    for unit in ("characters", "words", "sentences", "lines", "items")
)
_PAIRS = frozenset({"characters", "words", "sentences", "lines", "item_count"})


def editor_schema(*, front_matter: bool = False) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a prompt file.

    Args:
        front_matter: True for the front matter of a ``.prompt.j2`` file, whose template stands behind it; False
            for a ``.prompt.yaml`` file.
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
        "$defs": _definitions(),
    }


def _properties() -> Iterable[tuple[str, dict[str, Any]]]:
    yield "format", _said("The format of the file and the wording of its sections.", const="promptkit/1")
    yield "name", _said("Its path in the library; left out in most files.", type="string", pattern=_NAME)
    yield "version", _said("A semantic version: three numbers.", type="string", pattern=_VERSION)
    yield "description", _said("One sentence for people.", **_TEXT)
    languages = list(known_languages())
    yield "language", _said("In which language promptkit speaks.", type="string", examples=languages)
    yield "deprecated", _said("Why it should no longer be used, and what to use instead.", type="string")
    yield "extends", _said("The prompt that this one is a variant of.", type="string", pattern=_REFERENCE)
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


def _definitions() -> dict[str, Any]:
    return {**_sections(), **_ends(), **_fields(), **_json_schema(), **_cases()}


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
                    "id": {"type": "string", "pattern": r"^[^\W\d]\w*$"},
                    "from": {"type": "string"},
                    "text": _TEXT,
                    "include": {"type": "string", "pattern": _REFERENCE},
                    "priority": {"type": "integer"},
                    "max_tokens": _COUNT,
                    "shrink": {"enum": ["never", "drop_first", "drop_last", "middle", "sentences"]},
                }
            ),
            **_exactly_one("from", "text", "include"),
        },
    }


def _ends() -> dict[str, Any]:
    """The two ends of the contract."""
    return {
        "input": {
            **_object(
                {
                    "schema": {"anyOf": [_ref("fields"), _ref("jsonSchema")]},
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
                    "schema": {"anyOf": [{"const": "text"}, _ref("fields"), _ref("jsonSchema")]},
                    "model": {"type": "string", "pattern": _MODEL},
                    "json_schema": {"type": ["object", "boolean"]},
                    "reasoning": {"anyOf": [{"type": "boolean"}, _COUNT]},
                    "repair": {"enum": ["off", "lossless", "lenient"]},
                }
            ),
            **_exactly_one("schema", "model", "json_schema"),
        },
    }


def _fields() -> dict[str, Any]:
    """Picoschema, and rules."""
    return {
        "fields": {
            "description": "Picoschema: a name, its type, and what it is.",
            "type": "object",
            "patternProperties": {
                r"^[^?()]+\??\s*$": {"anyOf": [_ref("type"), _ref("specification")]},
                r"^[^?()]+\??\s*\(\s*array": _ref("item"),
                r"^[^?()]+\??\s*\(\s*object": _ref("fields"),
                r"^[^?()]+\??\s*\(\s*enum": _ref("choices"),
                r"^\(\*\)$": _ref("item"),
            },
            "additionalProperties": False,
        },
        "type": {
            "description": "A type, and behind a comma what the field is.",
            "type": ["string", "null"],
            "pattern": r"^\s*(string|number|integer|boolean|null|any|image|document|messages)\s*(,[\s\S]*)?$",
        },
        "choices": {"type": "array", "items": {"type": ["string", "number", "boolean"]}},
        "item": {"anyOf": [_ref("type"), _ref("fields"), _ref("choices")]},
        "specification": {
            **_object(
                {
                    "type": {"anyOf": [_ref("type"), _ref("choices"), {"const": "array"}]},
                    "items": _ref("item"),
                    "about": _TEXT,
                    "default": True,
                    **_options(),
                    **_kinds(),
                }
            ),
            "required": ["type"],
        },
        "listedRule": _object({"field": _TEXT, **_options(), **_kinds()}),
    }


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
        "judge": {"type": "string"},
        "when": {"enum": ["eval", "run"]},
    }


def _kinds() -> dict[str, Any]:
    """The rules that come with promptkit, with what each is."""
    return {kind: {**_argument(kind), "description": _about(kind)} for kind in sorted(KINDS)}


def _argument(kind: str) -> dict[str, Any]:
    if kind in _INTEGERS:
        return {"type": "integer", "minimum": 1}
    if kind in _PAIRS:
        return {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
    return {}


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
