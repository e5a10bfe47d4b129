"""Texts in quotation marks: where one ends when its marks are of another kind, missing, or stand inside it too."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from promptkit.output.alignment.blanks import KEY, Blanks, fold, is_quoted, key_name
from promptkit.output.alignment.escapes import unescape

__all__ = ["OPENERS", "Strings", "Text"]

Where = Literal["name", "value", "item"]

_CLOSERS = {'"': '"', "'": "'", "`": "`", "“": '”“"', "”": '”"', "„": '“”"', "‘": "’'", "«": "»", "‹": "›"}
OPENERS = frozenset(_CLOSERS)
"""Characters that begin a text."""

_PLAIN = re.compile(r'"[^"\\\x00-\x1f]*"')
_CONTROL = re.compile(r"[\x00-\x1f]")
_STOPS = {closers: re.compile(rf"[\\\n{closers}]") for closers in set(_CLOSERS.values())}
_VALUE_START = re.compile(r"[\"'“„`\[{(\d\-+.]|true\b|false\b|null\b|none\b", re.IGNORECASE)
_LONGEST_NAME = 100
_NAME_INSIDE = re.compile(r"(?P<name>[^:\n]{1,60}?)\s{0,20}:\s{0,20}\Z")


@dataclass(frozen=True, slots=True)
class Text:
    """One text.

    Attributes:
        text: What stands between its marks, without escapes.
        end: The offset behind its closing mark.
        rules: What was mended in it.
        cut: True when the answer ends inside it.
        unclear: Why its end or its meaning may be another; None when it is clear.
    """

    text: str
    end: int
    rules: tuple[str, ...] = ()
    cut: bool = False
    unclear: str | None = None


class Strings:
    """Reads texts; every character is looked at a bounded number of times.

    Args:
        text: The whole answer.
        blanks: Skips what stands between parts.
        names: The names that the schema has, folded.
        step: Called for each place that is looked at closely.
    """

    def __init__(self, text: str, blanks: Blanks, names: frozenset[str], step: Callable[[], None]) -> None:
        self._text = text
        self._blanks = blanks
        self._names = names
        self._step = step

    def read(self, at: int, where: Where, *, bare_names: bool = False) -> Text:
        """The text that begins with the mark at ``at``.

        Args:
            at: Offset of the opening mark.
            where: A name, the value of a name, or an item of a list.
            bare_names: True when names of the object around stand without quotation marks.
        """
        plain = _PLAIN.match(self._text, at)
        if plain is not None and self._ends(plain.end(), where, bare_names):
            return Text(plain.group()[1:-1], plain.end())
        tripled = self._tripled(at)
        if tripled is not None:
            return tripled
        return _Scan(self, at, where, bare_names).text()

    def _tripled(self, at: int) -> Text | None:
        """A text in three marks, as Python and Markdown write it."""
        mark = self._text[at : at + 3]
        if mark not in ('"""', "'''", "```"):
            return None
        end = self._text.find(mark, at + 3)
        if end < 0:
            return Text(self._text[at + 3 :], len(self._text), ("quotes",), cut=True)
        while self._text.startswith(
            mark, end + 1
        ):  # a mark of the text itself stands before the closing three
            end += 1
        made = unescape(self._text[at + 3 : end])
        return Text(made.text, end + 3, ("quotes",), unclear=made.unclear)

    def _ends(self, behind: int, where: Where, bare_names: bool) -> bool:
        """True when what stands behind a mark is what follows a text that is finished."""
        self._step()
        text = self._text
        at, _ = self._blanks.skip(behind)
        following = text[at : at + 1]
        if where == "name":
            return following in (":", "=", "[", "{") or (
                at > behind and (following in OPENERS or following.isdigit() or following == "-")
            )
        if following in ("}", "]", ")", ""):
            return True
        if where == "item":
            if following == ",":
                at, _ = self._blanks.skip(at + 1)
                return (
                    text[at : at + 1] in ("", "]", ")", "}", ",") or _VALUE_START.match(text, at) is not None
                )
            return at > behind and following in "\"'“„`[{"
        if following in (",", ";"):
            at, _ = self._blanks.skip(at + 1)
            return text[at : at + 1] in ("", "}", ",", ")") or self._is_name(at, bare_names)
        return text.startswith("```", at) or (self._is_name(at, bare_names) and not self._begins_name(behind))

    def _begins_name(self, behind: int) -> bool:
        """True when a mark looks like the first one of a name, whose last one stands behind it."""
        key = KEY.match(self._text, behind)
        return key is not None and not is_quoted(key) and self._text[key.end("bare")] in "\"'”’"

    def _is_name(self, at: int, bare_names: bool) -> bool:
        key = KEY.match(self._text, at)
        if key is None:
            return False
        return is_quoted(key) or bare_names or fold(key["bare"]) in self._names

    def known_name(self, at: int) -> bool:
        """True when a name of the schema with its colon begins there."""
        self._step()
        key = KEY.match(self._text, at)
        return key is not None and fold(key_name(key)) in self._names

    def is_known(self, name: str) -> bool:
        """True for a name of the schema in any spelling."""
        return fold(name) in self._names


class _Scan:
    """The search for the end of one text."""

    def __init__(self, strings: Strings, at: int, where: Where, bare_names: bool) -> None:
        self._strings = strings
        self._source = strings._text  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self._where: Where = where
        self._bare_names = bare_names
        self._opener = self._source[at]
        self._doubled = self._source[at : at + 2] == '""' and not self._ends(at + 2)
        self._start = at + (2 if self._doubled else 1)
        self._rules = [] if self._opener == '"' and not self._doubled else ["quotes"]
        self._inner = 0
        self._strange = False  # a mark inside stands where no quotation begins or ends

    def text(self) -> Text:
        """The text up to the first mark that can end it."""
        source, at = self._source, self._start
        closers = _CLOSERS[self._opener]
        stops = _STOPS[closers]
        while True:
            stop = stops.search(source, at)
            if stop is None:
                return Text(source[self._start :], len(source), tuple(self._rules), cut=True)
            at, found = stop.start(), stop.group()
            if found == "\\":
                at += 2
            elif found == "\n":
                if self._where != "item" and self._missing(at, at + 1):
                    return self._made(at, at, "quote_missing")
                at += 1
            elif (end := self._closed(at)) is not None:
                return end
            else:
                at += 1

    def _ends(self, behind: int) -> bool:
        return self._strings._ends(behind, self._where, self._bare_names)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def _closed(self, at: int) -> Text | None:
        """The text when the mark at ``at`` ends it; None when it stands inside."""
        source = self._source
        if self._doubled and source.startswith('""', at) and self._ends(at + 2):
            return self._made(at, at + 2)
        if not self._doubled and self._ends(at + 1):
            return self._made(at, at + 1)
        if self._where == "value" and self._before_comma(at) and self._strings.known_name(at):
            return self._made(at, at, "quote_missing")
        if self._where == "name" and self._key_without_end(at):
            colon = source.rindex(":", self._start, at)
            return self._made(colon, colon, "quote_missing")
        if self._opener != "'":
            self._inner_mark(at)
        return None

    def _inner_mark(self, at: int) -> None:
        """Count a mark inside; marks of a quotation stand before its first word and behind its last one."""
        before, behind = self._source[at - 1 : at], self._source[at + 1 : at + 2]
        opens = self._inner % 2 == 0
        if opens:
            fits = (at == self._start or before.isspace() or before in "([{-–—/'") and not behind.isspace()
        else:
            fits = not before.isspace() and (behind.isspace() or behind in ".,;:!?)]}-–—/'\"")
        self._inner += 1
        self._strange = self._strange or not (fits and behind)

    def _missing(self, line_end: int, next_line: int) -> bool:
        """True when a known name begins the next line, so that the closing mark is missing on this one."""
        return self._where == "value" and self._strings.known_name(next_line) and line_end > self._start

    def _before_comma(self, at: int) -> bool:
        return self._source[max(self._start, at - 20) : at].rstrip().endswith(",")

    def _key_without_end(self, at: int) -> bool:
        inside = _NAME_INSIDE.fullmatch(self._source, self._start, min(at, self._start + _LONGEST_NAME))
        return (
            inside is not None
            and at - self._start <= _LONGEST_NAME
            and self._strings.is_known(inside["name"])
        )

    def _made(self, stop: int, end: int, *rules: str) -> Text:
        raw = self._source[self._start : stop]
        if "quote_missing" in rules:
            raw = raw.rstrip().removesuffix(",").rstrip()
        made = unescape(raw)
        unclear = made.unclear
        mended = [*self._rules, *rules]
        if self._inner and self._opener != "'":
            mended.append("inner_quotes")
            if self._inner % 2 or self._strange:
                unclear = "it is unclear where a text with quotation marks inside ends"
        if made.mended:
            mended.append("escape")
        if _CONTROL.search(raw):
            mended.append("control")
        return Text(made.text, end, tuple(mended), unclear=unclear)
