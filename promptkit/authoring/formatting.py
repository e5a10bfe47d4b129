"""One way to write a prompt file: order of keys, indentation, blanks; nothing that is rendered changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from promptkit.authoring.document import KEYS
from promptkit.authoring.front_matter import Split, split_text
from promptkit.authoring.indentation import Line, indented, lines_of
from promptkit.authoring.jinja_spacing import formatted_body, spaced
from promptkit.authoring.nodes import Pairs, Scalar, Source, plain
from promptkit.authoring.yaml_text import load
from promptkit.errors import TemplateError
from promptkit.schemas.json_types import is_list, is_object

__all__ = ["formatted"]

_ORDER = {key: number for number, key in enumerate((*KEYS, "template"))}
_KEY = re.compile(r"([A-Za-z_]\w*)[ \t]*:")
_OTHER_BREAKS = "\x85\u2028\u2029"


def formatted(text: str, *, file: str, yaml_document: bool) -> str:
    r"""A prompt file's text in the one way to write it; formatting that again changes nothing.

    Line breaks become ``\n``, keys of the top level come in the order of the reference, levels are indented by
    two blanks, delimiters of the template hold one blank on either side. Comments stay with what they stand at.
    What cannot be indented without changing a value is left as it is.

    Args:
        text: The text.
        file: What errors call the file.
        yaml_document: True for a ``.prompt.yaml`` file.

    Raises:
        TemplateError: When the text is no prompt file as far as its parts go.
    """
    split = split_text(text, file=file, yaml_document=yaml_document)
    if yaml_document:
        made = _with_spaced_template(_front(split), file)
        # A text in a block that ends with the file, and without a line break, is another one with it.
        whole = text.endswith("\n") or _values(f"{text}\n", split) == _values(text, split)
        return f"{made}\n" if whole else made
    body = formatted_body(split.body)
    if split.yaml is None:
        return body
    front = _front(split)
    return f"---\n{front}{chr(10) if front else ''}---\n{body}"


def _front(split: Split) -> str:
    """The YAML, by the most thorough of the ways that keeps every value."""
    text = split.yaml or ""
    source = Source(split.file, tuple(split.text.split("\n")))
    root = load(text, source=source, first_line=split.yaml_line)
    if (
        root is None
        or not isinstance(root, Pairs)
        or root.flow
        or any(mark in text for mark in _OTHER_BREAKS)
    ):
        return text.removesuffix("\n")
    try:
        lines = lines_of(text)
    except yaml.YAMLError:
        return text.removesuffix("\n")
    wanted, end = _values(text, split), "\n" if text.endswith("\n") else ""
    for attempt in (indented(lines), lines):
        made = "\n".join(_tidied(_ordered(attempt)))
        if wanted in (_values(made + end, split), _values(f"{made}\n", split)):
            return made
    return text.removesuffix("\n")


def _values(text: str, split: Split) -> Any:
    """All that the YAML says, whatever the order of its first level; None for what cannot be read."""
    try:
        root = load(text, source=Source(split.file, tuple(text.split("\n"))))
    except TemplateError:
        return None
    data: Any = plain(root) if root is not None else {}
    if is_object(data) and isinstance(body := data.get("template"), str):
        data = {**data, "template": body.rstrip("\n")}  # what stands behind the last message is in none
    return [(key, _listed(data[key])) for key in sorted(data)] if is_object(data) else data


def _listed(value: Any) -> Any:
    """Mappings as lists of pairs, since their order counts."""
    if is_object(value):
        return [(key, _listed(part)) for key, part in value.items()]
    return [_listed(part) for part in value] if is_list(value) else value


def _ordered(lines: list[Line]) -> list[Line]:
    """The entries of the first level in their order, each with the comments above it."""
    head, entries = _entries(lines)
    entries.sort(key=lambda entry: _ORDER.get(entry[0], len(_ORDER)))
    return [*head, *(line for _, own in entries for line in own)]


def _entries(lines: list[Line]) -> tuple[list[Line], list[tuple[str, list[Line]]]]:
    """What stands before the first entry and is parted from it by a blank line, and the entries."""
    entries: list[tuple[str, list[Line]]] = []
    above: list[Line] = []
    head: list[Line] = []
    for line in lines:
        key = None if line.goes_on else _KEY.match(line.text)
        if key is None and line.text[:1] in ("'", '"') and not line.goes_on:
            return list(lines), []  # a key in quotes: the order is left to its author
        if key is not None:
            if not entries:
                head, above = _parted(above)
            entries.append((key[1], [*above, line]))
            above = []
        elif line.is_blank or line.is_comment:
            above.append(line)
        else:
            if entries:
                entries[-1][1].extend([*above, line])
            above = [] if entries else [*above, line]
    if entries:
        _close(entries, above)
    return head, entries


def _parted(above: list[Line]) -> tuple[list[Line], list[Line]]:
    blank = max((number for number, line in enumerate(above) if line.is_blank), default=-1)
    return above[: blank + 1], above[blank + 1 :]


def _close(entries: list[tuple[str, list[Line]]], rest: list[Line]) -> None:
    entries[-1][1].extend(line for line in rest if not line.is_blank)


def _tidied(lines: list[Line]) -> Iterator[str]:
    """No blanks at the ends of lines, no blank lines at the ends, and never two together."""
    blank = True
    pending = False
    for line in lines:
        if line.is_blank:
            pending = not blank
            continue
        if pending:
            yield ""
            pending = False
        blank = False
        yield line.text if line.block else line.text.rstrip()


def _with_spaced_template(front: str, file: str) -> str:
    """A YAML document whose template has its blanks in order."""
    root = load(front, source=Source(file, tuple(front.split("\n"))))
    node = root.get("template") if isinstance(root, Pairs) else None
    if not isinstance(node, Scalar) or node.style != "literal":
        return front
    lines = front.split("\n")
    first, last = node.place.line, node.end_line
    made = "\n".join([*lines[:first], spaced("\n".join(lines[first:last])), *lines[last:]])
    try:
        again = load(made, source=Source(file, tuple(made.split("\n"))))
    except TemplateError:
        return front
    if not isinstance(again, Pairs) or plain(again).keys() != plain(root).keys():  # type: ignore[arg-type]
        return front
    return made
