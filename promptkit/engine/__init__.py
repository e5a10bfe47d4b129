"""The conversation with a backend as one generator of effects, and four drivers that carry effects out.

``converse`` decides and does no I/O; the drivers do I/O and decide nothing.
"""

from promptkit.engine.conversation import (
    Call,
    Clock,
    Conversation,
    Finished,
    Keep,
    Restarted,
    Result,
    Send,
    StreamEvent,
    converse,
)
from promptkit.engine.drivers import run_async, run_sync, stream_async, stream_sync

__all__ = [
    "Call",
    "Clock",
    "Conversation",
    "Finished",
    "Keep",
    "Restarted",
    "Result",
    "Send",
    "StreamEvent",
    "converse",
    "run_async",
    "run_sync",
    "stream_async",
    "stream_sync",
]
