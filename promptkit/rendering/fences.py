"""Fences: lines of tildes around data, which the data itself cannot close."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import TemplateRuntimeError

from promptkit.rendering.printing import printed
from promptkit.rendering.spans import Span, as_fence, joined

__all__ = ["fenced", "noted_fence"]

_SHORT_BAR = "~~~"
_RUN = re.compile("~{3,}")


def fenced(value: Any, label: str = "data") -> str:
    """The value between two lines of tildes, the first of which carries the label.

    Both lines hold more tildes than any run of tildes in the value, wherever it stands: at least three. A
    line of the value can therefore never look like the closing line, not even after characters that are
    shown as nothing. The value itself is not changed. None gives the empty text; an image or a document is
    given as the part that it is. What is nothing but fences already is given as it is, whatever their labels: that
    is known from a note on the text, which no value can bring along, never from what the text looks like.

    Raises:
        TemplateRuntimeError: When the label is not one short word or phrase.
    """
    if value is None:
        return ""
    text = value
    if type(value) is not str:
        text = printed(value)
        if isinstance(text, Span) and (text.fences or (text.pieces is not None and not text)):
            return text
    if "~" in label or not label.isprintable():
        raise TemplateRuntimeError(f"{label!r} cannot label a fence; give one line of text without tildes")
    bar = _SHORT_BAR
    if "~~~" in text:
        bar = "~" * (max(len(run) for run in _RUN.findall(text)) + 1)
    if type(text) is str:
        return f"{bar} {label}\n{text}\n{bar}"
    return joined([f"{bar} {label}\n", text, f"\n{bar}"])


def noted_fence(value: Any, label: str = "data") -> str:
    """The same with a note that it is a fence, so that it is not fenced again."""
    return as_fence(fenced(value, label))
