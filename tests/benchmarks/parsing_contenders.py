"""Readers of answers, each behind one call: a schema and a text to a value, or an error.

Run as a program it is the other side of `parsing.py`: what one contender makes of each case, and the time that it takes
for some texts. It needs nothing of promptkit.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
import types
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["OTHERS", "REFUSED", "outcome_of", "timed"]

REFUSED = "refused"
Reader = Callable[[Mapping[str, Any], str], Any]


def _model_of(schema: Mapping[str, Any]) -> Any:
    """A pydantic type for the small part of JSON Schema that the cases use."""
    from pydantic import Field, TypeAdapter, create_model

    made: dict[str, Any] = {}

    def type_of(part: Mapping[str, Any], name: str) -> Any:
        from typing import Annotated, Literal, Union

        if "$ref" in part:
            return made.setdefault(
                part["$ref"], type_of(schema["$defs"][part["$ref"].rsplit("/", 1)[-1]], name)
            )
        if "anyOf" in part:
            return Union[tuple(type_of(each, f"{name}{index}") for index, each in enumerate(part["anyOf"]))]  # noqa: UP007
        if "const" in part:
            return Literal[part["const"]]
        if "enum" in part:
            return Literal[tuple(part["enum"])]
        kind = part.get("type")
        if kind == "object" and "properties" in part:
            required = part.get("required", ())
            fields = {
                key: (type_of(inner, f"{name}_{key}"), ... if key in required else inner.get("default"))
                for key, inner in part["properties"].items()
            }
            return create_model(name, **fields)
        if kind == "object":
            return dict[str, type_of(part.get("additionalProperties", {}), name)]
        if kind == "array":
            return list[type_of(part["items"], f"{name}_item")]
        plain = {"string": str, "integer": int, "number": float, "boolean": bool, "null": type(None)}.get(
            kind, Any
        )
        limits = {key: part[old] for key, old in (("ge", "minimum"), ("le", "maximum")) if old in part}
        return Annotated[plain, Field(**limits)] if limits else plain

    return TypeAdapter(type_of(schema, "Output"))


_ADAPTERS: dict[str, Any] = {}


def _adapter(schema: Mapping[str, Any]) -> Any:
    key = json.dumps(schema)
    if key not in _ADAPTERS:
        _ADAPTERS[key] = _model_of(schema)
    return _ADAPTERS[key]


def _dumped(adapter: Any, value: Any) -> Any:
    return adapter.dump_python(value, mode="json", exclude_unset=True)


def _pydantic(schema: Mapping[str, Any], text: str) -> Any:
    adapter = _adapter(schema)
    return _dumped(adapter, adapter.validate_json(text))


def _json_repair(schema: Mapping[str, Any], text: str) -> Any:
    import json_repair

    adapter = _adapter(schema)
    return _dumped(adapter, adapter.validate_python(json_repair.loads(text)))


def _json_repair_schema(schema: Mapping[str, Any], text: str) -> Any:
    import json_repair

    adapter = _adapter(schema)
    made = json_repair.loads(text, schema=dict(schema), schema_repair_mode="salvage")
    return _dumped(adapter, adapter.validate_python(made))


def _jiter(schema: Mapping[str, Any], text: str) -> Any:
    import jiter

    adapter = _adapter(schema)
    return _dumped(adapter, adapter.validate_python(jiter.from_json(text.encode(), partial_mode=True)))


def _instructor(schema: Mapping[str, Any], text: str) -> Any:
    from instructor.v2.core.json import extract_json_from_codeblock

    adapter = _adapter(schema)
    return _dumped(adapter, adapter.validate_json(extract_json_from_codeblock(text)))


class _Baml:
    """BAML reads by types of its own language: one program for each schema."""

    def __init__(self) -> None:
        self._runtimes: dict[str, Any] = {}
        self._types = _namespace()

    def __call__(self, schema: Mapping[str, Any], text: str) -> Any:
        runtime, context = self._runtime(schema)
        made = runtime.parse_llm_response(
            "Read", text, self._types, self._types, self._types, False, context, None, None, {}
        )
        return _plain(made)

    def _runtime(self, schema: Mapping[str, Any]) -> Any:
        from baml_py import BamlRuntime

        key = json.dumps(schema)
        if key not in self._runtimes:
            runtime = BamlRuntime.from_files("/tmp", {"main.baml": _baml_source(schema)}, dict(os.environ))  # noqa: S108
            self._runtimes[key] = (runtime, runtime.create_context_manager())
        return self._runtimes[key]


def _namespace() -> types.ModuleType:
    """A module in which BAML finds a pydantic class for each of its own."""
    from pydantic import BaseModel, ConfigDict

    module = types.ModuleType("read_by_baml")

    def made(name: str) -> Any:
        if not name.startswith("Output"):
            raise AttributeError(name)
        return type(
            name, (BaseModel,), {"model_config": ConfigDict(extra="allow"), "__module__": module.__name__}
        )

    module.__getattr__ = made  # type: ignore[method-assign]
    return module


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return {key: _plain(inner) for key, inner in (value.model_extra or {}).items()}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _baml_source(schema: Mapping[str, Any]) -> str:
    classes: list[str] = []

    def type_of(part: Mapping[str, Any], name: str) -> str:
        if "$ref" in part:
            return type_of(schema["$defs"][part["$ref"].rsplit("/", 1)[-1]], name)
        if "anyOf" in part:
            return (
                "("
                + " | ".join(type_of(each, f"{name}{index}") for index, each in enumerate(part["anyOf"]))
                + ")"
            )
        if "const" in part or "enum" in part:
            return "(" + " | ".join(json.dumps(each) for each in part.get("enum", [part.get("const")])) + ")"
        kind = part.get("type")
        if kind == "object" and "properties" in part:
            required = part.get("required", ())
            lines = [
                "  "
                + key
                + " "
                + type_of(inner, name + key.title().replace("_", ""))
                + ("" if key in required else "?")
                for key, inner in part["properties"].items()
            ]
            classes.append("class " + name + " {\n" + "\n".join(lines) + "\n}")
            return name
        if kind == "object":
            return f"map<string, {type_of(part.get('additionalProperties', {}), name)}>"
        if kind == "array":
            return f"{type_of(part['items'], name + 'Item')}[]"
        return {"string": "string", "integer": "int", "number": "float", "boolean": "bool", "null": "null"}[
            kind
        ]

    top = type_of(schema, "Output")
    client = (
        'client<llm> Nobody {\n  provider openai\n  options {\n    model "none"\n    api_key "none"\n  }\n}'
    )
    function = f'function Read(x: string) -> {top} {{\n  client Nobody\n  prompt #"{{{{ x }}}} {{{{ ctx.output_format }}}}"#\n}}'
    return "\n\n".join([*classes, client, function])


OTHERS: Mapping[str, tuple[str, Reader]] = {
    "pydantic": ("pydantic", _pydantic),
    "jiter": ("jiter", _jiter),
    "instructor": ("instructor", _instructor),
    "json-repair": ("json_repair", _json_repair),
    "json-repair-schema": ("json_repair", _json_repair_schema),
    "baml": ("baml-py", _Baml()),
}
"""Each contender's distribution and what it does with an answer."""


def outcome_of(reader: Reader, schema: Mapping[str, Any], text: str) -> Any:
    """``{"value": ...}``, or ``{"error": ...}`` where it refuses, whatever it raises."""
    try:
        return {"value": reader(schema, text)}
    except Exception as error:  # noqa: BLE001 - every way to refuse counts as one
        return {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    except BaseException as error:  # a panic in native code derives from BaseException
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return {"error": f"panic {type(error).__name__}"}


def timed(reader: Reader, schema: Mapping[str, Any], text: str, least_s: float = 0.2) -> float | None:
    """Microseconds of processor time for one reading, the least of some; None where it refuses."""
    if "error" in outcome_of(reader, schema, text):
        return None
    best, spent = float("inf"), 0.0
    while spent < least_s:
        start = time.process_time()
        reader(schema, text)
        took = time.process_time() - start
        best, spent = min(best, took), spent + max(took, 1e-6)
    return best * 1e6


def main() -> None:
    """One contender: cases and texts from standard input as JSON, a line of JSON for each outcome as it comes."""
    asked = json.load(sys.stdin)
    distribution, reader = OTHERS[asked["contender"]]
    print(json.dumps(importlib.metadata.version(distribution)), flush=True)
    for case in asked["cases"]:
        print(json.dumps(outcome_of(reader, case["schema"], case["text"])), flush=True)
    for case in asked["texts"]:
        print(json.dumps(timed(reader, case["schema"], case["text"])), flush=True)


if __name__ == "__main__":
    main()
