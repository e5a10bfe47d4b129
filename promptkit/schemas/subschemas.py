"""A schema for some places of another one: a closed object with a required property for each place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptkit.schemas.fragments import fragments_to, is_nullable, opened, references_in, resolve
from promptkit.schemas.leaves import Place
from promptkit.schemas.places import path_text

__all__ = ["declared_order", "may_stand_alone", "subschema"]

Schema = Mapping[str, Any]

_CONTAINERS = ("$defs", "definitions")


def may_stand_alone(place: Place, root: Schema) -> bool:
    """True when one fragment describes the place and an answer to it alone can say all that it may be.

    A property that may be left out, but is never null and has no default, cannot be asked for alone: to leave
    it out would be no answer.
    """
    fragments = fragments_to(place, root)
    if fragments is None or _needed(fragments[-1], root) is None:
        return False
    if not place or isinstance(place[-1], int):
        return True
    part = resolve(fragments[-1], root)
    required = opened(fragments[-2], root).get("required", ())
    return place[-1] in required or is_nullable(part) or "default" in part


def declared_order(places: Sequence[Place], root: Schema) -> tuple[Place, ...]:
    """The places in the order in which the schema declares them."""
    return tuple(sorted(places, key=lambda place: _position(place, root)))


def _position(place: Place, root: Schema) -> tuple[int, ...]:
    fragments = fragments_to(place, root) or ()
    holders = [opened(fragment, root) for fragment in fragments]
    return tuple(
        step if isinstance(step, int) else list(holder["properties"]).index(step)
        for step, holder in zip(place, holders, strict=False)
    )


def subschema(places: Sequence[Place], root: Schema) -> dict[str, Any]:
    """A closed object that has, under the text of each path, what the schema says of that place.

    Definitions that its fields refer to come along. Each place must be one that may stand alone.

    Args:
        places: Places in the data.
        root: The schema of the whole data.
    """
    fields = {path_text(place): (fragments_to(place, root) or [root])[-1] for place in places}
    made: dict[str, Any] = {"$schema": root["$schema"]} if "$schema" in root else {}
    made |= {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
    for container, names in (_needed(fields, root) or {}).items():
        made[container] = {name: part for name, part in root[container].items() if name in names}
    return made


def _needed(data: Any, root: Schema) -> dict[str, set[str]] | None:
    """The definitions that the data leads to, by container; None where a reference leads elsewhere."""
    needed: dict[str, set[str]] = {}
    waiting = [data]
    while waiting:
        for reference in references_in(waiting.pop()):
            named = _definition(reference)
            if named is None or named[1] not in root.get(named[0], {}):
                return None
            container, name = named
            if name not in needed.setdefault(container, set()):
                needed[container].add(name)
                waiting.append(root[container][name])
    return needed


def _definition(reference: str) -> tuple[str, str] | None:
    for container in _CONTAINERS:
        start = f"#/{container}/"
        if reference.startswith(start):
            name = reference.removeprefix(start).split("/")[0]
            return container, name.replace("~1", "/").replace("~0", "~")
    return None
