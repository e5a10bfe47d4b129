"""The constraints as a list for a model: in the order in which it writes, a field's rules together.

The wording and the order are frozen as ``promptkit/1``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from promptkit.constraints.constraint import Constraint, predicate_of, subject_of
from promptkit.constraints.paths import EACH, Path, Step, Where, parse
from promptkit.schemas.fragments import branches, resolve
from promptkit.schemas.json_types import is_mapping
from promptkit.wordings import ENGLISH, Wording

__all__ = ["spoken_list"]

_LAST = 1 << 30
_MAX_DEPTH = 8


def spoken_list(
    rules: Sequence[tuple[Constraint, str]], json_schema: Mapping[str, Any], wording: Wording | None = None
) -> tuple[tuple[str, str], ...]:
    """The lines of the section, each as its mark and its text: what must hold, then what should.

    Fields come in the order of the schema, rules on the whole answer before them and conditions across fields
    behind them; several rules of one field stand below its name, each as the rest of a sentence.

    Args:
        rules: The constraints in the order of the file, each with what is said for it.
        json_schema: The output's schema, for the order of its fields.
        wording: The language of the headings; None for English.
    """
    wanted = {str(prefix) for constraint, _ in rules for prefix in _prefixes(constraint)}
    order = {path: index for index, path in enumerate(_fields(json_schema, json_schema, wanted))}
    ordered = sorted(rules, key=lambda pair: _position(pair[0], order))
    lines: list[tuple[str, str]] = []
    for heading, severity in (("section.rules", "must"), ("section.wishes", "should")):
        said = [pair for pair in ordered if pair[0].severity == severity]
        if said:
            lines += [("", "")] * bool(lines) + [("", (wording or ENGLISH).say(heading)), *_grouped(said)]
    return tuple(lines)


def _grouped(said: Sequence[tuple[Constraint, str]]) -> Iterator[tuple[str, str]]:
    groups: dict[object, list[tuple[Constraint, str]]] = {}
    for index, (constraint, sentence) in enumerate(said):
        key = index if constraint.rule.kind == "expr" else constraint.path
        groups.setdefault(key, []).append((constraint, sentence))
    for group in groups.values():
        if len(group) == 1:
            constraint, sentence = group[0]
            yield "- ", constraint.without_wish(sentence)
            continue
        first = group[0][0]
        subject = subject_of(parse(first.path), first.wording)
        yield "- ", f"{subject[:1].upper()}{subject[1:]}:"
        for constraint, sentence in group:
            yield "  - ", predicate_of(constraint.without_wish(sentence), subject)


def _position(constraint: Constraint, order: Mapping[str, int]) -> int:
    """Where a rule stands: -1 for the whole answer, then its field's place, then what spans fields."""
    if constraint.rule.kind == "expr":
        return _LAST
    if not constraint.path:
        return -1
    return order.get(str(Path(_steps(constraint))), _LAST - 1)


def _steps(constraint: Constraint) -> tuple[Step, ...]:
    """The way to a rule's field, each item of a list like all others."""
    return tuple(EACH if isinstance(step, int | Where) else step for step in parse(constraint.path).steps)


def _prefixes(constraint: Constraint) -> Iterator[Path]:
    steps = _steps(constraint)
    return (Path(steps[:count]) for count in range(len(steps) + 1))


def _fields(
    fragment: Mapping[str, Any],
    root: Mapping[str, Any],
    wanted: Collection[str],
    path: Path | None = None,
    depth: int = 0,
) -> Iterator[str]:
    """The wanted paths of the schema in the order in which a model writes; recursion is cut off.

    Only the ways to them are walked: all ways through a schema that refers to itself are too many.
    """
    path = path or Path()
    if depth > _MAX_DEPTH or str(path) not in wanted:
        return
    fragment = resolve(fragment, root)
    yield str(path)
    for part in [*branches(fragment), *fragment.get("allOf", ())]:
        yield from _fields(part, root, wanted, path, depth + 1)
    for name, inner in fragment.get("properties", {}).items():
        if is_mapping(inner):
            yield from _fields(inner, root, wanted, Path((*path.steps, name)), depth + 1)
    items = fragment.get("items")
    if is_mapping(items):
        yield from _fields(items, root, wanted, Path((*path.steps, EACH)), depth + 1)
