"""What Anthropic's API takes: of JSON Schema, and of sampling settings by model."""

from __future__ import annotations

from dataclasses import dataclass

from promptkit.backends.schema_forms import SchemaForm
from promptkit.backends.schema_rules import SchemaRules
from promptkit.backends.settings import Refusal, Settings

__all__ = ["FORM", "LATEST_VERSION", "SETTINGS", "VERSION", "WITHOUT_SAMPLING", "Profile"]

VERSION = "2023-06-01"
"""The version that takes sampling settings of models that have them."""

LATEST_VERSION = "2026-10-21"
"""Takes no sampling settings, of no model. Source: Anthropic's API reference, "Versions"."""

_RULES = SchemaRules(
    keywords=frozenset(
        {
            "$ref",
            "additionalProperties",
            "anyOf",
            "const",
            "description",
            "enum",
            "items",
            "minItems",
            "properties",
            "required",
            "title",
            "type",
        }
    ),
    formats=frozenset(
        {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"}
    ),
    least_items=frozenset({0, 1}),
    demands_all=False,
    recursion=False,
    max_optional=24,
    max_unions=16,
)
"""Source: Anthropic's guide "Structured outputs", sections "JSON Schema limitations" and "Schema complexity limits",
as of 2026, and ``transform_schema`` of its Python client 2.14. Patterns are taken in a subset that is not said
exactly, so they are left to the description here."""

FORM = SchemaForm(rules=_RULES, enforces=True)

_SAMPLING = ("temperature", "top_p", "top_k")
_WITHOUT_SAMPLING = (
    "claude-fable-*",
    "claude-haiku-5*",
    "claude-opus-4-[789]*",
    "claude-opus-5*",
    "claude-sonnet-5*",
)
"""Models that answer temperature, top_p and top_k with 400. Source: Anthropic's migration guide for Claude 4.7 and
later models, and its reference for API version 2026-10-21."""

_ONE_SAMPLER = ("claude-haiku-4-5*", "claude-opus-4-[156]*", "claude-sonnet-4-[56]*")
"""Models that answer with 400: "temperature and top_p cannot both be specified for this model"."""

SETTINGS = Settings(
    writers={
        "temperature": "temperature",
        "top_p": "top_p",
        "top_k": "top_k",
        "max_tokens": "max_tokens",
        "stop": "stop_sequences",
    },
    refusals=(
        Refusal(models=_WITHOUT_SAMPLING, settings=_SAMPLING, why="this model takes no sampling settings"),
        Refusal(
            models=_ONE_SAMPLER,
            settings=("top_p",),
            why="this model takes temperature or top_p, not both",
            beside=("temperature",),
        ),
    ),
)
WITHOUT_SAMPLING = Settings(
    writers=SETTINGS.writers,
    refusals=(
        Refusal(
            models=("*",), settings=_SAMPLING, why=f"API version {LATEST_VERSION} takes no sampling settings"
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How the API is spoken to.

    Attributes:
        api_version: The value of the header ``anthropic-version``.
        cache_prefix: True when the provider is told up to where the messages are the same for all inputs.
        max_tokens: The bound of an answer where the prompt sets none: the API demands one.
        settings: The sampling settings that may be sent.
    """

    api_version: str = VERSION
    cache_prefix: bool = True
    max_tokens: int = 4096
    settings: Settings = SETTINGS
