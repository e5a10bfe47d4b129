"""Single fields of answers, read without trust in their types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeGuard, cast

from pydantic_core import from_json

__all__ = [
    "HALF_A_PAIR",
    "count_of",
    "first_of",
    "items_of",
    "mapping_of",
    "parsed",
    "request_id_of",
    "string_of",
    "text_of",
    "whole_characters",
]

HALF_A_PAIR = "holds half a surrogate pair, which is no Unicode text and cannot be written as UTF-8"
"""The end of a sentence about a text that ``whole_characters`` refuses."""


def count_of(value: Any) -> int:
    """The value when it is a whole number of 0 or more, else 0: a count that is wrong is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def parsed(body: bytes | str) -> Any:
    """The JSON value, or the ValueError that says why it is none.

    The error is given and not raised: raised, it would hold the body in the chain of the error that follows.
    """
    with suppress(
        ValueError
    ):  # what it refuses may be JSON all the same: half of a surrogate pair, deep nesting
        return from_json(body)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        return ValueError(str(error))


def text_of(content: Any) -> str | None:
    """The text of an answer's ``content``: a string, text parts or null; None for anything else."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not _is_list(content):
        return None
    texts = [string_of(part.get("text")) for part in map(mapping_of, content) if part]
    return "".join(text for text in texts if text)


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The server's id of the request, by the names that servers give the header."""
    return headers.get("x-request-id") or headers.get("request-id")


def first_of(choices: Any) -> Mapping[str, Any] | None:
    """The first of a list of objects; None for anything else."""
    return mapping_of(choices[0]) if _is_list(choices) and choices else None


def items_of(data: Any) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return data if _is_list(data) else []


def mapping_of(data: Any) -> Mapping[str, Any] | None:
    """The value when it is an object, else None."""
    return cast("Mapping[str, Any]", data) if isinstance(data, dict) else None


def string_of(value: Any) -> str | None:
    """The value when it is a string that is not empty, else None."""
    return value if isinstance(value, str) and value else None


def whole_characters(text: str) -> str | None:
    """The text, halves of surrogate pairs joined where they meet; None when a half stands alone.

    JSON can write halves by escapes; a text with one alone has no UTF-8 form, so nobody could store it.
    """
    if text.isascii():
        return text
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return None


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
