"""What a stream yields: ``pk.events``, to tell one event from the other by its class."""

from __future__ import annotations

from promptkit.completions import TextDelta
from promptkit.engine import Finished, Restarted, StreamEvent
from promptkit.output import FieldDelta, FieldDone, FieldStarted

__all__ = ["FieldDelta", "FieldDone", "FieldStarted", "Finished", "Restarted", "StreamEvent", "TextDelta"]
