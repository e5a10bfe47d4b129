"""Requests as calls of OpenAI's chat completions."""

from __future__ import annotations

import json
from typing import Any

from promptkit.backends.dialects.openai_chat.messages import wire_messages
from promptkit.backends.dialects.openai_chat.outputs import response_format
from promptkit.backends.dialects.openai_chat.parameters import exported
from promptkit.backends.dialects.openai_chat.profiles import OPENAI, Profile
from promptkit.backends.schema_forms import json_bytes
from promptkit.backends.settings import setting_fields, with_extra
from promptkit.backends.strict_schema import strict_parameters
from promptkit.backends.wire import Endpoint, HttpCall
from promptkit.requests import Rendered, Request, Tool

__all__ = ["encode", "export"]

_CLIENT = Endpoint(name="openai", url="", model="", key_env="")


def encode(request: Request, endpoint: Endpoint, *, stream: bool, profile: Profile) -> HttpCall:
    """The HTTP call that asks for one answer.

    Raises:
        CapabilityMissing: When a message holds something that the dialect has no place for, or a sampling
            setting is set that the server has no parameter for.
    """
    fields: dict[str, Any] = {
        "model": endpoint.model,
        "messages": wire_messages(request.messages, endpoint, documents=profile.documents),
        **setting_fields(request.generation, profile.settings, endpoint),
        **profile.body,
    }
    if request.tools:
        fields["tools"] = [_tool(tool, profile) for tool in request.tools]
    if stream:
        fields["stream"] = True
        if profile.asks_for_usage:
            fields["stream_options"] = {"include_usage": True}
    form = response_format(request.output, profile)
    taken = ("response_format",) if form is not None else ()
    body = json_bytes(with_extra(fields, request.generation, endpoint, taken=taken))
    if form is not None:
        body = b'%b,"response_format":%b}' % (body[:-1], form.as_bytes)
    headers = {
        "content-type": "application/json",
        "accept": "text/event-stream" if stream else "application/json",
    }
    return HttpCall(path="/chat/completions", body=body, headers=headers)


def export(rendered: Rendered) -> dict[str, Any]:
    """Keyword arguments for ``client.chat.completions.create(model=..., **these)`` of OpenAI's client."""
    arguments: dict[str, Any] = {
        "messages": wire_messages(rendered.messages, _CLIENT, documents=True),
        **exported(rendered.generation),
    }
    form = response_format(rendered.output, OPENAI)
    if form is not None:
        arguments["response_format"] = json.loads(form.as_bytes)
    return arguments


def _tool(tool: Tool, profile: Profile) -> dict[str, Any]:
    """The tool; its arguments are held to their schema where the server is known to do that."""
    strict = strict_parameters(tool, profile.rules) if profile.enforces_schema else None
    function = tool.to_dict() if strict is None else {**tool.to_dict(), "parameters": strict, "strict": True}
    return {"type": "function", "function": function}
