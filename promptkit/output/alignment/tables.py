"""Tables of Markdown: one row for each object, or one for each field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from promptkit.output.alignment.blanks import fold
from promptkit.output.alignment.lines import Spoken, plain_node
from promptkit.output.alignment.nodes import Arr, Node, Obj

__all__ = ["has_table", "table"]

_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*")
_TABLE_RULE = re.compile(rf"^(?=[^\n]*\|){_RULE.pattern}$", re.MULTILINE)
_EMPHASIS = "*_` "


def has_table(text: str) -> bool:
    """True when a line parts a table's head from its rows."""
    return _TABLE_RULE.search(text) is not None


def table(text: str, names: Mapping[str, str]) -> Spoken | None:
    """The objects of the only table; one object where it has one row, or a row for each field.

    Args:
        text: The answer.
        names: The fields of an object by their folded names.
    """
    rules = list(_TABLE_RULE.finditer(text))
    if len(rules) != 1:
        return None
    (rule,) = rules
    head = text[: rule.start()].rstrip("\n").rpartition("\n")[2]
    heads = _cells(head)
    rows: list[list[str]] = []
    end = rule.end()
    for line in text[rule.end() + 1 :].split("\n"):
        if "|" not in line:
            break
        rows.append(_cells(line))
        end += len(line) + 1
    node = _node(heads, rows, names)
    return None if node is None else Spoken(node, "table", rule.start() - len(head) - 1, end)


def _node(heads: Sequence[str], rows: Sequence[Sequence[str]], names: Mapping[str, str]) -> Node | None:
    if not rows or any(len(row) != len(heads) for row in rows):
        return None
    fields = [names.get(fold(head)) for head in heads]
    if None not in fields:
        made: list[Node] = [_object(fields, row) for row in rows]
        return made[0] if len(made) == 1 else Arr(made)
    fields = [names.get(fold(row[0])) for row in rows]
    if None in fields or len(heads) != 2:  # noqa: PLR2004 - a name and its value
        return None
    return _object(fields, [row[1] for row in rows])


def _object(fields: Sequence[str | None], values: Sequence[str]) -> Obj:
    return Obj([(name or "", plain_node(value)) for name, value in zip(fields, values, strict=True)])


def _cells(line: str) -> list[str]:
    return [cell.strip(_EMPHASIS) for cell in line.strip().strip("|").split("|")]
