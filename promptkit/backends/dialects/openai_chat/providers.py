"""The dialect of a profile, and who speaks it, by the names that references have for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import get_args

from promptkit.backends.dialect import Dialect
from promptkit.backends.dialects.openai_chat.calls import encode
from promptkit.backends.dialects.openai_chat.outputs import form_of
from promptkit.backends.dialects.openai_chat.profiles import (
    AZURE,
    COMPATIBLE,
    LLAMA_SERVER,
    MISTRAL,
    OPENAI,
    OPENROUTER,
    VLLM,
    Profile,
    ResponseFormat,
)
from promptkit.backends.dialects.openai_chat.reading import read, read_event, usage_of, usage_with_cost
from promptkit.backends.planning import planner
from promptkit.backends.providers import Provider
from promptkit.errors import ConfigurationError
from promptkit.messages import DocumentPart, ImagePart, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import Capabilities
from promptkit.spelling import did_you_mean

__all__ = ["PROVIDERS", "compatible", "dialect", "openai"]

_PARTS = frozenset({TextPart, ImagePart, ToolCallPart, ToolResultPart})


def dialect(profile: Profile) -> Dialect:
    """OpenAI's chat completions as servers of this profile speak it."""

    def in_json_object(body: bytes) -> Dialect | None:
        """The form that a server names while it refuses ``json_schema``."""
        if b"json_object" not in body:
            return None
        return dialect(replace(profile, response_format="json_object", adapts=False))

    return Dialect(
        name=f"{profile.name} with {profile.response_format}",
        encode=partial(encode, profile=profile),
        read=read,
        read_event=read_event,
        usage=usage_with_cost if profile.reports_cost else usage_of,
        plan=planner(form_of(profile), profile.settings),
        capabilities=Capabilities(
            schema=profile.enforces_schema,
            stream=True,
            seed=True,
            logprobs="logprobs" in profile.settings.writers,
            tools=True,
            parts=_PARTS | {DocumentPart} if profile.documents else _PARTS,
        ),
        needs_key=profile.needs_key,
        key_header=profile.key_header,
        key_prefix=profile.key_prefix,
        words=profile.words,
        other=in_json_object if profile.adapts else None,
    )


def openai() -> Dialect:
    """OpenAI's own API."""
    return dialect(OPENAI)


def compatible(*, response_format: str | None = None) -> Dialect:
    """Any server that speaks it.

    Args:
        response_format: How the schema is sent: ``json_schema``, ``json_object`` or ``none``; by itself as
            ``json_schema``, and as ``json_object`` to a server that refuses it and asks for that.

    Raises:
        ConfigurationError: When it is none of these.
    """
    if response_format is None:
        return dialect(COMPATIBLE)
    for form in get_args(ResponseFormat):
        if form == response_format:
            return dialect(replace(COMPATIBLE, response_format=form, adapts=False))
    known = get_args(ResponseFormat)
    raise ConfigurationError(
        f"response_format is {response_format!r}{did_you_mean(response_format, known)}; it is one of "
        f"{', '.join(known)}"
    )


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(
        dialect=openai,
        key_env="OPENAI_API_KEY",
        base_url="https://api.openai.com/v1",
        elsewhere=Provider(dialect=compatible, key_env="OPENAI_COMPATIBLE_API_KEY"),
    ),
    "azure": Provider(dialect=partial(dialect, AZURE), key_env="AZURE_OPENAI_API_KEY"),
    "llama-server": Provider(
        dialect=partial(dialect, LLAMA_SERVER), key_env="LLAMA_API_KEY", base_url="http://127.0.0.1:8080/v1"
    ),
    "mistral": Provider(
        dialect=partial(dialect, MISTRAL), key_env="MISTRAL_API_KEY", base_url="https://api.mistral.ai/v1"
    ),
    "openrouter": Provider(
        dialect=partial(dialect, OPENROUTER),
        key_env="OPENROUTER_API_KEY",
        base_url="https://openrouter.ai/api/v1",
    ),
    "vllm": Provider(
        dialect=partial(dialect, VLLM), key_env="VLLM_API_KEY", base_url="http://127.0.0.1:8000/v1"
    ),
}
