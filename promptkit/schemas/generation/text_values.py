"""Texts within lengths, of a format, matching patterns: written, then checked by the engine that checks answers."""

from __future__ import annotations

from functools import lru_cache

from promptkit.schemas.generation.choices import Choices, NoValue
from promptkit.schemas.generation.documents import Document
from promptkit.schemas.generation.format_texts import KNOWN_FORMATS, format_text
from promptkit.schemas.generation.pattern_texts import is_closed, needs_check, pattern_text
from promptkit.schemas.generation.regular_expressions import Node, Unreadable, parse
from promptkit.schemas.generation.rules import Rules
from promptkit.schemas.places import shown

__all__ = ["text_value"]

MAX_CHARACTERS = 20_000
_TRIES = 40
_ROOM = 24
_WORDS = ("text", "ok", "grüße", "two words", "日本語", "naïve café", "a-b_c", "42", "😀", "Line\nbreak", "x")


def text_value(rules: Rules, document: Document, choices: Choices, path: tuple[str | int, ...]) -> str:
    """A text that meets the rules.

    Raises:
        NoValue: When none was found, or one of more than 20,000 characters is asked for.
    """
    try:
        return _TextMaker(rules, document, choices).text()
    except NoValue as dead:
        raise NoValue(path, dead.detail, proven=dead.proven) from None


class _TextMaker:
    def __init__(self, rules: Rules, document: Document, choices: Choices) -> None:
        self._document = document
        self._choices = choices
        self._patterns = rules.patterns
        self._formats = [name for name in rules.formats if name in KNOWN_FORMATS]
        self._least, self._high = rules.length.low, rules.length.high
        self._trees: list[tuple[str, Node]] = []
        for pattern in self._patterns:
            tree = _tree(pattern)
            if not isinstance(tree, str):
                self._trees.append((pattern, tree))
                self._narrow(pattern, tree)
        self._most = max(self._least, MAX_CHARACTERS if self._high is None else self._high)

    def text(self) -> str:
        if self._least > MAX_CHARACTERS:
            detail = f"minLength {self._least} is above the {MAX_CHARACTERS} characters that are made here"
            raise NoValue((), detail, proven=False)
        if not self._patterns and not self._formats:
            return self._words()
        plain = self._fitted("text")
        if not self._formats and self._is_right(plain, None) and self._choices.draw(3) == 0:
            return plain
        self._choices.spend(len(self._patterns) * 4)
        return self._choices.repeated(_TRIES, self._attempt)

    def _narrow(self, pattern: str, tree: Node) -> None:
        """Lengths that the pattern leaves; what it asks for at least is asked of the whole text."""
        if self._high is not None and tree.least > self._high:
            detail = (
                f"pattern {shown(pattern, 60)} needs {tree.least} characters, maxLength allows {self._high}"
            )
            raise NoValue((), detail, proven=True)
        if is_closed(tree) and tree.most is not None:
            if tree.most < self._least:
                detail = f"pattern {shown(pattern, 60)} ends after {tree.most} characters, minLength is {self._least}"
                raise NoValue((), detail, proven=True)
            self._high = tree.most if self._high is None else min(self._high, tree.most)
        self._least = max(self._least, tree.least)

    def _attempt(self) -> str:
        sources = [*self._formats, *self._trees]
        if not sources:
            reason = _tree(self._patterns[0])
            detail = f"no text is written for pattern {shown(self._patterns[0], 60)}: {reason}"
            raise NoValue((), detail, proven=False)
        source = self._choices.draw(len(sources))
        sure: str | None = None
        if source < len(self._formats):
            text = format_text(self._formats[source], self._choices, self._least, self._most) or ""
        else:
            pattern, tree = self._trees[source - len(self._formats)]
            text = pattern_text(tree, self._choices, self._least, self._most)
            sure = None if needs_check(tree) else pattern
        if not self._is_right(text, sure):
            wanted = [f"pattern {shown(it, 60)}" for it in self._patterns]
            wanted += [f"format {name}" for name in self._formats]
            detail = f"no text was found for {' and '.join(wanted)} in the lengths that are allowed"
            raise NoValue((), detail, proven=False)
        return text

    def _is_right(self, text: str, sure: str | None) -> bool:
        if len(text) < self._least or len(text) > self._most:
            return False
        if not all(self._document.has_format(name, text) for name in self._formats):
            return False
        return all(it == sure or self._document.matches(it, text) for it in self._patterns)

    def _fitted(self, text: str) -> str:
        return text.ljust(self._least, "x")[: self._most]

    def _words(self) -> str:
        choices = self._choices
        word = choices.pick(_WORDS)
        room = min(self._most - self._least, _ROOM)
        if word == _WORDS[0] or choices.frugal:
            return self._fitted(word)
        length = self._least + choices.draw(room + 1)
        text = word
        while len(text) < min(length, 200):
            text += f" {choices.pick(_WORDS)}"
        text = text.ljust(self._least, "x")
        return text[: max(length, self._least, min(len(word), self._most))]


@lru_cache(maxsize=512)
def _tree(pattern: str) -> Node | str:
    """The expression's tree, or why it cannot be read."""
    try:
        return parse(pattern)
    except Unreadable as error:
        return str(error)
