"""The conversation with a backend as one generator of effects, and four drivers that carry effects out.

``converse`` decides and does no I/O; the drivers do I/O and decide nothing.
"""

from promptkit.engine.call import Call, Clock
from promptkit.engine.conversation import converse
from promptkit.engine.drivers import run_async, run_sync, stream_async, stream_sync
from promptkit.engine.effects import Conversation, Keep, Send
from promptkit.engine.results import Finished, Restarted, Result, StreamEvent

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
