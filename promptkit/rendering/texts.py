"""The texts of a declaration: its body and every string of its sections that is a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from promptkit.declarations import RESERVED_NAMES, Declaration
from promptkit.errors import TemplateError
from promptkit.rendering.bytecode import Bytecode
from promptkit.rendering.environment import Sandbox
from promptkit.rendering.faults import Place
from promptkit.rendering.layout import INSTRUCTION, MATERIAL
from promptkit.rendering.rewriting import SECTION_NAMES, Kind
from promptkit.rendering.sources import source_root
from promptkit.rendering.units import Source, Unit, Units
from promptkit.schemas import InputSchema

__all__ = ["BODY", "Reading", "Texts", "read_prompt", "read_texts", "undeclared_inputs"]

BODY = "body"
_FOLDED = 40
"""Characters that a line of folded YAML has at least, by and large."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What was read.

    Attributes:
        units: Every text that is a template, parsed and checked.
        body: The body; None when it is empty.
        strings: Each string of a section by key: its template, or the string itself where it holds no Jinja.
        places: Where each string stands, by key.
    """

    units: Units
    body: Unit | None
    strings: dict[str, Unit | str]
    places: dict[str, Place]


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt's texts, parsed in the environment that compiles them.

    Attributes:
        env: The environment.
        texts: The texts.
    """

    env: Sandbox
    texts: Texts


def read_prompt(declaration: Declaration, *, inputs: InputSchema, load: Callable[[str], Source]) -> Reading:
    """Parse all texts of a prompt whose inputs are known; compiling takes the result over and changes it.

    Args:
        declaration: The prompt as declared.
        inputs: The schema of its inputs.
        load: Gives included files by name; raises TemplateError for those that it does not have.

    Raises:
        TemplateError: When a text cannot be parsed, or an include leads nowhere.
    """
    env = Sandbox()
    for name in inputs.fields:  # an input hides a global of the same name
        env.globals.pop(name, None)
    return Reading(env, read_texts(declaration, load, env))


def read_texts(declaration: Declaration, load: Callable[[str], Source], env: Sandbox) -> Texts:
    """Parse and check all texts of a declaration and the files that they include.

    Keys of strings are ``clarity.role``, ``clarity.steps[0]``, ``constraints[0]`` (for a ``say``) and
    ``context.ID`` (for a block with text or an include).

    Raises:
        TemplateError: When one of them is faulty.
    """
    keys = {*SECTION_NAMES, *(f"context.{block.id}" for block in declaration.context)}
    empty = not declaration.body.strip()
    if empty:
        keys |= {INSTRUCTION, MATERIAL}
    units = Units(env, load, frozenset(keys), Bytecode(declaration.file))
    chain = (declaration.place,)
    body = None
    if not empty:
        place = Place(
            file=declaration.place_of(BODY),
            first=declaration.body_line,
            indent=declaration.body_indent,
            text=declaration.body,
        )
        body = units.add(BODY, declaration.body, place, Kind.TOP, chain)
    strings: dict[str, Unit | str] = {}
    places: dict[str, Place] = {}
    for key, text, place in _strings(declaration):
        places[key] = place
        is_template = any(mark in text for mark in ("{{", "{%", "{#"))
        strings[key] = units.add(key, text, place, Kind.SECTION, chain) if is_template else text
    for block in declaration.context:
        if block.include is not None:
            at = TemplateError("", file=declaration.place_of(f"context.{block.id}"), line=block.line)
            key = units.include(block.include, Kind.SECTION, at, chain)
            strings[f"context.{block.id}"] = units.by_key[key]
    return Texts(units, body, strings, places)


def _strings(declaration: Declaration) -> Iterator[tuple[str, str, Place]]:
    lines, clarity = declaration.lines, declaration.clarity

    def place(what: str, line: int | None, text: str, key: str | None = None) -> Place:
        # A line more for what YAML folds, and one for the key above the text.
        height = text.count("\n") + len(text) // _FOLDED + 2
        where = declaration.place_of(key or what)
        return Place(file=where, first=line, fixed=True, what=what, height=height)

    for name in ("role", "task", "audience", "done_when"):
        text, key = getattr(clarity, name), f"clarity.{name}"
        if text is not None:
            yield key, text, place(key, lines.get(key, lines.get("clarity")), text)
    for index, step in enumerate(clarity.steps):
        key = f"clarity.steps[{index}]"
        line = next((lines[name] for name in (key, "clarity.steps", "clarity") if name in lines), None)
        yield key, step, place(key, line, step)
    for index, constraint in enumerate(declaration.constraints):
        if constraint.say is not None:
            said = constraint.sentence()
            where = place(
                f"constraint {constraint.id}", constraint.line, said, f"constraints.{constraint.id}"
            )
            yield f"constraints[{index}]", said, where
    for block in declaration.context:
        if block.text is not None:
            key = f"context.{block.id}"
            yield key, block.text, place(key, lines.get(key, block.line), block.text)


def undeclared_inputs(declaration: Declaration, load: Callable[[str], Source]) -> tuple[str, ...]:
    """The names that a prompt reads, for one that declares no inputs: in the order of their first use.

    The body comes first, then clarity, constraints and context.

    Args:
        declaration: The prompt.
        load: Gives included files by name; raises TemplateError for those that it does not have.

    Raises:
        TemplateError: When a text is faulty, or reads a name that is reserved.
    """
    texts = read_texts(declaration, load, Sandbox())
    units = [texts.body, *texts.strings.values()]
    names: dict[str, None] = {}
    for unit in units:
        if isinstance(unit, Unit):
            for name, lineno in texts.units.in_order(unit).items():
                if name in RESERVED_NAMES:
                    raise unit.place.error(
                        f"{name} is a reserved name; call the input something else", lineno
                    )
                names[name] = None
    for block in declaration.context:
        if block.source is not None:
            names[source_root(block, declaration.place)] = None
    return tuple(names)
