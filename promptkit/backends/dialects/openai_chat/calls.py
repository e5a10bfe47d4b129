"""Requests as calls of OpenAI's chat completions."""

from __future__ import annotations

import json
from typing import Any

from promptkit.backends.dialects.openai_chat.messages import wire_messages
from promptkit.backends.dialects.openai_chat.outputs import response_format
from promptkit.backends.dialects.openai_chat.parameters import exported, parameters
from promptkit.backends.dialects.openai_chat.profiles import OPENAI, Profile
from promptkit.backends.schema_forms import json_bytes
from promptkit.backends.wire import Endpoint, HttpCall
from promptkit.requests import Rendered, Request

__all__ = ["encode", "export"]


def encode(request: Request, endpoint: Endpoint, *, stream: bool, profile: Profile) -> HttpCall:
    """The HTTP call that asks for one answer.

    Raises:
        CapabilityMissing: When a message holds something that the dialect has no place for, or a sampling
            setting is set that the server has no parameter for.
    """
    fields: dict[str, Any] = {
        "model": endpoint.model,
        "messages": wire_messages(request.messages, documents=profile.documents, name=endpoint.name),
        **parameters(request.generation, profile, name=endpoint.name),
    }
    if stream:
        fields["stream"] = True
        fields["stream_options"] = {"include_usage": True}
    body = json_bytes(fields)
    form = response_format(request.output, profile)
    if form:
        body = b'%b,"response_format":%b}' % (body[:-1], form)
    headers = {
        "content-type": "application/json",
        "accept": "text/event-stream" if stream else "application/json",
    }
    return HttpCall(path="/chat/completions", body=body, headers=headers)


def export(rendered: Rendered) -> dict[str, Any]:
    """Keyword arguments for ``client.chat.completions.create(model=..., **these)`` of OpenAI's client."""
    arguments: dict[str, Any] = {
        "messages": wire_messages(rendered.messages, documents=True, name="openai"),
        **exported(rendered.generation, OPENAI),
    }
    form = response_format(rendered.output, OPENAI)
    if form:
        arguments["response_format"] = json.loads(form)
    return arguments
