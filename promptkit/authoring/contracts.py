"""The two ends of a prompt's contract: how its inputs and its output are declared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

from promptkit.authoring.fields import as_integer, as_pairs, as_text, as_texts, known_keys
from promptkit.authoring.json_schemas import read_json_schema
from promptkit.authoring.nodes import Node, Pairs, Place, Scalar, plain
from promptkit.authoring.picoschema import compile_fields, is_json_schema
from promptkit.authoring.rules import DeclaredRule
from promptkit.cleaning import WAYS, Cleaning
from promptkit.declarations import RESERVED_NAMES, HistoryLimits, InputDeclaration, OutputDeclaration
from promptkit.errors import TemplateError
from promptkit.requests import RepairLevel, reasoning_of
from promptkit.schemas.input_checks import takes_text
from promptkit.spelling import did_you_mean

__all__ = ["input_names", "read_input", "read_output"]

_FORMS = ("schema", "model", "json_schema")
_BESIDE = ("reasoning", "repair")
_INPUT_KEYS = ("schema", "model", "trust", "clean", "max_tokens", "history")
_MODEL = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def read_input(node: Node) -> InputDeclaration:
    """How inputs are declared: by Picoschema, by raw JSON Schema or by a model."""
    pairs = as_pairs(node, "input")
    entries = known_keys(pairs, "input", _INPUT_KEYS, elsewhere=_input_elsewhere(pairs))
    kind = _one_key(pairs, "input", ("schema", "model"))
    if kind == "model":
        made = InputDeclaration(model=_model(entries["model"].value, "input.model"))
    elif is_json_schema(entries["schema"].value):
        made = _raw_inputs(entries["schema"].value)
    else:
        compiled = compile_fields(entries["schema"].value, "input")
        made = InputDeclaration(json_schema=compiled.json_schema, lines=compiled.lines)
    if "trust" in entries:
        made = replace(made, trust=_trust(entries["trust"].value, input_names(made)))
    if "clean" in entries:
        made = replace(made, clean=_clean(entries["clean"].value, made.json_schema))
    if "max_tokens" in entries:
        most = as_integer(entries["max_tokens"].value, "input.max_tokens", least=1, most=None)
        made = replace(made, max_tokens=most)
    if "history" in entries:
        made = replace(made, history=_history(entries["history"].value))
    return made


def _history(node: Node) -> HistoryLimits:
    """How much of the history is shown."""
    what, keys = "input.history", ("keep_last", "max_tokens", "priority")
    found = known_keys(as_pairs(node, what), what, keys)
    least = {"priority": None}
    return HistoryLimits(
        **{
            key: as_integer(pair.value, f"{what}.{key}", least=least.get(key, 1), most=None)
            for key, pair in found.items()
        }
    )


def read_output(node: Node) -> tuple[OutputDeclaration, tuple[DeclaredRule, ...]]:
    """How the output is declared, and the rules that stand with its fields."""
    if isinstance(node, Scalar) and node.value == "text":
        return OutputDeclaration(), ()
    if isinstance(node, Scalar):
        raise node.place.fault(
            f"output is {node.text!r}. Write `output: text` for plain text, or `schema:` with the fields "
            "below it."
        )
    pairs = as_pairs(node, "output")
    entries = known_keys(pairs, "output", (*_FORMS, *_BESIDE), elsewhere=_output_elsewhere(pairs))
    thoughts = _reasoning(entries["reasoning"].value) if "reasoning" in entries else 0
    repair = _repair(entries["repair"].value) if "repair" in entries else "lossless"
    kind = _one_key(pairs, "output", _FORMS)
    declared, rules = _output(kind, entries[kind].value, thinks="reasoning" in entries)
    return replace(declared, reasoning=thoughts, repair=repair), rules


def _output(kind: str, value: Node, *, thinks: bool) -> tuple[OutputDeclaration, tuple[DeclaredRule, ...]]:
    if kind == "model":
        return OutputDeclaration(kind="json", model=_model(value, "output.model")), ()
    if kind == "json_schema" or is_json_schema(value):
        schema = read_json_schema(value, f"output.{kind}")
        return OutputDeclaration(kind="json", json_schema=schema, generated=False), ()
    if isinstance(value, Scalar) and value.value == "text" and thinks:
        return OutputDeclaration(), ()
    if isinstance(value, Scalar) and value.value is not None:
        raise value.place.fault(
            f"output.schema is {value.text!r}, and an output is an object with fields. Write `name: type` "
            "lines below `schema:`, or `output: text` for plain text."
        )
    compiled = compile_fields(value, "output")
    if not compiled.json_schema["properties"] and not compiled.json_schema["additionalProperties"]:
        raise value.place.fault("output.schema has no fields. Add `name: type` lines below it.")
    return OutputDeclaration(kind="json", json_schema=compiled.json_schema), compiled.rules


def _reasoning(node: Node) -> int:
    try:
        return reasoning_of(plain(node))
    except ValueError as error:
        raise node.place.fault(f"output.{error}.") from None


def _repair(node: Node) -> RepairLevel:
    word = as_text(node, "output.repair")
    for level in get_args(RepairLevel):
        if word == level:
            return level  # type: ignore[no-any-return]
    raise node.place.fault(
        f"output.repair is {word!r}{did_you_mean(word, get_args(RepairLevel))}. Write off, lossless or lenient."
    )


def input_names(declared: InputDeclaration) -> frozenset[str] | None:
    """Names of the declared inputs; None when a model declares them or nobody does."""
    if declared.json_schema is None:
        return None
    return frozenset(declared.json_schema.get("properties", {}))


def _one_key(pairs: Pairs, what: str, keys: tuple[str, ...]) -> str:
    found = [key for key in keys if key in pairs.entries]
    if len(found) != 1:
        raise pairs.place.fault(
            f"{what} needs exactly one of {', '.join(keys)}, and has {' and '.join(found) or 'none of them'}."
        )
    return found[0]


def _model(node: Node, what: str) -> str:
    reference = as_text(node, what)
    if _MODEL.fullmatch(reference) is None:
        raise node.place.fault(
            f"{what} is {reference!r}, and must name a module and a class in it. Write it like "
            "app.schemas:Ticket."
        )
    return reference


def _input_elsewhere(pairs: Pairs) -> Mapping[str, str]:
    return {
        key: f"{key} is no part of input itself. Fields stand below `schema:`, one level deeper."
        for key, pair in pairs.entries.items()
        if isinstance(pair.value, Scalar)
        and "schema" not in pairs.entries
        and not did_you_mean(key, _INPUT_KEYS)
    } | {"default": "A default stands with its input: write `name:` and below it `type:` and `default:`."}


def _output_elsewhere(pairs: Pairs) -> Mapping[str, str]:
    known = (*_FORMS, *_BESIDE)
    return {
        key: f"{key} is no part of output itself. Fields stand below `schema:`, one level deeper."
        for key in pairs.entries
        if not did_you_mean(key, known) and not any(other in pairs.entries for other in known)
    } | {"format": "The format follows from the schema. Remove it, or write `output: text` for plain text."}


def _raw_inputs(node: Node) -> InputDeclaration:
    """Inputs declared by raw JSON Schema, which must describe an object by its properties."""
    pairs = as_pairs(node, "input.schema")
    properties = pairs.get("properties")
    if not isinstance(properties, Pairs):
        raise node.place.fault(
            "A JSON Schema of inputs describes an object. Add `properties:` with one entry for each input."
        )
    lines: dict[str, int] = {}
    for name, pair in properties.entries.items():
        lines[name] = pair.key.place.line
        if not name.isidentifier() or name in RESERVED_NAMES:
            raise pair.key.place.fault(
                f"{name!r} cannot be the name of an input: it is reserved or no Python identifier. Rename it."
            )
    return InputDeclaration(
        json_schema={"type": "object", **read_json_schema(pairs, "input.schema")}, lines=lines
    )


def _trust(node: Node, inputs: frozenset[str] | None) -> dict[str, Literal["trusted", "untrusted"]]:
    labels: dict[str, Literal["trusted", "untrusted"]] = {}
    for name, pair in as_pairs(node, "input.trust").entries.items():
        if inputs is not None and name not in inputs:
            raise _unknown_input(pair.key.place, "trust", name, inputs)
        label = as_text(pair.value, f"input.trust.{name}")
        if label == "trusted":
            labels[name] = "trusted"
        elif label == "untrusted":
            labels[name] = "untrusted"
        else:
            raise pair.value.place.fault(
                f"The trust of {name} is {label!r}{did_you_mean(label, ('trusted', 'untrusted'))}. Write "
                "trusted or untrusted."
            )
    return labels


def _clean(node: Node, schema: Mapping[str, Any] | None) -> dict[str, tuple[Cleaning, ...]]:
    """What is cleaned, by input, each word once and in their own order."""
    chosen: dict[str, tuple[Cleaning, ...]] = {}
    for name, pair in as_pairs(node, "input.clean").entries.items():
        if schema is not None:
            properties: Mapping[str, Any] = schema.get("properties", {})
            if name not in properties:
                raise _unknown_input(pair.key.place, "clean", name, frozenset(properties))
            if not takes_text(properties[name], schema):
                raise pair.key.place.fault(
                    f"input.clean names {name!r}, which takes no text that could be cleaned. Remove it."
                )
        words = as_texts(pair.value, f"input.clean.{name}", lone=True)
        for word in words:
            if word not in WAYS:
                raise pair.value.place.fault(
                    f"input.clean.{name} says {word!r}{did_you_mean(word, WAYS)}. Write controls, tokens or both "
                    "in brackets: [controls, tokens]."
                )
        chosen[name] = tuple(way for way in WAYS if way in words)
    return chosen


def _unknown_input(place: Place, key: str, name: str, inputs: frozenset[str]) -> TemplateError:
    return place.fault(
        f"input.{key} names {name!r}, which is no input{did_you_mean(name, inputs)}. Inputs: "
        f"{', '.join(sorted(inputs)) or 'none'}."
    )
