"""Answers of OpenAI's chat completions, whole ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from promptkit.backends.dialects.openai_chat.fields import (
    HALF_A_PAIR,
    finish_reason_of,
    first_of,
    mapping_of,
    parsed,
    request_id_of,
    string_of,
    text_of,
    usage_of,
    whole_characters,
)
from promptkit.backends.dialects.openai_chat.logprobs import logprob_items, token_logprobs
from promptkit.backends.failures import failure_in_body, failure_of, not_the_protocol
from promptkit.backends.wire import Endpoint, HttpReply
from promptkit.completions import Completion

__all__ = ["decode"]


def decode(status: int, headers: Mapping[str, str], body: bytes, *, endpoint: Endpoint) -> Completion:
    """The completion that an answer holds.

    Args:
        status: The HTTP status.
        headers: Headers by lower-case name.
        body: The whole body, decompressed.
        endpoint: Where it came from, for errors.

    Raises:
        BackendError: Of the kind that fits, for an error and for anything that is not the protocol.
    """
    reply = HttpReply(status=status, headers=headers, body=body)
    if not 200 <= status < 300:  # noqa: PLR2004 - the good statuses
        raise failure_of(reply, endpoint)
    if not body.strip():
        raise not_the_protocol("the body is empty", reply, endpoint)
    data = parsed(body)
    if isinstance(data, ValueError):
        raise not_the_protocol(f"the body is no whole JSON ({data})", reply, endpoint)
    if not isinstance(data, dict):
        raise not_the_protocol("the body is no JSON object", reply, endpoint)
    return _completion(cast("dict[str, Any]", data), reply, endpoint)


def _completion(data: dict[str, Any], reply: HttpReply, endpoint: Endpoint) -> Completion:
    if data.get("error"):
        raise failure_in_body(data, reply, endpoint)
    choice = first_of(data.get("choices"))
    message = mapping_of(choice.get("message")) if choice is not None else None
    if choice is None or message is None:
        raise not_the_protocol("it holds no choices[0].message", reply, endpoint)
    text = text_of(message.get("content"))
    if text is None:
        raise not_the_protocol("choices[0].message.content is no text", reply, endpoint)
    finish = finish_reason_of(choice.get("finish_reason"))
    if finish is None:
        said = json.dumps(choice.get("finish_reason"))
        raise not_the_protocol(
            f"its finish_reason is {said}, which the protocol does not know", reply, endpoint
        )
    texts: dict[str, str | None] = {
        "text": text,
        "refusal": string_of(message.get("refusal")),
        "reasoning": string_of(message.get("reasoning_content")) or string_of(message.get("reasoning")),
        "model": string_of(data.get("model")) or endpoint.model,
        "id": request_id_of(reply.headers) or string_of(data.get("id")),
    }
    for name, value in texts.items():
        texts[name] = whole = whole_characters(value) if value else value
        if value and whole is None:
            raise not_the_protocol(f"its {name} {HALF_A_PAIR}", reply, endpoint)
    return Completion(
        text=texts["text"] or "",
        finish_reason="refusal" if texts["refusal"] else finish,
        model=texts["model"] or endpoint.model,
        usage=usage_of(data.get("usage")),
        request_id=texts["id"],
        refusal=texts["refusal"],
        reasoning=texts["reasoning"],
        logprobs=token_logprobs(logprob_items(choice)),
    )
