"""The standard layout: what a prompt without a body looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from promptkit.declarations import Declaration
from promptkit.rendering.sections import Section, in_lines

__all__ = ["INSTRUCTION", "MATERIAL", "layout_body", "layout_sections"]

# Section keys that only the standard layout has; no input can be called so, since they are reserved.
INSTRUCTION = "system"
MATERIAL = "user"


def layout_body(*, material: bool, examples: bool, history: bool) -> str:
    """The body that stands for an empty one.

    Args:
        material: True when there are inputs to show. Without any, the instruction itself is the user's
            message, since models answer a user.
        examples: True when the prompt has examples.
        history: True when it has an input of messages.
    """
    start = f"{{% system %}}{{{{ {INSTRUCTION} }}}}{{% endsystem %}}" if material else ""
    middle = ("{% examples %}" if examples else "") + ("{% history %}" if history else "")
    last = MATERIAL if material else INSTRUCTION
    return f"{start}{middle}{{% user %}}{{{{ {last} }}}}{{% enduser %}}"


def layout_sections(
    declaration: Declaration, sections: Mapping[str, Section], shown: Sequence[Section]
) -> dict[str, Section]:
    """The two sections of the standard layout.

    Args:
        declaration: The prompt.
        sections: Its other sections by key.
        shown: The inputs that no block and no text of the sections uses, in their order.
    """
    texts = [block for block in declaration.context if block.source is None]
    sources = [block for block in declaration.context if block.source is not None]
    instruction = [sections[key] for key in ("clarity", "constraints", "output_format")]
    instruction += [sections[f"context.{block.id}"] for block in texts]
    material = [sections[f"context.{block.id}"] for block in sources]
    material += shown
    return {
        key: in_lines([("", section) for section in sections], "\n\n")
        for key, sections in ((INSTRUCTION, instruction), (MATERIAL, material))
    }
