"""One of some values."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeAlias

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.evaluation import is_number, same
from promptkit.constraints.numbers import is_finite
from promptkit.constraints.paths import EACH, Path, Where, parse
from promptkit.constraints.rules import Boundary, Rule, Scope, joined
from promptkit.schemas.fragments import types_of
from promptkit.schemas.json_types import is_list, is_object
from promptkit.schemas.places import shown
from promptkit.spelling import nearest

__all__ = ["OneOf", "OneOfInput"]

Plain: TypeAlias = str | int | float | bool | None

# Past this a schema carries more values than is sensible in every request; the check takes any number.
_MAX_BOUND = 1_000
_MAX_SPELLED = 200


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some plain values."""

    kind = "one_of"
    takes: ClassVar[frozenset[str]] = frozenset()
    values: tuple[Plain, ...]

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a list of plain values."""
        if not is_list(argument) or not all(
            isinstance(value, str | int | float | None) for value in argument
        ):
            raise wrong_shape("one_of", "a list of plain values", "one_of: [low, normal, high]", argument)
        return cls(tuple(argument))

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise ValueError("one_of takes at least one value, as in one_of: [low, high]")
        if any(is_number(value) and not is_finite(value) for value in self.values):
            raise ValueError("one_of takes finite numbers and other plain values, as in one_of: [1, 2, none]")

    def sentence(self, subject: str) -> str:
        """Said with every value."""
        return f"{subject} is {self._choice()}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As enum; values that an enum already leaves out stay out."""
        present = fragment.get("enum", fragment.get("const", _NOTHING))
        before = present if is_list(present) else [present]
        kept = [
            value
            for value in self.values
            if present is _NOTHING or any(same(value, other) for other in before)
        ]
        if not kept:
            return fragment
        return {**{key: part for key, part in fragment.items() if key != "const"}, "enum": kept}

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A value that is none of them; true is not 1."""
        return None if any(same(value, allowed) for allowed in self.values) else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the choice."""
        return f"Write {self._choice()}, letter for letter."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """Each value that the field takes, null left out; and the last one changed a little."""
        inside = tuple(value for value in self.values if value is not None and _is_taken(value, fragment))
        outside = (other for value in reversed(inside) for other in _changed(value))
        near = next((other for other in outside if self.fault(other, scope) is not None), _NOTHING)
        return Boundary(inside, () if near is _NOTHING else (near,))

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The value that is spelt most alike, else the first of its type, else the first."""
        if value is None or self.fault(value, scope) is None:
            return value
        near = _spelt_like(value, self.values)
        if near is not None:
            return near
        alike = (allowed for allowed in self.values if _type_of(allowed) is _type_of(value))
        return next(alike, self.values[0])

    def _choice(self) -> str:
        names = [shown(value) for value in self.values]
        return f"exactly {names[0]}" if len(names) == 1 else f"one of {joined(names)}"


@dataclass(frozen=True, slots=True)
class OneOfInput:
    """One of the values that stand in an input.

    Attributes:
        source: Path of a list of plain values, of an object, whose names are meant, or of plain values, as in
            ``options[].id``. Values that are not plain, and null, are left out.
        names: True to say that the names of an object are meant.
    """

    kind = "one_of_input"
    takes: ClassVar[frozenset[str]] = frozenset()
    source: str
    names: bool = False

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the path of an input, or from ``{names_of: catalogue}``."""
        if is_object(argument) and list(argument) == ["names_of"] and isinstance(argument["names_of"], str):
            return cls(argument["names_of"], names=True)
        if not isinstance(argument, str):
            raise wrong_shape("one_of_input", "the path of an input", "one_of_input: labels", argument)
        return cls(argument)

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("one_of_input takes the path of an input, as in one_of_input: labels")
        parse(self.source)

    def sentence(self, subject: str) -> str:
        """Said with the place of the values."""
        return f"{subject} is {self._choice()}."

    def reads(self) -> tuple[Path, ...]:
        """The source."""
        return (parse(self.source),)

    def bound(self, inputs: Mapping[str, Any]) -> Rule:
        """One of the values that are there; itself where they depend on the output, are none or over 1,000."""
        if any(isinstance(step, Where) and step.relative for step in parse(self.source).steps):
            return self
        values = self._values(Scope(output=None, inputs=inputs))
        return OneOf(values) if 0 < len(values) <= _MAX_BOUND else self

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A value that does not stand there, so any value where none does."""
        values = self._values(scope)
        if not values:
            return f"{shown(value, 60)}, but `{self.source}` has no values"
        return None if _key(value) in {_key(allowed) for allowed in values} else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Asks for a copy, and names the value that was probably meant."""
        near = _spelt_like(value, self._values(scope))
        meant = "" if near is None else f"; did you mean {shown(near, 60)}?"
        return f"Write {self._choice()}, letter for letter{meant or '.'}"

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """As of one_of, with the values of the inputs."""
        values = self._values(scope)
        return OneOf(values).boundary(fragment, scope) if values else Boundary()

    def fitted(self, value: Any, scope: Scope) -> Any:
        """As of one_of, with the values of the inputs."""
        values = self._values(scope)
        return OneOf(values).fitted(value, scope) if values else value

    def _choice(self) -> str:
        each = any(step is EACH or isinstance(step, Where) for step in parse(self.source).steps)
        what = "names" if self.names else "values" if each else "items"
        return f"one of the {what} of `{self.source}`"

    def _values(self, scope: Scope) -> tuple[Plain, ...]:
        found = scope.inputs_at(parse(self.source))
        plain = {_key(value): value for _, holder in found for value in self._inside(holder)}
        return tuple(plain.values())

    def _inside(self, holder: Any) -> Iterator[Plain]:
        values = holder if is_list(holder) else list(holder) if is_object(holder) else [holder]
        if self.names and not is_object(holder):
            return
        for value in values:
            if isinstance(value, str | bool) or is_finite(value):
                yield value


def _key(value: Any) -> object:
    """What is equal for equal plain values, true being no 1; a list or an object is like no plain value."""
    plain = isinstance(value, str | int | float | None)
    return (isinstance(value, bool), value) if plain else _NOTHING


def _spelt_like(value: Any, values: tuple[Plain, ...]) -> str | None:
    """The text that is spelt most like the value, letters' case aside; both are compared up to 200 characters."""
    if not isinstance(value, str) or len(value) > _MAX_SPELLED:
        return None
    texts = [text for text in values[:_MAX_BOUND] if isinstance(text, str) and len(text) <= _MAX_SPELLED]
    lower = {text.casefold().strip(): text for text in reversed(texts)}
    near = nearest(value.casefold().strip(), lower)
    return None if near is None else lower[near]


def _changed(value: Plain) -> Iterator[Plain]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, str):
        yield from (f"{value}{'x' * times}" for times in range(1, 4))
    elif value is not None:
        yield from (value + step for step in (1, 2, -1, -2))


def _is_taken(value: Plain, fragment: Mapping[str, Any]) -> bool:
    types = types_of(fragment)
    listed = fragment.get("enum", [fragment["const"]] if "const" in fragment else None)
    if listed is not None:
        return any(same(value, other) for other in listed)
    kinds = _TYPES[_type_of(value)]
    if isinstance(value, float) and value.is_integer():
        kinds = {*kinds, "integer"}
    return not types or bool(set(types) & kinds)


def _type_of(value: Any) -> type:
    return next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), type(None))


_TYPES: Mapping[type, set[str]] = {
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    str: {"string"},
    type(None): {"null"},
}


class _Nothing:
    pass


_NOTHING: Any = _Nothing()
