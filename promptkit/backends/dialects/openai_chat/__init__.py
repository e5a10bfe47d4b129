"""OpenAI's chat completions, and the servers that speak it too as profiles of it."""

from __future__ import annotations

from promptkit.backends.dialects.openai_chat.calls import encode, export
from promptkit.backends.dialects.openai_chat.outputs import plan
from promptkit.backends.dialects.openai_chat.profiles import COMPATIBLE, OPENAI, Profile, ResponseFormat
from promptkit.backends.dialects.openai_chat.providers import PROVIDERS, compatible, dialect, openai

__all__ = [
    "COMPATIBLE",
    "OPENAI",
    "PROVIDERS",
    "Profile",
    "ResponseFormat",
    "compatible",
    "dialect",
    "encode",
    "export",
    "openai",
    "plan",
]
