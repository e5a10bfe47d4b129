"""Patterns of rules and schemas rewritten for the grammar: the same texts, as they are spelled there."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from promptkit.backends.llama.spellings import Spelling, charset, is_misquoted
from promptkit.constraints.patterns import matches_whole

__all__ = ["Unsayable", "found_regex", "reads_otherwise", "whole_regex"]

# ECMA's white space, which the checks mean by \s; Rust's own has U+0085 and lacks U+FEFF.
_BLANK = r"\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"
_CLASSES = {
    "d": "0-9",
    "D": "[^0-9]",
    "w": "A-Za-z0-9_",
    "W": "[^A-Za-z0-9_]",
    "s": _BLANK,
    "S": f"[^{_BLANK}]",
}
_NO_LINE_BREAK = r"^\n\r\x{2028}\x{2029}"  # what a dot is in ECMA's expressions
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_CODE = re.compile(r"x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})")
_PROPERTY = re.compile(r"[pP](?:\{[A-Za-z0-9_=^]+\}|[A-Z])")
# The engine's white space and its dot are not ECMA's, and it knows classes inside classes.
_READ_ALIKE = re.compile(r"(?:\\[^sS]|[^\\.\[]|\[(?:\\[^sS]|[^\\\[\]])*+\])*+")
_CLASS = re.compile(r"\\(?![pP])[\s\S]|(?P<kind>\\[pP](?:\{[^}]*\}|.)|\[(?:\\[\s\S]|[^\\\]])*+\])")
_REPEAT = re.compile(r"\{\d+(?:,\d*)?\}")
_TWICE = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})(?:[*+]|\{\d)")
_GROUP = re.compile(r"\((?:\?(?:P?<[A-Za-z_]\w*>|(?P<flags>i?(?:-i)?):|(?P<rest>i?(?:-i)?)\)))?")
_PUNCTUATION = re.compile(r"[^\sA-Za-z0-9]")


class Unsayable(Exception):
    """The grammar cannot say it; the message says what and begins with a small letter."""


def whole_regex(pattern: str, spelling: Spelling) -> str:
    """Texts that the pattern matches from end to end, as ``matches`` reads it.

    Raises:
        Unsayable: When the pattern has what the grammar engine lacks, or reads in another way.
    """
    return _Rewriter(pattern, spelling).run()


def found_regex(pattern: str, spelling: Spelling) -> str:
    """Texts in which the pattern is found, as JSON Schema's ``pattern`` reads it.

    Raises:
        Unsayable: As ``whole_regex`` does, and for anchors elsewhere than at the ends.
    """
    rewriter = _Rewriter(pattern, spelling)
    inner = rewriter.run()
    anchored = pattern.startswith("^"), _ends_in_anchor(pattern)
    if rewriter.has_choice and rewriter.anchors:
        raise Unsayable("the pattern has anchors inside a choice")
    if rewriter.anchors != sum(anchored):
        raise Unsayable("the pattern has an anchor elsewhere than at its ends")
    before, after = ("" if end else f"{spelling.character}*" for end in anchored)
    return f"{before}(?:{inner}){after}"


def reads_otherwise(pattern: str) -> bool:
    """True when the grammar engine by itself may take the pattern for another than the check does."""
    if _READ_ALIKE.fullmatch(pattern) is None:
        return True
    if _repeats_twice(pattern):
        return True
    kinds = {found["kind"] for found in _CLASS.finditer(pattern) if found["kind"]}
    try:
        return any(is_misquoted(partial(matches_whole, kind)) for kind in kinds)
    except ValueError:
        return True


def _repeats_twice(pattern: str) -> bool:
    """True for what one engine takes for a repeated repeat, another for a possessive one or for an error."""
    return _TWICE.search(_CLASS.sub("x", pattern)) is not None


def _ends_in_anchor(pattern: str) -> bool:
    escapes = len(pattern) - 1 - len(pattern[:-1].rstrip("\\"))
    return pattern.endswith("$") and escapes % 2 == 0


class _Rewriter:
    """One pass over a pattern, an atom at a time."""

    def __init__(self, pattern: str, spelling: Spelling) -> None:
        self._pattern = pattern
        self._spelling = spelling
        self._at = 0
        self._depth = 0
        self.anchors = 0
        self.has_choice = False

    def run(self) -> str:
        if _repeats_twice(self._pattern):
            raise Unsayable("the pattern repeats a repeat")
        written: list[str] = []
        while self._at < len(self._pattern):
            written.append(self._next())
        return "".join(written)

    def _next(self) -> str:
        letter = self._pattern[self._at]
        steps: dict[str, Callable[[], str]] = {
            "\\": self._escape,
            "[": self._bracket,
            "(": self._group,
            ")": self._close,
            "{": self._repeat,
            ".": self._dot,
            "^": self._start,
            "$": self._end,
            "|": self._choice,
        }
        step = steps.get(letter)
        if step is not None:
            return step()
        self._at += 1
        if letter in "*+?":
            return letter
        if letter in "]}":
            raise Unsayable(f"the pattern has an unescaped {letter}")
        return self._atom(charset([letter]), self._at - 1)

    def _atom(self, inside: str, start: int) -> str:
        """The class of one character that the pattern has from ``start`` to here."""
        source = self._pattern[start : self._at]
        return self._spelling.one_of(inside, lambda special: matches_whole(source, special))

    def _dot(self) -> str:
        self._at += 1
        return self._atom(_NO_LINE_BREAK, self._at - 1)

    def _escape(self) -> str:
        start = self._at
        if self._pattern[start:] == r"\z" or (start == 0 and self._pattern.startswith(r"\A")):
            self._at += len(r"\A")
            self.anchors += 1
            return ""
        inside = self._escaped()
        return self._atom(inside[1:-1] if inside.startswith("[") else inside, start)

    def _escaped(self) -> str:
        """The class that an escape stands for, as the inside of brackets."""
        rest = self._pattern[self._at + 1 :]
        kind = rest[:1]
        found = _CODE.match(rest) or _PROPERTY.match(rest)
        if found is not None:
            self._at += 1 + found.end()
            return _inside(found)
        self._at += 1 + len(kind)
        if kind in _CLASSES:
            return _CLASSES[kind]
        if kind in _CONTROL:
            return charset(_CONTROL[kind])
        if _PUNCTUATION.fullmatch(kind) and kind.isascii():
            return charset(kind)
        raise Unsayable(rf"the pattern has \{kind}")

    def _bracket(self) -> str:
        start = self._at
        self._at += 1
        negated = self._pattern.startswith("^", self._at)
        self._at += negated
        inside = "^" if negated else ""
        begin = self._at
        while not self._pattern.startswith("]", self._at):
            letter = self._pattern[self._at : self._at + 1]
            if letter in ("", "[") or self._pattern[self._at : self._at + 2] in ("&&", "--", "~~"):
                raise Unsayable("the pattern has a class inside a class")
            if letter == "\\":
                inside += self._escaped()
            elif letter == "-" and self._is_range(begin):
                inside += "-"
                self._at += 1
            else:
                inside += charset([letter])
                self._at += 1
        if self._at == begin:
            raise Unsayable("the pattern has an empty class")
        self._at += 1
        return self._atom(inside, start)

    def _is_range(self, begin: int) -> bool:
        """Whether the ``-`` here stands between two characters."""
        before, after = self._pattern[begin : self._at], self._pattern[self._at + 1 : self._at + 3]
        if not before or after.startswith("]"):
            return False
        if re.search(r"\\[dDwWsSpP]\Z|\\[pP]\{[^}]*\}\Z", before) or re.match(r"\\[dDwWsSpP]", after):
            raise Unsayable("the pattern has a range from or to a class")
        return True

    def _group(self) -> str:
        found = _GROUP.match(self._pattern, self._at)
        if found is None or self._pattern.startswith("?", found.end()):
            raise Unsayable("the pattern has look-around or flags other than i")
        self._at = found.end()
        if found["rest"] is not None:
            return f"(?{found['rest']})" if found["rest"] else ""
        self._depth += 1
        return f"(?{found['flags'] or ''}:"

    def _close(self) -> str:
        self._at += 1
        if not self._depth:
            raise Unsayable("the pattern has an unbalanced bracket")
        self._depth -= 1
        return ")"

    def _repeat(self) -> str:
        found = _REPEAT.match(self._pattern, self._at)
        if found is None:
            raise Unsayable("the pattern has an unescaped {")
        self._at = found.end()
        return found.group()

    def _start(self) -> str:
        self._at += 1
        self.anchors += 1
        if self._at > 1:
            raise Unsayable("the pattern has ^ behind its beginning")
        return ""

    def _end(self) -> str:
        self._at += 1
        self.anchors += 1
        if self._at < len(self._pattern):
            raise Unsayable("the pattern has $ before its end")
        return ""

    def _choice(self) -> str:
        self._at += 1
        self.has_choice = self.has_choice or not self._depth
        return "|"


def _inside(found: re.Match[str]) -> str:
    code = next(filter(None, found.groups()), None) if found.re is _CODE else None
    if code is None:
        return f"\\{found.group()}"
    if int(code, 16) > 0x10FFFF or 0xD800 <= int(code, 16) < 0xE000:  # noqa: PLR2004 - Unicode's own bounds
        raise Unsayable(rf"the pattern has \{found.group()}, which is no character")
    return charset(chr(int(code, 16)))
