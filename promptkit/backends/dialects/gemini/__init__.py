"""Gemini's generateContent."""

from __future__ import annotations

from promptkit.backends.dialects.gemini.provider import PROVIDERS, dialect

__all__ = ["PROVIDERS", "dialect"]
