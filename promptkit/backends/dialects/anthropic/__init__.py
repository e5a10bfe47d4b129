"""Anthropic's messages."""

from __future__ import annotations

from promptkit.backends.dialects.anthropic.provider import PROVIDERS, dialect

__all__ = ["PROVIDERS", "dialect"]
