"""Regular expressions that match in time linear in the text, whatever a model wrote."""

from __future__ import annotations

import re
from functools import lru_cache

import jsonschema_rs

__all__ = ["check_pattern", "is_pattern", "matches_whole", "plain_form"]

MAX_PATTERN = 1_000
# Bytes of a compiled pattern. The time for a character grows with it, so it bounds counted repeats such as
# (\w{1,100}){1,100}; `.{0,1000}` takes about 0.8 MB.
_MAX_COMPILED = 2 << 20
# An escape, a class, or a group that sets flags; of the last, the flags it turns on.
_FLAGS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?P<flags>[A-Za-z]+)(?:-[A-Za-z]+)?[:)]", re.DOTALL)
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|.", re.DOTALL)
_DIGITS = frozenset({"[0-9]", r"[\d]"})
_TOO_LARGE = 16 << 20  # only to tell a large pattern from a malformed one


def check_pattern(pattern: str) -> None:
    """Refuse what the engine cannot match.

    Raises:
        ValueError: When the pattern is too long, malformed, or needs a backtracking engine; with the mend.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(
            f"matches has a pattern of {len(pattern)} characters; at most {MAX_PATTERN} are allowed"
        )
    if any("s" in (found["flags"] or "") for found in _FLAGS.finditer(pattern)):
        raise ValueError(
            rf"matches has a pattern with the flag s, which JSON Schema's engines do not know: {pattern}. Write "
            r"[\s\S] where a character may be a line break"
        )
    # Alone too: `a)|(b` is balanced only inside the brackets that _whole puts around it.
    if is_pattern(pattern):
        return
    if _accepts(pattern, _TOO_LARGE):
        raise ValueError(
            f"matches has a pattern that is too large or ends in a comment: {pattern}. Make its repeat counts "
            r"smaller; how long a text is, maxLength limits better, as [\p{L} ]+ with maxLength: 100"
        )
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"matches has a pattern that is no regular expression: {error}") from None
    raise ValueError(
        f"matches has a pattern that cannot be matched in linear time: {pattern}. Write it without look-around "
        r"such as (?=x), back-references such as \1, and \Z, write {0,3} for {,3} and \{ for a brace, and keep "
        "repeat counts small"
    )


def is_pattern(pattern: str) -> bool:
    """True when the engine can match the pattern, of whatever length it is written."""
    return _accepts(pattern) and _accepts(_whole(pattern))


def matches_whole(pattern: str, text: str) -> bool:
    """True when the checked pattern matches the text from end to end; a lone surrogate counts as U+FFFD."""
    return _compiled(_whole(pattern)).is_valid(_encodable(text))


def plain_form(pattern: str) -> str:
    """A pattern without what means nothing where the whole of a text must match it.

    Gone are the anchors at its ends, a group around all of it, captures, and ``[0-9]`` for a digit. Two patterns of
    one plain form match the same texts; two of different forms may as well.
    """
    pieces = [
        "(?:" if piece == "(" else r"\d" if piece in _DIGITS else piece for piece in _PIECE.findall(pattern)
    ]
    pieces = pieces[1:] if pieces[:1] == ["^"] else pieces
    pieces = pieces[:-1] if pieces[-1:] == ["$"] else pieces
    while pieces[:1] == ["(?:"] and _end_of_group(pieces) == len(pieces) - 1:
        pieces = pieces[1:-1]
    return "".join(pieces)


def _end_of_group(pieces: list[str]) -> int:
    """Where the group that begins the pattern ends."""
    depth = 0
    for at, piece in enumerate(pieces):
        depth += (piece == "(?:") - (piece == ")")
        if depth == 0:
            return at
    return len(pieces)


def _whole(pattern: str) -> str:
    return rf"\A(?:{pattern})\z"


def _encodable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _accepts(pattern: str, limit: int = _MAX_COMPILED) -> bool:
    try:
        _compiled(pattern, limit)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=512)
def _compiled(pattern: str, limit: int = _MAX_COMPILED) -> jsonschema_rs.Draft202012Validator:
    """The pattern in Rust's `regex` engine (finite automata, no backtracking) by way of JSON Schema."""
    return jsonschema_rs.Draft202012Validator(
        {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions(size_limit=limit)
    )
