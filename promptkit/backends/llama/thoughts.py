"""Thoughts before an answer: where they end, how long they may be, and what of the text they are."""

from __future__ import annotations

from collections.abc import Sequence

from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.requests import ANSWER_LINE

__all__ = ["Thoughts", "thinks_in_tags"]

_OPEN, _CLOSE = "<think>", "</think>"
_LINE = ANSWER_LINE.encode()


class Thoughts:
    """What a model writes before its answer: free text of a bounded length.

    They end where the model says so: by ``</think>`` if its chat template and vocabulary have that as one token,
    else by a line that begins with ``Answer:``. They also end where the model wants to end its text, and at the
    bound. However they end, the line ``Answer:`` is written in full, as the prompt asks for it, and what follows
    is the answer. So no thought can hold the mark by which they end.

    Args:
        vocabulary: The model's tokens.
        bound: The most tokens that are thought, less those that end it.
        prompt: The prompt's tokens; some templates open the thoughts themselves.

    Attributes:
        tokens: The tokens so far that are no answer, with those that open and end the thoughts.
        over: True once the answer begins.
    """

    def __init__(self, vocabulary: Vocabulary, bound: int, prompt: Sequence[int]) -> None:
        self._vocabulary = vocabulary
        self._bound = bound
        tags = thinks_in_tags(vocabulary)
        self._close = tags[1] if tags is not None else None
        self._opening = [] if tags is None or _is_open(prompt, *tags) else [tags[0]]
        self._written = bytearray()
        self._ending = self._mark = 0
        self._is_chosen = False
        self.tokens = 0
        self.over = False

    @property
    def reasoning(self) -> str:
        """The thoughts so far, without what opens and ends them."""
        text = self._written.decode("utf-8", "replace").strip()
        return text.removeprefix(_OPEN).lstrip()

    @property
    def ends(self) -> bool:
        """True once what ends the thoughts was given out."""
        return self._ending > 0

    @property
    def mark(self) -> tuple[int, bool]:
        """How many tokens of an unfinished mark stand at the end, and whether the model chose it."""
        return (self._mark - self._ending, self._is_chosen) if self._ending else (0, False)

    def repeat(self, tokens: int, reasoning: str) -> None:
        """Thoughts that were thought already: the answer has begun."""
        self.tokens, self.over = tokens, True
        self._written += reasoning.encode()

    def forced(self) -> list[int]:
        """Tokens that must come next: what opens the thoughts, or at their bound what ends them."""
        if self.tokens == 0 and self._opening:
            return self._opening
        if self.tokens - len(self._opening) >= self._bound and not self._ending:
            self._is_chosen = False
            return self._end()
        return []

    def settled(self, token: int) -> list[int]:
        """What is written where the model chose ``token``: itself, or whole what ends the thoughts."""
        self._is_chosen = True
        if token == self._close or token in self._vocabulary.ends:
            return self._end()
        if self._close is not None:
            return [token]
        begun = self._line()
        line = begun + self._vocabulary.pieces[token]
        at = line.find(b"\n" + _LINE) + 1
        if not line.startswith(_LINE, at):
            return [token]
        if at >= len(begun):
            self._written += line[len(begun) : at]
            begun = b""
        else:
            del self._written[len(self._written) - len(begun) :]
        return self._end(begun, at_line=True)

    def consume(self, token: int) -> None:
        """Go on by one token."""
        self.tokens += 1
        if self._ending:
            self._ending -= 1
            self.over = not self._ending
        else:
            self._written += self._vocabulary.pieces[token]

    def _line(self) -> bytes:
        """The last line, from its beginning."""
        return bytes(self._written[self._written.rfind(b"\n") + 1 :])

    def _end(self, begun: bytes = b"", *, at_line: bool = False) -> list[int]:
        """The tokens that end the thoughts.

        Args:
            begun: The part of the line that stands there already.
            at_line: True where the line has its place at once; else it gets a paragraph of its own.
        """
        gap = "" if at_line or not self._written else "\n\n"
        tokens = self._spelled(f"{gap}{ANSWER_LINE.removeprefix(begun.decode())}\n")
        if self._close is not None:
            tokens = [self._close, *tokens]
        self._ending = self._mark = len(tokens)
        return tokens

    def _spelled(self, text: str) -> list[int]:
        if not self._vocabulary.adds_blank:
            return self._vocabulary.tokenize(text)
        return [self._vocabulary.letters[letter.encode()] for letter in text]  # tokenizing would add a blank


def thinks_in_tags(vocabulary: Vocabulary) -> tuple[int, int] | None:
    """The tokens ``<think>`` and ``</think>`` of a model that was trained to think between them; else None."""
    if _CLOSE not in (vocabulary.template or ""):
        return None
    opened, closed = vocabulary.tokenize_whole(_OPEN), vocabulary.tokenize_whole(_CLOSE)
    return (opened[0], closed[0]) if len(opened) == len(closed) == 1 else None


def _is_open(prompt: Sequence[int], opened: int, closed: int) -> bool:
    return next((token == opened for token in reversed(prompt) if token in (opened, closed)), False)
