"""The tolerant reader: a value from a text that is nearly JSON, and what was mended to read it."""

from __future__ import annotations

import re

from promptkit.output.alignment.blanks import KEY, Blanks, fold, is_quoted
from promptkit.output.alignment.nodes import Arr, Bare, Fix, Node, Obj, Reading
from promptkit.output.alignment.strings import OPENERS, Strings, Text

__all__ = ["MAX_DEPTH", "Reader", "TooDeep", "TooMuchWork"]

MAX_DEPTH = 100
"""Deepest nesting, as of strict reading."""

_NUMBER_IN_ROW = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?=[ \t\n]+[+-]?\d)")
_LITERAL = re.compile(
    r"(?:[+-]?\d[\d.eE+\-]{0,40}|true|false|null|none)(?=[ \t]{1,20}[\"'“`])", re.IGNORECASE
)
_GROUPED = re.compile(
    r"[+\-−]?[^\W\d_]{0,3}[$€£¥₹]?\s?\d{1,3}(?:,\d{3})+(?:\.\d+)?\s?[%€$£¥₹]?(?=\s*(?:[}\n]|,\s*[\"'}\w]))"
)
_CONSTRUCTOR = re.compile(r"(?P<name>[A-Za-z_][\w.]{0,80})\((?=\s*(?:\)|[A-Za-z_]\w{0,80}\s*=[^=]))")
_PREFIX = re.compile(r"[bBuUrR]{1,2}(?=[\"'])")
_ITEM_END = re.compile(r"[,\]}\n)]|\s(?://|/\*|#)")
_VALUE_END = re.compile(r"[,}\n;)\]]|\s(?://|/\*|#)")
_FENCE_END = re.compile(r"```[^\S\n]*(?:\n|\Z)")
_NAME_CUT = re.compile(r"[\w $.\-]{0,80}\Z")
_NUMBER_NAME = re.compile(r"(-?\d{1,40})\s{0,20}:")
"""Python writes names that are numbers without quotation marks."""
_CLOSING = {"{": "}", "[": "]", "(": ")"}
_ELLIPSES = ("...", "…")


class TooMuchWork(Exception):
    """The answer was looked at more often than its length allows; it is no text that a model means as JSON."""


class TooDeep(TooMuchWork):
    """Objects and lists are nested deeper than any schema asks for."""


class _NoValue(Exception):
    """No value stands there."""


class Reader:
    """Reads values at any place of one text, with one bound on the work for all of them.

    Args:
        text: The whole answer.
        names: The names that the schema has, folded.

    Attributes:
        steps: How many places were looked at closely.
    """

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.steps = 0
        self._most = 4 * len(text) + 1_000
        self._source = text
        self._blanks = Blanks(text)
        self._strings = Strings(text, self._blanks, names, self.step)
        self._names = names
        self._begin()

    def step(self) -> None:
        """Count one look.

        Raises:
            TooMuchWork: When there were more than four for each character.
        """
        self.steps += 1
        if self.steps > self._most:
            raise TooMuchWork

    def charge(self, chars: int) -> None:
        """Count characters that were read in vain, as a later attempt reads them again.

        Raises:
            TooMuchWork: See :meth:`step`.
        """
        self.steps += max(chars, 0) // 2
        self.step()

    def read(self, at: int) -> Reading | None:
        """The object, list or text that begins at ``at``; None where none can be read.

        Raises:
            TooMuchWork: See :meth:`step`.
            TooDeep: Where it nests too deep.
        """
        self._begin()
        try:
            node, end = self._value(at, "item")
        except _NoValue:
            self.charge(2 * (self._furthest - at))
            return None
        return Reading(
            node=node,
            end=end,
            fixes=tuple(self._fixes),
            cut=self._cut,
            inside=self._inside,
            broken=self._broken,
        )

    def _begin(self) -> None:
        self._fixes: list[Fix] = []
        self._place: list[str | int] = []
        self._cut = self._inside = False
        self._broken: str | None = None
        self._furthest = 0

    def _fix(self, rule: str, before: object, after: object) -> None:
        self._fixes.append(Fix(tuple(self._place), rule, before, after))

    def _break(self, reason: str) -> None:
        self._broken = self._broken or reason

    def _skip(self, at: int) -> int:
        at, comment = self._blanks.skip(at)
        if comment:
            self._fix("comment", comment, "")
        self._furthest = max(self._furthest, at)
        return at

    def _value(self, at: int, where: str, *, bare_names: bool = False) -> tuple[Node, int]:
        self.step()
        mark = self._source[at : at + 1]
        if len(self._place) > MAX_DEPTH:
            raise TooDeep
        if mark in _CLOSING and mark:
            return self._object(at + 1, "}") if mark == "{" else self._array(at + 1, _CLOSING[mark])
        if mark in OPENERS:
            return self._text(at, "value" if where == "value" else "item", bare_names=bare_names)
        prefix = _PREFIX.match(self._source, at)
        if prefix is not None:
            self._fix("quotes", prefix.group(), "")
            return self._text(prefix.end(), "value" if where == "value" else "item", bare_names=bare_names)
        made = _CONSTRUCTOR.match(self._source, at)
        if made is not None:
            self._fix("constructor", made.group(), "{")
            return self._object(made.end(), ")")
        return self._bare(at, where, bare_names=bare_names)

    def _text(self, at: int, where: str, *, bare_names: bool = False) -> tuple[str, int]:
        read = self._strings.read(at, where, bare_names=bare_names)  # type: ignore[arg-type]
        self._note(read, at)
        return read.text, read.end

    def _note(self, read: Text, at: int) -> None:
        for rule in read.rules:
            self._fix(rule, self._source[at : read.end], read.text)
        if read.unclear:
            self._break(read.unclear)
        if read.cut:
            self._cut = self._inside = True
        self._furthest = max(self._furthest, read.end)

    # lists

    def _array(self, at: int, closing: str) -> tuple[Node, int]:
        source, made = self._source, Arr()
        if closing != "]":
            self._fix("bracket", "(", "[")
        comma = True
        while True:
            at = self._skip(at)
            mark = source[at : at + 1]
            if not mark or _FENCE_END.match(source, at) or self._cut:
                return self._opened(made, at, more=comma and bool(made.items))
            if mark == ",":
                if comma:
                    self._fix("comma", ",", "")
                comma, at = True, at + 1
            elif mark in ("]", ")", "}"):
                return made, self._list_end(mark, closing, at, trailing=comma and bool(made.items))
            else:
                if not comma:
                    self._fix("comma", "", ",")
                at, comma = self._item(made, at), False

    def _opened(self, made: Arr | Obj, at: int, *, more: bool) -> tuple[Node, int]:
        """What is there of a list or object that the text ends in; ``more`` when a comma announces more."""
        self._cut = made.open = True
        self._inside = self._inside or more
        return made, at

    def _list_end(self, mark: str, closing: str, at: int, *, trailing: bool) -> int:
        if trailing:
            self._fix("comma", ",", "")
        if mark == closing:
            return at + 1
        self._fix("bracket", mark, "]")
        return at if mark == "}" else at + 1  # the brace closes the object around

    def _item(self, made: Arr, at: int) -> int:
        self._place.append(len(made.items))
        node, end = self._value(at, "item")
        self._place.pop()
        if isinstance(node, Bare) and node.text in _ELLIPSES:
            self._fix("elided", node.text, "")
        else:
            made.items.append(node)
        return end

    # objects

    def _object(self, at: int, closing: str) -> tuple[Node, int]:
        source, made = self._source, Obj()
        comma, bare_names = True, False
        while True:
            at = self._skip(at)
            mark = source[at : at + 1]
            if not mark or _FENCE_END.match(source, at) or self._cut:
                return self._opened(made, at, more=comma and bool(made.pairs))
            if mark in (",", ";"):
                if comma or mark == ";":
                    self._fix("comma", mark, "" if comma else ",")
                comma, at = True, at + 1
            elif mark in ("}", ")", "]"):
                if comma and made.pairs:
                    self._fix("comma", ",", "")
                return made, self._object_end(mark, closing, at)
            elif (bare := self._set(made, at)) is not None:
                return bare
            else:
                if not comma:
                    self._fix("comma", "", ",")
                at, bare = self._pair(made, at, bare_names=bare_names)  # type: ignore[assignment]
                comma, bare_names = False, bare_names or bool(bare)

    def _object_end(self, mark: str, closing: str, at: int) -> int:
        if mark == closing:
            return at + 1
        if mark == "]" and self._place and isinstance(self._place[-1], int):
            self._fix("bracket", "", "}")
            return at  # it closes the list around
        raise _NoValue

    def _pair(self, made: Obj, at: int, *, bare_names: bool) -> tuple[int, bool]:
        if self._source.startswith(_ELLIPSES, at):
            self._fix("elided", "...", "")
            return at + (3 if self._source[at] == "." else 1), bare_names
        name, at, bare = self._name(at)
        self._place.append(name)
        at = self._colon(at)
        if self._cut or at >= len(self._source):
            self._cut = self._inside = True
            made.pairs.append((name, Bare("")))
        elif self._source[at] in ",}":
            self._break(f"{name!r} has no value")
            made.pairs.append((name, Bare("")))
        else:
            node, at = self._value(at, "value", bare_names=bare_names or bare)
            made.pairs.append((name, node))
        self._place.pop()
        return at, bare

    def _name(self, at: int) -> tuple[str, int, bool]:
        if self._source[at] in OPENERS:
            text, end = self._text(at, "name")
            return text, end, False
        key = KEY.match(self._source, at)
        if key is not None and not is_quoted(key):
            end = key.end("bare")
            self._fix("unquoted", key["bare"], key["bare"])
            return key["bare"], end + (self._source[end] in "\"'”’"), True
        if _NAME_CUT.match(self._source, at):
            self._cut = self._inside = True
            return self._source[at:].strip(), len(self._source), True
        number = _NUMBER_NAME.match(self._source, at)
        if number is None:
            raise _NoValue
        self._fix("unquoted", number[1], number[1])
        return number[1], number.end(1), True

    def _colon(self, at: int) -> int:
        at = self._skip(at)
        mark = self._source[at : at + 1]
        if mark == ":":
            at = self._skip(at + 1)
            if self._source[at : at + 1] == ":":
                self._fix("colon", ":", "")
                at = self._skip(at + 1)
            return at
        if mark == "=":
            arrow = 2 if self._source.startswith("=>", at) else 1
            self._fix("colon", self._source[at : at + arrow], ":")
            return self._skip(at + arrow)
        if mark and not self._cut:
            if mark not in OPENERS and mark not in "[{-0123456789":
                raise _NoValue
            self._fix("colon", "", ":")
        return at

    def _set(self, made: Obj, at: int) -> tuple[Node, int] | None:
        """Python's notation of a set; None when an object goes on here."""
        if made.pairs or self._source[at] not in "\"'" or KEY.match(self._source, at):
            return None
        end = self._strings.read(at, "item")
        behind, _ = self._blanks.skip(end.end)
        if end.cut or end.unclear or ":" in end.text or self._source[behind : behind + 1] not in (",", "}"):
            return None
        self._fix("bracket", "{", "[")
        node, at = self._array(at, "}")
        return node, at

    # words and numbers

    def _bare(self, at: int, where: str, *, bare_names: bool) -> tuple[Node, int]:
        source = self._source
        row = _NUMBER_IN_ROW.match(source, at) if where == "item" else _GROUPED.match(source, at)
        if row is None and where == "value":
            row = self._before_name(at)
        if row is not None:
            return Bare(row.group()), row.end()
        end = self._bare_end(at, where, bare_names=bare_names)
        word = source[at:end].strip()
        self._furthest = max(self._furthest, end)
        if not word:
            raise _NoValue
        if end >= len(source) and not source[-1].isspace():
            self._cut = self._inside = True
        if word[-1:] in "\"'”" and word.count(word[-1]) == 1:
            self._fix("quote_missing", word, word[:-1])
            return word[:-1].rstrip(), end
        if '"' in word:
            self._break("quotation marks stand in a word that has none around it")
        return Bare(word), end

    def _before_name(self, at: int) -> re.Match[str] | None:
        """A number or word of JSON behind which a name follows without a comma."""
        word = _LITERAL.match(self._source, at)
        return word if word is not None and KEY.match(self._source, word.end()) else None

    def _bare_end(self, at: int, where: str, *, bare_names: bool) -> int:
        source = self._source
        ends = _VALUE_END if where == "value" else _ITEM_END
        depth = 0
        while True:
            self.step()
            found = ends.search(source, at)
            if found is None:
                return len(source)
            mark = found.group()
            depth += source.count("(", at, found.start())
            if mark == ")" and depth > 0:
                depth -= 1
                at = found.end()
            elif (
                where != "value"
                or mark not in (",", ";", ")", "]")
                or (mark == "]" and self._place and any(isinstance(step, int) for step in self._place))
                or (mark in (",", ";") and self._pair_follows(found.end(), bare_names=bare_names))
                or mark == ")"
            ):
                return found.start()
            else:
                at = found.end()

    def _pair_follows(self, at: int, *, bare_names: bool) -> bool:
        at, _ = self._blanks.skip(at)
        following = self._source[at : at + 1]
        if following in ("}", "", ",", ")") or self._source.startswith(_ELLIPSES, at):
            return True
        key = KEY.match(self._source, at)
        return key is not None and (is_quoted(key) or bare_names or fold(key["bare"]) in self._names)
