"""Inputs of a call from the command line: ``--set``, ``--inputs FILE`` and standard input."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from promptkit.errors import InputError
from promptkit.schemas.fragments import branches, resolve, types_of
from promptkit.schemas.inputs import InputField, InputSchema
from promptkit.schemas.places import shorten
from promptkit.schemas.strict_json import NotJson, parse_json

__all__ = ["gather"]


_SAMPLES = {
    "integer": "3",
    "number": "0.5",
    "boolean": "true",
    "array": """'["a", "b"]'""",
    "object": """'{"name": "value"}'""",
}
"""What values of a JSON type look like on a command line."""


class _Assignment(NamedTuple):
    """One ``--set``: the path's names, and the value's text."""

    path: tuple[str, ...]
    text: str

    @property
    def key(self) -> str:
        return ".".join(self.path)


def gather(schema: InputSchema, *, sets: Sequence[str], file: Path | None, stdin: bool) -> dict[str, Any]:
    """The inputs by name; ``--set`` counts over standard input, and that over the file.

    Args:
        schema: What the prompt takes; it says whether a value is text or JSON.
        sets: Texts ``key=value``; ``@file`` reads a file, and a dotted key sets a field of an object.
        file: A file that holds a JSON object.
        stdin: Whether to read standard input.

    Raises:
        InputError: When a text is no assignment, a key is set twice, or a file or JSON cannot be read.
    """
    assignments = _assignments(sets)
    inputs: dict[str, Any] = {}
    if file is not None:
        inputs.update(_object(_read(file, "--inputs"), f"--inputs {file}"))
    if stdin:
        given = {*inputs, *(assignment.path[0] for assignment in assignments)}
        inputs.update(_from_stdin(schema, given))
    for assignment in assignments:
        _put(inputs, assignment, _value(schema, assignment))
    return inputs


def _assignments(sets: Sequence[str]) -> list[_Assignment]:
    found: list[_Assignment] = []
    for text in sets:
        key, equals, value = text.partition("=")
        path = tuple(key.split("."))
        if not equals or not all(path):
            raise InputError(
                f'--set {shorten(text, 60)}: write it as key=value, for example --set message="Hello"; '
                f"a key may be dotted, as in ticket.subject=Offline"
            )
        for other in found:
            shared = min(len(path), len(other.path))
            if path[:shared] == other.path[:shared]:
                again = "twice" if path == other.path else f"beside --set {other.key}"
                raise InputError(f"--set {key} is given {again}; give each input once")
        found.append(_Assignment(path, value))
    return found


def _put(inputs: dict[str, Any], assignment: _Assignment, value: Any) -> None:
    place = inputs
    for name in assignment.path[:-1]:
        inner: Any = place.get(name, {})
        if not isinstance(inner, dict):
            raise InputError(f"--set {assignment.key}: {name} is no object in what was given besides")
        place[name] = dict(inner)  # pyright: ignore[reportUnknownArgumentType] - JSON
        place = place[name]
    place[assignment.path[-1]] = value


def _value(schema: InputSchema, assignment: _Assignment) -> Any:
    """The value as the input's declared type asks for it: text, JSON, or a file for images and documents."""
    text, key = assignment.text, assignment.key
    field = schema.fields.get(assignment.path[0])
    if text.startswith("@@"):
        text = text[1:]
    elif text.startswith("@"):
        path = Path(text[1:])
        if field is not None and field.kind in ("image", "document"):
            _check_readable(path, f"--set {key}")
            return path
        text = _read(path, f"--set {key}")
    if field is None or _takes_text(field, assignment.path[1:], schema):
        return text  # of an unknown input, validation says what is wrong with its name
    if field.kind in ("image", "document"):
        raise InputError(f"--set {key}: {key} is {_a(field.kind)}; give it as a file, --set {key}=@FILE")
    try:
        return parse_json(text)
    except NotJson as error:
        raise InputError(
            f"--set {key}: {key} is no text input, so its value is read as JSON, "
            f"and {shorten(text, 60)} is none: {error.problem.message}. {_example(field, key)}"
        ) from None


def _takes_text(field: InputField, path: tuple[str, ...], schema: InputSchema) -> bool:
    if field.kind not in ("text", "json"):
        return False
    fragment = resolve(field.json_schema, schema.json_schema)
    for name in path:
        options = [resolve(option, schema.json_schema) for option in (fragment, *branches(fragment))]
        inner = next(
            (option["properties"][name] for option in options if name in option.get("properties", {})), None
        )
        if inner is None:
            return True
        fragment = resolve(inner, schema.json_schema)
    return _allows_text(fragment, schema.json_schema)


def _allows_text(fragment: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    fragment = resolve(fragment, root)
    if "const" in fragment or "enum" in fragment:
        return any(isinstance(value, str) for value in fragment.get("enum", [fragment.get("const")]))
    if branches(fragment):
        return any(_allows_text(branch, root) for branch in branches(fragment))
    return "string" in (types_of(fragment) or ("string",))


def _example(field: InputField, key: str) -> str:
    if field.kind == "messages":
        return f"""Write --set {key}='[{{"role": "user", "content": "Hi"}}]' or --set {key}=@FILE."""
    kinds = types_of(field.json_schema) if "." not in key else ()
    sample = _SAMPLES.get(kinds[0]) if kinds else None
    return f"Write --set {key}={sample or 'JSON'}, or put it into a file: --inputs FILE."


def _from_stdin(schema: InputSchema, given: set[str]) -> dict[str, Any]:
    text = _decoded(sys.stdin.buffer.read(), "standard input")
    if text.lstrip().startswith("{"):
        try:
            return _object(text, "standard input")
        except InputError:
            if _lone_text(schema, given) is None:
                raise
    name = _lone_text(schema, given)
    if name is None:
        raise InputError(
            f"standard input is no JSON object, and there is not exactly one text input left that it could "
            f"be (inputs: {', '.join(schema.fields) or 'none'}). Pipe a JSON object, or --set the others."
        )
    return {name: text}


def _lone_text(schema: InputSchema, given: set[str]) -> str | None:
    """The text input that plain text is meant for: the only open one, or the only required one of them."""
    texts = [field for field in schema.fields.values() if field.name not in given and field.kind == "text"]
    required = [field for field in texts if field.required]
    for candidates in (texts, required):
        if len(candidates) == 1:
            return candidates[0].name
    return None


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        data = parse_json(text.removeprefix("\ufeff"))
    except NotJson as error:
        raise InputError(
            f"{where} is no JSON: {error.problem.message}. Give an object of inputs by name."
        ) from None
    if not isinstance(data, dict):
        raise InputError(
            f'{where} holds JSON, but no object; write inputs by name, for example {{"message": "Hi"}}'
        )
    return data  # pyright: ignore[reportUnknownVariableType] - names of JSON objects are strings


def _read(path: Path, where: str) -> str:
    try:
        return _decoded(path.read_bytes(), f"{where}: the file {path}")
    except OSError as error:
        raise _unreadable(path, where, error) from None


def _check_readable(path: Path, where: str) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise _unreadable(path, where, error) from None


def _unreadable(path: Path, where: str, error: OSError) -> InputError:
    return InputError(f"{where}: the file {path} cannot be read: {error.strerror or error}")


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where} is no UTF-8 text (byte {error.start}); save or convert it as UTF-8"
        ) from None


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
