"""What a variant may not do: break the contract of the prompt that it extends."""

from __future__ import annotations

from typing import Any

from promptkit.declarations import Declaration
from promptkit.errors import TemplateError
from promptkit.libraries.diffs.bumps import Bump
from promptkit.libraries.diffs.prompts import promises_changed
from promptkit.prompts import Prompt

__all__ = ["refuse_broken_contract"]


def refuse_broken_contract(base: Prompt[Any], variant: Prompt[Any], declaration: Declaration) -> None:
    """Hold a variant to the contract of its base: it takes all that the base takes and promises all that it promises.

    Args:
        base: The prompt that is extended.
        variant: The variant.
        declaration: The variant's declaration, for the place of an error.

    Raises:
        TemplateError: When a caller of the base could not use the variant instead.
    """
    broken = [change for change in promises_changed(base, variant) if change.demands is Bump.MAJOR]
    if not broken:
        return
    first = broken[0]
    key = first.path.partition(".")[0] if first.section == "prompt" else first.section
    told = "; ".join(f"{change.section} {change.path} {change.text}".replace("  ", " ") for change in broken)
    raise TemplateError(
        f"{declaration.name} extends {declaration.extends} and breaks its contract: {told}. Callers of "
        f"{declaration.extends} must be able to use it; take the change back, or leave extends out.",
        file=declaration.place,
        line=declaration.lines.get(key, declaration.lines.get("extends")),
    )
