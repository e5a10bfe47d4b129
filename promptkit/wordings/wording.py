"""One catalogue: the texts of one language by their keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Wording"]

_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What promptkit says in one language.

    Attributes:
        language: Its ISO 639-1 code, for example ``de``.
        texts: The texts by key. In a text ``{name}`` stands for a value; a unit has its singular and its plural,
            with ``|`` between them.
    """

    language: str
    texts: Mapping[str, str] = field(repr=False)

    def say(self, key: str, **values: str | int) -> str:
        """The text under ``key`` with the values in it.

        Raises:
            ValueError: When the catalogue has no such text; a full sentence.
        """
        text = self.texts.get(key)
        if text is None:
            raise ValueError(f"the catalogue of the language {self.language} has no text {key}; add it there")
        # In one pass, so that a value is never looked through for names.
        return _NAME.sub(lambda name: str(values.get(name[1], name[0])), text) if values else text

    def joined(self, names: Sequence[str], word: str = "or") -> str:
        """Names as a choice, ``a, b or c``; ``word`` is ``or`` or ``and``."""
        if len(names) == 1:
            return names[0]
        return f"{', '.join(names[:-1])} {self.say(f'word.{word}')} {names[-1]}"

    def counted(self, unit: str, number: int) -> str:
        """A number with its unit: ``1 word``, ``2 words``."""
        one, _, several = self.say(f"unit.{unit}").partition("|")
        return f"{number} {one if number == 1 else several}"
