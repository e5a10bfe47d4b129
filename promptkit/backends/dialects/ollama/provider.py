"""Ollama's dialect and who speaks it."""

from __future__ import annotations

from collections.abc import Mapping

from promptkit.backends.dialect import Dialect
from promptkit.backends.dialects.ollama.calls import FORM, SETTINGS, encode
from promptkit.backends.dialects.ollama.reading import read, read_event, usage_of
from promptkit.backends.planning import planner
from promptkit.backends.providers import Provider
from promptkit.backends.wire import ErrorWords
from promptkit.messages import ImagePart, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import Capabilities

__all__ = ["PROVIDERS", "dialect"]


def dialect() -> Dialect:
    """Ollama's chat."""
    return Dialect(
        name="ollama",
        encode=encode,
        read=read,
        read_event=read_event,
        usage=usage_of,
        plan=planner(FORM, SETTINGS),
        capabilities=Capabilities(
            seed=True,
            logprobs=True,
            tools=True,
            parts=frozenset({TextPart, ImagePart, ToolCallPart, ToolResultPart}),
        ),
        needs_key=False,
        words=ErrorWords(
            server="an Ollama server", base="/api", schema=("in format", "invalid format", "grammar")
        ),
    )


PROVIDERS: Mapping[str, Provider] = {
    "ollama": Provider(dialect=dialect, key_env="OLLAMA_API_KEY", base_url="http://127.0.0.1:11434/api")
}
