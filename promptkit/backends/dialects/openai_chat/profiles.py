"""Profiles: in what servers of this dialect differ from one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from promptkit.backends.dialects.openai_chat.parameters import (
    COMPATIBLE_SETTINGS,
    LLAMA_SERVER_SETTINGS,
    MISTRAL_SETTINGS,
    OPENAI_SETTINGS,
    OPENROUTER_SETTINGS,
    VLLM_SETTINGS,
)
from promptkit.backends.schema_rules import SchemaRules
from promptkit.backends.settings import Settings
from promptkit.backends.strict_schema import STRICT, UNLIMITED
from promptkit.backends.wire import ErrorWords

__all__ = [
    "AZURE",
    "COMPATIBLE",
    "LLAMA_SERVER",
    "MISTRAL",
    "OPENAI",
    "OPENROUTER",
    "VLLM",
    "Profile",
    "ResponseFormat",
]

ResponseFormat: TypeAlias = Literal["json_schema", "json_object", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """In what a server of this dialect differs from the others.

    Attributes:
        name: The profile's name.
        enforces_schema: True when the server is known to hold an answer to a strict schema.
        documents: True when messages may hold PDF documents.
        needs_key: True when it answers nobody without a key.
        response_format: How the schema is sent: as ``json_schema``, as ``json_object`` with a ``schema``
            beside it (llama-cpp-python's server), or not at all.
        adapts: True when ``json_object`` may be tried after a server has refused ``json_schema`` and named
            ``json_object`` as what it takes.
        rules: What of JSON Schema may stand in a schema that is sent as strict.
        settings: The sampling settings that may be sent.
        body: Fields of each call that the server needs besides.
        key_header: The header that holds the key, in lower case.
        key_prefix: What stands before the key in it.
        asks_for_usage: True when a stream tells the token counts only if asked to.
        reports_cost: True when ``usage.cost`` is money, in US dollars.
        words: How errors speak of the server.
    """

    name: str
    enforces_schema: bool
    documents: bool
    needs_key: bool
    settings: Settings
    response_format: ResponseFormat = "json_schema"
    adapts: bool = False
    rules: SchemaRules = STRICT
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    asks_for_usage: bool = True
    reports_cost: bool = False
    words: ErrorWords = field(default_factory=ErrorWords)


OPENAI = Profile(
    name="openai",
    enforces_schema=True,
    documents=True,
    needs_key=True,
    settings=OPENAI_SETTINGS,
)
COMPATIBLE = Profile(
    name="openai-compatible",
    enforces_schema=False,
    documents=False,
    needs_key=False,
    adapts=True,
    rules=UNLIMITED,
    settings=COMPATIBLE_SETTINGS,
    words=ErrorWords(
        schema_advice="Simplify the output's schema, or open the backend with response_format='json_object' "
        "or 'none' if the server does not take json_schema.",
    ),
)
LLAMA_SERVER = replace(COMPATIBLE, name="llama-server", settings=LLAMA_SERVER_SETTINGS)
VLLM = replace(COMPATIBLE, name="vllm", settings=VLLM_SETTINGS)
OPENROUTER = replace(
    COMPATIBLE,
    name="openrouter",
    documents=True,
    needs_key=True,
    adapts=False,
    settings=OPENROUTER_SETTINGS,
    # Else a provider that does not know a parameter, the schema among them, passes over it.
    body={"provider": {"require_parameters": True}},
    reports_cost=True,
    words=ErrorWords(server="OpenRouter's API", base="/api/v1"),
)
MISTRAL = replace(
    COMPATIBLE,
    name="mistral",
    needs_key=True,
    adapts=False,
    settings=MISTRAL_SETTINGS,
    asks_for_usage=False,  # it tells them anyway, and refuses fields that it does not know
    words=ErrorWords(server="Mistral's API"),
)
AZURE = replace(
    OPENAI,
    name="azure",
    key_header="api-key",
    key_prefix="",
    # Source: Microsoft's guide "Structured outputs" for Azure OpenAI, "Supported schemas and limitations", as of 2026.
    rules=replace(
        STRICT,
        keywords=STRICT.keywords
        - {
            *("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"),
            *("maxItems", "minItems", "pattern"),
        },
        formats=frozenset(),
        max_levels=5,
        max_properties=100,
    ),
    words=ErrorWords(server="Azure OpenAI", base="/openai/v1"),
)
