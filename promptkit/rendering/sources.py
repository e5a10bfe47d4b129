"""The inputs that context blocks show: paths read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptkit.constraints import parse
from promptkit.declarations import ContextBlock
from promptkit.errors import TemplateError
from promptkit.schemas import InputSchema
from promptkit.schemas.fragments import resolve, without_null
from promptkit.spelling import did_you_mean

__all__ = ["shrink_problem", "source_problem", "source_root"]

_LISTS_AND_TEXTS = frozenset({"array", "string"})


def source_root(block: ContextBlock, file: str) -> str:
    """The input that a block with a source shows.

    Raises:
        TemplateError: When its path cannot be read.
    """
    try:
        root = parse(block.source or "").steps[:1]
    except ValueError as error:
        raise TemplateError(f"context.{block.id}: {error}", file=file, line=block.line) from error
    if not root or not isinstance(root[0], str):
        raise TemplateError(
            f"context.{block.id}: from names no input; write from: NAME", file=file, line=block.line
        )
    return root[0]


def source_problem(block: ContextBlock, file: str, inputs: InputSchema) -> str | None:
    """What is wrong with a block's path, given the inputs; None when it leads somewhere.

    Raises:
        TemplateError: When the path cannot be read at all.
    """
    root = source_root(block, file)
    if root not in inputs.fields:
        return f"there is no input {root}{did_you_mean(root, inputs.fields)}; from names an input"
    field = inputs.fields[root]
    if field.kind == "messages":
        return f"{root} is a history of messages, which is no block of data; print it by {{% history %}}"
    way, fragment, whole = root, field.json_schema, field.json_schema
    for step in parse(block.source or "").steps[1:]:
        fragment = without_null(resolve(fragment, whole))
        if not isinstance(step, str):
            fragment = fragment.get("items", {})
            way += "[]"
            continue
        properties: Mapping[str, Any] = fragment.get("properties", {})
        if properties and step not in properties:
            has = ", ".join(properties)
            return f"{way} has no field {step}{did_you_mean(step, properties)}; it has {has}"
        fragment = properties.get(step, {})
        way += f".{step}"
    return None if block.shrink == "never" else shrink_problem(block, without_null(resolve(fragment, whole)))


def shrink_problem(block: ContextBlock, fragment: Mapping[str, Any]) -> str | None:
    """Why what a block shows cannot be shortened; None when it can be.

    Args:
        block: The block.
        fragment: The schema of what it shows.
    """
    if not all(isinstance(step, str) for step in parse(block.source or "").steps):
        return (
            f"{block.source} shows values of many places, which cannot be shortened together; show the whole list, "
            "or leave shrink out"
        )
    kind = fragment.get("type")
    if kind is not None and kind not in _LISTS_AND_TEXTS:
        return (
            f"{block.source} is of type {kind}, and only a text or a list can be shortened; leave shrink out"
        )
    if block.shrink == "sentences" and kind == "array":
        return f"{block.source} is a list, which is shortened by whole items; write drop_first, drop_last or middle"
    return None
