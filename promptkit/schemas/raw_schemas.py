"""Raw JSON Schemas: plain data checked by jsonschema-rs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import jsonschema_rs

from promptkit.errors import SchemaUnsupported
from promptkit.schemas.json_types import is_list
from promptkit.schemas.outcomes import Problem
from promptkit.schemas.places import path_text, shorten, shown, type_phrase

__all__ = ["raw_problems", "raw_validator"]

MAX_PROBLEMS = 50

_TYPE_PHRASES = {
    "array": "a list",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def raw_validator(schema: Mapping[str, Any], *, formats: bool = True) -> jsonschema_rs.Validator:
    """A validator by draft 2020-12 unless ``$schema`` names another one; formats are checked if ``formats``.

    Raises:
        SchemaUnsupported: When the schema is invalid or refers to another document.
    """
    try:
        return jsonschema_rs.validator_for(
            dict(schema), validate_formats=formats, retriever=_refuse_retrieval
        )
    except jsonschema_rs.ValidationError as error:
        path = path_text(error.instance_path)
        where = f" at {path}" if path else ""
        raise SchemaUnsupported(
            f"the JSON Schema is invalid{where}: {shorten(error.message, 300)}. "
            "Write it by JSON Schema 2020-12, with every reference inside it.",
            paths=[path],
        ) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise SchemaUnsupported(
            f"the JSON Schema cannot be used: {shorten(str(error), 300)}. Write it as plain JSON data.",
            paths=[""],
        ) from None


def _refuse_retrieval(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is another document, which is never fetched; put its text under $defs")


def raw_problems(validator: jsonschema_rs.Validator, data: Any) -> tuple[Problem, ...]:
    """Everything that is wrong with the data, at most 50 findings; empty when it fits."""
    if validator.is_valid(data):
        return ()
    problems: list[Problem] = []
    for error in validator.iter_errors(data):
        problems.extend(_problems(error))
        if len(problems) >= MAX_PROBLEMS:
            break
    return tuple(problems[:MAX_PROBLEMS])


def _problems(error: jsonschema_rs.ValidationError) -> Sequence[Problem]:
    path: list[str | int] = list(error.instance_path)
    rule = str(error.schema_path[-1]) if error.schema_path else "schema"
    match error.kind.as_dict():
        case {"property": str(name)} if rule == "required":
            return [Problem(path=path_text([*path, name]), rule=rule, message="is missing")]
        case {"unexpected": names} if is_list(names):
            return [
                Problem(path=path_text([*path, str(name)]), rule=rule, message="is no field of the schema")
                for name in names
            ]
        case {"types": kinds} if rule == "type":
            wanted = " or ".join(_TYPE_PHRASES.get(kind, kind) for kind in _listed(kinds))
            got = type_phrase(error.instance)
            return [
                Problem(
                    path=path_text(path),
                    rule=rule,
                    message=f"expected {wanted}, got {got}",
                    got=got,
                    expected=wanted,
                )
            ]
        case _:
            message = shorten(error.message, 300)
            return [Problem(path=path_text(path), rule=rule, message=message, got=shown(error.instance))]


def _listed(kinds: Any) -> list[str]:
    return [kinds] if isinstance(kinds, str) else [str(kind) for kind in kinds]
