"""Words and texts as the single values that a schema asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from promptkit.output.alignment.nodes import Bare, Place
from promptkit.output.alignment.numbers import Number, number_of
from promptkit.output.alignment.words import NOT_A_NUMBER, choice_inside, choice_of, is_null, truth_of
from promptkit.schemas import path_text
from promptkit.schemas.json_types import is_list
from promptkit.schemas.places import shown

__all__ = ["Leaf", "Misfit", "choice_leaf", "choices_in", "free_leaf", "leaf"]

_PERCENT = re.compile(r"percent|pct|prozent|per cent|%", re.IGNORECASE)
_FULL = 100


class Misfit(Exception):
    """A value is not what the schema asks for at its place.

    Attributes:
        place: Where.
        message: What is wrong.
        several: True when it is because several values that differ would fit.
    """

    def __init__(self, place: Place, message: str, *, several: bool = False) -> None:
        self.place = place
        self.message = message
        self.several = several
        super().__init__(f"{path_text(place)}: {message}" if place else message)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value and the rules by which it was taken.

    Attributes:
        value: The value.
        rules: Names of rules; empty when it was written as it should be.
    """

    value: Any
    rules: tuple[str, ...] = ()


def leaf(node: str | Bare, kind: str, fragment: Mapping[str, Any], place: Place) -> Leaf:
    """The value of one type that a text or a word is.

    Args:
        node: What was written.
        kind: The type's name in JSON Schema.
        fragment: What the schema says of the place.
        place: Where it stands.

    Raises:
        Misfit: When it is none.
    """
    match kind:
        case "string":
            return _text(node, place)
        case "boolean":
            return _truth(node, place)
        case "null":
            return _null(node, place)
        case "integer" | "number":
            return _number(node, kind, fragment, place)
        case _:
            raise Misfit(place, f"expected {kind}, got {_said(node)}")


def _said(node: str | Bare) -> str:
    return shown(node, 60) if isinstance(node, str) else node.text[:60] or "nothing"


def _text(node: str | Bare, place: Place) -> Leaf:
    if isinstance(node, str):
        return Leaf(node)
    if not node.text or is_null(node.text) or NOT_A_NUMBER.fullmatch(node.text):
        raise Misfit(place, f"expected a string, got {_said(node)}")
    rule = (
        "as_text"
        if node.text.casefold() in ("true", "false") or number_of(node.text) is not None
        else "unquoted"
    )
    return Leaf(node.text, (rule,))


def _truth(node: str | Bare, place: Place) -> Leaf:
    text = node if isinstance(node, str) else node.text
    found = truth_of(text)
    if found is None:
        raise Misfit(place, f"expected a boolean, got {_said(node)}")
    exact = isinstance(node, Bare) and text in ("true", "false")
    return Leaf(found, () if exact else ("truth_text",))


def _null(node: str | Bare, place: Place) -> Leaf:
    text = node if isinstance(node, str) else node.text
    if isinstance(node, Bare) and text == "null":
        return Leaf(None)
    if is_null(text, loosely=True) and (text or isinstance(node, str)):
        return Leaf(None, ("null_text",))
    if NOT_A_NUMBER.fullmatch(text.strip()):
        return Leaf(None, ("nan_as_null",))
    raise Misfit(place, f"expected null, got {_said(node)}")


def _number(node: str | Bare, kind: str, fragment: Mapping[str, Any], place: Place) -> Leaf:
    text = node if isinstance(node, str) else node.text
    found = number_of(text)
    if found is None:
        wanted = "an integer" if kind == "integer" else "a number"
        raise Misfit(place, f"expected {wanted}, got {_said(node)}")
    rules = [] if found.plain and isinstance(node, Bare) else ["number_text"]
    if found.sign:
        rules.append("number_unit")
    if found.lossy:
        rules.append(found.lossy)
    value = _of_percent(found, kind, fragment, place) if found.sign == "%" else found.value
    if kind == "integer" and isinstance(value, float):
        rules.append("whole_number" if value.is_integer() else "rounded")
        value = round(value)
    return Leaf(value, tuple(rules))


def _of_percent(found: Number, kind: str, fragment: Mapping[str, Any], place: Place) -> int | float:
    """Of ``93%`` 93 where the field counts per cent, else 0.93.

    Raises:
        Misfit: For a whole number that does not say which of the two it is.
    """
    name = place[-1] if place and isinstance(place[-1], str) else ""
    most = fragment.get("maximum", fragment.get("exclusiveMaximum"))
    if _PERCENT.search(f"{name} {fragment.get('description', '')} {fragment.get('title', '')}") or (
        most is not None and most >= _FULL
    ):
        return found.value
    if kind == "integer":
        raise Misfit(
            place, "a percentage stands where a whole number is asked for; is it a part or per cent?"
        )
    return float(Decimal(repr(found.value)) / _FULL)


def choice_leaf(node: str | Bare, choices: Sequence[Any], place: Place) -> Leaf:
    """The allowed value that a text or a word is.

    Raises:
        Misfit: When it is none or may be several.
    """
    text = node if isinstance(node, str) else node.text
    literal = _literal(text) if isinstance(node, Bare) else None
    for choice in choices:
        if isinstance(node, Bare) and literal is not None and type(literal.value) is type(choice):
            if literal.value == choice:
                return literal
        elif isinstance(node, str) and choice == node:
            return Leaf(choice)
    found = choice_of(text, choices) or [choice for choice in choices if _means(text, choice)]
    if len(found) == 1:
        exact = found[0] == text
        return Leaf(found[0], ("unquoted",) if exact and isinstance(node, Bare) else ("choice",))
    inside = choice_inside(text, choices) if not found else []
    if len(inside) == 1:
        return Leaf(inside[0], ("choice_in_text",))
    raise Misfit(
        place, f"{_said(node)} is not one of {', '.join(shown(choice, 30) for choice in choices[:10])}"
    )


def _means(text: str, choice: Any) -> bool:
    """True when a text writes a choice that is no text."""
    if isinstance(choice, bool):
        return truth_of(text) is choice
    if choice is None:
        return is_null(text, loosely=True)
    if isinstance(choice, int | float):
        number = number_of(text)
        return number is not None and not number.lossy and not number.sign and number.value == choice
    return False


def _literal(text: str) -> Leaf | None:
    """What a bare word is in JSON."""
    if text in ("true", "false", "null"):
        return Leaf(json.loads(text))
    number = number_of(text)
    return Leaf(number.value) if number is not None and number.plain else None


def free_leaf(node: str | Bare, place: Place) -> Leaf:
    """The value of a text or a word where the schema asks for nothing.

    Raises:
        Misfit: For no value, NaN and infinities.
    """
    if isinstance(node, str):
        return Leaf(node)
    literal = _literal(node.text)
    if literal is not None:
        return literal
    if node.text in ("True", "False"):
        return Leaf(node.text == "True", ("truth_text",))
    if is_null(node.text):
        return Leaf(None, ("null_text",))
    if not node.text or NOT_A_NUMBER.fullmatch(node.text):
        raise Misfit(place, f"{_said(node)} is no JSON value")
    return Leaf(node.text, ("unquoted",))


def choices_in(fragment: Mapping[str, Any]) -> list[Any] | None:
    """The allowed values that a fragment lists; None where it lists none."""
    if "const" in fragment:
        return [fragment["const"]]
    listed = fragment.get("enum")
    return listed if is_list(listed) else None
