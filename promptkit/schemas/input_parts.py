"""Inputs that are no JSON: images, documents and messages."""

from __future__ import annotations

import mimetypes
import pathlib
from typing import Any

from promptkit.messages import DocumentPart, ImagePart, Message
from promptkit.schemas.findings import Findings
from promptkit.schemas.json_types import is_listed, is_mapping

__all__ = ["PARTS", "document_of", "image_of", "messages_of"]

_ROLES = ("user", "assistant", "tool")
_WEBP_HEAD = 12


def image_of(value: Any, path: str, findings: Findings) -> ImagePart | None:
    """An image from a part, from bytes of a known format, or from a file."""
    if isinstance(value, ImagePart):
        return value
    data = _bytes_of(value, path, findings, "an image: an ImagePart, bytes or a pathlib.Path")
    if data is None:
        return None
    media_type = _image_type(data)
    if media_type is None:
        findings.add(
            path,
            "type",
            f"{path}: the bytes are no PNG, JPEG, GIF or WebP; give an ImagePart that names its media_type",
        )
        return None
    return ImagePart(media_type=media_type, data=data)


def document_of(value: Any, path: str, findings: Findings) -> DocumentPart | None:
    """A document from a part, from bytes (PDF or UTF-8 text), or from a file."""
    if isinstance(value, DocumentPart):
        return value
    data = _bytes_of(value, path, findings, "a document: a DocumentPart, bytes or a pathlib.Path")
    if data is None:
        return None
    name = value.name if isinstance(value, pathlib.PurePath) else None
    media_type = _document_type(data, name)
    if media_type is None:
        findings.add(
            path,
            "type",
            f"{path}: the bytes are neither PDF nor UTF-8 text; give a DocumentPart of its media_type",
        )
        return None
    return DocumentPart(data=data, media_type=media_type, name=name)


def messages_of(value: Any, path: str, findings: Findings) -> tuple[Message, ...]:
    """Messages from Message objects or ``{"role": ..., "content": ...}`` mappings; no system message."""
    if not is_listed(value):
        findings.wrong_type(path, "a list of messages", value)
        return ()
    messages: list[Message] = []
    for index, item in enumerate(value):
        message = _message(item, f"{path}[{index}]", findings)
        if message is not None:
            messages.append(message)
    return tuple(messages)


def _message(item: Any, path: str, findings: Findings) -> Message | None:
    if not isinstance(item, Message) and (not is_mapping(item) or set(item) != {"role", "content"}):
        findings.wrong_type(path, 'a Message or {"role": ..., "content": ...}', item)
        return None
    role = item.role if isinstance(item, Message) else item["role"]
    if role not in _ROLES:
        mend = (
            "instructions stand in the prompt itself"
            if role == "system"
            else "its role is user, assistant or tool"
        )
        findings.add(f"{path}.role", "type", f"{path}.role: {role!r} has no place among messages; {mend}")
        return None
    if isinstance(item, Message):
        message = item
    elif isinstance(item["content"], str):
        message = Message(role=role, content=item["content"])
    else:
        findings.wrong_type(f"{path}.content", "a string (parts are given in a Message)", item["content"])
        return None
    findings.text(f"{path}.content", message.text)
    return message


def _bytes_of(value: Any, path: str, findings: Findings, expected: str) -> bytes | None:
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, pathlib.Path):
        try:
            return value.read_bytes()
        except OSError as error:
            findings.add(path, "type", f"{path}: the file {value} cannot be read: {error.strerror or error}")
            return None
    findings.wrong_type(path, expected, value)
    return None


def _image_type(data: bytes) -> str | None:
    """The media type by the first bytes, as the PNG, JFIF, GIF and WebP specifications fix them."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:_WEBP_HEAD] == b"WEBP":
        return "image/webp"
    return None


def _document_type(data: bytes, name: str | None) -> str | None:
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    guessed = mimetypes.guess_type(name)[0] if name else None
    if guessed and not guessed.startswith("text/"):
        return guessed
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    return guessed or "text/plain"


PARTS = {"document": document_of, "image": image_of, "messages": messages_of}
"""What turns an input into a part, by the ``x-part`` of its schema."""
