"""Banned phrases as a terminal of the grammar: every text in which the check would find one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promptkit.backends.llama.letters import (
    based_on,
    combining,
    invisible,
    is_combining,
    ligatures,
    misfolded,
    unfolded,
    word_class,
)
from promptkit.backends.llama.regexes import Unsayable
from promptkit.backends.llama.spellings import Spelling, charset
from promptkit.constraints.folding import folded

__all__ = ["ban_terminals"]

_SPACE_ZERO = "\u200b"  # read both as nothing and as a blank


def ban_terminals(phrases: Sequence[str], spelling: Spelling, name: str) -> tuple[str, ...]:
    """Lines of Lark that define the terminal ``name``: all texts in which one of the phrases is said.

    A phrase is found in every variant that folding makes the same: case, compatibility forms, blanks of any
    kind and number, invisible characters inside, letters with their marks written apart. The terminal holds
    every text that the check finds fault with. It also holds these, which no ordinary text needs:

    - the five deprecated combining marks U+0340, U+0341 and U+0343 to U+0345, and a combining mark behind a
      ligature such as U+FB01;
    - a phrase whose last letter, or the letter before which, carries a mark that is written apart although
      one character for both exists (text in NFC never does so);
    - a phrase whose words are joined by invisible characters alone;
    - a letter of a phrase that has a mark of its own, when its base letter is written with any mark apart.

    Raises:
        Unsayable: When a phrase has a combining mark at its beginning or behind a blank.
    """
    said = [folded(phrase) for phrase in phrases]
    for phrase in said:
        if any(is_combining(letter) for letter in re.findall(r"(?:\A| )(.)", phrase)):
            raise Unsayable("a phrase has a combining mark without a letter before it")
    lines = list(_shared(spelling, name))
    for number, phrase in enumerate(dict.fromkeys(said)):
        lines += _Phrase(phrase=phrase, spelling=spelling, name=f"{name}_{number}", shared=name).lines()
    choices = [f"{name}_{number}" for number in range(len(dict.fromkeys(said)))]
    lines.append(f"{name}: {' | '.join([*choices, f'{name}_ODD'])}")
    return tuple(lines)


def _shared(spelling: Spelling, name: str) -> Iterator[str]:
    """Terminals that all phrases use: any character, what is no letter, what is not seen, blanks."""
    unseen = invisible()
    inside = rf"[\x{{0}}-\x{{10ffff}}]--[{word_class()}]--[{charset(unseen - {_SPACE_ZERO})}]"
    blanks = unfolded()[" "] | {" "}
    # All there is: behind a phrase anything is banned, which the engine must see at once.
    yield rf"{name}_A: ~/[^\x{{0}}-\x{{10ffff}}]/"
    yield f"{name}_C: /{spelling.character}/"
    yield f"{name}_N: /{spelling.one_of(inside, lambda _: True)}/"
    yield f"{name}_I: /{spelling.one_in(unseen)}*/"
    empty = spelling.one_in(blanks | unseen)
    yield f"{name}_S: /{empty}*{spelling.one_in(blanks | {_SPACE_ZERO})}{empty}*/"
    yield f"{name}_M: /{spelling.one_in(combining())}/"
    odd = f"/{spelling.one_in(misfolded())}/"
    yield f"{name}_ODD: {name}_C* ({odd} | /{spelling.one_in(ligatures())}/ {name}_I {name}_M) {name}_A"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phrase:
    """One folded phrase.

    Attributes:
        phrase: The folded phrase.
        spelling: How the text is spelled.
        name: The terminal for it.
        shared: What the names of the shared terminals begin with.
    """

    phrase: str
    spelling: Spelling
    name: str
    shared: str

    def lines(self) -> list[str]:
        """The terminals, one for each place in the phrase."""
        size = len(self.phrase)
        lines = [f"{self._at(size)}: {self._end()}"]
        lines += [f"{self._at(place)}: {' | '.join(self._choices(place))}" for place in reversed(range(size))]
        begin = f"{self.shared}_C*"
        if _begins_word(self.phrase):
            begin = f"({begin} {self.shared}_N)? {self.shared}_I"
        whole = [f"{begin} {self._at(0)}"]
        whole += [f"{self.shared}_C* {choice}" for choice in self._from_ligatures()]
        return [*lines, f"{self.name}: {' | '.join(whole)}"]

    def _at(self, place: int) -> str:
        return f"{self.name}_{place}"

    def _end(self) -> str:
        if not _ends_word(self.phrase):
            return f"{self.shared}_A"
        return f"{self.shared}_I ({self.shared}_N {self.shared}_A)?"

    def _choices(self, place: int) -> Iterator[str]:
        """Ways to go on from a place: by one character for one letter or several, or by a letter and marks."""
        rest = self.phrase[place:]
        if rest[0] == " ":
            yield f"{self.shared}_S {self._at(place + 1)}"
        else:
            own = unfolded().get(rest[0], frozenset({rest[0]}))
            yield f"/{self.spelling.one_in(own)}/ {self._then(place + 1)}"
            yield from self._apart(place)
        for fold in {fold for fold in ligatures().values() if rest.startswith(fold)}:
            yield f"/{self.spelling.one_in(unfolded()[fold])}/ {self._then(place + len(fold))}"
        cut = {
            character
            for character, fold in ligatures().items()
            if len(fold) > len(rest) and fold.startswith(rest) and self._ends_before(fold[len(rest) :])
        }
        if cut:
            yield f"/{self.spelling.one_in(cut)}/ {self.shared}_A"

    def _then(self, place: int) -> str:
        """The places from here on, behind what is not seen."""
        return self._at(place) if place == len(self.phrase) else f"{self.shared}_I {self._at(place)}"

    def _apart(self, place: int) -> Iterator[str]:
        """A letter with its marks, written as a letter with marks behind it."""
        end = place + 1
        while end < len(self.phrase) and is_combining(self.phrase[end]):
            end += 1
        parts = unicodedata.normalize("NFD", self.phrase[place:end])
        if len(parts) > 1:
            base = f"/{self.spelling.one_in(based_on(parts[0]))}/"
            yield f"{base} ({self.shared}_I {self.shared}_M)+ {self._then(end)}"

    def _from_ligatures(self) -> Iterator[str]:
        """Characters in the midst of which the phrase begins, each with what follows."""
        starts: dict[int, set[str]] = {}
        inside: set[str] = set()
        for character, fold in ligatures().items():
            for cut in range(1, len(fold)):
                rest = fold[cut:]
                if not self._begins_behind(fold[:cut]):
                    continue
                if self.phrase.startswith(rest):
                    starts.setdefault(len(rest), set()).add(character)
                elif rest.startswith(self.phrase) and self._ends_before(rest[len(self.phrase) :]):
                    inside.add(character)
        for size, characters in starts.items():
            yield f"/{self.spelling.one_in(characters)}/ {self._then(size)}"
        if inside:
            yield f"/{self.spelling.one_in(inside)}/ {self.shared}_A"

    def _begins_behind(self, text: str) -> bool:
        return not _begins_word(self.phrase) or not _ends_word(text)

    def _ends_before(self, text: str) -> bool:
        return not _ends_word(self.phrase) or not _begins_word(text)


def _begins_word(text: str) -> bool:
    return re.match(r"\w", text) is not None


def _ends_word(text: str) -> bool:
    return re.search(r"\w\Z", text) is not None
