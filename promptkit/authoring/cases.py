"""The parts of a prompt file that hold cases: examples for the model and tests for pytest."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from promptkit import errors
from promptkit.authoring.fields import as_items, as_pairs, as_text, as_texts, known_keys, required
from promptkit.authoring.nodes import Items, Node, plain
from promptkit.declarations import Example, FileTest
from promptkit.spelling import did_you_mean

__all__ = ["read_examples", "read_tests"]

_EXPECTATIONS = ("output", "violates", "error", "contains")
_FEW = 12  # names that a message lists without becoming hard to read


def read_examples(node: Node, lines: dict[str, int], *, text_output: bool) -> tuple[Example, ...]:
    """Examples as plain data."""
    examples: list[Example] = []
    for index, item in enumerate(as_items(node, "examples")):
        what = f"examples[{index}]"
        pairs = as_pairs(item, what)
        entries = known_keys(pairs, what, ("input", "output", "reasoning"))
        given = as_pairs(required(entries, "input", what, pairs), f"{what}.input")
        output = required(entries, "output", what, pairs)
        value = as_text(output, f"{what}.output") if text_output else plain(output)
        lines[what] = pairs.place.line
        thoughts = (
            as_text(entries["reasoning"].value, f"{what}.reasoning") if "reasoning" in entries else None
        )
        examples.append(Example(input=plain(given), output=value, reasoning=thoughts, line=pairs.place.line))
    return tuple(examples)


def read_tests(node: Node, lines: dict[str, int], constraints: Collection[str]) -> tuple[FileTest, ...]:
    """Tests as plain data; ``constraints`` are the ids that ``violates`` may name."""
    tests: list[FileTest] = []
    names: dict[str, int] = {}
    for index, item in enumerate(as_items(node, "tests")):
        what = f"tests[{index}]"
        pairs = as_pairs(item, what)
        entries = known_keys(pairs, what, ("name", "input", "replies", "expect"))
        name = as_text(required(entries, "name", what, pairs), f"{what}.name")
        if name in names:
            raise pairs.place.fault(
                f"Two tests have the name {name!r}, here and in line {names[name]}. Rename one."
            )
        names[name] = lines[what] = pairs.place.line
        given = as_pairs(required(entries, "input", what, pairs), f"{what}.input")
        expect = _expectations(required(entries, "expect", what, pairs), what, constraints)
        replies = entries.get("replies")
        if replies is None and not set(expect) <= {"contains", "error"}:
            raise pairs.place.fault(
                f"{what} has no replies. Add `replies:` with what the mocked model answers."
            )
        tests.append(
            FileTest(
                name=name,
                input=plain(given),
                replies=tuple(map(plain, as_items(replies.value, f"{what}.replies"))) if replies else (),
                expect=expect,
                line=pairs.place.line,
            )
        )
    return tuple(tests)


def _expectations(node: Node, what: str, constraints: Collection[str]) -> dict[str, Any]:
    what = f"{what}.expect"
    pairs = as_pairs(node, what)
    made: dict[str, Any] = {}
    for key, pair in known_keys(pairs, what, _EXPECTATIONS).items():
        if key == "output":
            made[key] = plain(pair.value)
        elif key == "error":
            made[key] = _one_of(pair.value, f"{what}.error", errors.__all__, "error of promptkit")
        elif key == "violates":
            made[key] = _violated(pair.value, f"{what}.violates", constraints)
        else:
            made[key] = as_texts(pair.value, f"{what}.contains", lone=True)
    if not made:
        raise node.place.fault(f"{what} says nothing. Add one of {', '.join(_EXPECTATIONS)}.")
    return made


def _violated(node: Node, what: str, constraints: Collection[str]) -> tuple[str, ...]:
    items = node.items if isinstance(node, Items) else (node,)
    return tuple(_one_of(item, what, constraints, "constraint of this file") for item in items)


def _one_of(node: Node, what: str, known: Collection[str], kind: str) -> str:
    name = as_text(node, what)
    if name not in known:
        there = f" There are: {', '.join(known)}." if len(known) <= _FEW else ""
        raise node.place.fault(
            f"{what} names {name!r}, which is no {kind}{did_you_mean(name, known)}.{there}"
        )
    return name
