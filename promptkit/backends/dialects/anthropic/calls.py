"""Requests as calls of Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from promptkit.backends.dialect import thoughts_of
from promptkit.backends.dialects.anthropic.profile import FORM, Profile
from promptkit.backends.parts import base64_text, misplaced, not_taken, system_apart
from promptkit.backends.schema_forms import json_bytes, schema_field
from promptkit.backends.settings import setting_fields, with_extra
from promptkit.backends.wire import Endpoint, HttpCall
from promptkit.messages import (
    DocumentPart,
    ImagePart,
    Message,
    Part,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from promptkit.requests import Request

__all__ = ["encode"]

_ROLES = {"user": "user", "assistant": "assistant", "tool": "user"}


def encode(request: Request, endpoint: Endpoint, *, stream: bool, profile: Profile) -> HttpCall:
    """The HTTP call that asks for one answer.

    Raises:
        CapabilityMissing: When a message holds something that the wire format has no place for, or a sampling
            setting is set that the model does not take.
    """
    spoken, others = system_apart(request, endpoint)
    body: dict[str, Any] = {
        "model": endpoint.model,
        "max_tokens": profile.max_tokens,
        **setting_fields(request.generation, profile.settings, endpoint),
    }
    kept = request.unchanging if profile.cache_prefix else 0
    if spoken:
        body["system"] = _system(spoken, endpoint, kept)
    if request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
            for tool in request.tools
        ]
    body["messages"] = _messages(others, endpoint, kept - len(spoken))
    if stream:
        body["stream"] = True
    form = schema_field(request.output, FORM, _output_format)
    if form is not None:
        body["output_config"] = {"format": form.data}
    return HttpCall(
        path="/messages",
        body=json_bytes(with_extra(body, request.generation, endpoint)),
        headers={
            "accept": "text/event-stream" if stream else "application/json",
            "anthropic-version": profile.api_version,
            "content-type": "application/json",
        },
    )


def _output_format(name: str, schema: Any, fits: bool) -> Any:
    del name, fits  # the form has no place for them
    return {"type": "json_schema", "schema": schema}


def _system(spoken: Sequence[Message], endpoint: Endpoint, kept: int) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for number, message in enumerate(spoken, 1):
        for part in message.parts:
            if not isinstance(part, TextPart):
                raise misplaced(part, "system", endpoint)
            if part.text:  # empty blocks are refused
                blocks.append({"type": "text", "text": part.text})
        if number == kept:
            _mark(blocks)
    return blocks


def _messages(messages: Sequence[Message], endpoint: Endpoint, kept: int) -> list[dict[str, Any]]:
    """The turns; neighbours of one role are one turn, since the results of all calls must stand in one."""
    turns: list[dict[str, Any]] = []
    for number, message in enumerate(messages, 1):
        role = _ROLES[message.role]
        blocks = list(_blocks(message, endpoint))
        if number == kept:
            _mark(blocks)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _mark(blocks: list[dict[str, Any]]) -> None:
    """Tell the provider that everything up to here comes again, tools and all."""
    if blocks:
        blocks[-1]["cache_control"] = {"type": "ephemeral"}


def _thoughts(message: Message) -> Iterator[dict[str, Any]]:
    """The thoughts before a call, which the API wants back where it was asked to think."""
    for part in message.parts:
        if isinstance(part, ToolCallPart):
            for thought, signature in thoughts_of(part.signature):
                yield {"type": "thinking", "thinking": thought, "signature": signature}


def _blocks(message: Message, endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    yield from _thoughts(message)
    for part in message.parts:
        if isinstance(part, TextPart):
            if part.text:
                yield {"type": "text", "text": part.text}
        elif message.role == "user":
            yield _shown(part, endpoint)
        elif isinstance(part, ToolCallPart) and message.role == "assistant":
            given = json.loads(part.arguments)
            yield {"type": "tool_use", "id": part.id, "name": part.name, "input": given}
        elif isinstance(part, ToolResultPart) and message.role == "tool":
            yield {"type": "tool_result", "tool_use_id": part.id, "content": part.text}
        else:
            raise misplaced(part, message.role, endpoint)


def _shown(part: Part, endpoint: Endpoint) -> dict[str, Any]:
    """An image or a document of a user message."""
    match part:
        case ImagePart(url=str() as url):
            return {"type": "image", "source": {"type": "url", "url": url}}
        case ImagePart():
            return {"type": "image", "source": _source(part.media_type, part.data or b"")}
        case DocumentPart(media_type="application/pdf"):
            return {"type": "document", "source": _source(part.media_type, part.data), **_title(part)}
        case DocumentPart(media_type="text/plain"):
            text = part.data.decode("utf-8", "replace")
            source = {"type": "text", "media_type": "text/plain", "data": text}
            return {"type": "document", "source": source, **_title(part)}
        case DocumentPart():
            raise not_taken(part, endpoint)
        case _:
            raise misplaced(part, "user", endpoint)


def _title(part: DocumentPart) -> dict[str, str]:
    return {"title": part.name} if part.name else {}


def _source(media_type: str, data: bytes) -> dict[str, str]:
    return {"type": "base64", "media_type": media_type, "data": base64_text(data)}
