"""How an output's schema is given to servers of one kind, and what they will do with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

from pydantic_core import to_json

from promptkit.backends.schema_rules import SchemaRules
from promptkit.backends.strict_schema import StrictSchema, to_strict
from promptkit.completions import Enforcement
from promptkit.constraints import narrow
from promptkit.requests import OutputSpec, Placement, Plan
from promptkit.schemas.keywords import added_keywords, keywords

__all__ = ["SchemaField", "SchemaForm", "Wrap", "json_bytes", "plan_of", "schema_field"]

Wrap: TypeAlias = Callable[[str, Any, bool], Any]
"""From the output's name, its schema and whether it fits to the value of the field that holds it."""


class SchemaField:
    """The field of a call that holds the schema; shared by all calls, so nothing may change it.

    Attributes:
        data: Its value as JSON-able data.
        as_bytes: The same as JSON.
    """

    __slots__ = ("as_bytes", "data")

    def __init__(self, data: Any) -> None:
        self.data = data
        self.as_bytes = json_bytes(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaForm:
    """How servers of one kind take the schema of an output.

    Attributes:
        rules: What of JSON Schema may stand in a schema that they are to hold an answer to; None where the schema
            is sent as it stands and nothing is known of what they make of it.
        enforces: True when they are known to hold an answer to a schema that fits the rules.
        loose: True when a schema that does not fit the rules is sent all the same, as they then take it for
            advice.
        objects_only: True when they take objects only.
        unsent: Why no schema is ever sent; empty where one is.
        doubt: What a plan says of a schema that is sent and not known to be enforced.
        thoughts: Where an answer holds the model's reasoning.
    """

    rules: SchemaRules | None
    enforces: bool
    loose: bool = False
    objects_only: bool = True
    unsent: str = ""
    doubt: str = "sent; whether this server enforces it is not known"
    thoughts: str = "reasoning_content"


_MOVED = "moved into the description"


@lru_cache(maxsize=256)
def _strict(schema_bytes: bytes, rules: SchemaRules) -> StrictSchema:
    return to_strict(json.loads(schema_bytes), rules)


def schema_field(spec: OutputSpec, form: SchemaForm, wrap: Wrap) -> SchemaField | None:
    """The field that holds the schema, made once for a schema; None where none is sent.

    Args:
        spec: What the answer must be.
        form: How the servers take it.
        wrap: Makes the field's value; a function of a module, since it is part of the cache's key.
    """
    if spec.mode == "text" or spec.enforce == "off" or form.unsent:
        return None
    return _field(spec.json_bytes, spec.schema.name, form, wrap)


@lru_cache(maxsize=256)
def _field(schema_bytes: bytes, name: str, form: SchemaForm, wrap: Wrap) -> SchemaField | None:
    if form.rules is None:
        return SchemaField(wrap(name, json.loads(schema_bytes), False))
    strict = _strict(schema_bytes, form.rules)
    if _not_sent(strict, form) is not None:
        return None
    fits = strict.fits(objects_only=form.objects_only)
    schema = strict.schema if fits else json.loads(schema_bytes)
    return SchemaField(wrap(name, schema, fits))


def plan_of(spec: OutputSpec, form: SchemaForm, name: str) -> Plan:
    """Where each keyword of the output's schema and each constraint is enforced by such a server.

    Args:
        spec: What the answer must be.
        form: How the servers take it.
        name: The backend's name.
    """
    # A specification that reads no inputs is the same object at each call, and so is its plan.
    return _plan_of(spec, form, name) if spec.inputs is not None else _kept_plan(spec, form, name)


def _plan_of(spec: OutputSpec, form: SchemaForm, name: str) -> Plan:
    if spec.enforce == "off":
        return Plan.unenforced(spec, name, "enforce is off")
    made = _of_output(spec, form, name)
    thoughts = Placement.of_reasoning(spec, Enforcement.PROMPT, _thoughts(form, bound=made.wire is not None))
    return replace(made, placements=(*thoughts, *made.placements)) if thoughts else made


_kept_plan = lru_cache(maxsize=256)(_plan_of)


def _thoughts(form: SchemaForm, *, bound: bool) -> str:
    """What such a server makes of ``reasoning``: no parameter that is set here bounds it in tokens."""
    if bound:
        return f"said in the prompt; taken from {form.thoughts}, since the schema binds the text from its beginning"
    return f"said in the prompt; taken from {form.thoughts}, or from what stands before the answer"


def _of_output(spec: OutputSpec, form: SchemaForm, name: str) -> Plan:
    if spec.mode == "text":
        return Plan(backend=name, placements=tuple(_constraints(spec, form, None)))
    if form.rules is None:
        return Plan(backend=name, placements=_in_doubt(spec, form), wire=spec.json_schema)
    strict = _strict(spec.json_bytes, form.rules)
    reason = _not_sent(strict, form)
    if reason is not None:
        nothing = Placement(
            path="", rule="schema", where=Enforcement.CHECK, note=f"no schema is sent: {reason}"
        )
        placements = (nothing, *_constraints(spec, form, None))
        return Plan(backend=name, placements=placements, limits=strict.limits)
    found = [*_keywords(spec.json_bytes, form.rules, form), *_constraints(spec, form, strict)]
    fits = strict.fits(objects_only=form.objects_only)
    wire: Mapping[str, Any] = strict.schema if fits else spec.json_schema
    return Plan(backend=name, placements=tuple(dict.fromkeys(found)), wire=wire, limits=strict.limits)


def _in_doubt(spec: OutputSpec, form: SchemaForm) -> tuple[Placement, ...]:
    """Everything is checked: the schema is sent as it stands, and what the server makes of it is not known."""
    said = [(path, rule) for path, rule, _ in keywords(spec.json_schema)]
    known = [Placement(path=path, rule=rule, where=Enforcement.CHECK, note=form.doubt) for path, rule in said]
    return tuple(dict.fromkeys([*known, *_constraints(spec, form, None)]))


def _not_sent(strict: StrictSchema, form: SchemaForm) -> str | None:
    """Why no schema is sent, None when one is."""
    if form.unsent:
        return form.unsent
    if form.objects_only and not strict.object_root:
        return "the output is no object, and the wire format takes objects only"
    if form.loose or strict.fits(objects_only=form.objects_only):
        return None
    reasons = [f"{reason} ({path or 'the output'})" for path, reason in strict.obstacles]
    return "; ".join([*dict.fromkeys(reasons), *map(str, strict.limits)])


@lru_cache(maxsize=256)
def _keywords(schema_bytes: bytes, rules: SchemaRules, form: SchemaForm) -> tuple[Placement, ...]:
    """A placement of each keyword, field by field in the order of the schema."""
    strict = _strict(schema_bytes, rules)
    order = {path: number for number, path in enumerate(strict.paths)}
    found = sorted(_unordered(strict, form), key=lambda placement: order.get(placement.path, len(order)))
    return tuple(dict.fromkeys(found))


def _unordered(strict: StrictSchema, form: SchemaForm) -> Iterator[Placement]:
    for path, reason in [*strict.obstacles, *(("", str(limit)) for limit in strict.limits)]:
        note = f"the schema is not sent as strict: {reason}"
        yield Placement(path=path, rule="strict", where=Enforcement.CHECK, note=note)
    where, note = _enforcement(strict, form)
    for path, rule in strict.kept:
        yield Placement(path=path, rule=rule, where=where, note=note)
    for path, rule in strict.moved:
        yield Placement(
            path=path, rule=rule, where=Enforcement.CHECK, note=_moved(rule, strict, form) or note
        )


def _moved(rule: str, strict: StrictSchema, form: SchemaForm) -> str:
    if not strict.fits(objects_only=form.objects_only):
        return ""
    return "sent as anyOf, which is looser" if rule == "oneOf" else _MOVED


def _constraints(spec: OutputSpec, form: SchemaForm, strict: StrictSchema | None) -> Iterator[Placement]:
    """Constraints are checked on the finished answer, unless the schema that is enforced says them whole."""
    base = spec.schema.json_schema
    for constraint in spec.constraints:
        where, note = Enforcement.CHECK, "" if spec.mode == "text" or strict is None else "no schema says it"
        if strict is not None:
            said = added_keywords(base, narrow(base, [constraint], spec.inputs))
            if said:
                where, note = _enforcement(strict, form)
            if where is Enforcement.NATIVE and any(not _binds(strict, *rule[:2]) for rule in said):
                where, note = Enforcement.CHECK, _MOVED
        yield Placement.of(constraint, where, note, inputs=spec.inputs)


def _binds(strict: StrictSchema, path: str, keyword: str) -> bool:
    return (path, keyword) in strict.kept and (path, keyword) not in strict.moved


def _enforcement(strict: StrictSchema, form: SchemaForm) -> tuple[Enforcement, str]:
    if not form.enforces:
        return Enforcement.CHECK, form.doubt
    if not strict.fits(objects_only=form.objects_only):
        return Enforcement.CHECK, "sent, but not as strict"
    return Enforcement.NATIVE, ""


def json_bytes(data: Any) -> bytes:
    """Compact UTF-8 JSON in the order given."""
    try:
        return to_json(data)
    except ValueError:
        # Half of a surrogate pair has no UTF-8 form, but JSON can say it by an escape.
        return json.dumps(data, separators=(",", ":")).encode()
