"""The sections of a prompt file that hold settings and text: generation, clarity, context."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, get_args

from promptkit.authoring.fields import (
    as_integer,
    as_items,
    as_pairs,
    as_text,
    as_texts,
    first_text_line,
    known_keys,
)
from promptkit.authoring.nodes import Items, Node, Pair, Pairs, Scalar, plain
from promptkit.declarations import Clarity, ContextBlock, Shrink
from promptkit.requests.generation import MOST_LOGPROBS, MOST_SEED, PENALTIES
from promptkit.spelling import did_you_mean

__all__ = [
    "BACKEND_KEYS",
    "SETTINGS",
    "read_clarity",
    "read_context",
    "read_generation",
]

_ELSEWHERE = (
    "{} belongs to the backend and not into a prompt file, which any backend can run. Choose it with "
    "using(), pk.configure() or PROMPTKIT_BACKEND; keys come from the environment only."
)
BACKEND_KEYS: Mapping[str, str] = {
    key: _ELSEWHERE.format(key)
    for key in (
        "model",
        "backend",
        "provider",
        "api_key",
        "key",
        "token",
        "base_url",
        "url",
        "host",
        "headers",
    )
}
"""For each key that people put into prompt files though it belongs to the backend, the sentence that says "
"so."""

SETTINGS = (
    "temperature",
    "max_tokens",
    "seed",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "stop",
    "logprobs",
)
"""The keys below ``generation:``."""

_WHOLE_NUMBERS: Mapping[str, tuple[int | None, int | None]] = {
    "max_tokens": (1, None),
    "seed": (0, MOST_SEED),
    "top_k": (0, None),
    "logprobs": (0, MOST_LOGPROBS),
}
"""Least and most of each setting that is a whole number."""

_NUMBERS: Mapping[str, tuple[Callable[[float], bool], str]] = {
    "temperature": (lambda it: it >= 0, "0 or more"),
    "top_p": (lambda it: 0 < it <= 1, "above 0 and at most 1"),
    "min_p": (lambda it: 0 <= it <= 1, "from 0 to 1"),
    "repetition_penalty": (lambda it: PENALTIES[0] <= it <= PENALTIES[1], "from 0.1 to 10"),
}
"""What each other number must hold, and that in words."""

_LIMITS = ("priority", "max_tokens", "shrink")
_SHRINKS = get_args(Shrink)
_SUFFIXES = (".prompt.j2", ".prompt.yaml")
_FRAGMENT = re.compile(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*")
_ROOT = re.compile(r"[^\W\d]\w*")


def read_generation(node: Node) -> dict[str, Any]:
    """Sampling settings, ready to be keywords of GenerationConfig."""
    pairs = as_pairs(node, "generation")
    made: dict[str, Any] = {}
    for key, pair in known_keys(pairs, "generation", SETTINGS, elsewhere=BACKEND_KEYS).items():
        what = f"generation.{key}"
        if key == "stop":
            made[key] = as_texts(pair.value, what, lone=True)
        elif key in _WHOLE_NUMBERS:
            least, most = _WHOLE_NUMBERS[key]
            made[key] = as_integer(pair.value, what, least=least, most=most)
        else:
            made[key] = _number(pair.value, what, *_NUMBERS[key])
    return made


def _number(node: Node, what: str, holds: Callable[[float], bool], wanted: str) -> float:
    value = plain(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise node.place.fault(f"{what} must be a number {wanted}. Write digits, for example `0.7`.")
    if not holds(value):
        raise node.place.fault(f"{what} is {value}, and must be {wanted}.")
    return value


def read_clarity(node: Node, lines: dict[str, int]) -> Clarity:
    """Who does what for whom; adds the line of each text to ``lines``."""
    pairs = as_pairs(node, "clarity")
    made: dict[str, Any] = {}
    for key, pair in known_keys(pairs, "clarity", ("role", "task", "audience", "steps", "done_when")).items():
        what = f"clarity.{key}"
        lines[what] = first_text_line(pair.value)
        if key == "steps":
            _refuse_prose_in_brackets(pair)
            made[key] = as_texts(pair.value, what, lone=True)
            if isinstance(pair.value, Items):
                for index, item in enumerate(pair.value.items):
                    lines[f"{what}[{index}]"] = first_text_line(item)
            else:
                lines[f"{what}[0]"] = lines[what]
        else:
            made[key] = as_text(pair.value, what)
    return Clarity(**made)


def _refuse_prose_in_brackets(pair: Pair) -> None:
    """Steps are sentences, and a comma in a sentence silently makes two items of it in a flow list."""
    node = pair.value
    if not isinstance(node, Items) or not node.flow:
        return
    texts = [item.text for item in node.items if isinstance(item, Scalar)]
    if not any(
        isinstance(item, Scalar) and item.style == "plain" and " " in item.text for item in node.items
    ):
        return
    indent = " " * (pair.key.place.column + 1)
    mend = "\n".join([f"{' ' * (pair.key.place.column - 1)}steps:", *(f"{indent}- {text}" for text in texts)])
    raise node.place.fault(
        "A list in brackets is split at every comma, also at those inside a sentence. Write one step per "
        f"line, commas and all:\n{mend}"
    )


def read_context(
    node: Node, inputs: Collection[str] | None, lines: dict[str, int]
) -> tuple[ContextBlock, ...]:
    """The blocks of context; ``inputs`` are the declared names, None when they are not known."""
    blocks: list[ContextBlock] = []
    for index, item in enumerate(as_items(node, "context")):
        what = f"context[{index}]"
        pairs = as_pairs(item, what)
        entries = known_keys(pairs, what, ("id", "from", "text", "include", *_LIMITS))
        sources = [key for key in ("from", "text", "include") if key in entries]
        if len(sources) != 1:
            found = " and ".join(sources) or "none of them"
            raise pairs.place.fault(f"{what} needs exactly one of from, text and include, and has {found}.")
        block = _block(pairs, what, sources[0], inputs)
        if f"context.{block.id}" in lines:
            first = lines[f"context.{block.id}"]
            raise pairs.place.fault(
                f"Two context blocks have the id {block.id}, here and in line {first}. Rename one."
            )
        lines[f"context.{block.id}"] = (
            first_text_line(entries["text"].value) if sources[0] == "text" else pairs.place.line
        )
        blocks.append(block)
    return tuple(blocks)


def _block(pairs: Pairs, what: str, source: str, inputs: Collection[str] | None) -> ContextBlock:
    value = pairs.entries[source].value
    text = as_text(value, f"{what}.{source}")
    if source == "from":
        _check_input_path(value, text, inputs)
    elif source == "include":
        _check_fragment(value, text)
    name = _block_id(pairs, what, source, text)
    kept: dict[str, Any] = {"source" if source == "from" else source: text}
    return ContextBlock(id=name, line=pairs.place.line, **kept, **_limits(pairs, what, source))


def _limits(pairs: Pairs, what: str, source: str) -> dict[str, Any]:
    """How long a block may be, and what gives way where it is longer."""
    made: dict[str, Any] = {}
    for key in _LIMITS:
        node = pairs.get(key)
        if node is None:
            continue
        if source != "from":
            raise node.place.fault(
                f"{what}.{key} stands with {source}, and a prompt's own text is never cut. Remove it, or show an "
                "input by `from:`."
            )
        if key == "shrink":
            made[key] = as_text(node, f"{what}.shrink")
            if made[key] not in _SHRINKS:
                raise node.place.fault(
                    f"{what}.shrink is {made[key]!r}{did_you_mean(made[key], _SHRINKS)}. Write "
                    f"{', '.join(_SHRINKS[:-1])} or {_SHRINKS[-1]}."
                )
        else:
            least = 1 if key == "max_tokens" else None
            made[key] = as_integer(node, f"{what}.{key}", least=least, most=None)
    if "priority" in made and made.get("shrink", "never") == "never":
        raise pairs.place.fault(
            f"{what}.priority says which block gives way first, and this one never does. Add `shrink: drop_last` (or "
            "drop_first, middle, sentences), or remove the priority."
        )
    return made


def _block_id(pairs: Pairs, what: str, source: str, text: str) -> str:
    node = pairs.get("id")
    if node is None and source == "text":
        raise pairs.place.fault(
            f"{what} has a text and no id. Add `id: name`, so that templates can say context.name."
        )
    default = text.partition("@")[0].rpartition("." if source == "from" else "/")[2]
    name = as_text(node, f"{what}.id") if node else re.sub(r"\W", "_", default)
    if not name.isidentifier():
        better = re.sub(r"\W+", "_", name).strip("_") or "block"
        raise (node or pairs).place.fault(
            f"The id {name!r} cannot be written as context.ID in a template. Write `id: {better}`."
        )
    return name


def _check_input_path(node: Node, path: str, inputs: Collection[str] | None) -> None:
    root = _ROOT.match(path)
    if root is None:
        raise node.place.fault(
            f"{path!r} is no path of an input. Write a name, for example `from: ticket.body`."
        )
    if inputs is not None and root.group() not in inputs:
        raise node.place.fault(
            f"from names the input {root.group()!r}, which is not "
            f"declared{did_you_mean(root.group(), inputs)}. Inputs: {', '.join(sorted(inputs)) or 'none'}."
        )


def _check_fragment(node: Node, name: str) -> None:
    name, at, wanted = name.partition("@")
    if at and not wanted:
        raise node.place.fault(
            f"A version or a range stands behind @. Write for example `include: {name}@^1`."
        )
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            raise node.place.fault(
                f"A fragment is named without its suffix. Write `include: {name[: -len(suffix)]}`."
            )
    if not _FRAGMENT.fullmatch(name):
        raise node.place.fault(
            f"{name!r} is no name of a fragment. Write its path below the library's folder, for example "
            "`include: fragments/policy`."
        )
