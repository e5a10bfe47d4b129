"""Answers of Anthropic's messages: whole ones, and the events of a stream.

Source of the names: Anthropic's API reference, "Messages" and "Streaming messages", version 2023-06-01.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.backends.dialect import NotTheProtocol, Piece, ToolCallPiece, finish_of, signed
from promptkit.backends.fields import count_of, items_of, mapping_of, string_of
from promptkit.completions import FinishReason, Usage

__all__ = ["read", "read_event", "usage_of"]

_STOP_REASONS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",  # the turn is not over
    "refusal": "refusal",
    "stop_sequence": "stop",
    "tool_use": "tool",
}
_NOTHING = Piece()


def read(data: Mapping[str, Any]) -> Piece:
    """What a whole answer holds.

    Raises:
        NotTheProtocol: When it is no message.
    """
    if not isinstance(data.get("content"), list):
        raise NotTheProtocol("it holds no content")
    blocks = [mapping_of(item) or {} for item in items_of(data["content"])]
    calls = [_call(block, number) for number, block in enumerate(blocks) if block.get("type") == "tool_use"]
    if calls:
        calls[0] = calls[0]._replace(signature=signed(list(_signed_thoughts(blocks))))
    return Piece(
        text="".join(_texts(blocks, "text", "text")),
        reasoning="".join(_texts(blocks, "thinking", "thinking")),
        refusal=_explanation(data),
        finish_reason=finish_of(data.get("stop_reason"), _STOP_REASONS, "stop_reason"),
        usage=_flat(data.get("usage")),
        model=string_of(data.get("model")),
        id=string_of(data.get("id")),
        calls=tuple(calls),
    )


def read_event(data: Mapping[str, Any], event: str) -> Piece:
    """What an event adds. Events and deltas of kinds that are not known add nothing: new ones may come any time.

    Raises:
        NotTheProtocol: When an event lacks what its kind holds.
    """
    kind = data.get("type", event)
    reader = _EVENTS.get(kind) if isinstance(kind, str) else None
    return reader(data) if reader is not None else _NOTHING


def _started(data: Mapping[str, Any]) -> Piece:
    message = _held(data, "message")
    return Piece(
        usage=_flat(message.get("usage")),
        model=string_of(message.get("model")),
        id=string_of(message.get("id")),
    )


def _block_started(data: Mapping[str, Any]) -> Piece:
    block, number = _held(data, "content_block"), count_of(data.get("index"))
    if block.get("type") == "tool_use":
        return Piece(calls=(_call({**block, "input": None}, number),))
    return Piece(text=string_of(block.get("text")) or "", reasoning=string_of(block.get("thinking")) or "")


def _block_delta(data: Mapping[str, Any]) -> Piece:
    delta, number = _held(data, "delta"), count_of(data.get("index"))
    kind = delta.get("type")
    if kind == "text_delta":
        text = delta.get("text")
        if not isinstance(text, str):
            raise NotTheProtocol("its stream holds a text_delta without text")
        return Piece(text=text)
    if kind == "thinking_delta":
        return Piece(reasoning=string_of(delta.get("thinking")) or "")
    if kind == "signature_delta":
        return Piece(signature=string_of(delta.get("signature")) or "")
    if kind == "input_json_delta":
        return Piece(calls=(ToolCallPiece(number, arguments=string_of(delta.get("partial_json")) or ""),))
    return _NOTHING


def _message_delta(data: Mapping[str, Any]) -> Piece:
    delta = _held(data, "delta")
    reason = delta.get("stop_reason")
    return Piece(
        refusal=_explanation(delta),
        finish_reason=finish_of(reason, _STOP_REASONS, "stop_reason") if reason else None,
        usage=_flat(data.get("usage")),
    )


def _stopped(data: Mapping[str, Any]) -> Piece:
    del data
    return Piece(over=True)


_EVENTS = {
    "content_block_delta": _block_delta,
    "content_block_start": _block_started,
    "message_delta": _message_delta,
    "message_start": _started,
    "message_stop": _stopped,
}


def usage_of(counts: Mapping[str, Any]) -> Usage | None:
    """The token counts; ``input_tokens`` is without those that were written to a cache or read from it."""
    if not isinstance(counts.get("input_tokens"), int):
        return None
    cached = count_of(counts.get("cache_read_input_tokens"))
    written = count_of(counts.get("cache_creation_input_tokens"))
    return Usage(
        input_tokens=counts["input_tokens"] + cached + written,
        output_tokens=count_of(counts.get("output_tokens")),
        cached_tokens=cached,
        cache_written_tokens=written,
        reasoning_tokens=count_of(counts.get("thinking_tokens")),
    )


def _flat(usage: Any) -> Mapping[str, Any] | None:
    """The counts with those of ``output_tokens_details`` beside them, so that later ones can win one by one."""
    counts = mapping_of(usage)
    return None if counts is None else {**counts, **(mapping_of(counts.get("output_tokens_details")) or {})}


def _held(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = mapping_of(data.get(name))
    if found is None:
        raise NotTheProtocol(f"its stream holds a {data.get('type')} without {name}")
    return found


def _texts(blocks: list[Mapping[str, Any]], kind: str, name: str) -> Iterator[str]:
    for block in blocks:
        if block.get("type") == kind:
            text = block.get(name)
            if not isinstance(text, str):
                raise NotTheProtocol(f"a block of type {kind} holds no {name}")
            yield text


def _signed_thoughts(blocks: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for block in blocks:
        thought, signature = block.get("thinking"), string_of(block.get("signature"))
        if block.get("type") == "thinking" and isinstance(thought, str) and signature is not None:
            yield thought, signature


def _explanation(data: Mapping[str, Any]) -> str:
    return string_of((mapping_of(data.get("stop_details")) or {}).get("explanation")) or ""


def _call(block: Mapping[str, Any], number: int) -> ToolCallPiece:
    given = block.get("input")
    return ToolCallPiece(
        number,
        id=string_of(block.get("id")) or "",
        name=string_of(block.get("name")) or "",
        arguments=json.dumps(given, ensure_ascii=False) if given is not None else "",
    )
