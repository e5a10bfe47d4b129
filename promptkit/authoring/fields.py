"""Typed reading of nodes: each function gives the value asked for, or an error that shows the mended line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from promptkit.authoring.nodes import Items, Node, Pair, Pairs, Scalar
from promptkit.errors import TemplateError
from promptkit.spelling import did_you_mean

__all__ = [
    "as_integer",
    "as_items",
    "as_pairs",
    "as_text",
    "as_texts",
    "first_text_line",
    "known_keys",
    "required",
]

# ``#5`` after a blank is part of a sentence that YAML cuts off, and so is `` # `` after a single blank; a comment
# that is meant as one stands two blanks away, as YAML linters ask for.
_SWALLOWED = re.compile(r"[ \t]+#\S")
_SWALLOWED_PROSE = re.compile(r"[ \t]#")


def as_pairs(node: Node, what: str) -> Pairs:
    """The mapping that ``node`` must be; ``what`` names it in errors, for example ``clarity``."""
    if isinstance(node, Pairs):
        return node
    raise node.place.fault(
        f"{what} must be a mapping, and is {_kind(node)}. Write `key: value` lines below it."
    )


def as_items(node: Node, what: str) -> Sequence[Node]:
    """The items of the list that ``node`` must be."""
    if isinstance(node, Items):
        return node.items
    raise node.place.fault(
        f"{what} must be a list, and is {_kind(node)}. Write one `- item` line for each item."
    )


def as_text(node: Node, what: str) -> str:
    """The text that ``node`` must be; a number or a word such as true counts as the text it is written as.

    Raises:
        TemplateError: For lists, mappings and nothing at all, and for text that a `` #`` cut short.
    """
    if not isinstance(node, Scalar):
        raise _no_text(node, what)
    if node.value is None and node.style == "plain":
        raise node.place.fault(f"{what} is empty. Write a text behind the colon, or remove the key.")
    if node.style == "plain":
        _refuse_swallowed_text(node, what)
    return node.text


def as_texts(node: Node, what: str, *, lone: bool = False) -> tuple[str, ...]:
    """The texts of a list; with ``lone``, one text may stand for a list of one."""
    if lone and isinstance(node, Scalar):
        return (as_text(node, what),)
    return tuple(as_text(item, f"{what}[{index}]") for index, item in enumerate(as_items(node, what)))


def as_integer(node: Node, what: str, *, least: int | None = None, most: int | None = None) -> int:
    """The whole number that ``node`` must be, within bounds."""
    value = node.value if isinstance(node, Scalar) else None
    bounds = _bounds(least, most)
    if not isinstance(value, int) or isinstance(value, bool):
        raise node.place.fault(f"{what} must be a whole number{bounds}, and is {_kind(node)}.")
    if (least is not None and value < least) or (most is not None and value > most):
        raise node.place.fault(f"{what} is {value}, and must be a whole number{bounds}.")
    return value


def known_keys(
    pairs: Pairs, what: str, known: Iterable[str], *, elsewhere: Mapping[str, str] | None = None
) -> Mapping[str, Pair]:
    """The entries, once every key is a known one.

    Args:
        pairs: The mapping.
        what: Its name in errors; empty for the file's top level.
        known: The keys that may stand in it.
        elsewhere: For keys that people write by mistake, the sentence that says where such a thing belongs.
    """
    allowed = tuple(known)
    for key, pair in pairs.entries.items():
        if key in allowed:
            continue
        if elsewhere and key in elsewhere:
            raise pair.key.place.fault(elsewhere[key])
        where = f" in {what}" if what else ""
        raise pair.key.place.fault(
            f"Unknown key {key!r}{where}{did_you_mean(key, allowed)}. Known here: {', '.join(allowed)}."
        )
    return pairs.entries


def required(entries: Mapping[str, Pair], key: str, what: str, owner: Node) -> Node:
    """The value under ``key``, which must be there."""
    if key in entries:
        return entries[key].value
    raise owner.place.fault(f"{what} has no {key}. Add `{key}: ...` to it.")


def first_text_line(node: Node) -> int:
    """The line at which the text of ``node`` begins: the one below for a block that ``|`` announces."""
    if isinstance(node, Scalar) and node.style in ("literal", "folded"):
        return node.place.line + 1
    return node.place.line


def _bounds(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    return f" of at least {least}" if least is not None else ""


def _kind(node: Node) -> str:
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Pairs):
        return "a mapping"
    if node.value is None:
        return "empty"
    return f"the text {node.text!r}" if isinstance(node.value, str) else node.text


def _no_text(node: Items | Pairs, what: str) -> TemplateError:
    block = not node.flow and isinstance(node, Pairs)
    cause = "YAML takes the text before the colon for a key" if block else "it begins with a bracket"
    return node.place.fault(
        f"{what} must be text, and is {_kind(node)}, because {cause}. Put the text in quotes: "
        f"{node.place.mended()}"
        if block or node.flow
        else f"{what} must be text, and is {_kind(node)}. Write one text."
    )


def _refuse_swallowed_text(node: Scalar, what: str) -> None:
    line = node.place.source.at(node.end_line, node.end_column)
    swallowed = _SWALLOWED.match(line.text, node.end_column - 1)
    if swallowed is None and " " in node.text:
        swallowed = _SWALLOWED_PROSE.match(line.text, node.end_column - 1)
    if swallowed is None:
        return
    start = node.place.column - 1
    mend = f'{node.place.text[:start].lstrip()}"{node.place.text[start:].rstrip()}"'
    raise line.fault(
        f"{what} ends here for YAML, which takes # behind a blank for a comment. Put the text in quotes, for "
        f"example {mend}, or write a comment as two blanks, #, and a blank."
    )
