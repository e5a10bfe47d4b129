"""Quick checks of declared inputs: values that are just as declared, as nearly all are, are taken without their paths.

They answer for what they know to fit and give up on anything else; `input_checks` then says what it becomes or what
is wrong, by path.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from promptkit.schemas.plain_data import MAX_INTEGER_BITS

__all__ = ["OPEN", "Quick", "quick_choice", "quick_list", "quick_number", "quick_object", "quick_text"]

OPEN: Final = object()
"""What a quick check gives where it cannot tell."""

_TEXTS = frozenset({str})

Quick: TypeAlias = Callable[[Any, list[int]], Any]
"""Takes a value and a list to which it adds the length of each text; gives the value as plain data, or OPEN."""


def quick_text(value: Any, sizes: list[int]) -> Any:
    """A string that can be sent; that it is not too long is seen by the sum."""
    if type(value) is not str or not (value.isascii() or _is_unicode(value)):
        return OPEN
    sizes.append(len(value))
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def quick_number(*kinds: type) -> Quick:
    """Numbers and booleans of exactly these types."""

    def quick(value: Any, _sizes: list[int]) -> Any:
        kind = type(value)  # pyright: ignore[reportUnknownVariableType]
        if kind not in kinds:
            return OPEN
        fits = (
            math.isfinite(value) if kind is float else kind is bool or value.bit_length() <= MAX_INTEGER_BITS
        )
        return value if fits else OPEN

    return quick


def quick_choice(allowed: list[Any]) -> Quick:
    """One of some strings."""
    texts = frozenset(one for one in allowed if type(one) is str and one.isascii())

    def quick(value: Any, sizes: list[int]) -> Any:
        if type(value) is not str or value not in texts:
            return OPEN
        sizes.append(len(value))
        return value

    return quick


def quick_list(item: Quick) -> Quick:
    """A list of items that all fit."""

    def quick(value: Any, sizes: list[int]) -> Any:
        if type(value) is not list:
            return OPEN
        plain: list[Any] = []
        for each in value:  # pyright: ignore[reportUnknownVariableType]
            made = item(each, sizes)
            if made is OPEN:
                return OPEN
            plain.append(made)
        return plain

    return quick_texts if item is quick_text else quick


def quick_texts(value: Any, sizes: list[int]) -> Any:
    """A list of strings that can be sent."""
    if type(value) is not list or not set(map(type, value)) <= _TEXTS:  # pyright: ignore[reportUnknownArgumentType]
        return OPEN
    text = "".join(value)  # pyright: ignore[reportUnknownArgumentType]
    if not (text.isascii() or _is_unicode(text)):
        return OPEN
    sizes.append(len(text))
    return value.copy()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def quick_object(fields: Mapping[str, Quick], defaults: Mapping[str, Any]) -> Quick:
    """A dict that has all fields and no others; one of ``defaults`` may be missing.

    Args:
        fields: The fields in their declared order.
        defaults: The value of each optional field that is not given.
    """

    def quick(value: Any, sizes: list[int]) -> Any:
        if type(value) is not dict:
            return OPEN
        plain: dict[str, Any] = {}
        missing = size = 0
        for name, field in parts:
            part = value.get(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            # The commonest case, without a call.
            if field is quick_text and type(part) is str and part.isascii():  # pyright: ignore[reportUnknownArgumentType]
                size += len(part)
                plain[name] = part
            elif part is not None:
                plain[name] = made = field(part, sizes)  # pyright: ignore[reportUnknownArgumentType]
                if made is OPEN:
                    return OPEN
            elif name in defaults:
                plain[name] = defaults[name]
                missing += name not in value
            else:
                return OPEN
        sizes.append(size)
        return plain if len(plain) - missing == len(value) else OPEN  # pyright: ignore[reportUnknownArgumentType]

    parts = tuple(fields.items())
    return quick
