"""A file's text → front matter and body."""

from __future__ import annotations

import re
from dataclasses import dataclass

from promptkit.errors import TemplateError

__all__ = ["Split", "normalised", "split_text"]

_OPENING = re.compile(r"(?:[ \t]*\n)*---[ \t]*(?:\n|\Z)")
_CLOSING = re.compile(r"---[ \t]*(?:\n|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    r"""A prompt file taken apart.

    Attributes:
        file: The file's path, for messages.
        text: The whole text, line breaks as ``\n``.
        yaml: The YAML document; None for a file that is a body alone.
        yaml_line: Line at which the YAML begins, counted from 1.
        yaml_document: True when the whole file is YAML and the body stands in it.
        body: Jinja text behind the front matter.
        body_line: Line at which the body begins, counted from 1.
    """

    file: str
    text: str
    yaml: str | None
    yaml_line: int = 1
    yaml_document: bool = False
    body: str = ""
    body_line: int = 1


def normalised(text: str, *, file: str) -> str:
    r"""The text without byte order mark and with ``\n`` as its only line break.

    Raises:
        TemplateError: For a text without content and for NUL characters.
    """
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        column = nul - text.rfind("\n", 0, nul)
        raise TemplateError(
            "A NUL character stands here, so this is no text file. Remove it.",
            file=file,
            line=line,
            column=column,
        )
    if not text.strip():
        raise TemplateError(
            "The file is empty. Write a template, or front matter between two lines of --- with at least a "
            "`clarity:` section.",
            file=file,
            line=1,
        )
    return text


def split_text(text: str, *, file: str, yaml_document: bool = False) -> Split:
    """Take a file's text apart; of several pairs of ``---`` lines only the first is front matter.

    Raises:
        TemplateError: When the text has no content, holds NUL, or front matter is never closed.
    """
    text = normalised(text, file=file)
    if yaml_document:
        return Split(file=file, text=text, yaml=text, yaml_document=True)
    opening = _OPENING.match(text)
    if opening is None:
        return Split(file=file, text=text, yaml=None, body=text)
    first = text.count("\n", 0, opening.end() - 1) + 1
    closing = _closing(text, opening.end())
    if closing is None:
        raise TemplateError(
            "The front matter that begins here is never closed. Add a line --- between it and the template.",
            file=file,
            line=first,
            column=1,
        )
    yaml = text[opening.end() : closing.start()]
    return Split(
        file=file,
        text=text,
        yaml=yaml,
        yaml_line=first + 1,
        body=text[closing.end() :],
        body_line=first + 2 + yaml.count("\n"),
    )


def _closing(text: str, start: int) -> re.Match[str] | None:
    """The first line from ``start`` on that is three dashes; ``start`` is where a line begins."""
    at = start
    while (found := _CLOSING.match(text, at)) is None:
        at = text.find("\n---", at) + 1  # a search by the expression itself would look at each line
        if at == 0:
            return None
    return found
