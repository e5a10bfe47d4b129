"""Python values as plain JSON data: models, dataclasses, enums and dates written out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import math
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel

from promptkit.schemas.findings import MAX_INPUT_CHARS, Findings
from promptkit.schemas.json_types import is_listed, is_mapping, is_set
from promptkit.schemas.places import below

__all__ = ["as_mapping", "is_plain", "plain_text", "to_plain"]

MAX_DEPTH = 100
MAX_INTEGER_BITS = 13_000
"""Just below the 4,300 digits that Python writes and reads as a decimal number by default."""


def is_plain(value: Any, findings: Findings, depth: int = MAX_DEPTH) -> bool:
    """True when :func:`to_plain` would give an equal value and find nothing, as for most inputs; counts its texts.

    It follows no path, which takes most of the time, and gives up at the first value that is not just so.
    """
    if depth <= 0:
        return False
    kind = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind is str:
        findings.characters += len(value)
        return value.isascii() and len(value) <= MAX_INPUT_CHARS
    if kind is dict:
        for name, part in value.items():
            if (
                type(name) is not str
                or not is_plain(name, findings)
                or not is_plain(part, findings, depth - 1)
            ):
                return False
        return True
    if kind is list:
        for item in value:  # noqa: SIM110 - all() with a generator takes twice as long
            if not is_plain(item, findings, depth - 1):
                return False
        return True
    if kind is int:
        return bool(value.bit_length() <= MAX_INTEGER_BITS)
    return kind is bool or value is None or (kind is float and math.isfinite(value))


def to_plain(value: Any, path: str, findings: Findings, depth: int = MAX_DEPTH) -> Any:
    """The value as dict, list, str, int, float, bool and None; the rest is noted in ``findings``."""
    if depth == 0:
        findings.add(
            path, "type", f"{path}: nested deeper than {MAX_DEPTH}, or a circle; give plain nested data"
        )
        return None
    text = plain_text(value)
    if text is not None:
        return findings.text(path, text)
    for kinds, convert in _LEAVES:
        if isinstance(value, kinds):
            return convert(value, path, findings)
    if isinstance(value, enum.Enum):
        return to_plain(value.value, path, findings, depth - 1)
    fields = as_mapping(value)
    if fields is not None:
        return _mapping(fields, path, findings, depth)
    if is_listed(value):
        return [to_plain(item, f"{path}[{index}]", findings, depth - 1) for index, item in enumerate(value)]
    if is_set(value):
        return to_plain(sorted(value, key=str), path, findings, depth)
    findings.wrong_type(path, "plain data, a model or a dataclass", value)
    return None


def plain_text(value: Any) -> str | None:
    """The string that a value is: strings, dates and times in ISO 8601, UUIDs; None for others."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value.value if isinstance(value, enum.Enum) else value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else None


def as_mapping(value: Any) -> Mapping[Any, Any] | None:
    """The fields of a mapping, a pydantic model, a dataclass or a named tuple; None for anything else."""
    if is_mapping(value):
        return value
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return {field.alias or name: getattr(value, name) for name, field in fields.items()} | (
            value.model_extra or {}
        )
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        write_out: Callable[[], Mapping[str, Any]] | None = getattr(cast("Any", value), "_asdict", None)
        return None if write_out is None else write_out()
    return None


def _mapping(fields: Mapping[Any, Any], path: str, findings: Findings, depth: int) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, part in fields.items():
        key = plain_text(name)
        if key is None:
            findings.add(path, "type", f"{path}: the name {name!r} is no string; JSON names are strings")
            continue
        plain[findings.text(path, key)] = to_plain(part, below(path, key), findings, depth - 1)
    return plain


def _integer(value: Any, path: str, findings: Findings) -> Any:
    if value.bit_length() > MAX_INTEGER_BITS:
        findings.add(
            path, "size", f"{path}: the integer has more than 3,900 digits; give a smaller one or a string"
        )
    return int(value)


def _number(value: Any, path: str, findings: Findings) -> Any:
    if not math.isfinite(value):
        findings.add(path, "type", f"{path}: expected a finite number, got {value}")
        return None
    return float(value)


_LEAVES: tuple[tuple[type | tuple[type, ...], Callable[[Any, str, Findings], Any]], ...] = (
    ((bool, type(None)), lambda value, _path, _findings: value),
    (enum.IntEnum, lambda value, _path, _findings: int(value)),
    (int, _integer),
    ((float, decimal.Decimal), _number),
)
