"""A prompt from what pickle kept of it: its declaration and its options."""

from __future__ import annotations

from typing import Any, TypeVar

from promptkit.declarations import Declaration
from promptkit.prompts.contract import Contract, Loader
from promptkit.prompts.options import Options

__all__ = ["restored"]

P = TypeVar("P")


def restored(  # noqa: PLR0913, PLR0917 - what pickle hands back, in order
    kind: type[P],
    declaration: Declaration,
    output_type: Any,
    input_type: Any,
    load: Loader,
    models: tuple[str, ...],
    options: Options,
) -> P:
    """A prompt of that class, its contract worked out anew on first use.

    Args:
        kind: The class of the prompt.
        declaration: What its file or its constructor declared.
        output_type: The output's type where Python names it.
        input_type: The inputs' type where Python names it.
        load: Gives included files by name.
        models: Modules in which ``model:`` references may be resolved.
        options: What ``using`` set.
    """
    prompt: Any = kind.__new__(kind)
    contract: Contract[Any] = Contract(
        declaration, output_type=output_type, input_type=input_type, load=load, models=models
    )
    prompt._set(contract, options)  # noqa: SLF001 - its own class made these parts
    return prompt  # type: ignore[no-any-return]
