"""Requests as calls of OpenAI's responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from promptkit.backends.openai_models import REASONING_MODELS
from promptkit.backends.parts import data_url, image_url, misplaced, not_taken
from promptkit.backends.schema_forms import SchemaForm, json_bytes, schema_field
from promptkit.backends.settings import Settings, setting_fields, with_extra
from promptkit.backends.strict_schema import STRICT, strict_parameters
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
from promptkit.requests import Request, Tool

__all__ = ["FORM", "SETTINGS", "encode"]

FORM = SchemaForm(rules=STRICT, enforces=True, loose=True, thoughts="the reasoning's summary")
SETTINGS = Settings(
    writers={
        "temperature": "temperature",
        "top_p": "top_p",
        "max_tokens": "max_output_tokens",
        "logprobs": lambda number: {"top_logprobs": number, "include": ["message.output_text.logprobs"]},
    },
    refusals=(REASONING_MODELS,),
)


def encode(request: Request, endpoint: Endpoint, *, stream: bool) -> HttpCall:
    """The HTTP call that asks for one answer.

    Raises:
        CapabilityMissing: When a message holds something that the wire format has no place for, or a sampling
            setting is set that the model does not take.
    """
    body: dict[str, Any] = {
        "model": endpoint.model,
        "input": [item for message in request.messages for item in _items(message, endpoint)],
        "store": False,  # else the provider keeps the conversation for a month
        **setting_fields(request.generation, SETTINGS, endpoint),
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if stream:
        body["stream"] = True
    form = schema_field(request.output, FORM, _format)
    if form is not None:
        body["text"] = {"format": form.data}
    return HttpCall(
        path="/responses",
        body=json_bytes(with_extra(body, request.generation, endpoint)),
        headers={
            "accept": "text/event-stream" if stream else "application/json",
            "content-type": "application/json",
        },
    )


def _tool(tool: Tool) -> dict[str, Any]:
    """The tool; its arguments are held to their schema where the strict form can say that."""
    strict = strict_parameters(tool, STRICT)
    parameters = tool.parameters if strict is None else strict
    return {"type": "function", **tool.to_dict(), "parameters": parameters, "strict": strict is not None}


def _format(name: str, schema: Any, fits: bool) -> Any:
    return {"type": "json_schema", "name": name, "strict": fits, "schema": schema}


def _items(message: Message, endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    """A message as items: texts, images and documents as a message, calls and results as items of their own."""
    if message.role == "assistant" and message.text:
        yield {"role": "assistant", "content": message.text}
    said: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, ToolCallPart) and message.role == "assistant":
            call = {
                "type": "function_call",
                "call_id": part.id,
                "name": part.name,
                "arguments": part.arguments,
            }
            others.append(call)
        elif isinstance(part, ToolResultPart) and message.role == "tool":
            others.append({"type": "function_call_output", "call_id": part.id, "output": part.text})
        elif not (isinstance(part, TextPart) and message.role == "assistant"):
            said.append(_content(part, message.role, endpoint))
    if said:
        yield {"role": message.role, "content": _plain(said)}
    yield from others


def _plain(said: Sequence[dict[str, Any]]) -> Any:
    """One text alone as it is, as the shorter form of the API has it."""
    only = said[0]
    return only["text"] if len(said) == 1 and only["type"] == "input_text" else list(said)


def _content(part: Part, role: str, endpoint: Endpoint) -> dict[str, Any]:
    match part:
        case TextPart() if role != "tool":
            return {"type": "input_text", "text": part.text}
        case ImagePart() if role == "user":
            return {"type": "input_image", "detail": "auto", "image_url": image_url(part)}
        case DocumentPart() if role == "user":
            if part.media_type != "application/pdf":
                raise not_taken(part, endpoint)
            data = data_url(part.media_type, part.data)
            return {"type": "input_file", "filename": part.name or "document.pdf", "file_data": data}
        case _:
            raise misplaced(part, role, endpoint)
