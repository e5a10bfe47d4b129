"""Blanks inside the delimiters of a template: one on either side, which changes nothing that is rendered."""

from __future__ import annotations

import re

__all__ = ["formatted_body", "spaced"]

_OPENING = re.compile(r"\{([{%#])")
_CLOSING = {"{": "}}", "%": "%}", "#": "#}"}
_OPEN, _CLOSE = "([{", ")]}"
_RAW = re.compile(r"raw\b")
_ENDRAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")


def spaced(template: str) -> str:
    """The template with one blank between each delimiter and what stands in it.

    Comments and what stands in ``raw`` blocks stay as they are, and so does a line break behind a delimiter.
    A template whose delimiters do not close is given back as it is.
    """
    pieces: list[str] = []
    at = 0
    while (opening := _OPENING.search(template, at)) is not None:
        end = _end_of(template, opening.end(), opening[1])
        if end is None:
            return template
        pieces.append(template[at : opening.start()])
        tag = template[opening.start() : end]
        pieces.append(tag if opening[1] == "#" else _tag(tag))
        at = end
        if opening[1] == "%" and _RAW.match(tag[2:-2].strip("-+ \t\n")):
            closing = _ENDRAW.search(template, at)
            if closing is None:
                return template
            pieces.append(template[at : closing.start()])
            at = closing.start()
    pieces.append(template[at:])
    return "".join(pieces)


def formatted_body(body: str) -> str:
    """The template: no blank lines before and behind it; what stands in messages stays."""
    made = spaced(body)
    lines = made.split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        lines.pop()
    if lines and lines[-1].rstrip().endswith("%}"):
        lines[-1] = lines[-1].rstrip()
    return "".join(f"{line}\n" for line in lines)


def _end_of(template: str, at: int, kind: str) -> int | None:
    """Where a tag ends: texts in quotes and brackets inside it are passed over."""
    closing = _CLOSING[kind]
    if kind == "#":
        found = template.find(closing, at)
        return None if found < 0 else found + len(closing)
    depth = 0
    while at < len(template):
        char = template[at]
        if char in "\"'":
            at = _end_of_text(template, at)
        elif depth == 0 and template.startswith(closing, at):
            return at + len(closing)
        else:
            depth += (char in _OPEN) - (char in _CLOSE and depth > 0)
            at += 1
    return None


def _end_of_text(template: str, at: int) -> int:
    quote, at = template[at], at + 1
    while at < len(template) and template[at] != quote:
        at += 2 if template[at] == "\\" else 1
    return at + 1


def _tag(tag: str) -> str:
    start, inner, end = tag[:2], tag[2:-2], tag[-2:]
    if inner[:1] in ("-", "+"):
        start, inner = start + inner[0], inner[1:]
    if inner[-1:] in ("-", "+"):
        end, inner = inner[-1] + end, inner[:-1]
    body = inner.strip(" \t")
    if not body.strip():
        return tag
    before = "" if body.startswith("\n") else " "
    # Blanks behind a line break are the indentation of the delimiter's own line.
    after = inner[len(inner.rstrip(" \t")) :] if body.endswith("\n") else " "
    return f"{start}{before}{body}{after}{end}"
