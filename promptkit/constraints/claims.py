"""What texts claim in checkable words: numbers, identifiers, URLs, e-mail addresses and quoted strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

__all__ = ["Claim", "ClaimKind", "claims_of", "number_key"]

ClaimKind: TypeAlias = Literal["numbers", "urls", "emails", "quotes"]

# Each begins only where its own characters do not run on before it: that keeps the search linear.
_URL = re.compile(r"(?<![\w.+-])(?:https?://|www\.)[^\s<>\"`{}|\\^\u201c\u201d]+", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_QUOTES = re.compile(
    '"([^"\n]{1,2000})"|\u201c([^\u201c\u201d\n]{1,2000})\u201d|\u201e([^\u201e\u201c\u201d\n]{1,2000})[\u201c\u201d]'
    "|\u00ab([^\u00ab\u00bb\n]{1,2000})\u00bb"
)
_MARKER = re.compile(r"^[ \t>#*+-]*\d{1,2}[.)](?=\s)", re.MULTILINE)
# Groups of three behind blanks: 12 500, with any of the blanks that typesetters use.
_SPACED = re.compile(r"(?<![\w.,])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3}){1,8}(?![\w])")
# A run of letters and digits, joined by single hyphens, dots, commas, colons, slashes and apostrophes.
_TOKEN = re.compile(r"(?<![^\W_])[^\W_]+(?:(?:[-:/_\u2013\u2212]|[.,'\u2019](?=\d))[^\W_]+)*")
_DIGIT = re.compile(r"\d")
_NUMERAL = re.compile(r"\d+(?:[.,'\u2019]\d+)*")
_UNIT = re.compile(r"(\d+(?:[.,'\u2019]\d+)*)[^\W\d_]{1,4}")
_INNER = re.compile(r"[.,'\u2019]")
_APART = re.compile(r"[-:/_\u2013\u2212]")
_WORD = re.compile(r"[^\W\d_]+")
_LEAST_WORD = 3
_GROUP = 3
_TRAILING = ".,;:!?'*_\u2019\u2026"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a text says and an input could bear out.

    Attributes:
        kind: What it is.
        text: As it stands there.
        keys: What it may be compared as; one that an input has bears it out. A quote has none and is looked for.
        start: First character in the text.
        end: Behind the last one.
        parts: The numbers that ``12 300`` is when it is no number of five digits; all of them together bear it out.
    """

    kind: ClaimKind
    text: str
    keys: frozenset[str]
    start: int
    end: int
    parts: frozenset[str] = frozenset()


def claims_of(text: str) -> Iterator[Claim]:
    """The claims of a text: quoted strings, then addresses, then numbers and identifiers that stand in neither address.

    Numbers are compared by value: ``1,000``, ``1.000``, ``1 000`` and ``1000`` are one number, so are ``2.50`` and
    ``2,5``; ``1.000`` may also be one. Signs, percent and currency do not count, nor do units and the endings of
    ordinals. The parts of dates, times, ranges and versions are numbers of their own. A token with capitals or a
    mixture of letters and digits, such as ``A-1042``, is one identifier, whatever its case. ``1.`` at the
    beginning of a line is no claim.
    """
    for match in _QUOTES.finditer(text):
        yield Claim(
            "quotes", match.group(match.lastindex or 0), frozenset(), *match.span(match.lastindex or 0)
        )
    rest = text
    for match in _URL.finditer(text):
        url = _trimmed(match.group())
        yield Claim("urls", url, frozenset({_url_key(url)}), match.start(), match.start() + len(url))
    rest = _URL.sub(_blank, rest)
    for match in _EMAIL.finditer(rest):
        yield Claim("emails", match.group(), frozenset({match.group().casefold()}), *match.span())
    rest = _MARKER.sub(_blank, _EMAIL.sub(_blank, rest))
    yield from _numbers(rest)


def number_key(number: float) -> str:
    """What a number of JSON is compared as."""
    text = format(Decimal(repr(number)) if isinstance(number, float) else Decimal(number), "f")
    whole, _, fraction = text.lstrip("-").partition(".")
    return _key(whole, fraction)


def _numbers(text: str) -> Iterator[Claim]:
    spaced: dict[int, re.Match[str]] = {match.start(): match for match in _SPACED.finditer(text)}
    behind = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if match.start() < behind or _DIGIT.search(token) is None:
            continue
        whole = spaced.get(match.start())
        if whole is not None:
            behind = whole.end()
            groups = _ascii(whole.group()).split()
            keys, parts = {_key("".join(groups), "")}, {_key(group, "") for group in groups}
            yield Claim("numbers", whole.group(), frozenset(keys), *whole.span(), frozenset(parts))
        elif token.isdecimal():
            yield Claim("numbers", token, frozenset({_key(_ascii(token), "")}), *match.span())
        else:
            yield from _of_token(token, match.start())


def _of_token(token: str, start: int) -> Iterator[Claim]:
    parts = _APART.split(token)
    if any(_is_code(part) for part in parts) or _names_something(parts):
        yield Claim("numbers", token, frozenset({f"id {token.casefold()}"}), start, start + len(token))
        return
    for part in parts:
        unit = _UNIT.fullmatch(part)
        for at, text, keys in _readings(unit.group(1) if unit else part):
            also = {f"id {part.casefold()}"} if unit else set[str]()
            yield Claim("numbers", text, frozenset(keys | also), start + at, start + at + len(text))
        start += len(part) + 1


def _is_code(part: str) -> bool:
    """True for a mixture of letters and digits other than a number with its unit or its ending."""
    if _NUMERAL.fullmatch(part) or _UNIT.fullmatch(part):
        return False
    return _DIGIT.search(part) is not None


def _names_something(parts: list[str]) -> bool:
    """True for ``A-1042`` and ``COVID-19``, not for ``mid-2024`` and ``24-hour``: capitals or a short first part."""
    first = parts[0]
    if len(parts) == 1 or _WORD.fullmatch(first) is None:
        return False
    return len(first) < _LEAST_WORD or not first.islower()


def _readings(text: str) -> Iterator[tuple[int, str, set[str]]]:
    """The numbers of a numeral with points, commas and apostrophes: where, as written, what each may be read as."""
    pieces = _INNER.split(_ascii(text))
    if not all(piece.isdecimal() for piece in pieces):
        return
    marks = _INNER.findall(text)
    keys = _keys(pieces, marks, "".join(pieces))
    if keys:
        yield 0, text, keys
        return
    at = 0
    for piece in pieces:
        yield at, text[at : at + len(piece)], {_key(piece, "")}
        at += len(piece) + 1


def _keys(pieces: list[str], marks: list[str], digits: str) -> set[str]:
    """What a numeral may be read as when it is one number; empty when it is several."""
    if not marks:
        return {_key(digits, "")}
    grouped = all(len(piece) == _GROUP for piece in pieces[1:]) and len(pieces[0]) <= _GROUP
    alike = len(set(marks)) == 1
    keys = {_key(digits, "")} if grouped and alike and pieces[0] != "0" else set[str]()
    if len(marks) == 1 and marks[0] in ".,":
        keys.add(_key(*pieces))
    inner = pieces[1:-1]
    if not alike and len(set(marks[:-1])) == 1 and marks[-1] in ".," and all(len(p) == _GROUP for p in inner):
        keys.add(_key("".join(pieces[:-1]), pieces[-1]))
    return keys


def _key(whole: str, fraction: str) -> str:
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


def _ascii(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(int(char)) if char.isdecimal() else char for char in text)


def _url_key(url: str) -> str:
    """Scheme and host in small letters, without ``www.`` of a missing scheme's and without a slash at the end."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "https", url
    host, slash, path = rest.partition("/")
    return f"{scheme.casefold()}://{host.casefold()}{slash}{path}".rstrip("/")


def _trimmed(url: str) -> str:
    """The address without the marks of the sentence around it."""
    end = len(url)
    opened = url.count("(") - url.count(")")
    while end and (url[end - 1] in _TRAILING or url[end - 1] == "]" or (url[end - 1] == ")" and opened < 0)):
        opened += url[end - 1] == ")"
        end -= 1
    return url[:end]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
