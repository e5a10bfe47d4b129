"""Forms: what a rule allows of a text, said so that a decoder can follow it token by token.

A backend that decodes here makes its mask from them; every other backend leaves the rule to the check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Derived", "Excerpt", "Form", "Listed", "Whole", "Without"]


@dataclass(frozen=True, slots=True)
class Whole:
    r"""Texts that a pattern matches from end to end.

    Attributes:
        pattern: A regular expression in the syntax of ``matches`` (Rust's ``regex``); ``.`` is any
            character but a line break (ECMA's four), ``[\s\S]`` is any at all.
    """

    pattern: str


@dataclass(frozen=True, slots=True)
class Without:
    """Texts in which none of the phrases occurs as whole words, compared as ``folding.folded`` does.

    Attributes:
        phrases: As they were written.
    """

    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """Texts that a grammar derives.

    Attributes:
        grammar: A grammar in Lark's notation as llguidance reads it, which names no tokens of a model.
    """

    grammar: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Certain texts and no others.

    Attributes:
        texts: The texts, at least one.
    """

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Texts that are a passage of one of several source texts, letter for letter.

    Attributes:
        texts: The sources; None while they are not known, which is so when a plan is made without inputs.
    """

    texts: tuple[str, ...] | None


Form: TypeAlias = Whole | Without | Listed | Excerpt | Derived
