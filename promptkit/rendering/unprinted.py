"""What a prompt declares and its own body never prints: said at load, since a model would not see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from jinja2 import nodes

from promptkit.constraints import Between, Constraint, OneOf
from promptkit.declarations import Clarity, Declaration
from promptkit.errors import TemplateError
from promptkit.rendering.roles import EXAMPLES, SECTION
from promptkit.rendering.units import Unit
from promptkit.rendering.walking import below

__all__ = ["check_printed"]


def check_printed(declaration: Declaration, texts: Iterable[Unit], *, rules: Sequence[Constraint]) -> None:
    """Check that a body prints every section that is declared.

    The format of the output may stay unsaid, since a backend can enforce it; but not where the model is to think
    first, since nothing else tells it so.

    Args:
        declaration: The prompt.
        texts: Its body and everything that this includes or imports; what a branch or a macro prints counts.
        rules: Its constraints. One that stands in the schema (`between`, `one_of`) is said by the format as well.

    Raises:
        TemplateError: When a part is not printed: names all such parts, at the line of the first.
    """
    printed = set(_printed(texts))
    apart = [rule for rule in rules if rule.say is not None or not isinstance(rule.rule, Between | OneOf)]
    needed = bool(apart) or (bool(rules) and "output_format" not in printed)
    lost = [part for part in _declared(declaration, rules=needed) if not printed & {part[0], part[1]}]
    if lost:
        names = ", ".join(name for _, name, _, _ in lost)
        tags = ", ".join(tag for _, _, tag, _ in lost)
        several = len(lost) > 1
        problem = (
            f"{names} {'are' if several else 'is'} declared but never printed by the template, so no model would "
            f"see {'them' if several else 'it'}; print {'them' if several else 'it'} with {tags}, "
            f"or leave {'them' if several else 'it'} out of the file"
        )
        raise TemplateError(problem, file=declaration.place, line=lost[0][3], rule="unprinted-section")


def _declared(declaration: Declaration, *, rules: bool) -> Iterator[tuple[str, str, str, int | None]]:
    """Of each part: a key that prints it among others, its own key, how to print it, and its line."""
    lines = declaration.lines

    def line(name: str) -> int | None:
        return lines.get(name) or next((at for key, at in lines.items() if key.startswith(f"{name}.")), None)

    if declaration.clarity != Clarity():
        yield "clarity", "clarity", "{{ clarity }} in a role block", line("clarity")
    for block in declaration.context:
        key = f"context.{block.id}"
        whole = key if block.source is not None else "context"
        # A block that a variant took over stands in a line of another file.
        own = declaration.place_of(key) == declaration.place
        yield whole, key, f"{{{{ {key} }}}} in a role block", block.line if own else line("extends")
    if declaration.output.reasoning:
        yield "output_format", "output_format", "{{ output_format }} in a role block", line("output")
    if rules:
        at = line("constraints") or next((c.line for c in declaration.constraints if c.line), None)
        yield "constraints", "constraints", "{{ constraints }} in a role block", at
    if declaration.examples:
        at = line("examples") or declaration.examples[0].line
        yield EXAMPLES, "examples", "{% examples %} before the last user block", at


def _printed(texts: Iterable[Unit]) -> Iterator[str]:
    for text in texts:
        for node in below(text.tree, nodes.Filter):
            if node.name == SECTION and isinstance(node.node, nodes.Const):
                yield node.node.value
            elif node.name == EXAMPLES:
                yield EXAMPLES
