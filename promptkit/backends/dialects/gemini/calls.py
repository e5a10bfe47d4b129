"""Requests as calls of Gemini's generateContent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from promptkit.backends.dialect import thoughts_of
from promptkit.backends.parts import base64_text, misplaced, system_apart
from promptkit.backends.schema_forms import SchemaForm, json_bytes, schema_field
from promptkit.backends.schema_rules import SchemaRules
from promptkit.backends.settings import Settings, setting_fields, with_extra
from promptkit.backends.wire import Endpoint, HttpCall
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
from promptkit.requests import Request

__all__ = ["FORM", "SETTINGS", "encode"]

FORM = SchemaForm(
    rules=SchemaRules(
        keywords=frozenset(
            {
                "$ref",
                "additionalProperties",
                "anyOf",
                "description",
                "enum",
                "items",
                "maxItems",
                "maximum",
                "minItems",
                "minimum",
                "properties",
                "required",
                "title",
                "type",
            }
        ),
        formats=frozenset({"date", "date-time", "time"}),
        demands_all=False,
        closed=False,
        constants_as_enum=True,
    ),
    enforces=True,
    objects_only=False,
    thoughts="the parts that are thoughts",
)
"""Source: the field ``responseJsonSchema`` in Google's API reference of the Gemini API, v1beta, and its guide
"Structured output", section "JSON Schema support", as of 2026."""

SETTINGS = Settings(
    writers={
        "temperature": "temperature",
        "max_tokens": "maxOutputTokens",
        "seed": "seed",
        "top_p": "topP",
        "top_k": "topK",
        "stop": "stopSequences",
        "logprobs": lambda number: {"responseLogprobs": True, **({"logprobs": number} if number else {})},
    }
)
_ROLES = {"user": "user", "assistant": "model", "tool": "user"}


def encode(request: Request, endpoint: Endpoint, *, stream: bool) -> HttpCall:
    """The HTTP call that asks for one answer.

    Raises:
        CapabilityMissing: When a message holds something that the wire format has no place for, or a sampling
            setting is set that the API does not have.
    """
    spoken, others = system_apart(request, endpoint)
    body: dict[str, Any] = {"contents": _contents(others, endpoint)}
    if spoken:
        parts = [part for message in spoken for part in _parts(message, {}, endpoint)]
        body["systemInstruction"] = {"parts": parts}
    if request.tools:
        body["tools"] = [
            {
                "functionDeclarations": [
                    {
                        "name": tool.name,
                        "description": tool.description,
                        "parametersJsonSchema": dict(tool.parameters),
                    }
                    for tool in request.tools
                ]
            }
        ]
    settings = setting_fields(request.generation, SETTINGS, endpoint)
    form = schema_field(request.output, FORM, _schema)
    if form is not None:
        settings |= {"responseMimeType": "application/json", "responseJsonSchema": form.data}
    if settings:
        body["generationConfig"] = settings
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return HttpCall(
        path=f"/models/{quote(endpoint.model, safe='')}:{method}",
        body=json_bytes(with_extra(body, request.generation, endpoint)),
        headers={
            "accept": "text/event-stream" if stream else "application/json",
            "content-type": "application/json",
        },
    )


def _schema(name: str, schema: Any, fits: bool) -> Any:
    del name, fits  # the form has no place for them
    return schema


def _contents(messages: Sequence[Message], endpoint: Endpoint) -> list[dict[str, Any]]:
    """The turns; neighbours of one role are one turn, since the results of all calls must stand in one."""
    names = {
        part.id: part.name for message in messages for part in message.parts if isinstance(part, ToolCallPart)
    }
    turns: list[dict[str, Any]] = []
    for message in messages:
        role, parts = _ROLES[message.role], list(_parts(message, names, endpoint))
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        else:
            turns.append({"role": role, "parts": parts})
    return turns


def _parts(message: Message, names: Mapping[str, str], endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    for part in message.parts:
        if isinstance(part, TextPart):
            yield {"text": part.text}
        elif message.role == "user":
            yield _shown(part, endpoint)
        elif isinstance(part, ToolCallPart) and message.role == "assistant":
            call = {"id": part.id, "name": part.name, "args": json.loads(part.arguments)}
            foreign = part.signature is None or thoughts_of(part.signature)
            signed = {} if foreign else {"thoughtSignature": part.signature}
            yield {"functionCall": call, **signed}
        elif isinstance(part, ToolResultPart) and message.role == "tool":
            yield {"functionResponse": _result(part, names, endpoint)}
        else:
            raise misplaced(part, message.role, endpoint)


def _result(part: ToolResultPart, names: Mapping[str, str], endpoint: Endpoint) -> dict[str, Any]:
    name = names.get(part.id)
    if name is None:
        raise CapabilityMissing(
            f"{endpoint.name} takes a tool's result by the tool's name, and no call before it has the id "
            f"{part.id!r}; put the assistant message that holds the call into the history."
        )
    return {"id": part.id, "name": name, "response": {"output": part.text}}


def _shown(part: Part, endpoint: Endpoint) -> dict[str, Any]:
    """An image or a document of a user message."""
    match part:
        case ImagePart(url=str() as url):
            return {"fileData": {"mimeType": part.media_type, "fileUri": url}}
        case ImagePart() | DocumentPart():
            return {"inlineData": {"mimeType": part.media_type, "data": base64_text(part.data or b"")}}
        case _:
            raise misplaced(part, "user", endpoint)
