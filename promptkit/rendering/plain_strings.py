"""Strings of sections that print inputs and do nothing else: put together without a template's machinery."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from jinja2 import nodes

from promptkit.rendering.printing import printed
from promptkit.rendering.sections import Changing, Render, Section, Values, changing
from promptkit.rendering.spans import BLANKS, joined, kept, stripped
from promptkit.schemas import InputField
from promptkit.schemas.fragments import resolve, types_of

__all__ = ["plain_string"]

Shown: TypeAlias = Callable[[str, int], Callable[[Any], Any] | None]
"""Gives for an input and a line what makes of its value a text with its origin; None where none is wanted."""

_SCALARS = frozenset({"boolean", "integer", "null", "number", "string"})


def plain_string(
    tree: nodes.Template,
    fields: Mapping[str, InputField],
    *,
    text: Callable[[str, int], str],
    shown: Shown,
) -> Section | None:
    """The section of a string that holds text and whole inputs of one line's types alone; None for any other.

    Printing those cannot fail, so that no error needs the string's own place.

    Args:
        tree: The string.
        fields: The inputs.
        text: Gives a text of the string, from a line on, as it is printed.
        shown: What is shown of an input's value.
    """
    printed_nodes = list(_printed(tree))
    pieces: list[str | Changing] = []
    for at, node in enumerate(printed_nodes):
        if isinstance(node, nodes.TemplateData):
            data = node.data if at else node.data.lstrip(BLANKS)
            data = data if at < len(printed_nodes) - 1 else data.rstrip(BLANKS)
            pieces += [text(data, node.lineno)] if data else []
        elif isinstance(node, nodes.Name) and node.name in fields and _is_scalar(fields[node.name]):
            pieces.append(_value(fields[node.name], shown(node.name, node.lineno)))
        else:
            return None
    if len(pieces) == 1 or _has_edges(pieces):
        return changing(pieces, sure=len(pieces) > 1 or isinstance(pieces[0], str))
    sure = any(isinstance(piece, str) and piece.strip(BLANKS) for piece in pieces)
    return changing([Changing(_whole(pieces))], sure=sure)


def _printed(tree: nodes.Template) -> Iterator[nodes.Node | None]:
    """What it prints, in order; None for a statement."""
    for node in tree.body:
        yield from node.nodes if isinstance(node, nodes.Output) else [None]


def _is_scalar(field: InputField) -> bool:
    if field.kind == "text":
        return True
    kinds = types_of(resolve(field.json_schema, field.json_schema))
    return field.kind == "json" and bool(kinds) and _SCALARS.issuperset(kinds)


def _has_edges(pieces: list[str | Changing]) -> bool:
    """Whether it begins and ends in text that is not blank, so that nothing is taken off whatever the inputs are."""
    first, last = (pieces[0], pieces[-1]) if pieces else ("", "")
    if not (isinstance(first, str) and isinstance(last, str) and first and last):
        return False
    return first[0] not in BLANKS and last[-1] not in BLANKS


def _value(field: InputField, shown: Callable[[Any], Any] | None) -> Changing:
    name = field.name
    if shown is None:
        return Changing(lambda values: printed(values[name]), name=name if field.kind == "text" else None)
    return Changing(lambda values: printed(shown(values[name])))


def _whole(pieces: list[str | Changing]) -> Render:
    def render(values: Values) -> str:
        texts = [piece if isinstance(piece, str) else piece.render(values) for piece in pieces]
        return kept(stripped(joined(texts)))

    return render
