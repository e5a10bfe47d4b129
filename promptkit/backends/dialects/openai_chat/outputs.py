"""How an output's schema is sent to a server of this dialect, and what the server will do with it."""

from __future__ import annotations

from functools import cache
from typing import Any

from promptkit.backends.dialects.openai_chat.profiles import Profile, ResponseFormat
from promptkit.backends.schema_forms import SchemaField, SchemaForm, plan_of, schema_field
from promptkit.backends.schema_rules import SchemaRules
from promptkit.backends.settings import with_settings
from promptkit.requests import GenerationConfig, OutputSpec, Plan

__all__ = ["form_of", "plan", "response_format"]


def form_of(profile: Profile) -> SchemaForm:
    """How servers of this profile take a schema."""
    return _made(profile.rules, profile.enforces_schema, profile.response_format)


@cache
def _made(rules: SchemaRules, enforces: bool, form: ResponseFormat) -> SchemaForm:
    unsent = "response_format is none" if form == "none" else ""
    return SchemaForm(rules=rules, enforces=enforces, loose=True, unsent=unsent)


def response_format(spec: OutputSpec, profile: Profile) -> SchemaField | None:
    """The ``response_format``; None for text and where no schema can or shall be sent."""
    wrap = _as_json_object if profile.response_format == "json_object" else _as_json_schema
    return schema_field(spec, form_of(profile), wrap)


def _as_json_schema(name: str, schema: Any, fits: bool) -> Any:
    return {"type": "json_schema", "json_schema": {"name": name, "strict": fits, "schema": schema}}


def _as_json_object(name: str, schema: Any, fits: bool) -> Any:
    del name, fits  # the form has no place for them
    return {"type": "json_object", "schema": schema}


def plan(
    spec: OutputSpec,
    profile: Profile,
    name: str,
    generation: GenerationConfig | None = None,
    *,
    model: str = "",
) -> Plan:
    """Where each keyword of the output's schema and each constraint is enforced by such a server.

    A sampling setting that the server or the model does not take is IMPOSSIBLE.

    Args:
        spec: What the answer must be.
        profile: How the server is spoken to.
        name: The backend's name.
        generation: How to sample.
        model: The model's name as the server knows it.
    """
    return with_settings(
        plan_of(spec, form_of(profile), name), generation or GenerationConfig(), profile.settings, model
    )
