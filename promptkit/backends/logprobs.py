"""Log-probabilities of an answer's tokens, read without trust in their types."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from promptkit.backends.fields import items_of, mapping_of
from promptkit.completions import LEAST_LOGPROB, TokenLogprob

__all__ = ["token_logprobs"]


def token_logprobs(items: Iterable[Any]) -> tuple[TokenLogprob, ...] | None:
    """The tokens of these items; None for none, and where an item is not of the protocol.

    The answer itself is good then, and a list that lacks tokens would be taken for the whole.
    """
    tokens = [_token(item) for item in items]
    whole = [token for token in tokens if token is not None]
    return tuple(whole) if whole and len(whole) == len(tokens) else None


def _token(item: Any) -> TokenLogprob | None:
    said = _said(item)
    if said is None:
        return None
    alternatives = [_said(other) for other in items_of((mapping_of(item) or {}).get("top_logprobs"))]
    return TokenLogprob(
        text=said[0], logprob=said[1], top=tuple(other for other in alternatives if other is not None)
    )


def _said(item: Any) -> tuple[str, float] | None:
    fields = mapping_of(item) or {}
    text, logprob = fields.get("token"), fields.get("logprob")
    if not isinstance(text, str) or isinstance(logprob, bool) or not isinstance(logprob, int | float):
        return None
    if math.isnan(logprob):
        return None
    return _characters(text), float(min(0.0, max(LEAST_LOGPROB, logprob)))


def _characters(text: str) -> str:
    """The text with a mark for each half of a surrogate pair that stands alone: a token may be part of a letter."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
