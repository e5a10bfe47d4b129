"""Answers of Ollama's chat; the lines of a stream are answers of the same form.

Source of the names: Ollama's API reference, "Generate a chat message", and its OpenAPI description.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.backends.dialect import NotTheProtocol, Piece, ToolCallPiece, finish_of
from promptkit.backends.fields import count_of, items_of, mapping_of, string_of
from promptkit.completions import FinishReason, Usage

__all__ = ["read", "read_event", "usage_of"]

_DONE_REASONS: Mapping[str, FinishReason] = {"length": "length", "load": "stop", "stop": "stop"}


def read(data: Mapping[str, Any]) -> Piece:
    """What a whole answer holds.

    Raises:
        NotTheProtocol: When it holds no message, or does not say that it is done.
    """
    if data.get("done") is not True:
        raise NotTheProtocol("it is not done, and was not asked for as a stream")
    return read_event(data, "")


def read_event(data: Mapping[str, Any], event: str) -> Piece:
    """What a line adds.

    Raises:
        NotTheProtocol: When it holds no message.
    """
    del event  # lines have no types
    message = mapping_of(data.get("message"))
    text = message.get("content", "") if message is not None else None
    if message is None or not isinstance(text, str):
        raise NotTheProtocol("it holds no message.content")
    done = data.get("done") is True
    reason = data.get("done_reason", "stop")
    return Piece(
        text=text,
        reasoning=string_of(message.get("thinking")) or "",
        finish_reason=finish_of(reason, _DONE_REASONS, "done_reason") if done else None,
        usage=data if done else None,
        model=string_of(data.get("model")),
        logprobs=tuple(items_of(data.get("logprobs"))),
        calls=tuple(_calls(message)),
        over=done,
    )


def usage_of(counts: Mapping[str, Any]) -> Usage | None:
    """The token counts; None when they are no numbers. A prompt that was read before is not counted again."""
    if not isinstance(counts.get("eval_count"), int):
        return None
    return Usage(
        input_tokens=count_of(counts.get("prompt_eval_count")), output_tokens=count_of(counts["eval_count"])
    )


def _calls(message: Mapping[str, Any]) -> Iterator[ToolCallPiece]:
    for item in items_of(message.get("tool_calls")):
        call = mapping_of(item) or {}
        function = mapping_of(call.get("function")) or {}
        yield ToolCallPiece(
            None,
            id=string_of(call.get("id")) or "",
            name=string_of(function.get("name")) or "",
            arguments=json.dumps(mapping_of(function.get("arguments")) or {}, ensure_ascii=False),
        )
