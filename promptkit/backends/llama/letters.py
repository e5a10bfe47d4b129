"""Characters by what they are once folded: the variants of a letter that a comparison takes for the same."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from promptkit.constraints.folding import folded

__all__ = [
    "based_on",
    "combining",
    "folds",
    "invisible",
    "is_combining",
    "ligatures",
    "misfolded",
    "unfolded",
    "word_class",
]

# What folds to something else: everything but ideographs, Hangul syllables, surrogates and what is unassigned.
_SCANNED = (
    (0, 0x3400),
    (0x4DC0, 0x4E00),
    (0xA000, 0xAC00),
    (0xF900, 0x20000),
    (0x2F800, 0x2FA20),
    (0xE0000, 0xE1000),
)
_APART = "\ue000"
# Hangul (The Unicode Standard, 3.12): leading consonants, vowels and final consonants; syllables of a consonant.
_LEADING, _SYLLABLES, _PER_LEADING = 0x1100, 0xAC00, 588
_LEADINGS = range(0x1100, 0x1113)
_JAMO = frozenset(map(chr, [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]))
_NEWEST = (16, 0)  # of the Unicode versions that the grammar's engine knows


@cache
def folds() -> Mapping[str, str]:
    """Characters that folding changes, each with what it becomes; blanks become one blank, the invisible nothing."""
    # Folded in one go, between characters that nothing joins or changes.
    wholes = folded(_APART + _APART.join(_scanned()) + _APART).split(_APART)[1:-1]
    return {
        character: whole for character, whole in zip(_scanned(), wholes, strict=True) if whole != character
    }


@cache
def _scanned() -> tuple[str, ...]:
    codes = itertools.chain.from_iterable(itertools.starmap(range, _SCANNED))
    return tuple(character for character in map(chr, codes) if character != _APART)


@cache
def unfolded() -> Mapping[str, frozenset[str]]:
    """Characters by what they become, one or several letters; a text that stays itself is among its own."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for character, fold in folds().items():
        found[fold].add(character)
    for fold in list(found):
        if len(fold) == 1 and fold not in folds():
            found[fold].add(fold)
    return {fold: frozenset(characters) for fold, characters in found.items()}


@cache
def invisible() -> frozenset[str]:
    """Characters that folding leaves out."""
    return unfolded()[""]


@cache
def ligatures() -> Mapping[str, str]:
    """Characters that become several, each with those."""
    return {character: fold for character, fold in folds().items() if len(fold) > 1}


@cache
def misfolded() -> frozenset[str]:
    """Deprecated marks that become something else: where they stand, folding depends on what is around."""
    return frozenset(character for character in folds() if unicodedata.combining(character))


def is_combining(character: str) -> bool:
    """True for what may join the letter before it into one."""
    return bool(unicodedata.combining(character)) or character in _JAMO or character in _joining()


@cache
def combining() -> frozenset[str]:
    """Characters that are combining once folded."""
    return frozenset(
        character
        for character in (*_scanned(), *_JAMO)
        if is_combining((folds().get(character, character) or "x")[0])
    )


@cache
def _joining() -> frozenset[str]:
    """Second characters of canonical compositions."""
    pairs = (unicodedata.decomposition(character).split() for character in _scanned())
    return frozenset(chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and pair[0][0] != "<")  # noqa: PLR2004 - a pair


@cache
def _by_base() -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    wholes = (folds().get(character, character) for character in _scanned())
    decomposed = unicodedata.normalize("NFD", _APART.join(wholes)).split(_APART)
    for character, parts in zip(_scanned(), decomposed, strict=True):
        if parts != character and parts and all(map(is_combining, parts[1:])):
            found[parts[0]].add(character)
    return {base: frozenset(characters) for base, characters in found.items()}


def based_on(base: str) -> frozenset[str]:
    """Characters that are this letter, bare or with marks on it."""
    found = _by_base().get(base, frozenset()) | {base}
    if ord(base) in _LEADINGS:
        first = _SYLLABLES + (ord(base) - _LEADING) * _PER_LEADING
        found |= frozenset(map(chr, range(first, first + _PER_LEADING)))
    return found


@cache
def word_class() -> str:
    r"""Inside of a class: characters that are ``\w`` to the check whatever stands around them.

    Characters that become something else at either end are left out, and those that this Python does not know
    yet, for it takes them for no letters.
    """
    version = min(tuple(map(int, unicodedata.unidata_version.split(".")[:2])), _NEWEST)
    wrong = [
        character
        for character, fold in folds().items()
        if not fold or not (re.match(r"\w", fold) and re.match(r"\w", fold[-1]))
    ]
    excluded = "".join(rf"\x{{{ord(character):x}}}" for character in sorted(wrong) if _is_word(character))
    return rf"[[\p{{L}}\p{{N}}_]&&\p{{age=V{version[0]}_{version[1]}}}]--[{excluded}]"


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"
