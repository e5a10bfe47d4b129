"""Server-sent events, decoded as bytes arrive.

Source of the rules: WHATWG HTML, section 9.2.6 "Interpreting an event stream".
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["EventStreamParser", "ServerSentEvent"]

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class ServerSentEvent(NamedTuple):
    """One event; a named tuple, since there are thousands of them in an answer.

    Attributes:
        event: Its type, ``message`` when the server names none.
        data: Its data lines, joined by line feeds.
        id: The last event id that the server sent; empty when it sends none.
    """

    data: str
    event: str = "message"
    id: str = ""


class EventStreamParser:
    """Takes chunks cut anywhere, also inside a character or a line end, and gives whole events.

    An event that the stream's end cuts off is dropped, as the standard says: its reader notices that the
    answer is not finished.
    """

    __slots__ = ("_after_cr", "_buffer", "_data", "_event", "_first", "_id")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._after_cr = False
        self._first = True
        self._data: list[str] = []
        self._event = ""
        self._id = ""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that ``chunk`` completes, in order."""
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        self._buffer += chunk
        if b"\n" not in chunk and b"\r" not in chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        *lines, rest = _LINE_END.split(self._buffer)
        self._buffer = bytearray(rest)
        events: list[ServerSentEvent] = []
        for line in lines:
            event = self._line(bytes(line))
            if event is not None:
                events.append(event)
        return events

    def _line(self, line: bytes) -> ServerSentEvent | None:
        if self._first:
            line = line.removeprefix(_BOM)
            self._first = False
        if not line:
            return self._dispatch()
        if line.startswith(b"data: "):  # nearly all lines
            self._data.append(line[6:].decode("utf-8", "replace"))
            return None
        if line.startswith(b":"):
            return None
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        data, name = self._data, self._event
        if not data:
            self._event = ""
            return None
        self._data, self._event = [], ""
        return ServerSentEvent(data[0] if len(data) == 1 else "\n".join(data), name or "message", self._id)
