"""JSON Lines, decoded as bytes arrive: one JSON value a line, as some servers stream."""

from __future__ import annotations

from promptkit.backends.sse import ServerSentEvent

__all__ = ["JsonLinesParser"]


class JsonLinesParser:
    r"""Takes chunks cut anywhere, also inside a character, and gives an event for each whole line.

    A last line without an end is an event too once the stream is over: ``feed(b"\n")`` gives it.
    """

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that ``chunk`` completes, in order."""
        self._buffer += chunk
        if b"\n" not in chunk:
            return []
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        texts = (line.decode("utf-8", "replace").strip() for line in lines)
        return [ServerSentEvent(data=text) for text in texts if text]
