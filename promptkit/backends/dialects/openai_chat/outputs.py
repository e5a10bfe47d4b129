"""How an output's schema is sent to a server of this dialect, and what the server will do with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from promptkit.backends.dialects.openai_chat.parameters import missing
from promptkit.backends.dialects.openai_chat.profiles import Profile, ResponseFormat
from promptkit.backends.dialects.openai_chat.strict_schema import StrictSchema, to_strict
from promptkit.backends.schema_rules import SchemaRules
from promptkit.completions import Enforcement
from promptkit.constraints import narrow
from promptkit.requests import GenerationConfig, OutputSpec, Placement, Plan
from promptkit.schemas.keywords import added_keywords

__all__ = ["json_bytes", "plan", "response_format"]


def response_format(spec: OutputSpec, profile: Profile) -> bytes | None:
    """The ``response_format`` as JSON bytes; None for text and where no schema can or shall be sent."""
    if spec.mode == "text" or spec.enforce == "off" or profile.response_format == "none":
        return None
    return _response_format(spec.json_bytes, spec.schema.name, profile.response_format, profile.rules)


@lru_cache(maxsize=256)
def _strict(schema_bytes: bytes, rules: SchemaRules) -> StrictSchema:
    return to_strict(json.loads(schema_bytes), rules)


@lru_cache(maxsize=256)
def _response_format(
    schema_bytes: bytes, name: str, form: ResponseFormat, rules: SchemaRules
) -> bytes | None:
    """The ``response_format`` as bytes, made once for a schema; None when the output is no object."""
    strict = _strict(schema_bytes, rules)
    if not strict.object_root:
        return None
    schema: Any = strict.schema if strict.strict else json.loads(schema_bytes)
    if form == "json_object":
        return json_bytes({"type": "json_object", "schema": schema})
    return json_bytes(
        {"type": "json_schema", "json_schema": {"name": name, "strict": strict.strict, "schema": schema}}
    )


def plan(spec: OutputSpec, profile: Profile, name: str, generation: GenerationConfig | None = None) -> Plan:
    """Where each keyword of the output's schema and each constraint is enforced by such a server.

    A sampling setting that the server has no parameter for is IMPOSSIBLE.
    """
    made = _of_output(spec, profile, name)
    first = [
        Placement.of_setting(setting, Enforcement.IMPOSSIBLE, "this API has no such parameter")
        for setting in missing(generation or GenerationConfig(), profile)
    ]
    if spec.enforce != "off":
        first += Placement.of_reasoning(spec, Enforcement.PROMPT, _thoughts(spec, profile))
    return replace(made, placements=(*first, *made.placements)) if first else made


def _thoughts(spec: OutputSpec, profile: Profile) -> str:
    """What such a server makes of ``reasoning``: the dialect has no parameter that bounds it in tokens."""
    if response_format(spec, profile) is None:
        return "said in the prompt; taken from reasoning_content, or from what stands before the answer"
    return (
        "said in the prompt; taken from reasoning_content, since the schema binds the text from its beginning"
    )


def _of_output(spec: OutputSpec, profile: Profile, name: str) -> Plan:
    if spec.enforce == "off":
        return Plan.unenforced(spec, name, "enforce is off")
    strict = None if spec.mode == "text" else _strict(spec.json_bytes, profile.rules)
    if strict is None:
        return Plan(backend=name, placements=tuple(_constraints(spec, profile, strict)))
    reason = _not_sent(strict, profile)
    if reason is not None:
        nothing = Placement(path="", rule="schema", where=Enforcement.CHECK, note=reason)
        return Plan(backend=name, placements=(nothing, *_constraints(spec, profile, None)))
    placements = [*_keywords(strict, profile), *_constraints(spec, profile, strict)]
    wire: Mapping[str, Any] = strict.schema if strict.strict else spec.json_schema
    return Plan(backend=name, placements=tuple(dict.fromkeys(placements)), wire=wire, limits=strict.limits)


def _not_sent(strict: StrictSchema, profile: Profile) -> str | None:
    """Why no schema is sent, None when one is."""
    if profile.response_format == "none":
        return "no schema is sent: response_format is none"
    if not strict.object_root:
        return "no schema is sent: the output is no object, and the wire format takes objects only"
    return None


def _keywords(strict: StrictSchema, profile: Profile) -> list[Placement]:
    """A placement of each keyword, field by field in the order of the schema."""
    order = {path: number for number, path in enumerate(strict.paths)}
    return sorted(_unordered(strict, profile), key=lambda placement: order.get(placement.path, len(order)))


def _unordered(strict: StrictSchema, profile: Profile) -> Iterator[Placement]:
    reasons = [(path, reason) for path, reason in strict.obstacles]
    reasons += [("", str(limit)) for limit in strict.limits]
    for path, reason in reasons:
        note = f"the schema is not sent as strict: {reason}"
        yield Placement(path=path, rule="strict", where=Enforcement.CHECK, note=note)
    where, note = _enforcement(strict, profile)
    for path, rule in strict.kept:
        yield Placement(path=path, rule=rule, where=where, note=note)
    for path, rule in strict.moved:
        yield Placement(path=path, rule=rule, where=Enforcement.CHECK, note=_moved(rule, strict) or note)


def _moved(rule: str, strict: StrictSchema) -> str:
    if not strict.strict:
        return ""
    return "sent as anyOf, which is looser" if rule == "oneOf" else "moved into the description"


def _constraints(spec: OutputSpec, profile: Profile, strict: StrictSchema | None) -> Iterator[Placement]:
    """Constraints are checked on the finished answer, unless the schema that is enforced says them whole."""
    base = spec.schema.json_schema
    for constraint in spec.constraints:
        where, note = Enforcement.CHECK, "" if spec.mode == "text" or strict is None else "no schema says it"
        if strict is not None:
            said = added_keywords(base, narrow(base, [constraint], spec.inputs))
            if said:
                where, note = _enforcement(strict, profile)
            if where is Enforcement.NATIVE and any(not _binds(strict, *rule[:2]) for rule in said):
                where, note = Enforcement.CHECK, "moved into the description"
        yield Placement.of(constraint, where, note, inputs=spec.inputs)


def _binds(strict: StrictSchema, path: str, keyword: str) -> bool:
    return (path, keyword) in strict.kept and (path, keyword) not in strict.moved


def _enforcement(strict: StrictSchema, profile: Profile) -> tuple[Enforcement, str]:
    if not profile.enforces_schema:
        return Enforcement.CHECK, "sent; whether this server enforces it is not known"
    if not strict.strict:
        return Enforcement.CHECK, "sent, but not as strict"
    return Enforcement.NATIVE, ""


def json_bytes(data: Any) -> bytes:
    """Compact UTF-8 JSON in the order given."""
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair has no UTF-8 form, but JSON can say it by an escape.
        return json.dumps(data, separators=(",", ":")).encode()
