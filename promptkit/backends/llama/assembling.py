"""Bytes of tokens to text that may be shown: whole characters, nothing of a stop text."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

__all__ = ["TextAssembler"]


class TextAssembler:
    """Puts an answer's text together, piece by piece.

    The result does not depend on how the bytes are cut into pieces. Bytes that are no UTF-8 become U+FFFD.

    Attributes:
        stopped: True once a stop text was written; the text ends before it.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._stop = tuple(text for text in stop if text)  # an empty one would end every answer at once
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stopped = False

    def add(self, piece: bytes) -> str:
        """The text that is safe to show now that ``piece`` was written."""
        return self._show(self._decoder.decode(piece))

    def finish(self, *, is_cut: bool = False) -> str:
        """The text that was held back and did not become a stop text; of a cut one without half a character."""
        shown = "" if is_cut else self._show(self._decoder.decode(b"", final=True))
        rest, self._held = self._held, ""
        return shown + rest

    def _show(self, text: str) -> str:
        if self.stopped:
            return ""
        self._held += text
        ends = [(at + len(stop), at) for stop in self._stop if (at := self._held.find(stop)) >= 0]
        if ends:
            # The stop text that was whole first, as if the text had come letter by letter.
            self.stopped = True
            shown, self._held = self._held[: min(ends)[1]], ""
            return shown
        keep = max((_overlap(self._held, stop) for stop in self._stop), default=0)
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown


def _overlap(text: str, stop: str) -> int:
    """The length of the longest end of ``text`` that begins ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
