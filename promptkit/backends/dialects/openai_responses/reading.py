"""Answers of OpenAI's responses: whole ones, and the events of a stream.

Source of the names: OpenAI's API reference, "The response object" and "Streaming events" of Responses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.backends.dialect import NotTheProtocol, Piece, ToolCallPiece, finish_of
from promptkit.backends.fields import count_of, items_of, mapping_of, string_of
from promptkit.completions import FinishReason, Usage

__all__ = ["read", "read_event", "usage_of"]

_INCOMPLETE: Mapping[str, FinishReason] = {
    "content_filter": "filter",
    "max_messages": "length",
    "max_output_tokens": "length",
    "steered": "length",
}
_NOTHING = Piece()


def read(data: Mapping[str, Any]) -> Piece:
    """What a whole answer holds.

    Raises:
        NotTheProtocol: When it is no response, or one that is not over.
    """
    if not isinstance(data.get("output"), list):
        raise NotTheProtocol("it holds no output")
    items = [mapping_of(item) or {} for item in items_of(data["output"])]
    parts = [part for item in items if item.get("type") == "message" for part in _parts(item, "content")]
    return _ended(data)._replace(
        text="".join(_texts(parts, "output_text", "text")),
        refusal="".join(_texts(parts, "refusal", "refusal")),
        reasoning="".join(_thoughts(items)),
        logprobs=tuple(token for part in parts for token in items_of(part.get("logprobs"))),
        calls=tuple(
            _call(item, number) for number, item in enumerate(items) if item.get("type") == "function_call"
        ),
    )


def read_event(data: Mapping[str, Any], event: str) -> Piece:
    """What an event adds; events of kinds that are not known add nothing.

    Raises:
        NotTheProtocol: When an event lacks what its kind holds.
    """
    kind = data.get("type", event)
    reader = _EVENTS.get(kind) if isinstance(kind, str) else None
    return reader(data) if reader is not None else _NOTHING


def _text_delta(data: Mapping[str, Any]) -> Piece:
    return Piece(text=_delta(data), logprobs=tuple(items_of(data.get("logprobs"))))


def _refusal_delta(data: Mapping[str, Any]) -> Piece:
    return Piece(refusal=_delta(data))


def _reasoning_delta(data: Mapping[str, Any]) -> Piece:
    return Piece(reasoning=_delta(data))


def _arguments_delta(data: Mapping[str, Any]) -> Piece:
    return Piece(calls=(ToolCallPiece(count_of(data.get("output_index")), arguments=_delta(data)),))


def _item_added(data: Mapping[str, Any]) -> Piece:
    item = mapping_of(data.get("item")) or {}
    if item.get("type") != "function_call":
        return _NOTHING
    # Its arguments come as deltas.
    return Piece(calls=(_call({**item, "arguments": ""}, count_of(data.get("output_index"))),))


def _created(data: Mapping[str, Any]) -> Piece:
    response = _response(data)
    return Piece(model=string_of(response.get("model")), id=string_of(response.get("id")))


def _over(data: Mapping[str, Any]) -> Piece:
    return _ended(_response(data))._replace(over=True)


def _failed(data: Mapping[str, Any]) -> Piece:
    """An ``error`` event, whose fields are its own, where the stream does not name its events."""
    return Piece(error=data)


_EVENTS = {
    "error": _failed,
    "response.completed": _over,
    "response.created": _created,
    "response.failed": _over,
    "response.function_call_arguments.delta": _arguments_delta,
    "response.incomplete": _over,
    "response.output_item.added": _item_added,
    "response.output_text.delta": _text_delta,
    "response.reasoning_summary_text.delta": _reasoning_delta,
    "response.reasoning_text.delta": _reasoning_delta,
    "response.refusal.delta": _refusal_delta,
}


def usage_of(counts: Mapping[str, Any]) -> Usage | None:
    """The token counts; None when they are no numbers."""
    if not isinstance(counts.get("input_tokens"), int):
        return None
    read_details = mapping_of(counts.get("input_tokens_details")) or {}
    written_details = mapping_of(counts.get("output_tokens_details")) or {}
    return Usage(
        input_tokens=counts["input_tokens"],
        output_tokens=count_of(counts.get("output_tokens")),
        cached_tokens=count_of(read_details.get("cached_tokens")),
        cache_written_tokens=count_of(read_details.get("cache_write_tokens")),
        reasoning_tokens=count_of(written_details.get("reasoning_tokens")),
    )


def _ended(response: Mapping[str, Any]) -> Piece:
    """Why a response is over, and what it cost."""
    status = response.get("status")
    reason: FinishReason | None = None
    failure: Mapping[str, Any] | None = None
    if status == "completed":
        reason = "stop"
    elif status == "incomplete":
        details = mapping_of(response.get("incomplete_details")) or {}
        reason = finish_of(details.get("reason"), _INCOMPLETE, "incomplete_details.reason")
    elif status == "failed":
        failure = mapping_of(response.get("error")) or {
            "message": "the response failed",
            "code": "server_error",
        }
    else:
        raise NotTheProtocol(f"its status is {status!r}, which is not that of an answer that is over")
    return Piece(
        finish_reason=reason,
        usage=mapping_of(response.get("usage")),
        model=string_of(response.get("model")),
        id=string_of(response.get("id")),
        error=failure,
    )


def _response(data: Mapping[str, Any]) -> Mapping[str, Any]:
    found = mapping_of(data.get("response"))
    if found is None:
        raise NotTheProtocol(f"its stream holds a {data.get('type')} without response")
    return found


def _delta(data: Mapping[str, Any]) -> str:
    text = data.get("delta")
    if not isinstance(text, str):
        raise NotTheProtocol(f"its stream holds a {data.get('type')} without delta")
    return text


def _parts(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [mapping_of(part) or {} for part in items_of(item.get(name))]


def _texts(parts: list[Mapping[str, Any]], kind: str, name: str) -> Iterator[str]:
    for part in parts:
        if part.get("type") == kind:
            text = part.get(name)
            if not isinstance(text, str):
                raise NotTheProtocol(f"a part of type {kind} holds no {name}")
            yield text


def _thoughts(items: list[Mapping[str, Any]]) -> Iterator[str]:
    for item in items:
        if item.get("type") == "reasoning":
            for part in (*_parts(item, "summary"), *_parts(item, "content")):
                yield string_of(part.get("text")) or ""


def _call(item: Mapping[str, Any], number: int) -> ToolCallPiece:
    return ToolCallPiece(
        number,
        id=string_of(item.get("call_id")) or "",
        name=string_of(item.get("name")) or "",
        arguments=string_of(item.get("arguments")) or "",
    )
