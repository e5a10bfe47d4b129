"""Blanks and comments between the parts of a value."""

from __future__ import annotations

import re

__all__ = ["KEY", "Blanks", "fold", "is_quoted", "key_name"]

_BLANK = re.compile(r"[\s\u200b\ufeff]*")
_COMMENTS = ("/", "#")
_FOLDED = re.compile(r"[\s_\-.:*`\"']+")

KEY = re.compile(
    r"""[^\S\n]{0,200}(?:
        (?P<quote>["'`])(?P=quote)?(?P<quoted>(?:\\.|(?!(?P=quote))[^\n\\]){0,80}?)(?P=quote){1,2}\s{0,20}[:=]
      | (?P<smart>[“”„‘])(?P<smartly>[^“”„‘’"\n]{0,80}?)[“”’"]\s{0,20}[:=]
      | (?P<bare>[^\W\d][\w $.\-]{0,60}?)["'”’]?\s{0,20}(?::(?!//)|=)
    )""",
    re.VERBOSE,
)
"""A name with its colon, with or without quotation marks; bounded, so that looking ahead costs no more than its
length."""


def key_name(key: re.Match[str]) -> str:
    """The name that KEY found, as it stands between its marks."""
    return next((name for name in key.group("quoted", "smartly", "bare") if name is not None), "")


def is_quoted(key: re.Match[str]) -> bool:
    """True when the name that KEY found has quotation marks."""
    return key["bare"] is None


def fold(name: str) -> str:
    """A name without what spellings differ in: case, blanks, underscores, hyphens, dots, colons, emphasis."""
    return _FOLDED.sub("", name).casefold()


class Blanks:
    """Skips blanks and comments; each character is looked at a bounded number of times.

    Args:
        text: The whole text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._no_end_after = len(text)  # no "*/" stands at or behind this offset
        self._line = (0, 0)  # the line looked at last: where looking began, and its end

    def skip(self, at: int) -> tuple[int, str]:
        """The next offset that is neither blank nor comment, and the first comment that was skipped."""
        first = ""
        while True:
            at = _BLANK.match(self._text, at).end()  # type: ignore[union-attr]
            if self._text[at : at + 1] not in _COMMENTS:
                return at, first
            end = self._comment_end(at)
            if end == at:
                return at, first
            first = first or self._text[at:end]
            at = end

    def _comment_end(self, at: int) -> int:
        text = self._text
        if text.startswith("/*", at) and at < self._no_end_after:
            end = text.find("*/", at + 2)
            if end >= 0:
                return end + 2
            self._no_end_after = at
            return at
        if text.startswith("//", at) or (text.startswith("#", at) and not text.startswith("##", at)):
            return self._line_end(at)
        return at

    def _line_end(self, at: int) -> int:
        start, end = self._line
        if not start <= at < end:
            end = self._text.find("\n", at)
            end = len(self._text) if end < 0 else end
            self._line = (at, end)
        return end
