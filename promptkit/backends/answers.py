"""Whole answers, read by a dialect and judged alike for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from promptkit.backends.dialect import Dialect, NotTheProtocol, Piece, ToolCallPiece, signed
from promptkit.backends.failures import failure_in_body, failure_of, not_the_protocol
from promptkit.backends.fields import HALF_A_PAIR, parsed, request_id_of, whole_characters
from promptkit.backends.logprobs import token_logprobs
from promptkit.backends.wire import Endpoint, HttpReply
from promptkit.completions import Completion, FinishReason
from promptkit.messages import ToolCallPart

__all__ = ["calls_of", "decode", "finish_with", "merged"]


def decode(reply: HttpReply, dialect: Dialect, endpoint: Endpoint) -> Completion:
    """The completion that an answer holds.

    Args:
        reply: The answer, its body whole and decompressed.
        dialect: What the server speaks.
        endpoint: Where it came from, for errors.

    Raises:
        BackendError: Of the kind that fits, for an error and for anything that is not the protocol.
    """
    if not 200 <= reply.status < 300:  # noqa: PLR2004 - the good statuses
        raise failure_of(reply, endpoint)
    if not reply.body.strip():
        raise not_the_protocol("the body is empty", reply, endpoint)
    data = parsed(reply.body)
    if isinstance(data, ValueError):
        raise not_the_protocol(f"the body is no whole JSON ({data})", reply, endpoint)
    if not isinstance(data, dict):
        raise not_the_protocol("the body is no JSON object", reply, endpoint)
    fields = cast("dict[str, Any]", data)
    if fields.get("error"):
        raise failure_in_body(fields, reply, endpoint)
    problem = None
    try:
        piece = dialect.read(fields)
    except NotTheProtocol as error:
        piece, problem = Piece(), str(error)
    if problem is not None:  # raised here and not above: an error of users has no cause of ours
        raise not_the_protocol(problem, reply, endpoint)
    if piece.error is not None:
        raise failure_in_body(piece.error, reply, endpoint)
    return _completion(piece, reply, dialect, endpoint)


def _completion(piece: Piece, reply: HttpReply, dialect: Dialect, endpoint: Endpoint) -> Completion:
    if piece.finish_reason is None:
        raise not_the_protocol("it does not say why the answer stops", reply, endpoint)
    calls = calls_of(piece.calls)
    texts: dict[str, str | None] = {
        "text": piece.text,
        "refusal": piece.refusal or None,
        "reasoning": piece.reasoning or None,
        "model": piece.model or endpoint.model,
        "id": request_id_of(reply.headers) or piece.id,
        **{f"tool call {number}": call.arguments for number, call in enumerate(calls, 1)},
    }
    for name, value in texts.items():
        texts[name] = whole = whole_characters(value) if value else value
        if value and whole is None:
            raise not_the_protocol(f"its {name} {HALF_A_PAIR}", reply, endpoint)
    return Completion(
        text=texts["text"] or "",
        finish_reason=finish_with(piece.finish_reason, texts["refusal"], calls),
        model=texts["model"] or endpoint.model,
        usage=dialect.usage(piece.usage) if piece.usage else None,
        request_id=texts["id"],
        refusal=texts["refusal"],
        reasoning=texts["reasoning"],
        logprobs=token_logprobs(piece.logprobs),
        tool_calls=calls,
    )


def finish_with(finish: FinishReason, refusal: str | None, calls: tuple[ToolCallPart, ...]) -> FinishReason:
    """Why an answer stops, by all that is in it: not every server has a word for a refusal or a tool call."""
    if refusal:
        return "refusal"
    return "tool" if calls and finish == "stop" else finish


def calls_of(
    pieces: Sequence[ToolCallPiece], thoughts: Sequence[tuple[str, str]] = ()
) -> tuple[ToolCallPart, ...]:
    """The tool calls that pieces make, in the order in which they began; without an id, by their number.

    Args:
        pieces: As they came.
        thoughts: Thoughts with their signatures, which go back with the first call.
    """
    gathered: dict[object, list[ToolCallPiece]] = {}
    for piece in pieces:
        gathered.setdefault(object() if piece.number is None else piece.number, []).append(piece)
    before = {1: signed(thoughts)}
    return tuple(
        ToolCallPart(
            id="".join(piece.id for piece in of_one) or f"call-{number}",
            name="".join(piece.name for piece in of_one),
            arguments="".join(piece.arguments for piece in of_one) or "{}",
            signature="".join(piece.signature for piece in of_one) or before.get(number) or None,
        )
        for number, of_one in enumerate(gathered.values(), 1)
    )


def merged(counts: Mapping[str, Any], more: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Token counts with those of a later event over them; what it leaves open stays."""
    if not more:
        return counts
    return {**counts, **{name: value for name, value in more.items() if value is not None}}
