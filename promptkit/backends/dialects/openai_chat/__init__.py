"""OpenAI's chat completions: requests to bytes, bytes to completions, events to deltas; no I/O.

Servers that speak it too are profiles of it.
"""

from __future__ import annotations

from promptkit.backends.dialects.openai_chat.answers import decode
from promptkit.backends.dialects.openai_chat.calls import PATH, encode, export
from promptkit.backends.dialects.openai_chat.outputs import plan
from promptkit.backends.dialects.openai_chat.profiles import COMPATIBLE, OPENAI, Profile, ResponseFormat
from promptkit.backends.dialects.openai_chat.streams import StreamDecoder

__all__ = [
    "COMPATIBLE",
    "OPENAI",
    "PATH",
    "Profile",
    "ResponseFormat",
    "StreamDecoder",
    "decode",
    "encode",
    "export",
    "plan",
]
