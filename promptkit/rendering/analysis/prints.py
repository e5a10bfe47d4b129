"""What a prompt prints, in its order: text that never changes, values, and where a stranger's text gets in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from promptkit.messages import Role
from promptkit.rendering.analysis.kinds import Kind
from promptkit.rendering.analysis.problems import Problems
from promptkit.rendering.faults import Place

__all__ = ["FixedText", "Print", "check_prefix", "check_trust"]

_WORTH_CACHING = 200
"""Characters of unchanging text behind a changing value from which the order is worth a warning: about 50 tokens."""


@dataclass(frozen=True, slots=True)
class FixedText:
    """Text that is the same with every call.

    Attributes:
        role: The message that it stands in; None for what several messages hold.
        size: Characters, by and large.
    """

    role: Role | None
    size: int


@dataclass(frozen=True, slots=True)
class Print:
    """A value that is printed.

    Attributes:
        role: The message that it stands in; None where it stands in none.
        kind: What it is.
        node: The expression.
        place: The text that it stands in.
        fenced: True when it is labelled as data.
    """

    role: Role | None
    kind: Kind
    node: nodes.Node
    place: Place
    fenced: bool = False


def check_trust(prints: Iterable[FixedText | Print], problems: Problems) -> None:
    """Note every untrusted value that stands unfenced in a system message."""
    for item in prints:
        if isinstance(item, Print) and item.role == "system" and not item.kind.trusted and not item.fenced:
            what = item.kind.path or "a value"
            problems.place = item.place
            root = what.partition(".")[0].partition("[")[0]
            declare = f", or declare `trust: {{{root}: trusted}}` when only your own program sets it"
            message = (
                f"{what} is untrusted and stands in a system message, where a stranger's words would count as "
                f"instructions; move it to the user message or fence it{declare if item.kind.path else ''}"
            )
            problems.add("untrusted-system", message, item.node, what.rpartition(".")[2].removesuffix("[]"))


def check_prefix(prints: Sequence[FixedText | Print], problems: Problems) -> None:
    """Note the first changing value that stands before instructions or examples that never change."""
    first = next(
        (at for at, item in enumerate(prints) if isinstance(item, Print) and item.kind.changes), None
    )
    if first is None:
        return
    found = prints[first]
    assert isinstance(found, Print)
    rest = [item for item in prints[first:] if isinstance(item, FixedText) and item.role in ("system", None)]
    size = sum(item.size for item in rest)
    if size < _WORTH_CACHING:
        return
    before = sum(item.size for item in prints[:first] if isinstance(item, FixedText))
    what = found.kind.path or "a value"
    problems.place = found.place
    message = (
        f"{what} changes from call to call and stands before about {size} characters that never change, so a "
        f"provider can keep only the first {before} characters of the prompt; move it behind them"
    )
    problems.add("unstable-prefix", message, found.node, what.rpartition(".")[2].removesuffix("[]"))
