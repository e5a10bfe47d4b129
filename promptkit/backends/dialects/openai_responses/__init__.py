"""OpenAI's responses."""

from __future__ import annotations

from promptkit.backends.dialects.openai_responses.provider import PROVIDERS, dialect

__all__ = ["PROVIDERS", "dialect"]
