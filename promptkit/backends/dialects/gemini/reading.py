"""Answers of Gemini's generateContent; a stream's events are answers of the same form.

Source of the names: Google's API reference of the Gemini API, v1beta, "GenerateContentResponse".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.backends.dialect import NotTheProtocol, Piece, ToolCallPiece, finish_of
from promptkit.backends.fields import count_of, first_of, items_of, mapping_of, string_of
from promptkit.completions import FinishReason, Usage

__all__ = ["read", "read_event", "usage_of"]

_FINISH_REASONS: Mapping[str, FinishReason] = {
    "BLOCKLIST": "filter",
    "IMAGE_PROHIBITED_CONTENT": "filter",
    "IMAGE_RECITATION": "filter",
    "IMAGE_SAFETY": "filter",
    "LANGUAGE": "filter",
    "MAX_TOKENS": "length",
    "PROHIBITED_CONTENT": "filter",
    "RECITATION": "filter",
    "SAFETY": "filter",
    "SPII": "filter",
    "STOP": "stop",
}
_FAILURES = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
        "OTHER",
        "TOO_MANY_TOOL_CALLS",
        "UNEXPECTED_TOOL_CALL",
    }
)
"""Reasons for which there is no answer, and a further try may have one."""


def read(data: Mapping[str, Any]) -> Piece:
    """What a whole answer holds.

    Raises:
        NotTheProtocol: When it holds neither a candidate nor the reason for which there is none.
    """
    piece = read_event(data, "")
    if piece.finish_reason is None and piece.error is None:
        raise NotTheProtocol("it holds no candidates[0].finishReason")
    return piece


def read_event(data: Mapping[str, Any], event: str) -> Piece:
    """What an event adds.

    Raises:
        NotTheProtocol: When a part of it has the wrong type.
    """
    del event  # events have no types
    candidate = first_of(data.get("candidates")) or {}
    parts = [
        mapping_of(part) or {} for part in items_of((mapping_of(candidate.get("content")) or {}).get("parts"))
    ]
    reason = candidate.get("finishReason")
    failed = isinstance(reason, str) and reason in _FAILURES
    finish: FinishReason | None = None
    if reason and not failed:
        finish = finish_of(reason, _FINISH_REASONS, "finishReason")
    elif _blocked(data):
        finish = "filter"
    return Piece(
        text="".join(_texts(parts, thought=False)),
        reasoning="".join(_texts(parts, thought=True)),
        finish_reason=finish,
        usage=mapping_of(data.get("usageMetadata")),
        model=string_of(data.get("modelVersion")),
        id=string_of(data.get("responseId")),
        logprobs=tuple(_tokens(mapping_of(candidate.get("logprobsResult")) or {})),
        calls=tuple(_calls(parts)),
        error=_failure(candidate) if failed else None,
    )


def usage_of(counts: Mapping[str, Any]) -> Usage | None:
    """The token counts; thoughts are counted beside the answer's tokens and belong to what was written."""
    if not isinstance(counts.get("promptTokenCount"), int):
        return None
    thoughts = count_of(counts.get("thoughtsTokenCount"))
    return Usage(
        input_tokens=counts["promptTokenCount"] + count_of(counts.get("toolUsePromptTokenCount")),
        output_tokens=count_of(counts.get("candidatesTokenCount")) + thoughts,
        cached_tokens=count_of(counts.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
    )


def _blocked(data: Mapping[str, Any]) -> bool:
    return bool((mapping_of(data.get("promptFeedback")) or {}).get("blockReason"))


def _failure(candidate: Mapping[str, Any]) -> Mapping[str, Any]:
    reason = candidate["finishReason"]
    said = string_of(candidate.get("finishMessage")) or "the model gave no answer"
    return {"message": f"{said} (finishReason {reason})", "code": 500, "status": reason}


def _texts(parts: list[Mapping[str, Any]], *, thought: bool) -> Iterator[str]:
    for part in parts:
        if "text" in part and bool(part.get("thought")) is thought:
            if not isinstance(part["text"], str):
                raise NotTheProtocol("a part's text is no text")
            yield part["text"]


def _calls(parts: list[Mapping[str, Any]]) -> Iterator[ToolCallPiece]:
    for part in parts:
        call = mapping_of(part.get("functionCall"))
        if call is None:
            continue
        yield ToolCallPiece(
            None,
            id=string_of(call.get("id")) or "",
            name=string_of(call.get("name")) or "",
            arguments=json.dumps(mapping_of(call.get("args")) or {}, ensure_ascii=False),
            signature=string_of(part.get("thoughtSignature")) or "",
        )


def _tokens(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """``chosenCandidates`` and ``topCandidates`` in the form that OpenAI's API gives, which ours is read from."""
    tops = items_of(result.get("topCandidates"))
    for number, item in enumerate(items_of(result.get("chosenCandidates"))):
        top = mapping_of(tops[number]) if number < len(tops) else None
        alternatives = [_token(mapping_of(other) or {}) for other in items_of((top or {}).get("candidates"))]
        yield {**_token(mapping_of(item) or {}), "top_logprobs": alternatives}


def _token(candidate: Mapping[str, Any]) -> dict[str, Any]:
    return {"token": candidate.get("token"), "logprob": candidate.get("logProbability")}
