"""The kinds of rule that a prompt file may name: promptkit's own, those of the application, those of packages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from promptkit.constraints.affixes import Contains, EndsWith, StartsWith
from promptkit.constraints.choices import OneOf, OneOfInput
from promptkit.constraints.conditions import Expr
from promptkit.constraints.confidence import MinConfidence
from promptkit.constraints.dates import NotAfter, NotBefore, at_least_of, at_most_of, between_of
from promptkit.constraints.formats import Format
from promptkit.constraints.invention import NoInvented
from promptkit.constraints.judged import JUDGED_OPTIONS, Judged, Tone
from promptkit.constraints.languages import Language
from promptkit.constraints.lark import Grammar
from promptkit.constraints.lengths import LENGTHS
from promptkit.constraints.lists import Sorted, Unique
from promptkit.constraints.matching import Matches
from promptkit.constraints.mentions import MustMention
from promptkit.constraints.phrases import NeverSays
from promptkit.constraints.quotations import QuotedFrom
from promptkit.constraints.rules import Rule
from promptkit.schemas.json_types import is_object
from promptkit.schemas.places import shown

__all__ = ["GROUP", "KINDS", "OPTIONS", "Kinds", "RuleClass", "known_kinds"]

GROUP = "promptkit.constraints"
"""The entry-point group under which packages offer rules: ``rhymes = "package.module:Rhymes"``."""

OPTIONS = ("enforce", "id", "line", "on_fail", "say", "severity")
"""What a constraint takes besides its kind; ``line`` is the place in the file."""


class RuleClass(Protocol):
    """A class of rules, as :func:`known_kinds` takes it: it has a ``kind``, and calling it makes a rule."""

    @property
    def kind(self) -> str:
        """The rule's name in files."""
        ...

    def __call__(self, *args: Any, **kwargs: Any) -> Rule:
        """A rule from its argument in the file: see :func:`known_kinds`."""
        ...


_Build: TypeAlias = Callable[[Any], Rule]
Kinds: TypeAlias = Mapping[str, _Build]
"""By the name of a kind in files, what builds its rule from the argument beside it; ValueError when it cannot."""

KINDS: Kinds = MappingProxyType(
    {
        **LENGTHS,
        "contains": Contains.from_argument,
        "ends_with": EndsWith.from_argument,
        "expr": Expr.from_argument,
        "language": Language.from_argument,
        "at_least": at_least_of,
        "at_most": at_most_of,
        "between": between_of,
        "format": Format.from_argument,
        "grammar": Grammar.from_argument,
        "judged": Judged.from_argument,
        "matches": Matches.from_argument,
        "min_confidence": MinConfidence.from_argument,
        "must_mention": MustMention.from_argument,
        "never_says": NeverSays.from_argument,
        "no_invented": NoInvented.from_argument,
        "not_after": NotAfter.from_argument,
        "not_before": NotBefore.from_argument,
        "one_of": OneOf.from_argument,
        "one_of_input": OneOfInput.from_argument,
        "quoted_from": QuotedFrom.from_argument,
        "starts_with": StartsWith.from_argument,
        "sorted": Sorted.from_argument,
        "tone": Tone.from_argument,
        "unique": Unique.from_argument,
    }
)
"""The kinds of rule that come with promptkit."""


def known_kinds(classes: Iterable[RuleClass] = ()) -> Kinds:
    """The kinds of rule that files may name: promptkit's, the given classes, and those of installed packages.

    A class is built from the argument beside its kind in the file: by its classmethod ``from_argument`` where
    it has one; else ``true`` gives no argument, a mapping gives keywords, and anything else is the one argument.
    Packages are looked through when a file names a kind that is not among the others.

    Raises:
        ValueError: When a class has no kind, or a kind that promptkit uses itself.
    """
    return _Known({**KINDS, **{_kind_of(made): _builder(_kind_of(made), made) for made in classes}})


class _Known(Mapping[str, _Build]):
    """Kinds at hand, and behind them those of packages, which are looked for on the first miss."""

    def __init__(self, at_hand: Kinds) -> None:
        self._at_hand = at_hand

    def __getitem__(self, kind: str) -> _Build:
        found = self._at_hand.get(kind)
        if found is not None:
            return found
        return _packaged(_offered()[kind])

    def __contains__(self, kind: object) -> bool:
        return kind in self._at_hand or kind in _offered()

    def __iter__(self) -> Iterator[str]:
        return iter({**self._at_hand, **_offered()})

    def __len__(self) -> int:
        return len({**self._at_hand, **_offered()})


@cache
def _offered() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def _packaged(point: EntryPoint) -> _Build:
    where = f"the entry point {point.name} = {point.value!r} of the group {GROUP}"
    try:
        made: Any = point.load()
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{where} cannot be loaded: {error}; mend or remove its package") from error
    kind = _kind_of(made)
    if kind != point.name:
        raise ValueError(f"{where} names a rule of the kind {kind}; the two names must be equal")
    return _builder(kind, made)


def _kind_of(made: Any) -> str:
    kind: Any = getattr(made, "kind", None)
    name = getattr(made, "__name__", repr(made))
    if not isinstance(kind, str) or not kind.isidentifier():
        raise ValueError(f'{name} is no class of rules: give it a kind, as in kind = "rhymes"')
    if kind in KINDS or kind in OPTIONS or kind in JUDGED_OPTIONS:
        raise ValueError(f"{name} has the kind {kind}, which promptkit uses itself; choose another word")
    return kind


def _builder(kind: str, made: RuleClass) -> _Build:
    own: _Build | None = getattr(made, "from_argument", None)
    if own is not None:
        return own

    def build(argument: Any) -> Rule:
        try:
            if argument is True:
                return made()
            return made(**argument) if is_object(argument) else made(argument)
        except TypeError as error:
            raise ValueError(f"{kind} cannot be made of {shown(argument, 60)}: {error}") from error

    return build
