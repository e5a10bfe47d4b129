"""Values as text: what ``{{ x }}`` prints for each kind of value."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from jinja2 import TemplateRuntimeError, Undefined

from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.rendering.run import CURRENT, Run
from promptkit.rendering.spans import BLANKS, Span, is_nothing, joined, kept, part_span, plain
from promptkit.rendering.weights import LONG, charge_items, charge_printed, weight

__all__ = ["json_text", "noted_text", "plain_text", "printed"]

Pieces: TypeAlias = list[str]

_STEP = "  "
_MAX_INDENT = 16
_WRITTEN = (dt.date, dt.time, dt.timedelta, decimal.Decimal, uuid.UUID)
_MEDIA = (ImagePart, DocumentPart)


def printed(value: Any) -> str:
    """What a bare ``{{ value }}`` prints; this is the environment's ``finalize``.

    Text is given as it is, byte for byte; None prints nothing; booleans are ``true`` and ``false``; numbers
    are plain; an object is labelled lines, a list is ``- item`` lines; an image or document is a part.

    Raises:
        UndefinedError: When the value is undefined.
        TemplateRuntimeError: When the value has no text, for example a macro that was not called.
    """
    if type(value) is str:
        # The commonest case first, and inline: every printed input passes here.
        if value and (value[0] in BLANKS or value[-1] in BLANKS):
            return kept(value)
        return value
    if value is None:
        return ""
    if isinstance(value, Span):
        return value
    pieces: Pieces = []
    _write(value, "", pieces, CURRENT.get(None))
    return pieces[0] if len(pieces) == 1 else joined(pieces)


def plain_text(value: Any) -> str:
    """The same as a plain string, for filters that work on text.

    Raises:
        TemplateRuntimeError: When the value is or holds an image or a document.
    """
    return value if type(value) is str else plain(noted_text(value))


def noted_text(value: Any) -> str:
    """The same with what is known of it, for filters that pass parts of the text on as they are.

    Raises:
        TemplateRuntimeError: When the value is or holds an image or a document.
    """
    text = printed(value)
    if isinstance(text, Span) and text.pieces is not None:
        raise TemplateRuntimeError(
            "an image or document is no text: print it by itself, as {{ photo }}, without filters or ~"
        )
    return text


def json_text(value: Any, indent: int | None = None) -> str:
    """The value as JSON: order of keys kept, no escapes but those that JSON needs.

    Raises:
        TemplateRuntimeError: When the value is no JSON data.
    """
    if isinstance(value, Undefined):
        return str(value)
    if indent is not None and not 0 <= indent <= _MAX_INDENT:
        raise TemplateRuntimeError(f"indent is {indent}; it must be from 0 to {_MAX_INDENT}")
    charge_items(weight(value))
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, default=_json_default)
    except (TypeError, ValueError) as error:
        raise TemplateRuntimeError(f"the value cannot be written as JSON: {error}") from error


def _json_default(value: Any) -> Any:
    if isinstance(value, _WRITTEN):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, Iterable):
        return list(_counted(value))  # pyright: ignore[reportUnknownArgumentType]
    raise TypeError(f"{_kind(value)} is no JSON data")


def _counted(items: Iterable[Any]) -> Iterable[Any]:
    for item in items:
        charge_items(1 + weight(item))
        yield item


def _write(value: Any, pad: str, out: Pieces, run: Run | None) -> None:
    kind = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind is list:
        _write_list(value, pad, out, run)
        return
    if kind is dict:
        _write_object(value, pad, out, run)
        return
    scalar = _scalar(value)
    if scalar is not None:
        out.append(scalar)
    elif isinstance(value, Mapping):
        _write_object(value, pad, out, run)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        _write_list(value, pad, out, run)  # pyright: ignore[reportUnknownArgumentType]
    else:
        raise TemplateRuntimeError(f"{_kind(value)} cannot be printed{_mend(value)}")


def _write_object(
    value: Mapping[Any, Any], pad: str, out: Pieces, run: Run | None, *, first: str | None = None
) -> None:
    """Lines ``name: text``; ``first`` stands before the first of them, and alone where there is none."""
    if run is not None:
        run.charge_items((1 + len(pad) // 4) * len(value))
    start, later = pad if first is None else first, f"\n{pad}"
    for name, item in value.items():
        if item is None:
            continue
        # The commonest case, in one piece: one line that neither begins nor ends in a blank.
        if type(item) is str and item[:1] > " " < item[-1:] and item.isprintable():
            if len(item) > LONG:
                charge_printed(item)
            out.append(f"{start}{name}: {item}")
        else:
            out.append(f"{start}{name}:")
            _write_below(item, pad, out, run)
        start = later
    if start is first:
        out.append(start)


def _write_below(item: Any, pad: str, out: Pieces, run: Run | None) -> None:
    """The value of a name: on the name's line where it is one line, else below it."""
    scalar = _scalar(item)
    if scalar is None:
        at = len(out)
        _write(item, pad + _STEP, out, run)
        if len(out) > at:
            out.insert(at, "\n")
    elif not is_nothing(scalar):
        out.append("\n" if _starts_a_line(scalar) else " ")
        out.append(scalar)


def _write_list(value: Iterable[Any], pad: str, out: Pieces, run: Run | None) -> None:
    price, below = 1 + len(pad) // 4, pad + _STEP  # deep items carry their indent
    start, later = pad, f"\n{pad}"
    if run is not None and isinstance(value, list):
        run.charge_items(price * len(value))  # pyright: ignore[reportUnknownArgumentType]
        price = 0
    for item in value:
        if price and run is not None:
            run.charge_items(price)
        kind = type(item)  # pyright: ignore[reportUnknownVariableType]
        if kind is dict:
            _write_object(item, below, out, run, first=f"{start}- ")
        elif kind is str and item[:1] > " " < item[-1:] and item.isprintable():
            if len(item) > LONG:
                charge_printed(item)
            out.append(f"{start}- {item}")
        elif isinstance(item, _MEDIA):
            out += [start.removesuffix(pad), part_span(item)]
        else:
            out.append(f"{start}-")
            _write_item(item, below, out, run)
        start = later


def _write_item(item: Any, below: str, out: Pieces, run: Run | None) -> None:
    scalar = _scalar(item)
    if scalar is None and isinstance(item, Mapping):
        _write_object(item, below, out, run, first=" ")  # pyright: ignore[reportUnknownArgumentType]
    elif scalar is None:
        out.append("\n")
        _write(item, below, out, run)
    elif not is_nothing(scalar):
        out += [" ", scalar]


def _starts_a_line(scalar: str) -> bool:
    return "\n" in scalar or "\r" in scalar or (isinstance(scalar, Span) and scalar.pieces is not None)


def _scalar(value: Any) -> str | None:  # noqa: PLR0911 - one return for each kind of value
    """The text of a value that is no object and no list; None for those and for what has no text."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, Span):
        return value
    if isinstance(value, str):
        charge_printed(value)
        return kept(str.__str__(value))
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, _MEDIA):
        return part_span(value)
    if isinstance(value, TextPart):
        return kept(value.text)
    if isinstance(value, Undefined):
        return str(value)  # raises: undefined values are strict
    return str(value) if isinstance(value, _WRITTEN) else None


def _kind(value: Any) -> str:
    if isinstance(value, Message):
        return "a message of the history"
    if isinstance(value, ToolCallPart | ToolResultPart):
        return "a tool's part of a message"
    return f"a value of type {type(value).__name__}"


def _mend(value: Any) -> str:
    if isinstance(value, Message):
        return "; print its .role and .text, or the whole conversation by {% history %}"
    if callable(value):
        return "; call it, with () after its name"
    return ""
