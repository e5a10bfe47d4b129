"""How many tokens a question has, whatever kind of backend is asked."""

from __future__ import annotations

from promptkit.backends.estimates import estimate_tokens
from promptkit.backends.layers.effects import LayerCall
from promptkit.requests import Backend

__all__ = ["input_tokens_of"]


def input_tokens_of(call: LayerCall) -> int:
    """The backend's count; an estimate for one that is only asynchronous, since it counts nothing."""
    backend, messages = call.backend, call.request.messages
    return backend.count_tokens(messages).n if isinstance(backend, Backend) else estimate_tokens(messages)
