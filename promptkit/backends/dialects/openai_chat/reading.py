"""Answers of OpenAI's chat completions: whole ones, and the chunks of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from promptkit.backends.dialect import NotTheProtocol, Piece, ToolCallPiece, finish_of
from promptkit.backends.fields import count_of, first_of, items_of, mapping_of, string_of, text_of
from promptkit.completions import FinishReason, Usage

__all__ = ["read", "read_event", "usage_of", "usage_with_cost"]

_BROKEN_OFF = "error"
"""Mistral's and OpenRouter's reason to stop where the generation failed midway."""

_FINISH_REASONS: Mapping[str, FinishReason] = {
    "content_filter": "filter",
    "end_turn": "stop",
    "eos_token": "stop",
    "function_call": "tool",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "stop": "stop",
    "stop_sequence": "stop",
    "tool_calls": "tool",
}


_TEXT_FIELDS = frozenset({"content", "role"})


def read(data: Mapping[str, Any]) -> Piece:
    """What a whole answer holds.

    Raises:
        NotTheProtocol: When it is no completion.
    """
    choice = first_of(data.get("choices"))
    message = mapping_of(choice.get("message")) if choice is not None else None
    if choice is None or message is None:
        raise NotTheProtocol("it holds no choices[0].message")
    text = text_of(message.get("content"))
    if text is None:
        raise NotTheProtocol("choices[0].message.content is no text")
    if choice.get("finish_reason") == _BROKEN_OFF:
        return _failed()
    return Piece(
        text=text,
        reasoning=_reasoning(message),
        refusal=string_of(message.get("refusal")) or "",
        finish_reason=finish_of(choice.get("finish_reason"), _FINISH_REASONS, "finish_reason"),
        usage=mapping_of(data.get("usage")),
        model=string_of(data.get("model")),
        id=string_of(data.get("id")),
        logprobs=_logprobs(choice),
        calls=tuple(_calls(message)),
    )


def read_event(data: Mapping[str, Any], event: str) -> Piece:
    """What a chunk adds; the last one may hold the usage and no choice.

    Raises:
        NotTheProtocol: When it is no chunk.
    """
    del event  # chunks have no types
    plain = _text_alone(data)
    if plain is not None:
        return plain
    choices = data.get("choices")
    usage, model, answer = (
        mapping_of(data.get("usage")),
        string_of(data.get("model")),
        string_of(data.get("id")),
    )
    if isinstance(choices, list) and not choices:
        return Piece(usage=usage, model=model, id=answer)
    choice = first_of(choices)
    delta = mapping_of(choice.get("delta", {})) if choice is not None else None
    text = text_of(delta.get("content")) if delta is not None else None
    if choice is None or delta is None or text is None:
        raise NotTheProtocol("its stream holds a chunk without choices[0].delta")
    reason = choice.get("finish_reason")
    if reason == _BROKEN_OFF:
        return _failed()
    return Piece(
        text=text,
        reasoning=_reasoning(delta),
        refusal=string_of(delta.get("refusal")) or "",
        finish_reason=finish_of(reason, _FINISH_REASONS, "finish_reason") if reason else None,
        usage=usage,
        model=model,
        id=answer,
        logprobs=_logprobs(choice),
        calls=tuple(_calls(delta)),
    )


def _text_alone(data: Mapping[str, Any]) -> Piece | None:
    """What a chunk adds that holds text and nothing else, as nearly all do: found in a third of the time."""
    choice = first_of(data.get("choices"))
    delta = mapping_of(choice.get("delta")) if choice is not None else None
    if choice is None or delta is None or not delta.keys() <= _TEXT_FIELDS:
        return None
    text = delta.get("content")
    if (
        not isinstance(text, str)
        or choice.get("finish_reason")
        or choice.get("logprobs")
        or data.get("usage")
    ):
        return None
    return Piece(text, model=string_of(data.get("model")), id=string_of(data.get("id")))


def _failed() -> Piece:
    return Piece(error={"message": "the generation broke off (finish_reason error)", "code": 500})


def usage_of(counts: Mapping[str, Any]) -> Usage | None:
    """The token counts; None when they are no numbers, since the answer itself is good."""
    if not isinstance(counts.get("prompt_tokens"), int):
        return None
    read_details = mapping_of(counts.get("prompt_tokens_details")) or {}
    written_details = mapping_of(counts.get("completion_tokens_details")) or {}
    return Usage(
        input_tokens=counts["prompt_tokens"],
        output_tokens=count_of(counts.get("completion_tokens")),
        cached_tokens=count_of(read_details.get("cached_tokens")),
        cache_written_tokens=count_of(read_details.get("cache_write_tokens")),
        reasoning_tokens=count_of(written_details.get("reasoning_tokens")),
    )


def usage_with_cost(counts: Mapping[str, Any]) -> Usage | None:
    """The token counts with what the server says they cost."""
    usage, cost = usage_of(counts), counts.get("cost")
    if usage is None or isinstance(cost, bool) or not isinstance(cost, int | float):
        return usage
    return replace(usage, cost=Decimal(str(cost)))


def _reasoning(message: Mapping[str, Any]) -> str:
    """Under the two names that servers have for it; Mistral's stands among the parts of the content."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [mapping_of(part) or {} for part in items_of(content)]
        return "".join(
            text_of(part.get("thinking")) or "" for part in parts if part.get("type") == "thinking"
        )
    return string_of(message.get("reasoning_content")) or string_of(message.get("reasoning")) or ""


def _logprobs(choice: Mapping[str, Any]) -> tuple[Any, ...]:
    found = choice.get("logprobs")
    return tuple(items_of((mapping_of(found) or {}).get("content"))) if found else ()


def _calls(message: Mapping[str, Any]) -> Iterator[ToolCallPiece]:
    """Tool calls; in a stream the index tells which one a piece belongs to."""
    for number, item in enumerate(items_of(message.get("tool_calls"))):
        call = mapping_of(item) or {}
        function = mapping_of(call.get("function")) or {}
        index = call.get("index")
        yield ToolCallPiece(
            number=index if isinstance(index, int) else number,
            id=string_of(call.get("id")) or "",
            name=string_of(function.get("name")) or "",
            arguments=string_of(function.get("arguments")) or "",
        )
