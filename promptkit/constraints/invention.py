"""Texts that name no number, address or quotation of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self

from promptkit.constraints.alignment import aligned
from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.claims import Claim, claims_of, number_key
from promptkit.constraints.evaluation import is_number
from promptkit.constraints.folding import texts_of
from promptkit.constraints.numbers import is_finite
from promptkit.constraints.paths import Path, parse
from promptkit.constraints.rules import Boundary, Scope, joined
from promptkit.schemas.fragments import types_of
from promptkit.schemas.json_types import is_list, is_object
from promptkit.schemas.places import shown
from promptkit.spelling import did_you_mean

__all__ = ["NoInvented"]

_SINGULAR = {"numbers": "number", "urls": "URL", "emails": "e-mail address", "quotes": "quotation"}
_EXAMPLE = "no_invented: true or no_invented: {of: [numbers, urls], from: ticket.body}"
_MAX_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class NoInvented:
    """A value in which every number, URL, e-mail address and quoted string also stands in the inputs.

    Numbers are compared by value and identifiers such as ``A-1042`` as such: see ``claims_of``. A URL must stand
    there as a whole; quoted strings are compared as ``quoted_from`` does. Numbers written as words are no claims.
    Fields of the value that are numbers are judged too; field names are not.

    Attributes:
        of: What is judged: any of ``numbers``, ``urls``, ``emails`` and ``quotes``.
        sources: Paths of inputs that it must come from; empty for all inputs.
    """

    kind = "no_invented"
    takes: ClassVar[frozenset[str]] = frozenset()
    of: tuple[str, ...] = ("numbers", "urls", "emails", "quotes")
    sources: tuple[str, ...] = ()

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From ``true``, a list of what is judged, or ``{of: [numbers], from: [ticket, kb]}``."""
        if argument is True:
            return cls()
        given = argument if is_object(argument) else {"of": argument}
        for name in given:
            if name not in ("of", "from"):
                raise ValueError(
                    f"no_invented has no {name}{did_you_mean(name, ['of', 'from'])}; write it as in {_EXAMPLE}"
                )
        if not given:
            raise wrong_shape("no_invented", "true or what is judged", _EXAMPLE, argument)
        texts = {name: _texts(value, argument) for name, value in given.items()}
        return cls(texts.get("of", tuple(_SINGULAR)), texts.get("from", ()))

    def __post_init__(self) -> None:
        for name in self.of:
            if name not in _SINGULAR:
                raise ValueError(
                    f"no_invented judges no {shown(name, 40)}{did_you_mean(name, _SINGULAR)}; it judges "
                    f"{', '.join(_SINGULAR)}, as in {_EXAMPLE}"
                )
        if not self.of or not all(self.sources):
            raise ValueError(f"no_invented takes at least one kind and no empty path, as in {_EXAMPLE}")
        for source in self.sources:
            parse(source)

    def sentence(self, subject: str) -> str:
        """Said as what comes from where."""
        what = joined([_SINGULAR[name] for name in dict.fromkeys(self.of)], "and")
        where = joined([f"`{source}`" for source in self.sources], "and") if self.sources else "the input"
        return f"{subject} takes every {what} from {where}."

    def reads(self) -> tuple[Path, ...]:
        """The sources that are named."""
        return tuple(parse(source) for source in self.sources)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """The first thing that the inputs do not have."""
        found = self._first(value, scope)
        return None if found is None else f"the {_SINGULAR[found.kind]} {shown(found.text, 80)}"

    def hint(self, value: Any, scope: Scope) -> str:
        """Names it."""
        found = self._first(value, scope)
        where = joined([f"`{source}`" for source in self.sources]) if self.sources else "the input"
        what = "what is invented" if found is None else f"the {_SINGULAR[found.kind]} {shown(found.text, 60)}"
        return f"Leave out {what}, which is not in {where}, or write what stands there."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """A number of the inputs, and one that they do not have."""
        types = set(types_of(fragment))
        if "numbers" not in self.of or (types and not types & {"string", "integer", "number"}):
            return Boundary()
        evidence = self._evidence(scope)
        known = [key for key in evidence.keys if key.isdecimal() and len(key) < 16]  # noqa: PLR2004 - exact as a float too
        inside = min(map(int, known), default=None)
        outside = next(
            number
            for number in range((inside or 0) + 1, (inside or 0) + 2 + len(evidence.keys))
            if str(number) not in evidence.keys
        )
        if types and "string" not in types:
            return Boundary(() if inside is None else (inside,), (outside,))
        return Boundary(
            ("Nothing is invented." if inside is None else f"It is {inside}.",), (f"It is {outside}.",)
        )

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The value with what is invented cut out of its texts; a number becomes the nearest one of the inputs."""
        evidence = self._evidence(scope)
        return self._fit(value, evidence)

    def _fit(self, value: Any, evidence: _Evidence) -> Any:
        if is_object(value):
            return {name: self._fit(part, evidence) for name, part in value.items()}
        if is_list(value):
            return [self._fit(part, evidence) for part in value]
        if isinstance(value, str):
            return self._cut(value, evidence)
        if not any(not evidence.bears_out(claim) for claim in self._claims(value)):
            return value
        numbers = [int(key) for key in evidence.keys if key.isdecimal() and len(key) < 16]  # noqa: PLR2004 - as above
        return min(numbers, key=lambda number: abs(number - value), default=value)

    def _cut(self, text: str, evidence: _Evidence) -> str:
        for _ in range(_MAX_STEPS):
            invented = [claim for claim in self._claims(text) if not evidence.bears_out(claim)]
            if not invented:
                break
            for claim in sorted(invented, key=lambda claim: claim.start, reverse=True):
                text = f"{text[: claim.start]}{text[claim.end :]}"
        return text

    def _first(self, value: Any, scope: Scope) -> Claim | None:
        evidence = self._evidence(scope)
        return next((claim for claim in self._claims(value) if not evidence.bears_out(claim)), None)

    def _claims(self, value: Any) -> Iterator[Claim]:
        if is_object(value):
            value = list(value.values())
        if is_list(value):
            for part in value:
                yield from self._claims(part)
        elif isinstance(value, str):
            found = sorted(claims_of(value), key=lambda claim: claim.start)
            yield from (claim for claim in found if claim.kind in self.of)
        elif is_finite(value) and "numbers" in self.of:
            yield Claim("numbers", shown(value), frozenset({number_key(value)}), 0, 0)

    def _evidence(self, scope: Scope) -> _Evidence:
        if self.sources:
            found = [scope.inputs_at(parse(source)) for source in self.sources]
            data: Any = [value for values in found for _, value in values]
        else:
            data = list(scope.inputs.values())
        texts = tuple(texts_of(data))
        return _Evidence(texts, _keys_of(texts) | {number_key(number) for number in _numbers_of(data)})


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the inputs have: their texts, and the keys of the claims in them."""

    texts: tuple[str, ...]
    keys: frozenset[str]

    def bears_out(self, claim: Claim) -> bool:
        if claim.kind != "quotes":
            return bool(claim.keys & self.keys) or bool(claim.parts and claim.parts <= self.keys)
        quote = aligned(claim.text).folded.strip(" .,;:!?")
        return not quote or any(quote in aligned(text).folded for text in self.texts)


@lru_cache(maxsize=4)
def _keys_of(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(key for text in texts for claim in claims_of(text) for key in claim.keys | claim.parts)


def _numbers_of(data: Any) -> Iterator[float]:
    if is_object(data):
        data = list(data.values())
    if is_list(data):
        for part in data:
            yield from _numbers_of(part)
    elif is_number(data) and is_finite(data):
        yield data


def _texts(value: Any, argument: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not is_list(texts) or not texts or not all(isinstance(text, str) for text in texts):
        raise wrong_shape("no_invented", "true or lists of texts", _EXAMPLE, argument)
    return tuple(texts)
