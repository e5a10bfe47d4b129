"""The stub of a module that holds a library: a class for each prompt, and which reference means which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.libraries.folders import Library
from promptkit.libraries.frozen import Entry
from promptkit.libraries.stubs.input_types import InputTypes
from promptkit.libraries.stubs.names import Names, camel
from promptkit.libraries.stubs.output_types import output_type
from promptkit.libraries.surfaces import surface_of
from promptkit.libraries.versions import Version
from promptkit.prompts import Prompt
from promptkit.schemas import InputField

__all__ = ["stub_of"]

_HEAD = """\
# Written by `promptkit stubs`. Write it anew when the contract of a prompt changes.
# pyright: reportIncompatibleMethodOverride=false, reportUnusedImport=false
# mypy: disable-error-code="override"
import datetime
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, TypeVar, overload
from uuid import UUID

from _typeshed import DataclassInstance
from pydantic import BaseModel

from promptkit import DocumentPart, ImagePart, Library, Message, Prompt, Rendered, Result
from promptkit.events import StreamEvent
"""
_METHODS = (
    ("def render", "self, /", "Rendered"),
    ("def run", "self, /", "Result[{output}]"),
    ("async def arun", "self, /", "Result[{output}]"),
    ("def stream", "self, /", "Iterator[StreamEvent[{output}]]"),
    ("def astream", "self, /", "AsyncIterator[StreamEvent[{output}]]"),
    ("def parse", "self, _text: str, /", "Result[{output}]"),
)


def stub_of(library: Library, variable: str = "library") -> str:
    """The text of a ``.pyi`` file for a module in which a variable holds this library.

    Each prompt is known by its name, by each of its versions, and by the range of each major version.

    Args:
        library: The library.
        variable: The variable's name.

    Raises:
        PromptError: When a prompt does not hold together.
    """
    names = Names()
    classes: dict[tuple[str, str], str] = {}
    references: dict[str, str] = {}
    written: list[str] = []
    for reference, entry in _references(library):
        prompt = library.open(entry)
        key = (entry.name, surface_of(prompt).digest)
        if key not in classes:
            classes[key] = _prompt_class(prompt, names, written)
        references[reference] = classes[key]
    modules = "".join(f"import {module}\n" for module in sorted(names.modules))
    owner = names.new("PromptLibrary")
    body = "\n\n".join([*names.classes, *written, _library_class(references, owner)])
    return f'{_HEAD}{modules}\nT = TypeVar("T")\n\n{body}\n\n{variable}: {owner}\n'


def _references(library: Library) -> Iterator[tuple[str, Entry]]:
    """Every reference that a stub knows, with the file that it means: working copies first, then the newest."""
    entries = library.entries()
    for name in sorted({entry.name for entry in entries}):
        working = [entry for entry in entries if entry.name == name and not entry.frozen]
        if working:
            yield name, working[0]
        versions = {*library.versions(name), *(library.header(name).version or "" for _ in working)}
        found = sorted((Version.read(text) for text in versions), key=_newest_first)
        wanted = [reference for version in found if version for reference in _ranges(version)]
        for reference in dict.fromkeys(wanted):
            yield f"{name}@{reference}", library.entry(f"{name}@{reference}")


def _newest_first(version: Version | None) -> Any:
    if version is None:
        return (1, ())
    return (0, tuple(-number for number in version.numbers), not version.pre)


def _ranges(version: Version) -> tuple[str, ...]:
    if version.pre:
        return (version.text,)
    major, minor, _ = version.numbers
    return (f"^{major}" if major else f"^0.{minor}", version.text)


def _prompt_class(prompt: Prompt[Any], names: Names, written: list[str]) -> str:
    base = camel(prompt.name)
    fields = prompt.contract.inputs.fields
    types = InputTypes(names, prompt.contract.inputs.json_schema)
    given = _parameters({name: types.of(field, f"{base}Input") for name, field in fields.items()}, fields)
    schema = prompt.contract.output.schema
    kind: Any = str if schema.kind == "text" else getattr(schema, "python_type", Any)
    output = output_type(kind, f"{base}Output", names)
    made = names.new(f"{base}Prompt")
    lines = [f"class {made}(Prompt[{output}]):"]
    for start, first, result in _METHODS:
        inputs = f", *, {given}" if given else ""
        lines.append(f"    {start}({first}{inputs}) -> {result.format(output=output)}: ...")
    written.append("\n".join(lines))
    return made


def _parameters(types: Mapping[str, str], fields: Mapping[str, InputField]) -> str:
    return ", ".join(
        f"{name}: {text}{'' if fields[name].required else ' = ...'}" for name, text in types.items()
    )


def _library_class(references: Mapping[str, str], name: str) -> str:
    lines = [f"class {name}(Library):"]
    by_class: dict[str, list[str]] = {}
    for reference, made in references.items():
        by_class.setdefault(made, []).append(reference)
    for method in ("get", "__getitem__"):
        several = len(by_class) > 1 or method == "get"
        for made, known in by_class.items():
            literal = ", ".join(repr(reference) for reference in known)
            lines += ["    @overload"] * several
            lines.append(f"    def {method}(self, reference: Literal[{literal}]) -> {made}: ...")
        if method == "get" and by_class:
            lines += ["    @overload", "    def get(self, reference: str, output: type[T]) -> Prompt[T]: ..."]
    return "\n".join(lines if len(lines) > 1 else [*lines, "    pass"])
