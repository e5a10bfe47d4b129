"""Valid values from any JSON Schema: seeded, replayable, the plainest or varied ones, or a refusal that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from promptkit.errors import SchemaUnsupported
from promptkit.schemas.generation.choices import Choices, NoValue, Spent
from promptkit.schemas.generation.documents import Document
from promptkit.schemas.generation.heights import ENDLESS, Heights
from promptkit.schemas.generation.making import Maker, Suggest
from promptkit.schemas.places import path_text
from promptkit.schemas.raw_schemas import raw_problems, raw_validator

__all__ = ["Generated", "Generator", "Refused", "generate"]

_TRIES = 24
_STEPS = 8_000
"""Steps of one try: draws and places."""
_ALL_STEPS = 12_000
_TRUSTING, _CAREFUL, _ALONE = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A value that the schema's validator accepts.

    Attributes:
        value: Plain JSON data.
        choices: The numbers that were drawn for it, zeros at the end left out: replaying them gives the same value.
    """

    value: Any
    choices: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No value was made.

    Attributes:
        reason: A sentence: the place, the keyword, what is wrong.
        path: The place, empty for the whole value.
        proven: True when it is certain that no value exists; False when none was found.
    """

    reason: str
    path: str
    proven: bool = False


def generate(
    schema: Mapping[str, Any] | bool, *, seed: int | None = 0, suggest: Suggest | None = None
) -> Generated | Refused:
    """A value that fits the schema; the same for the same seed, on every version of Python.

    Args:
        schema: A JSON Schema of any draft from 4 on.
        seed: None for the plainest value: the first of an enum, ``text``, the number nearest to 0, no optional
            fields. Other seeds give varied values.
        suggest: Asked at every place for a value to try there.
    """
    generator = Generator.of(schema, suggest)
    return generator if isinstance(generator, Refused) else generator.made(seed)


class Generator:
    """Makes values of one schema; the schema is compiled once.

    Args:
        schema: The schema.
        validator: Its validator, which has the last word on each value.
        suggest: Asked at every place.
    """

    def __init__(
        self, schema: Mapping[str, Any], validator: jsonschema_rs.Validator, suggest: Suggest | None
    ) -> None:
        self._document = Document(schema)
        self._heights = Heights(self._document)
        self._validator = validator
        self._suggest = suggest

    @staticmethod
    def of(schema: Mapping[str, Any] | bool, suggest: Suggest | None = None) -> Generator | Refused:
        """The generator of a schema, or why there is none."""
        if schema is False:
            return Refused(reason="no value fits the schema: it is false", path="", proven=True)
        known: Mapping[str, Any] = {} if schema is True else schema  # pyright: ignore[reportAssignmentType]
        try:
            validator = raw_validator(known)
        except SchemaUnsupported as error:
            return Refused(reason=f"no value can be made: {error}", path=next(iter(error.paths), ""))
        return Generator(dict(known), validator, suggest)

    def made(self, seed: int | None) -> Generated | Refused:
        """A value by the seed, other choices being tried until the validator accepts it."""
        if self._heights.exact and self._heights.of([self._document.root]) >= ENDLESS:
            return Refused(
                reason="no value fits the schema: each one would nest without end", path="", proven=True
            )
        last = NoValue((), _SPENT, proven=False)
        left = _ALL_STEPS
        number = 0
        for number in range(_TRIES):
            mode = _TRUSTING if number == 0 else _ALONE if number > _TRIES // 2 else _CAREFUL
            choices = _source(seed, number, min(_STEPS, left), mode)
            outcome = self._tried(choices)
            left -= choices.spent
            if isinstance(outcome, Generated):
                return outcome
            if outcome.proven:
                return _refused(outcome, number + 1)
            last = outcome if last.detail == _SPENT else last
            if left <= 0:
                break
        return _refused(last, number + 1)

    def accepts(self, value: Any) -> bool:
        """Whether the schema's validator accepts a value from elsewhere."""
        return self._validator.is_valid(value)

    def replayed(self, choices: Sequence[int]) -> Generated | None:
        """The value that the choices lead to, with the choices as they were used; None when they lead to none."""
        outcome = self._tried(Choices(script=choices, steps=_STEPS))
        return outcome if isinstance(outcome, Generated) else None

    def _tried(self, choices: Choices) -> Generated | NoValue:
        mode = choices.draw(3)
        suggest = None if mode == _ALONE else self._suggest
        maker = Maker(self._document, self._heights, choices, suggest=suggest, careful=mode != _TRUSTING)
        try:
            value = maker.value([self._document.root], ())
        except NoValue as dead:
            return dead
        except Spent:
            return NoValue((), _SPENT, proven=False)
        except RecursionError:
            return NoValue((), "the schema nests deeper than Python's stack allows here", proven=False)
        if not self._validator.is_valid(value):
            problem = raw_problems(self._validator, value)[0]
            return NoValue((), f"the values that were tried are invalid ({problem})", proven=False)
        return Generated(value=value, choices=_trimmed(choices.drawn))


_SPENT = "the steps of a try were used up"


def _source(seed: int | None, number: int, steps: int, mode: int) -> Choices:
    """The choices of one try: plain at first when there is no seed, then more and more by chance."""
    if seed is None:
        zeros = 3 if number < _TRIES // 3 else 1
        return Choices(script=(mode,), seed=number, plain=number == 0, zeros=zeros, steps=steps)
    return Choices(script=(mode,), seed=seed * _TRIES + number, steps=steps)


def _trimmed(drawn: Sequence[int]) -> tuple[int, ...]:
    end = len(drawn)
    while end and drawn[end - 1] == 0:
        end -= 1
    return tuple(drawn[:end])


def _refused(dead: NoValue, tries: int) -> Refused:
    path = path_text(dead.path)
    place = f"`{path}`" if path else "the schema"
    if dead.proven:
        return Refused(reason=f"no value fits {place}: {dead.detail}", path=path, proven=True)
    return Refused(reason=f"no value for {place} was found in {tries} tries: {dead.detail}", path=path)
