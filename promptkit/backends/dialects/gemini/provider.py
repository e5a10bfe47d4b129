"""Gemini's dialect and who speaks it."""

from __future__ import annotations

from collections.abc import Mapping

from promptkit.backends.dialect import Dialect
from promptkit.backends.dialects.gemini.calls import FORM, SETTINGS, encode
from promptkit.backends.dialects.gemini.reading import read, read_event, usage_of
from promptkit.backends.planning import planner
from promptkit.backends.providers import Provider
from promptkit.backends.wire import ErrorWords
from promptkit.messages import DocumentPart, ImagePart, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import Capabilities

__all__ = ["PROVIDERS", "dialect"]


def dialect() -> Dialect:
    """Gemini's generateContent, of Google's Gemini API."""
    return Dialect(
        name="gemini",
        encode=encode,
        read=read,
        read_event=read_event,
        usage=usage_of,
        plan=planner(FORM, SETTINGS),
        capabilities=Capabilities(
            schema=True,
            seed=True,
            logprobs=True,
            tools=True,
            parts=frozenset({TextPart, ImagePart, DocumentPart, ToolCallPart, ToolResultPart}),
        ),
        key_header="x-goog-api-key",
        key_prefix="",
        words=ErrorWords(
            server="Google's Gemini API",
            base="/v1beta",
            schema=(
                "response_json_schema",
                "responsejsonschema",
                "response_schema",
                "schema produces a constraint",
            ),
        ),
    )


PROVIDERS: Mapping[str, Provider] = {
    "gemini": Provider(
        dialect=dialect,
        key_env="GEMINI_API_KEY",
        base_url="https://generativelanguage.googleapis.com/v1beta",
    )
}
