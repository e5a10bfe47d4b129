"""Ollama's chat."""

from __future__ import annotations

from promptkit.backends.dialects.ollama.provider import PROVIDERS, dialect

__all__ = ["PROVIDERS", "dialect"]
