"""Messages as OpenAI's chat format writes them, turned into JSON-able data."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from promptkit.errors import CapabilityMissing
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


def wire_messages(messages: Iterable[Message], *, documents: bool, name: str) -> list[dict[str, Any]]:
    """The messages as JSON-able data; a tool message becomes one wire message for each result.

    Args:
        messages: The conversation.
        documents: Whether the server takes documents; the format itself knows PDF only.
        name: The backend's name, for errors.

    Raises:
        CapabilityMissing: For a part that the format or the server has no place for.
    """
    wire: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "tool":
            wire.extend(_tool_results(message, name))
        elif isinstance(message.content, str):
            wire.append({"role": message.role, "content": message.content})
        elif message.role == "user":
            parts = [_user_part(part, documents=documents, name=name) for part in message.content]
            wire.append({"role": "user", "content": parts})
        else:
            wire.append(_spoken(message, message.content, name))
    return wire


def _spoken(message: Message, content: Sequence[Part], name: str) -> dict[str, Any]:
    """A system or assistant message: text, and tool calls of the assistant."""
    calls: list[dict[str, Any]] = []
    for part in content:
        if isinstance(part, ToolCallPart) and message.role == "assistant":
            function = {"name": part.name, "arguments": part.arguments}
            calls.append({"id": part.id, "type": "function", "function": function})
        elif not isinstance(part, TextPart):
            raise _misplaced(part, message.role, name)
    if not calls:
        return {"role": message.role, "content": message.text}
    return {"role": "assistant", "content": message.text or None, "tool_calls": calls}


def _tool_results(message: Message, name: str) -> Iterable[dict[str, Any]]:
    for part in message.parts:
        if not isinstance(part, ToolResultPart):
            raise _misplaced(part, "tool", name)
        yield {"role": "tool", "tool_call_id": part.id, "content": part.text}


def _user_part(part: Part, *, documents: bool, name: str) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart():
            url = part.url if part.url is not None else _data_url(part.media_type, part.data or b"")
            return {"type": "image_url", "image_url": {"url": url}}
        case DocumentPart():
            if not documents or part.media_type != "application/pdf":
                raise CapabilityMissing(
                    f"{name} takes no documents of type {part.media_type}; "
                    "give the document's text as a string input instead."
                )
            data = _data_url(part.media_type, part.data)
            return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": data}}
        case ToolCallPart() | ToolResultPart():
            raise _misplaced(part, "user", name)


def _misplaced(part: Part, role: str, name: str) -> CapabilityMissing:
    kind = type(part).__name__
    return CapabilityMissing(
        f"{name} has no place for a {kind} in a message of role {role}: images and documents stand in user "
        "messages, tool calls in assistant messages, tool results in tool messages."
    )


def _data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
