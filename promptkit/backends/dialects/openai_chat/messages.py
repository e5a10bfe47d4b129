"""Messages as OpenAI's chat format writes them, turned into JSON-able data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from promptkit.backends.parts import data_url, image_url, misplaced, not_taken
from promptkit.backends.wire import Endpoint
from promptkit.messages import (
    DocumentPart,
    ImagePart,
    Message,
    Part,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

__all__ = ["wire_messages"]


def wire_messages(
    messages: Iterable[Message], endpoint: Endpoint, *, documents: bool
) -> list[dict[str, Any]]:
    """The messages as JSON-able data; a tool message becomes one wire message for each result.

    Args:
        messages: The conversation.
        endpoint: Where they go, for errors.
        documents: Whether the server takes documents; the format itself knows PDF only.

    Raises:
        CapabilityMissing: For a part that the format or the server has no place for.
    """
    wire: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "tool":
            wire.extend(_tool_results(message, endpoint))
        elif isinstance(message.content, str):
            wire.append({"role": message.role, "content": message.content})
        elif message.role == "user":
            parts = [_user_part(part, endpoint, documents=documents) for part in message.content]
            wire.append({"role": "user", "content": parts})
        else:
            wire.append(_spoken(message, message.content, endpoint))
    return wire


def _spoken(message: Message, content: Sequence[Part], endpoint: Endpoint) -> dict[str, Any]:
    """A system or assistant message: text, and tool calls of the assistant."""
    calls: list[dict[str, Any]] = []
    for part in content:
        if isinstance(part, ToolCallPart) and message.role == "assistant":
            function = {"name": part.name, "arguments": part.arguments}
            calls.append({"id": part.id, "type": "function", "function": function})
        elif not isinstance(part, TextPart):
            raise misplaced(part, message.role, endpoint)
    if not calls:
        return {"role": message.role, "content": message.text}
    return {"role": "assistant", "content": message.text or None, "tool_calls": calls}


def _tool_results(message: Message, endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    for part in message.parts:
        if not isinstance(part, ToolResultPart):
            raise misplaced(part, "tool", endpoint)
        yield {"role": "tool", "tool_call_id": part.id, "content": part.text}


def _user_part(part: Part, endpoint: Endpoint, *, documents: bool) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart():
            return {"type": "image_url", "image_url": {"url": image_url(part)}}
        case DocumentPart():
            if not documents or part.media_type != "application/pdf":
                raise not_taken(part, endpoint)
            data = data_url(part.media_type, part.data)
            return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": data}}
        case ToolCallPart() | ToolResultPart():
            raise misplaced(part, "user", endpoint)
