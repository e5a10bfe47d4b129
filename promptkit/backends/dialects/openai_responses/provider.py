"""The dialect of OpenAI's responses and who speaks it."""

from __future__ import annotations

from collections.abc import Mapping

from promptkit.backends.dialect import Dialect
from promptkit.backends.dialects.openai_responses.calls import FORM, SETTINGS, encode
from promptkit.backends.dialects.openai_responses.reading import read, read_event, usage_of
from promptkit.backends.planning import planner
from promptkit.backends.providers import Provider
from promptkit.backends.wire import ErrorWords
from promptkit.messages import DocumentPart, ImagePart, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import Capabilities

__all__ = ["PROVIDERS", "dialect"]


def dialect() -> Dialect:
    """OpenAI's responses."""
    return Dialect(
        name="openai-responses",
        encode=encode,
        read=read,
        read_event=read_event,
        usage=usage_of,
        plan=planner(FORM, SETTINGS),
        capabilities=Capabilities(
            schema=True,
            logprobs=True,
            tools=True,
            parts=frozenset({TextPart, ImagePart, DocumentPart, ToolCallPart, ToolResultPart}),
        ),
        words=ErrorWords(
            server="a server of OpenAI's responses",
            schema=("text.format", "response_format", "invalid schema"),
        ),
    )


PROVIDERS: Mapping[str, Provider] = {
    "openai-responses": Provider(
        dialect=dialect, key_env="OPENAI_API_KEY", base_url="https://api.openai.com/v1"
    )
}
