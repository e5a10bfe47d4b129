"""How an output's schema is sent to a server of this dialect, and what the server will do with it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from promptkit.backends.dialects.openai_chat.parameters import missing
from promptkit.backends.dialects.openai_chat.profiles import Profile
from promptkit.backends.schema_forms import SchemaForm, plan_of, schema_field
from promptkit.completions import Enforcement
from promptkit.requests import GenerationConfig, OutputSpec, Placement, Plan

__all__ = ["plan", "response_format"]


@cache
def _form(profile: Profile) -> SchemaForm:
    unsent = "response_format is none" if profile.response_format == "none" else ""
    return SchemaForm(rules=profile.rules, enforces=profile.enforces_schema, loose=True, unsent=unsent)


def response_format(spec: OutputSpec, profile: Profile) -> bytes | None:
    """The ``response_format`` as JSON bytes; None for text and where no schema can or shall be sent."""
    wrap = _as_json_object if profile.response_format == "json_object" else _as_json_schema
    return schema_field(spec, _form(profile), wrap)


def _as_json_schema(name: str, schema: Any, fits: bool) -> Any:
    return {"type": "json_schema", "json_schema": {"name": name, "strict": fits, "schema": schema}}


def _as_json_object(name: str, schema: Any, fits: bool) -> Any:
    del name, fits  # the form has no place for them
    return {"type": "json_object", "schema": schema}


def plan(spec: OutputSpec, profile: Profile, name: str, generation: GenerationConfig | None = None) -> Plan:
    """Where each keyword of the output's schema and each constraint is enforced by such a server.

    A sampling setting that the server has no parameter for is IMPOSSIBLE.
    """
    made = plan_of(spec, _form(profile), name)
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
