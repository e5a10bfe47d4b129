"""A prompt fitted into the room that its file, its caller and its backend leave it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptkit.backends.estimates import estimate_tokens
from promptkit.errors import TemplateError
from promptkit.messages import Message
from promptkit.prompts.contract import Contract
from promptkit.prompts.options import Options
from promptkit.rendering.budget import Fitted, fit_inputs, limits_of
from promptkit.requests import AsyncBackend, Backend, Count, GenerationConfig

__all__ = ["Counts", "fitted_messages", "is_limited"]

Counts = Callable[[], "Backend | AsyncBackend | None"]
"""Who counts tokens, asked for only where there is something to count; None estimates."""


def is_limited(contract: Contract[Any], options: Options) -> bool:
    """Whether the prompt's length is looked at before it is sent."""
    return contract.limits_length or options.max_input_tokens is not None


def fitted_messages(
    contract: Contract[Any],
    options: Options,
    values: Mapping[str, Any],
    generation: GenerationConfig,
    backend: Backend | AsyncBackend | None,
) -> Fitted:
    """Messages that have room, and what was cut for it.

    Raises:
        InputError: When an input is longer than its block may show, and the block may not shrink.
        ContextOverflow: When the prompt is too long after all that may give way is gone.
        TemplateError: When the template fails, or when there is no history to limit.
    """
    declared, template = contract.declaration, contract.template
    if declared.input.history is not None and template.history is None:
        raise TemplateError(
            "input.history limits the history, and no input is of type messages; declare `history?: messages` or "
            "remove the limit",
            file=declared.place,
            line=declared.lines.get("input"),
        )
    count = _counting(backend)
    wanted = [most for most in (options.max_input_tokens, declared.input.max_tokens) if most is not None]
    context = count([]).context
    if context is not None:
        wanted.append(max(1, context - (generation.max_tokens or 0)))
    return fit_inputs(
        limits_of(declared, template.history),
        values,
        room=min(wanted, default=None),
        count=count,
        render=template.render,
    )


def _counting(backend: Backend | AsyncBackend | None) -> Callable[[Sequence[Message]], Count]:
    count: Callable[[Sequence[Message]], Count] | None = getattr(backend, "count_tokens", None)
    return count or (lambda messages: Count(n=estimate_tokens(messages), exact=False))
