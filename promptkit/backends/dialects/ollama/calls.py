"""Requests as calls of Ollama's chat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.backends.parts import base64_text, misplaced, not_taken, untaken_image
from promptkit.backends.schema_forms import SchemaForm, json_bytes, schema_field
from promptkit.backends.settings import Settings, setting_fields, with_extra
from promptkit.backends.wire import Endpoint, HttpCall
from promptkit.errors import CapabilityMissing
from promptkit.messages import (
    DocumentPart,
    ImagePart,
    Message,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from promptkit.requests import Request

__all__ = ["FORM", "SETTINGS", "encode"]

FORM = SchemaForm(
    rules=None,
    enforces=False,
    doubt="sent as format; the server drops keywords without a word, and by version and model all of it",
    thoughts="message.thinking",
)
"""Source: Ollama's guide "Structured outputs", and the reports 14645, 15260 and 14440 in its tracker on answers that no
schema held."""

SETTINGS = Settings(
    writers={
        "temperature": "temperature",
        "max_tokens": "num_predict",
        "seed": "seed",
        "top_p": "top_p",
        "top_k": "top_k",
        "min_p": "min_p",
        "repetition_penalty": "repeat_penalty",
        "stop": "stop",
        "logprobs": lambda number: {"logprobs": True, "top_logprobs": number},
    }
)
_BESIDE = ("logprobs", "top_logprobs")  # not among the options


def encode(request: Request, endpoint: Endpoint, *, stream: bool) -> HttpCall:
    """The HTTP call that asks for one answer.

    Raises:
        CapabilityMissing: When a message holds something that the wire format has no place for.
    """
    names = {
        part.id: part.name
        for message in request.messages
        for part in message.parts
        if isinstance(part, ToolCallPart)
    }
    settings = setting_fields(request.generation, SETTINGS, endpoint)
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": [item for message in request.messages for item in _messages(message, names, endpoint)],
        "stream": stream,  # a stream by itself
    }
    if request.tools:
        body["tools"] = [{"type": "function", "function": tool.to_dict()} for tool in request.tools]
    form = schema_field(request.output, FORM, _format)
    if form is not None:
        body["format"] = form.data
    body |= {name: settings.pop(name) for name in _BESIDE if name in settings}
    if settings:
        body["options"] = settings
    return HttpCall(
        path="/chat",
        body=json_bytes(with_extra(body, request.generation, endpoint)),
        headers={
            "accept": "application/x-ndjson" if stream else "application/json",
            "content-type": "application/json",
        },
    )


def _format(name: str, schema: Any, fits: bool) -> Any:
    del name, fits  # the form has no place for them
    return schema


def _messages(message: Message, names: Mapping[str, str], endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    if message.role == "tool":
        yield from (_result(part, names, endpoint) for part in message.parts)
        return
    images: list[str] = []
    calls: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case TextPart():
                continue
            case ImagePart() if message.role == "user":
                if part.data is None:
                    raise untaken_image(endpoint)
                images.append(base64_text(part.data))
            case DocumentPart() if message.role == "user":
                raise not_taken(part, endpoint)
            case ToolCallPart() if message.role == "assistant":
                calls.append({"function": {"name": part.name, "arguments": json.loads(part.arguments)}})
            case _:
                raise misplaced(part, message.role, endpoint)
    more = {"images": images} if images else {"tool_calls": calls} if calls else {}
    yield {"role": message.role, "content": message.text, **more}


def _result(part: Any, names: Mapping[str, str], endpoint: Endpoint) -> dict[str, Any]:
    if not isinstance(part, ToolResultPart):
        raise misplaced(part, "tool", endpoint)
    name = names.get(part.id)
    if name is None:
        raise CapabilityMissing(
            f"{endpoint.name} takes a tool's result by the tool's name, and no call before it has the id "
            f"{part.id!r}; put the assistant message that holds the call into the history."
        )
    return {"role": "tool", "tool_name": name, "content": part.text}
