"""What a rule is: three things every rule has, and abilities that it may have besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from promptkit.completions import Quotation
from promptkit.constraints.forms import Form
from promptkit.constraints.paths import Path

__all__ = [
    "Ability",
    "Binds",
    "Boundary",
    "Bounds",
    "Decodes",
    "Fits",
    "Hints",
    "Narrows",
    "Quotes",
    "Reads",
    "Rule",
    "Scope",
    "Unjudged",
    "joined",
    "takes_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a rule may look at besides its own value.

    Attributes:
        output: The whole output as plain data.
        inputs: The inputs by name as plain data.
        parent: The object of the output that holds the value, for ``quoted_from: docs[id=.doc].text``; None
            where there is none.
        shown: The texts that the model was really shown; None when they are not known, and then the inputs
            count as shown.
        path: Where the value stands in the output.
        confidence: How sure the model was of each field, by its path; None where that is not known.
    """

    output: Any
    inputs: Mapping[str, Any]
    parent: Any = None
    shown: tuple[str, ...] | None = None
    path: str = ""
    confidence: Mapping[str, float] | None = None

    def inputs_at(self, path: Path) -> list[tuple[str, Any]]:
        """Each place of the inputs that a path leads to, as ``(concrete path, value)``."""
        return path.values(self.inputs, parent=self.parent if path.is_relative else None)


class Unjudged(Exception):
    """A rule can say nothing about this value: its verdict is ``unchecked``, with the message as ``got``."""


class Rule(Protocol):
    """One rule about one value. These are what every rule has; ten lines make a new one.

    A rule may also have ``takes``, a frozenset of the JSON types that it can judge (left out: all), and the
    abilities below, each a Protocol of its own.
    """

    @property
    def kind(self) -> str:
        """The rule's name in files, for example ``max_words``."""
        ...

    def sentence(self, subject: str) -> str:
        """The rule said to a model: ``subject`` is what the sentence begins with."""
        ...

    def fault(self, value: Any, scope: Scope) -> str | None:
        """What was found when the value breaks the rule, at most 120 characters; None when it holds.

        Raises:
            Unjudged: When the rule can say nothing about the value.
        """
        ...


if TYPE_CHECKING:
    from abc import ABCMeta as _ProtocolType
else:
    _ProtocolType = type(Protocol)


class Ability(_ProtocolType):
    """The type of abilities: whether a rule has one is looked up once for each class of rules.

    Python 3.11 walks through both classes for each ``isinstance`` with a Protocol, which was a twelfth of
    ``promptkit check``.
    """

    def __instancecheck__(self, instance: object) -> bool:
        known = _KNOWN.setdefault(type(instance), {})
        if self not in known:
            known[self] = super().__instancecheck__(instance)
        return known[self]


_KNOWN: WeakKeyDictionary[type, dict[object, bool]] = WeakKeyDictionary()


@runtime_checkable
class Narrows(Protocol, metaclass=Ability):
    """The ability to be said in JSON Schema."""

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """The JSON Schema of the value with the rule in it; the given one where that cannot be said."""
        ...


@runtime_checkable
class Decodes(Protocol, metaclass=Ability):
    """The ability to be followed while the model writes, where JSON Schema cannot say the rule."""

    def form(self, inputs: Mapping[str, Any] | None) -> Form | None:
        """What the rule allows; ``inputs`` is None when a plan is made before they are known."""
        ...


@runtime_checkable
class Binds(Protocol, metaclass=Ability):
    """The ability to become another rule once the inputs are known."""

    def bound(self, inputs: Mapping[str, Any]) -> Rule:
        """The rule with what it reads of the inputs in it; it must hold for the same values."""
        ...


@runtime_checkable
class Reads(Protocol, metaclass=Ability):
    """The ability to say which inputs the rule reads."""

    def reads(self) -> tuple[Path, ...]:
        """Paths of inputs, for example ``ticket.body``."""
        ...


@runtime_checkable
class Hints(Protocol, metaclass=Ability):
    """The ability to say what to do about a violation."""

    def hint(self, value: Any, scope: Scope) -> str:
        """What to do about a broken rule, as one sentence."""
        ...


@runtime_checkable
class Quotes(Protocol, metaclass=Ability):
    """The ability to say where a value stands in the inputs."""

    def quotations(self, value: Any, scope: Scope) -> tuple[Quotation, ...]:
        """Where; empty when the rule is broken. The ``path`` of each is filled in by the constraint."""
        ...


@dataclass(frozen=True, slots=True)
class Boundary:
    """Values at the edge of a rule.

    Attributes:
        inside: Values that just hold it.
        outside: Values that just break it.
    """

    inside: tuple[Any, ...] = ()
    outside: tuple[Any, ...] = ()


@runtime_checkable
class Bounds(Protocol, metaclass=Ability):
    """The ability to give values at the edge, from which tests are generated."""

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """Values of the kind that ``fragment``, the field's JSON Schema, takes; empty where none are known."""
        ...


@runtime_checkable
class Fits(Protocol, metaclass=Ability):
    """The ability to change a value so that it holds, from which valid values are generated."""

    def fitted(self, value: Any, scope: Scope) -> Any:
        """A value near to the given one that holds the rule; the given one where there is no way."""
        ...


def takes_of(rule: Rule) -> frozenset[str]:
    """JSON types that the rule can judge; empty for all."""
    found: frozenset[str] = getattr(rule, "takes", frozenset())
    return found


def joined(names: Sequence[str], word: str = "or") -> str:
    """Names as a choice: ``a, b or c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
