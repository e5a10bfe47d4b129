"""What a call took on its way: the detours, put on the answer or on the error."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeVar

from promptkit.completions import Completion, Detour, Usage
from promptkit.errors import BackendError, PromptKitError

__all__ = ["noted", "with_detours"]

Outcome = TypeVar("Outcome", Completion, BackendError)


def noted(
    failure: PromptKitError,
    layer: Literal["retry", "fallback"],
    backend: str,
    *,
    to: str | None = None,
    waited_s: float = 0.0,
    usage: Usage | None = None,
) -> tuple[Detour, ...]:
    """The detour that a failure leads to, behind those that led to the failure.

    Args:
        failure: What the backend raised, or what its answer would be refused with.
        layer: Who goes on.
        backend: Who failed.
        to: Who is asked next; None for the same.
        waited_s: Seconds that are waited before.
        usage: What was spent on an answer that is put aside.
    """
    before: tuple[Detour, ...] = ()
    if isinstance(failure, BackendError):
        before, usage = failure.detours, failure.usage
    reason = f"{type(failure).__name__}: {failure}"
    own = Detour(layer=layer, backend=backend, reason=reason, to=to, waited_s=waited_s, usage=usage)
    return (*before, own)


def with_detours(outcome: Outcome, before: tuple[Detour, ...]) -> Outcome:
    """The answer or the error, with what came before it in front of its own detours."""
    if not before:
        return outcome
    if isinstance(outcome, BackendError):
        outcome.detours = (*before, *outcome.detours)
        return outcome
    return replace(outcome, detours=(*before, *outcome.detours))
