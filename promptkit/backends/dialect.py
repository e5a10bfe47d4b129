"""What a dialect is: a wire format as data and four pure functions, and what its readers find in an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from promptkit.backends.planning import Planner
from promptkit.backends.wire import Endpoint, ErrorWords, HttpCall
from promptkit.completions import FinishReason, Usage
from promptkit.requests import Capabilities, Request

__all__ = [
    "Dialect",
    "Encode",
    "NotTheProtocol",
    "Piece",
    "ToolCallPiece",
    "finish_of",
    "signed",
    "thoughts_of",
]


class ToolCallPiece(NamedTuple):
    """What one event tells of a tool call; the texts of one number are joined in order.

    Attributes:
        number: Which call of the answer it is; None for a whole call, to which no other piece belongs.
        id: The call's id.
        name: The tool's name.
        arguments: A piece of the arguments' JSON text.
        signature: What goes back to the server with the call.
    """

    number: int | None
    id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str = ""


class Piece(NamedTuple):
    """What a whole answer holds, or what one event of a stream adds to it.

    A named tuple, since one is made for every event and a frozen dataclass takes three times as long.

    Attributes:
        text: Text of the answer.
        reasoning: Text of the reasoning.
        refusal: Text of the refusal.
        finish_reason: Why the answer stops; None while it goes on.
        usage: Token counts by the server's own names; those of a later event win.
        model: The model's name as the server says it.
        id: The server's id of the answer.
        logprobs: The tokens of the text, in the form that ``promptkit.backends.logprobs`` reads.
        calls: Pieces of tool calls.
        signature: The server's signature of the thoughts since the last one; it goes back with them when a tool's
            call is answered.
        error: What the server says went wrong, as it came.
        over: True when nothing of use follows.
    """

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    finish_reason: FinishReason | None = None
    usage: Mapping[str, Any] | None = None
    model: str | None = None
    id: str | None = None
    logprobs: tuple[Any, ...] = ()
    calls: tuple[ToolCallPiece, ...] = ()
    signature: str = ""
    error: Mapping[str, Any] | None = None
    over: bool = False


class NotTheProtocol(Exception):  # its readers turn it into an error of the tree, with the answer's address
    """What was read is not what the dialect speaks; the message is the end of a sentence that begins with "but"."""


def signed(thoughts: Sequence[tuple[str, str]]) -> str:
    """Thoughts and their signatures as the signature of a call, for servers that want both back.

    Args:
        thoughts: Each thought with its signature.
    """
    return json.dumps(thoughts, ensure_ascii=False) if thoughts else ""


def thoughts_of(signature: str | None) -> list[tuple[str, str]]:
    """What :func:`signed` was given; nothing for what another server has signed."""
    if signature is None or not signature.startswith("[["):
        return []
    return [(text, sign) for text, sign in json.loads(signature)]


def finish_of(value: Any, table: Mapping[str, FinishReason], field_name: str) -> FinishReason:
    """Our word for the server's reason to stop.

    Args:
        value: The server's word.
        table: Our words by the server's.
        field_name: Where the word stood, for the error.

    Raises:
        NotTheProtocol: For a word that the table does not hold.
    """
    found = table.get(value) if isinstance(value, str) else None
    if found is None:
        raise NotTheProtocol(f"its {field_name} is {json.dumps(value)}, which the protocol does not know")
    return found


class Encode(Protocol):
    """From a request to the call that asks for one answer."""

    def __call__(self, request: Request, endpoint: Endpoint, *, stream: bool) -> HttpCall:
        """The call; ``stream`` asks for the answer piece by piece.

        Raises:
            CapabilityMissing: When the request holds something that the wire format has no place for.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A wire format, or a profile of one. It does no I/O and knows no key; many threads share one.

    Attributes:
        name: What it is called in logs.
        encode: Makes the call of a request.
        read: Reads a whole answer, a JSON object with a good status.
        read_event: Reads one event of a stream: its data, a JSON object, and its name.
        usage: Reads the token counts that ``read`` and ``read_event`` gave; None where they are none.
        plan: Says where each keyword and rule of an output is enforced, and which settings cannot be sent.
        capabilities: What its servers do.
        needs_key: True when they answer nobody without a key.
        key_header: The header that holds the key, in lower case.
        key_prefix: What stands before the key in it.
        words: How its servers are called in errors, and how they speak of schemas.
        other: The dialect in which to ask again, by the body of an error that refuses the schema; None where
            there is none.
    """

    name: str
    encode: Encode
    read: Callable[[Mapping[str, Any]], Piece]
    read_event: Callable[[Mapping[str, Any], str], Piece]
    usage: Callable[[Mapping[str, Any]], Usage | None]
    plan: Planner
    capabilities: Capabilities
    needs_key: bool = True
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    words: ErrorWords = field(default_factory=ErrorWords)
    other: Callable[[bytes], Dialect | None] | None = None
