"""Answers that are written badly, for a prompt of one's own: parameters for tests."""

from __future__ import annotations

from typing import Any

from promptkit.backends.mock import values_of
from promptkit.output.malformed import Refusal, Taken, Variant, variants
from promptkit.prompts import Prompt, TypedPrompt
from promptkit.requests import OutputSpec
from promptkit.schemas import Invalid, Refused

__all__ = ["Refusal", "Taken", "Variant", "malformed"]


def malformed(prompt: Prompt[Any] | TypedPrompt[..., Any], value: Any = None) -> tuple[Variant, ...]:
    """Each way to write a good answer of a prompt badly: in a fence, after a thought, cut, twice, as a refusal.

    ``str()`` of one is its kind, fit for the ids of parameters. ``text`` is what the model writes; ``promise`` says
    what comes of it where only lossless repairs are permitted: ``Taken`` the value, or ``Refusal`` one of some
    errors, from which a re-ask may follow. ``inputs`` are texts that the prompt must have been given for it.

    Args:
        prompt: The prompt whose output it is.
        value: A good answer, data or an instance; made up when it is left out.

    Raises:
        ValueError: When the value is no good answer, or none can be made up.
    """
    held = prompt.prompt if isinstance(prompt, TypedPrompt) else prompt
    output = held.contract.output
    data: Any
    if value is None:
        made = values_of(output).made()
        if isinstance(made, Refused):
            raise ValueError(
                f"no answer of {held.name} can be made up ({made.reason}); give one: malformed(prompt, value)"
            )
        data = made.value
    else:
        data = _plain(output, value)
    outcome = output.schema.validate(data)
    if isinstance(outcome, Invalid):
        said = "; ".join(str(problem) for problem in outcome.problems)
        raise ValueError(f"the value is no answer of {held.name}: {said}")  # noqa: TRY004 - no wrong type
    return tuple(variants(data, output.schema))


def _plain(output: OutputSpec, value: Any) -> Any:
    """Data as it is, an instance of the output's type as data."""
    known: tuple[type[Any], ...] = (dict, list, str, int, float, bool)
    return value if type(value) in known else output.schema.dump(value)
