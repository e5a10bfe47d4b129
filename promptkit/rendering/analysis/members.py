"""Members: what stands behind a dot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from promptkit.rendering.analysis.kinds import ANY, NUMBER, TEXT, Kind, KindName, list_of, made_of, said
from promptkit.rendering.environment import LOOP_FIELDS, TEXT_METHODS
from promptkit.spelling import did_you_mean

__all__ = ["member_of"]

_FLAGS = Kind(name="boolean")
_METHODS: Mapping[KindName, Mapping[str, Kind]] = {
    "text": {
        **dict.fromkeys(TEXT_METHODS, TEXT),
        **dict.fromkeys(("count", "find", "rfind"), NUMBER),
        **dict.fromkeys((name for name in TEXT_METHODS if name.startswith("is")), _FLAGS),
        **dict.fromkeys(("endswith", "startswith"), _FLAGS),
        **dict.fromkeys(("partition", "rpartition", "rsplit", "split", "splitlines"), list_of(TEXT)),
    },
    "object": {"get": ANY, "items": list_of(ANY), "keys": list_of(TEXT), "values": list_of(ANY)},
    "list": {"count": NUMBER, "index": NUMBER},
}
_FIELDS: Mapping[KindName, Mapping[str, Kind]] = {
    "document": {"media_type": TEXT, "name": replace(TEXT, trusted=False)},
    "image": {"media_type": TEXT, "url": replace(TEXT, trusted=False)},
    "message": {name: replace(TEXT, trusted=False) for name in ("content", "role", "text")},
    "loop": dict.fromkeys(LOOP_FIELDS, ANY),
}


def member_of(holder: Kind, name: str) -> tuple[Kind, str | None]:
    """The kind of a field, and what is wrong when there is none of this name.

    Args:
        holder: The kind of what stands before the dot; that it may be None is the caller's concern.
        name: What stands behind it.
    """
    if holder.name in ("any", "none", "function"):
        return _as(ANY, holder), None
    if holder.name == "namespace":
        return _of_namespace(holder, name)
    if holder.name == "module":
        known: Mapping[str, Kind] = holder.target
        if name in known:
            return known[name], None
        return ANY, f"the imported file sets no name {name}{did_you_mean(name, known)}"
    if holder.name == "object":
        field = holder.member(name)
        if field is not None and (name in holder.fields or name not in _METHODS["object"]):
            return field, None
    methods = _METHODS.get(holder.name, {})
    if name in methods:
        made = Kind(
            name="function", target=_as(methods[name], holder), trusted=holder.trusted, path=holder.path
        )
        return replace(made, values=(name,)) if holder.name == "text" else made, None
    fields = _FIELDS.get(holder.name, {})
    if name in fields:
        return fields[name], None
    return _as(ANY, holder), _missing(holder, name, [*(holder.fields or fields or methods)])


def _of_namespace(holder: Kind, name: str) -> tuple[Kind, str | None]:
    """A field of a namespace; what it holds may have been set in any turn of a loop."""
    fields: Mapping[str, list[Kind]] = holder.target
    if name not in fields:
        return ANY, f"the namespace has no field {name}{did_you_mean(name, fields)}; nothing sets it"
    kinds = fields[name]
    return made_of(ANY, *kinds, keeps=True), None


def _as(made: Kind, holder: Kind) -> Kind:
    return replace(made, trusted=holder.trusted, changes=holder.changes, path=holder.path)


def _missing(holder: Kind, name: str, known: list[str]) -> str:
    what = holder.path or "the value"
    has = f"; it has {', '.join(sorted(known)[:12])}" if holder.name == "object" and known else ""
    return f"{what} is {said(holder)} and has no field {name}{did_you_mean(name, known)}{has}"
