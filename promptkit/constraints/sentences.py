"""Where the sentences of a text end, told by marks, spelling and short lists of abbreviations."""
# ruff: noqa: RUF001, RUF002, SIM905 - marks of many scripts; lists of words read best as words

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["sentence_ends"]

# Marks of UAX 29's Sentence_Break classes STerm and ATerm that are in everyday use; those of the second line
# end a sentence without a blank behind them.
_SPACED = ".!?…‽⁇⁈⁉؟۔।॥።"
_TIGHT = "。！？｡．"
_CLOSING = "\"'”’“‘»«›)]}*_`」』】）〉》"
_QUOTES = frozenset("\"'”’“‘»«›")
_END = re.compile(
    rf"(?P<marks>[{_SPACED}{_TIGHT}]++)(?P<closing>[{re.escape(_CLOSING)}]*+)"
    rf"(?P<gap>\s*+)(?P<opening>[\"'“‘„‚«»‹›(\[{{¿¡*_`#「『【（-]*+[^\S\n]*+)(?P<next>.?)"
    r"|(?P<paragraph>\n[^\S\n]*\n\s*+)",
    re.DOTALL,
)
_LAST_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*\Z")
_WORD_CHARS = 24
_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
_LETTER_DOT = re.compile(r"[^\W\d_]\.")

_BEFORE_ANYTHING = frozenset(
    # English, then German; what may end a sentence ("etc.", "Inc.", "usw.") stands in neither list.
    "mr mrs ms mx dr prof st mt ft rev hon gen col capt lt sgt sen rep gov messrs vs viz cf approx dept resp "
    "nr bzw vgl ca evtl ggf inkl exkl sog zzgl geb hrsg dipl ing frl str bspw insb zb dh".split()
)
_BEFORE_NUMBERS = frozenset(
    "no nos nr art p pp fig figs vol ch sec eq ed par tel abs kap abb tab bd s z ziff "
    "jan feb mar apr jun jul aug sep sept oct nov dec okt dez".split()
)
_AFTER_DAYS = frozenset(
    "januar jänner februar märz april mai juni juli august september oktober november dezember".split()
)
_MAY_END = frozenset({"a.m", "p.m"})


def sentence_ends(text: str) -> list[int]:
    """The place behind each sentence of the text, in characters; as many as it has sentences.

    A sentence ends at ``. ! ? …`` and their like, with the quotes and brackets that close behind them, before a
    blank or the end; at ``。！？`` also without a blank; and at an empty line. A text without such an end is one
    sentence, and a text of blanks alone is none. A piece without a letter or digit belongs to its neighbour.

    A full stop or an ellipsis before a small letter ends nothing, and neither does a mark in quotes before one.
    No end are the stops of initials (``J. Doe``, ``U.S.``), of numbers at the start of a line (``1. First``), of
    German days (``3. Mai``) and of English and German abbreviations such as ``Dr.`` and ``z. B.``, some of them
    (``No.``, ``p.``) only before a number.
    """
    ends: list[int] = []
    looked_at, says_something = 0, False
    for end in _candidates(text):
        says_something = says_something or any(text[place].isalnum() for place in range(looked_at, end))
        looked_at = end
        if says_something:
            ends.append(end)
            says_something = False
    return ends or [len(text)] * bool(text.strip())


def _candidates(text: str) -> Iterator[int]:
    """Where a sentence ends if it says something; the end of the text is one of them."""
    for match in _END.finditer(text):
        end = _end_of(match, text)
        if end is not None:
            yield end
    yield len(text)


def _end_of(match: re.Match[str], text: str) -> int | None:
    if match["paragraph"] is not None:
        return match.start()
    marks, closing, following = match["marks"], match["closing"], match["next"]
    end = match.end("closing")
    if not following or "\n" in match["gap"].replace("\n", "", 1):
        return end
    if marks[-1] in _TIGHT:
        return None if closing and not match["gap"] and not match["opening"] else end
    if not match["gap"]:
        return None
    if following.islower() and (set(marks) <= {".", "…"} or _QUOTES & set(closing)):
        return None
    return None if marks == "." and not closing and _is_abbreviation(match, text) else end


def _is_abbreviation(match: re.Match[str], text: str) -> bool:
    """Whether the full stop belongs to the word before it."""
    stop = match.start()
    found = _LAST_WORD.search(text[max(0, stop - _WORD_CHARS) : stop])
    if found is None:
        return False
    word, following = found.group(), match["next"]
    if word.isdigit():
        line = text[max(0, stop - _WORD_CHARS) : stop - len(word)]
        starts_line = not line.strip(" \t") or line.rstrip(" \t").endswith("\n")
        return starts_line or _next_word(match, text) in _AFTER_DAYS
    if _DOTTED.fullmatch(word):
        return word.casefold() not in _MAY_END
    if len(word) == 1 and word.isalpha():
        spaced = bool(_LETTER_DOT.match(text, match.start("next")))
        return word.isupper() or spaced or (word in _BEFORE_NUMBERS and following.isdigit())
    folded = word.casefold()
    return folded in _BEFORE_ANYTHING or (folded in _BEFORE_NUMBERS and following.isdigit())


def _next_word(match: re.Match[str], text: str) -> str:
    start = match.start("next")
    found = re.match(r"[^\W\d_]+", text[start : start + _WORD_CHARS])
    return found.group().casefold() if found else ""
