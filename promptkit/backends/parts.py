"""Parts of messages on their way to a server: bytes as text, and what to say of a part that has no place."""

from __future__ import annotations

import base64

from promptkit.backends.wire import Endpoint
from promptkit.errors import CapabilityMissing
from promptkit.messages import DocumentPart, ImagePart, Message, Part
from promptkit.requests import Request

__all__ = ["base64_text", "data_url", "image_url", "misplaced", "not_taken", "system_apart", "untaken_image"]


def base64_text(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode("ascii")


def data_url(media_type: str, data: bytes) -> str:
    """Bytes as a URL that holds them."""
    return f"data:{media_type};base64,{base64_text(data)}"


def image_url(part: ImagePart) -> str:
    """The address of an image, which may be one that holds it."""
    return part.url if part.url is not None else data_url(part.media_type, part.data or b"")


def misplaced(part: Part, role: str, endpoint: Endpoint) -> CapabilityMissing:
    """The error for a part in a message of a role that cannot hold it."""
    return CapabilityMissing(
        f"{endpoint.name} has no place for a {type(part).__name__} in a message of role {role}: images and "
        "documents stand in user messages, tool calls in assistant messages, tool results in tool messages."
    )


def not_taken(part: DocumentPart, endpoint: Endpoint) -> CapabilityMissing:
    """The error for a document of a type that the server does not take."""
    return CapabilityMissing(
        f"{endpoint.name} takes no documents of type {part.media_type}; "
        "give the document's text as a string input instead."
    )


def untaken_image(endpoint: Endpoint) -> CapabilityMissing:
    """The error for an image by its address where only bytes are taken."""
    return CapabilityMissing(
        f"{endpoint.name} takes images by their bytes only; fetch the image and give ImagePart(data=...)."
    )


def system_apart(request: Request, endpoint: Endpoint) -> tuple[list[Message], list[Message]]:
    """The system messages and the others, for a server where the system speaks once and first.

    Raises:
        CapabilityMissing: When a system message stands behind others.
    """
    spoken = [message for message in request.messages if message.role == "system"]
    if tuple(spoken) != request.messages[: len(spoken)]:
        raise CapabilityMissing(
            f"{endpoint.name} takes system messages at the beginning only, and one stands behind other messages "
            f"({spoken[-1].text[:40]!r}); move it up in the template, or make it a user message."
        )
    return spoken, list(request.messages[len(spoken) :])
