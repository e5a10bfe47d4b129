"""How many tokens a question has, whatever kind of backend is asked."""

from __future__ import annotations

from collections.abc import Generator

from promptkit.backends.estimates import estimate_tokens
from promptkit.backends.layers.effects import Effect, LayerCall, Work
from promptkit.requests import Backend

__all__ = ["input_tokens_of"]


def input_tokens_of(call: LayerCall) -> Generator[Effect, int, int]:
    """The backend's count, which may load a model; an estimate for one that is only asynchronous and counts nothing."""
    backend, messages = call.backend, call.request.messages
    if not isinstance(backend, Backend):
        return estimate_tokens(messages)
    return (yield Work(function=lambda: backend.count_tokens(messages).n))
