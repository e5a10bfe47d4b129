"""What a text must mention."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.edges import edge
from promptkit.constraints.folding import folded
from promptkit.constraints.phrases import phrase_in
from promptkit.constraints.rules import Boundary, Scope, joined
from promptkit.schemas.json_types import is_listed, is_mapping
from promptkit.schemas.places import shorten, shown

__all__ = ["MustMention"]

_EXAMPLE = "must_mention: [refund, {any: [14 days, two weeks]}]"


@dataclass(frozen=True, slots=True)
class MustMention:
    """Phrases that all occur in the value's texts, as whole words; a group of phrases needs one of its own.

    Compared as ``never_says`` compares: case, blanks and Unicode forms do not matter.

    Args:
        phrases: Each a phrase, or a list of phrases one of which is enough.
    """

    kind = "must_mention"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    phrases: Sequence[str | Sequence[str]]

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a phrase, a list of phrases, or ``{any: [...]}``, also as one of the list."""
        whole = [argument] if isinstance(argument, str) or is_mapping(argument) else argument
        if not is_listed(whole):
            raise _wrong(argument)
        return cls([_group(part) for part in whole])

    def __post_init__(self) -> None:
        phrases: Any = self.phrases
        if isinstance(phrases, str) or not is_listed(phrases) or not phrases:
            raise _wrong(phrases)
        groups = [(part,) if isinstance(part, str) else part for part in phrases]
        if not all(is_listed(group) and group and all(map(_is_phrase, group)) for group in groups):
            raise _wrong(list(phrases))
        object.__setattr__(self, "phrases", tuple(tuple(group) for group in groups))

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The phrases, each in the group of which one is enough."""
        return tuple((part,) if isinstance(part, str) else tuple(part) for part in self.phrases)

    def sentence(self, subject: str) -> str:
        """Said with every phrase."""
        return f"{subject} mentions {self._said(self.groups)}."

    def fault(self, value: Any, scope: Scope) -> str | None:
        """The first phrase or group that does not occur."""
        missing = self._missing(value)
        return shorten(f"no {joined([shown(phrase, 60) for phrase in missing[0]])}") if missing else None

    def hint(self, value: Any, scope: Scope) -> str:
        """Names what is missing."""
        return f"Mention {self._said(self._missing(value) or self.groups)}."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """All phrases, also in other case; without one of them, and with it inside a longer word."""
        firsts = [group[0] for group in self.groups]
        whole = " ".join(firsts)
        longer = [f"{phrase}x" for phrase in firsts] if len(firsts) == 1 else []
        without = [" ".join(other for other in firsts if other is not phrase) for phrase in firsts]
        return edge(
            self, fragment, scope, [whole, whole.upper(), f"About {whole}."], [*without, *longer, "Nothing."]
        )

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The missing phrases put behind it, each the first of its group."""
        if not isinstance(value, str):
            return value
        added = [group[0] for group in self._missing(value)]
        return " ".join([value.rstrip(), *added]).lstrip() if added else value

    def _missing(self, value: Any) -> list[tuple[str, ...]]:
        return [group for group in self.groups if phrase_in(value, group) is None]

    @staticmethod
    def _said(groups: Sequence[tuple[str, ...]]) -> str:
        return joined([_named(group) for group in groups], "and")


def _named(group: tuple[str, ...]) -> str:
    names = joined([shown(phrase) for phrase in group])
    return f"one of {names}" if len(group) > 1 else names


def _group(part: Any) -> Any:
    if not is_mapping(part):
        return part
    if set(part) != {"any"}:
        raise _wrong(part)
    return [part["any"]] if isinstance(part["any"], str) else part["any"]


def _is_phrase(phrase: Any) -> bool:
    return isinstance(phrase, str) and bool(folded(phrase))


def _wrong(argument: Any) -> ValueError:
    wanted = "phrases, none of them empty, and lists of phrases one of which is enough"
    return wrong_shape("must_mention", wanted, _EXAMPLE, argument)
