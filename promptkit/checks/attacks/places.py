"""Places: where a stranger's text can stand in the inputs of a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from promptkit.constraints.valid_values import put
from promptkit.errors import InputError
from promptkit.prompts import Prompt
from promptkit.schemas import Generated, InputField, generate
from promptkit.schemas.fragments import resolve, without_null
from promptkit.schemas.json_types import is_list, is_mapping, is_object

__all__ = ["Place", "places_of"]

Way: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """One text in the inputs.

    Attributes:
        path: How it is written, for example ``ticket.body`` or ``tags[0]``.
        trusted: True when only the program that calls sets it.
        inputs: Inputs that fit, in which it stands.
        way: The way to it.
    """

    path: str
    trusted: bool
    inputs: Mapping[str, Any]
    way: Way

    def filled(self, text: str) -> dict[str, Any]:
        """The inputs with another text there."""
        changed: dict[str, Any] = put(dict(self.inputs), self.way, text)
        return changed


def places_of(prompt: Prompt[Any]) -> list[Place]:
    """Every place of the inputs that takes text, in inputs that fit; closed types have none."""
    inputs = _inputs(prompt)
    if inputs is None:
        return []
    found: list[Place] = []
    for name, field in prompt.contract.inputs.fields.items():
        for way in _texts(inputs.get(name), (name,)):
            if field.kind == "messages" and way[-1] != "content":
                continue
            place = Place(_spelled(way), field.trusted, inputs, way)
            if _takes_text(prompt, place):
                found.append(place)
    return found


def _inputs(prompt: Prompt[Any]) -> dict[str, Any] | None:
    """Inputs that fit, with every optional one given; None when none can be made, as for images."""
    declared, fields = prompt.declaration, prompt.contract.inputs.fields
    given: dict[str, Any] = dict(declared.examples[0].input) if declared.examples else {}
    for name, field in fields.items():
        if given.get(name) is None:
            made = _made(field)
            if made is not None:
                given[name] = made
    try:
        prompt.render(**given)
    except InputError:
        return None
    return given


def _made(field: InputField) -> Any:
    if field.kind == "messages":
        return [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hello."}]
    if field.kind in ("image", "document"):
        return None
    return _whole(field.json_schema, field.json_schema)


def _whole(fragment: Mapping[str, Any], root: Mapping[str, Any], above: frozenset[int] = frozenset()) -> Any:
    """A value of the schema in which optional fields are given and lists hold an item."""
    fragment = without_null(resolve(fragment, root))
    properties = fragment.get("properties")
    if is_mapping(properties) and id(properties) not in above:  # a schema may refer to itself
        inner = above | {id(properties)}
        return {name: _whole(part, root, inner) for name, part in properties.items() if is_mapping(part)}
    if is_mapping(fragment.get("items")):
        return [_whole(fragment["items"], root, above)]
    found = generate({**fragment, "$defs": root["$defs"]} if "$defs" in root else fragment, seed=None)
    return found.value if isinstance(found, Generated) else None


def _texts(value: Any, way: Way) -> Iterator[Way]:
    if isinstance(value, str):
        yield way
    elif is_object(value):
        for name, part in value.items():
            yield from _texts(part, (*way, name))
    elif is_list(value) and value:
        yield from _texts(value[0], (*way, 0))


def _spelled(way: Sequence[str | int]) -> str:
    first, *rest = way
    return str(first) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)


def _takes_text(prompt: Prompt[Any], place: Place) -> bool:
    """Whether any text may stand there: an enum or a date takes its own values only."""
    try:
        prompt.render(**place.filled("some text"))
    except InputError:
        return False
    return True
