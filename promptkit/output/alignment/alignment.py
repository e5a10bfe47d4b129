"""From a text to the value that it means: strict JSON first, then what stands in it, mended with receipts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from promptkit.completions import Repair
from promptkit.errors import Echoed, Empty, OutputError, Unparseable
from promptkit.output.alignment.aligned import Aligned, Candidate
from promptkit.output.alignment.attempts import Attempts, allows_null_and_text, has_further_names
from promptkit.output.alignment.choosing import choose
from promptkit.output.alignment.echoes import Echoes
from promptkit.output.alignment.reader import MAX_DEPTH, TooDeep, TooMuchWork
from promptkit.output.alignment.rules import RULES, allowed_rules
from promptkit.output.alignment.words import says_null
from promptkit.schemas import Invalid, OutputSchema, Valid, path_text
from promptkit.schemas.json_types import is_mapping
from promptkit.schemas.typed_codecs import closed_objects

__all__ = ["align", "aligned", "stands"]

_NULL_TEXTS = ('"null"', '"NULL"', '"Null"')
_ESCAPED = re.compile(r'[\[{](?:\\[nrt]|\s)*\\"')
_DEEPEST = 3


def align(
    text: str | bytes,
    schema: Any,
    *,
    inputs: Mapping[str, Any] | Iterable[Any] = (),
    lenient: bool | Collection[str] = False,
) -> Aligned[Any]:
    """The value that an answer means, with a receipt for everything that was changed to take it.

    Strict JSON of the schema is taken as it stands. Else the values in the text are found (in fences, prose, tags,
    tool calls, thoughts left out), read tolerantly, and brought to the schema's form step by step, each step with a
    cost. Only steps that lose and guess nothing are used unless ``lenient`` allows others.

    Args:
        text: The whole answer; bytes must be UTF-8.
        schema: An OutputSchema, a JSON Schema as a mapping, or a type that pydantic takes. Objects of a JSON Schema
            that says nothing of further names are closed against them, as those of types are.
        inputs: The prompt's inputs by name, or one after the other: JSON that stands inside a text of them is no
            answer.
        lenient: True allows every lossy rule, a collection those that it names; see ``LOSSY_RULES``.

    Raises:
        Empty: When there is no text.
        Unparseable: When no value of the schema is in it.
        Ambiguous: When several that differ are, or a name stands twice with different values.
        Truncated: When it ends before its value does.
        Echoed: When its value is copied from a text of the inputs.
        LossyRepair: When it could be taken by a lossy rule that is not allowed.
        Refused: When its words decline to answer.
        SchemaUnsupported: When the schema cannot be used.
        ValueError: When ``lenient`` names no lossy rule.
    """
    allowed = allowed_rules(lenient)
    return aligned(_decoded(text), _schema_of(schema), inputs, allowed)


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise Unparseable(
            f"the answer is no UTF-8: byte {error.start} is {text[error.start]:#04x}; look at how the backend's answer "
            "was decoded",
            text=text.decode(errors="replace"),
        ) from None


def _schema_of(schema: Any) -> OutputSchema[Any]:
    if isinstance(schema, OutputSchema):
        return schema  # pyright: ignore[reportUnknownVariableType] - mypy has it as OutputSchema[Any]
    if is_mapping(schema):
        return OutputSchema.from_json_schema(closed_objects(schema), "output")
    return OutputSchema[Any].from_type(schema)


def aligned(
    text: str,
    schema: OutputSchema[Any],
    inputs: Mapping[str, Any] | Iterable[Any],
    allowed: frozenset[str],
    *,
    strict: Valid[Any] | Invalid | None = None,
) -> Aligned[Any]:
    """As :func:`align`, for a schema and rules that are known to be good.

    Args:
        text: The whole answer.
        schema: What it must be.
        inputs: The prompt's inputs.
        allowed: The lossy rules that may be used.
        strict: What strict reading gave, where it was done already.
    """
    if not text.strip():
        raise Empty(
            "the model wrote nothing; ask again, or check that the prompt asks for an answer", text=text
        )
    strict = strict or schema.read_json(text, closed=True)
    if isinstance(strict, Valid) and (schema.kind == "text" or not (inputs or _may_say_null(text, schema))):
        return _untouched(text, strict)
    echoes = Echoes(inputs, lambda given: _values_in(given, schema))
    if isinstance(strict, Valid):
        return _as_it_stands(text, strict, schema, echoes)
    try:
        return _mended(text, schema, echoes, allowed, _DEEPEST)
    except OutputError as error:
        error.text = text  # of an answer that was encoded it is the text inside
        raise
    except (TooMuchWork, RecursionError) as error:  # the caller's own stack may leave little room
        why = (
            f"its objects and lists are nested deeper than {MAX_DEPTH}"
            if not isinstance(error, TooMuchWork) or isinstance(error, TooDeep)
            else "its brackets and quotation marks can be read in too many ways"
        )
        raise Unparseable(
            f"the answer is no text that means a value: {why}; ask again for a flat one. It wrote: {text[:200]}",
            text=text,
        ) from None


def _as_it_stands(text: str, strict: Valid[Any], schema: OutputSchema[Any], echoes: Echoes) -> Aligned[Any]:
    """Strict JSON: nothing is changed but texts that say null where null is allowed."""
    if echoes.is_echo(strict.data):
        candidate = Candidate(
            text=text[:200], start=0, end=len(text), data=strict.data, problem="it is an echo"
        )
        raise Echoed(
            "the answer is JSON that stands in a text of the prompt's inputs, so it may be copied rather than given; "
            f"ask again, or give such data as an input of its own. It wrote: {text[:200]}",
            text=text,
            candidates=(candidate,),
        )
    untouched = _untouched(text, strict)
    if _may_say_null(text, schema) and (made := _without_null_texts(text, schema)) is not None:
        return replace(made, candidates=untouched.candidates)
    return untouched


def _untouched(text: str, strict: Valid[Any]) -> Aligned[Any]:
    candidate = Candidate(text=text[:200], start=0, end=len(text), data=strict.data)
    return Aligned(value=strict.value, data=strict.data, candidates=(candidate,))


def stands(data: Any, text: str, schema: OutputSchema[Any], inputs: Mapping[str, Any]) -> bool:
    """True when strict JSON that fits the schema field by field is taken without a receipt.

    Args:
        data: What it is as plain data.
        text: The answer.
        schema: What it must be.
        inputs: The prompt's inputs.
    """
    echoes = Echoes(inputs, lambda given: _values_in(given, schema))
    return not (_may_say_null(text, schema) or has_further_names(data, schema) or echoes.is_echo(data))


def _may_say_null(text: str, schema: OutputSchema[Any]) -> bool:
    return allows_null_and_text(schema) and any(word in text for word in _NULL_TEXTS)


def _without_null_texts(text: str, schema: OutputSchema[Any]) -> Aligned[Any] | None:
    attempts = Attempts(text, schema)
    found = attempts.seeker.find()
    if len(found) != 1:
        return None
    attempt = attempts.attempt(attempts.seeker.read_again(found[0]))
    if attempt.valid is None or any(fix.rule != "null_text" for fix in attempt.fixes):
        return None
    repairs = tuple(
        Repair(
            path=path_text(fix.place),
            rule=fix.rule,
            before=fix.before,
            after=fix.after,
            cost=RULES[fix.rule].cost,
            lossy=False,
        )
        for fix in attempt.fixes
        if isinstance(fix.before, str) and says_null(fix.before)
    )
    return Aligned(value=attempt.valid.value, data=attempt.valid.data, repairs=repairs)


def _mended(
    text: str, schema: OutputSchema[Any], echoes: Echoes, allowed: frozenset[str], deepest: int
) -> Aligned[Any]:
    inner = _inner_text(text) if deepest else None
    if inner is not None:
        receipt = Repair(
            path="",
            rule="encoded",
            before=text[:200],
            after=inner[:200],
            cost=RULES["encoded"].cost,
            lossy=False,
        )
        strict = schema.read_json(inner, closed=True)
        if isinstance(strict, Valid):
            made = _as_it_stands(inner, strict, schema, echoes)
        else:
            made = _mended(inner, schema, echoes, allowed, deepest - 1)
        return replace(made, repairs=(receipt, *made.repairs))
    attempts = Attempts(text, schema)
    tried = attempts.in_brackets()
    if not any(each.valid is not None or each.speaks for each in tried):
        spoken = list(attempts.spoken())
        tried = [each for each in spoken if each.valid is not None][:1] or spoken[:1] or tried
    return choose(text, tried, echoes, allowed, thinks_on=attempts.seeker.open_thought)


def _inner_text(text: str) -> str | None:
    """The answer that the text holds as a JSON string, with escaped quotation marks, or with HTML entities."""
    body = text.strip()
    if body[:1] == '"' and body[-1:] == '"' and ("{" in body or "[" in body):
        inner = _string(body)
        return inner if inner is not None and inner.lstrip()[:1] in ("{", "[", "`", '"') else None
    if _ESCAPED.match(body):
        return _string(f'"{body}"')
    if "&quot;" in body and '"' not in body:
        return html.unescape(body)
    return None


def _string(body: str) -> str | None:
    try:
        inner = json.loads(body, strict=False)
    except (ValueError, RecursionError):
        return None
    return inner if isinstance(inner, str) else None


def _values_in(text: str, schema: OutputSchema[Any]) -> Iterator[Any]:
    """The values of the schema that stand in an input's text."""
    try:
        attempts = Attempts(text, schema)
        tried = [attempts.attempt(found) for found in attempts.seeker.find()]
    except TooMuchWork:
        return
    for each in tried:
        if each.valid is not None and not any(
            fix.rule in ("undeclared", "name_dropped") for fix in each.fixes
        ):
            yield each.valid.data
