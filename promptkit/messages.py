"""Messages and their parts: what a model is shown, one turn at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = [
    "DocumentPart",
    "ImagePart",
    "Message",
    "Part",
    "Role",
    "TextPart",
    "ToolCallPart",
    "ToolResultPart",
]

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
_ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """A run of text.

    Attributes:
        text: The text, byte for byte as it is shown.
    """

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """An image, by its bytes or by its address; exactly one of the two is given.

    Attributes:
        media_type: For example ``image/png``.
        data: The bytes of the image.
        url: An address that the backend can fetch.
    """

    media_type: str = "image/png"
    data: bytes | None = field(default=None, repr=False)
    url: str | None = None

    def __post_init__(self) -> None:
        if (self.data is None) == (self.url is None):
            raise ValueError("an ImagePart takes either data or url; give exactly one of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPart:
    """A document such as a PDF, by its bytes.

    Attributes:
        data: The bytes of the document.
        media_type: For example ``application/pdf``.
        name: The file name that the model may be told.
    """

    data: bytes = field(repr=False)
    media_type: str = "application/pdf"
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallPart:
    """A tool that the model asks to be called.

    Attributes:
        id: The call's own id, repeated by its result.
        name: The tool's name.
        arguments: The arguments as the JSON text that the model wrote.
        signature: What the backend wants back with the call, if anything; it means nothing elsewhere.
    """

    id: str
    name: str
    arguments: str
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResultPart:
    """What a called tool gave back.

    Attributes:
        id: The id of the call that this answers.
        text: The result as text.
    """

    id: str
    text: str


Part: TypeAlias = TextPart | ImagePart | DocumentPart | ToolCallPart | ToolResultPart


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class Message:
    """One turn of a conversation.

    Attributes:
        role: Who speaks.
        content: Plain text, or a tuple of parts when there is more than text.

    Raises:
        ValueError: When the role is none of a message.
    """

    role: Role
    content: str | tuple[Part, ...]

    def __init__(self, *, role: Role, content: str | tuple[Part, ...]) -> None:
        if role not in _ROLES:
            raise ValueError(f"{role!r} is no role of a message; it is one of {', '.join(_ROLES)}")
        # A render makes one each time; object.__setattr__, by which frozen data classes do it, takes longer.
        _set_role(self, role)
        _set_content(self, content)

    @property
    def text(self) -> str:
        """All text of the message; parts that are no text are left out."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, TextPart))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The content as parts, also where it is plain text."""
        if isinstance(self.content, str):
            return (TextPart(text=self.content),)
        return self.content

    def to_dict(self) -> dict[str, Any]:
        """The message as JSON-able data: ``{"role": ..., "content": ...}``.

        Binary parts are given by media type and length, never by their bytes.
        """
        if isinstance(self.content, str):
            return {"role": self.role, "content": self.content}
        return {"role": self.role, "content": [_part_to_dict(part) for part in self.content]}


_set_role, _set_content = (Message.__dict__[name].__set__ for name in ("role", "content"))


def _part_to_dict(part: Part) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart():
            body = {"url": part.url} if part.url is not None else {"bytes": len(part.data or b"")}
            return {"type": "image", "media_type": part.media_type, **body}
        case DocumentPart():
            return {
                "type": "document",
                "media_type": part.media_type,
                "name": part.name,
                "bytes": len(part.data),
            }
        case ToolCallPart():
            signed = {"signature": part.signature} if part.signature is not None else {}
            call = {"type": "tool_call", "id": part.id, "name": part.name, "arguments": part.arguments}
            return {**call, **signed}
        case ToolResultPart():
            return {"type": "tool_result", "id": part.id, "text": part.text}
