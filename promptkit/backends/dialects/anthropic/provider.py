"""Anthropic's dialect and who speaks it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from promptkit.backends.dialect import Dialect
from promptkit.backends.dialects.anthropic.calls import encode
from promptkit.backends.dialects.anthropic.profile import (
    FORM,
    LATEST_VERSION,
    SETTINGS,
    VERSION,
    WITHOUT_SAMPLING,
    Profile,
)
from promptkit.backends.dialects.anthropic.reading import read, read_event, usage_of
from promptkit.backends.planning import planner
from promptkit.backends.providers import Provider
from promptkit.backends.wire import ErrorWords
from promptkit.errors import ConfigurationError
from promptkit.messages import DocumentPart, ImagePart, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import Capabilities
from promptkit.spelling import did_you_mean

__all__ = ["PROVIDERS", "dialect"]


def dialect(*, api_version: str = VERSION, cache_prefix: bool = True) -> Dialect:
    """Anthropic's messages.

    Args:
        api_version: The API's version: ``2023-06-01`` or ``2026-10-21``, which takes no sampling settings.
        cache_prefix: Whether the provider is told up to where the messages are the same for all inputs of a
            prompt, so that calls that follow within five minutes read that part for a tenth of the price. Writing
            it costs a quarter more.

    Raises:
        ConfigurationError: When there is no such version.
    """
    known = (VERSION, LATEST_VERSION)
    if api_version not in known:
        hint = did_you_mean(str(api_version), known)
        raise ConfigurationError(f"api_version is {api_version!r}{hint}; it is one of {', '.join(known)}")
    settings = SETTINGS if api_version == VERSION else WITHOUT_SAMPLING
    profile = Profile(api_version=api_version, cache_prefix=cache_prefix, settings=settings)

    return Dialect(
        name="anthropic",
        encode=partial(encode, profile=profile),
        read=read,
        read_event=read_event,
        usage=usage_of,
        plan=planner(FORM, settings),
        capabilities=Capabilities(
            schema=True,
            tools=True,
            parts=frozenset({TextPart, ImagePart, DocumentPart, ToolCallPart, ToolResultPart}),
        ),
        key_header="x-api-key",
        key_prefix="",
        words=ErrorWords(
            server="Anthropic's API",
            schema=("output_config", "output_format", "compiled grammar", "schema is too complex"),
            schema_advice="Simplify the output's schema, or set enforce: off, so that it is only said and checked.",
        ),
    )


PROVIDERS: Mapping[str, Provider] = {
    "anthropic": Provider(
        dialect=dialect, key_env="ANTHROPIC_API_KEY", base_url="https://api.anthropic.com/v1"
    )
}
