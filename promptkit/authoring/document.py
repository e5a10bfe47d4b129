"""A file's YAML document and its body → Declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from promptkit.authoring.cases import read_examples, read_tests
from promptkit.authoring.contracts import input_names, read_input, read_output
from promptkit.authoring.fields import as_integer, as_items, as_pairs, as_text, known_keys
from promptkit.authoring.front_matter import Split
from promptkit.authoring.nodes import Node, Pair, Pairs, Scalar, Source
from promptkit.authoring.rule_settings import read_check
from promptkit.authoring.rules import DeclaredRule, listed_rule, refuse_equal_ids, refuse_unknown_places
from promptkit.authoring.sections import (
    BACKEND_KEYS,
    SETTINGS,
    read_clarity,
    read_context,
    read_generation,
)
from promptkit.authoring.semver import MOST_CHARACTERS, is_version, nearest_version
from promptkit.authoring.surroundings import Surroundings
from promptkit.authoring.variants import extended
from promptkit.authoring.yaml_text import load
from promptkit.constraints import KINDS, Constraint, Kinds
from promptkit.declarations import Declaration, InputDeclaration, OutputDeclaration
from promptkit.errors import PromptError, TemplateError
from promptkit.spelling import did_you_mean
from promptkit.wordings import ENGLISH, Wording

__all__ = ["FORMAT", "KEYS", "declare"]

FORMAT = "promptkit/1"
"""The file format that this version reads."""

KEYS = (
    "format",
    "name",
    "version",
    "description",
    "language",
    "deprecated",
    "extends",
    "generation",
    "input",
    "clarity",
    "context",
    "output",
    "constraints",
    "attempts",
    "enforce",
    "examples",
    "tests",
    "check",
)
"""The keys of a file, in the order in which they are written; behind them ``template`` in a YAML document."""

_ENFORCE = ("off", "prefer", "require")
_BELONGS_BELOW = "{0} stands below {1}. Write `{1}:` and below it, indented, `{0}:`."
_ELSEWHERE: Mapping[str, str] = {
    **BACKEND_KEYS,
    "config": "Sampling settings stand below `generation:` here. Rename config, and leave model and "
    "connection out.",
    "template": "In a .prompt.j2 file the template stands behind the front matter. Move it below the closing "
    "---.",
    **{
        key: _BELONGS_BELOW.format(key, "clarity")
        for key in ("role", "task", "audience", "steps", "done_when")
    },
    **{key: _BELONGS_BELOW.format(key, "generation") for key in SETTINGS},
}
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*")


def declare(
    split: Split, *, name: str, kinds: Kinds = KINDS, around: Surroundings | None = None
) -> Declaration:
    """The declaration of one file.

    Args:
        split: The file's text, taken apart.
        name: Name of a prompt whose file gives none.
        kinds: The kinds of rule that it may name.
        around: What the file may refer to.

    Raises:
        TemplateError: With line, column and the mend for whatever is wrong first.
    """
    source = Source(split.file, tuple(split.text.split("\n")), kinds)
    root = load(split.yaml, source=source, first_line=split.yaml_line) if split.yaml is not None else None
    pairs = (
        Pairs(source.at(split.yaml_line, 1), {}, flow=False)
        if root is None
        else as_pairs(root, "A prompt file")
    )
    keys = (*KEYS, "template") if split.yaml_document else KEYS
    entries = known_keys(pairs, "", keys, elsewhere=_ELSEWHERE)
    reader = _Reader(entries, source, around or Surroundings())
    return reader.declaration(split, name)


@dataclass(frozen=True, slots=True)
class _Body:
    text: str
    line: int
    indent: int


class _Reader:
    """Reads the sections in the order in which later ones refer to earlier ones."""

    def __init__(
        self,
        entries: Mapping[str, Pair],
        source: Source,
        around: Surroundings,
    ) -> None:
        self._entries = entries
        self._source = source
        self._around = around
        self._lines: dict[str, int] = {key: pair.key.place.line for key, pair in entries.items()}
        self._rules: list[DeclaredRule] = []

    def declaration(self, split: Split, name: str) -> Declaration:
        self._check_format()
        body = _body_of(self._entries, split)
        base = self._base()
        declared = InputDeclaration(inferred=True) if base is None else base.input
        if node := self._value("input"):
            declared = read_input(node)
        inputs = input_names(declared)
        output = OutputDeclaration() if base is None else base.output
        if node := self._value("output"):
            output, rules = read_output(node)
            self._rules += rules
            self._lines["output_format"] = self._lines["output"]
        constraints = self._constraints(output, declared)
        known = [constraint.id for constraint in (*constraints, *(base.constraints if base else ()))]
        wording = self._wording(base)
        made = Declaration(
            **self._identity(name),
            wording=wording,
            file=split.file,
            input=declared,
            **self._said(inputs, known, output),
            constraints=self._worded(constraints, wording),
            output=output,
            body=body.text,
            body_line=body.line,
            body_indent=body.indent,
            text=split.text,
            lines=self._lines,
        )
        return made if base is None else extended(base, made)

    def _wording(self, base: Declaration | None) -> Wording | None:
        """What promptkit says in this prompt, by its language."""
        node = self._value("language")
        if node is None:
            return None if base is None else base.wording
        language = as_text(node, "language")
        try:
            return None if language == ENGLISH.language else self._around.wording_of(language)
        except ValueError as error:
            raise node.place.fault(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None

    def _worded(self, constraints: tuple[Constraint, ...], wording: Wording | None) -> tuple[Constraint, ...]:
        """The rules in the prompt's language; each must have a sentence there."""
        if wording is None:
            return constraints
        made = tuple(replace(constraint, wording=wording) for constraint in constraints)
        for constraint, rule in zip(made, self._rules, strict=True):
            try:
                constraint.sentence()
            except ValueError as error:
                raise rule.place.fault(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
        return made

    def _base(self) -> Declaration | None:
        """The prompt that this one is a variant of."""
        node = self._value("extends")
        if node is None:
            return None
        reference = _extends(node)
        if self._around.base_of is None:
            raise node.place.fault(
                f"{reference} is a prompt of a library, and this text belongs to none. Put it into a library's file."
            )
        try:
            return self._around.base_of(reference)
        except PromptError as error:
            if isinstance(error, TemplateError) and error.file is not None:
                raise  # it names the place in the other file
            raise node.place.fault(f"{reference} cannot be extended: {error}.") from error

    def _identity(self, name: str) -> dict[str, Any]:
        """Name, version, description, generation and attempts, as far as they are given."""
        made: dict[str, Any] = {"name": name}
        for key, read in _SIMPLE.items():
            if key in self._entries:
                made[key] = read(self._entries[key].value)
        return made

    def _said(
        self, inputs: frozenset[str] | None, ids: Collection[str], output: OutputDeclaration
    ) -> dict[str, Any]:
        """The sections of text and of cases, as far as they are given."""
        made: dict[str, Any] = {}
        if node := self._value("clarity"):
            made["clarity"] = read_clarity(node, self._lines)
        if node := self._value("context"):
            made["context"] = read_context(node, inputs, self._lines)
        if node := self._value("examples"):
            made["examples"] = read_examples(node, self._lines, text_output=output.kind == "text")
        if node := self._value("tests"):
            made["tests"] = read_tests(node, self._lines, ids)
        return made

    def _value(self, key: str) -> Node | None:
        return self._entries[key].value if key in self._entries else None

    def _check_format(self) -> None:
        node = self._value("format")
        if node is None:
            return
        said = as_text(node, "format")
        if said != FORMAT:
            raise node.place.fault(
                f"This file is of the format {said!r}, and this version of promptkit reads {FORMAT}. Write "
                f"`format: {FORMAT}`, or install a promptkit that knows the other one."
            )

    def _constraints(self, output: OutputDeclaration, declared: InputDeclaration) -> tuple[Constraint, ...]:
        if node := self._value("constraints"):
            items = as_items(node, "constraints")
            text_output = output.kind == "text"
            self._rules += [
                listed_rule(item, index, text_output=text_output) for index, item in enumerate(items)
            ]
        refuse_equal_ids(self._rules)
        if output.model is None:
            schema = declared.json_schema
            refuse_unknown_places(
                self._rules, output.json_schema or {}, schema.get("properties", {}) if schema else None
            )
        self._lines.update({f"constraints.{rule.constraint.id}": rule.place.line for rule in self._rules})
        return tuple(rule.constraint for rule in self._rules)


def _body_of(entries: Mapping[str, Pair], split: Split) -> _Body:
    """The Jinja text and where it begins; only blanks count as an empty body, the standard layout."""
    if not split.yaml_document:
        return _Body(split.body if split.body.strip() else "", split.body_line, 0)
    pair = entries.get("template")
    if pair is None:
        return _Body("", 1, 0)
    node = pair.value
    text = as_text(node, "template")
    assert isinstance(node, Scalar)
    if node.style == "literal":
        return _Body(text, node.place.line + 1, _indent(node, text))
    if "\n" in text or node.end_line > node.place.line + 1 or node.style == "folded":
        raise node.place.fault(
            "The template would lose its line breaks written like this. Write `template: |`."
        )
    opening_quote = 1 if node.style == "quoted" else 0
    return _Body(text, node.place.line, node.place.column - 1 + opening_quote)


def _indent(node: Scalar, text: str) -> int:
    lines = text.split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    return len(node.place.source.at(node.place.line + 1 + first, 1).text) - len(lines[first])


def _name(node: Node) -> str:
    name = as_text(node, "name")
    if _NAME.fullmatch(name) is None:
        raise node.place.fault(
            f"{name!r} cannot be the name of a prompt. Names are words of letters, digits, _, - and . with / "
            "between them, for example support/triage."
        )
    return name


def _version(node: Node) -> str:
    version = as_text(node, "version")
    if is_version(version):
        return version
    if len(version) > MOST_CHARACTERS:
        raise node.place.fault(
            f"The version has {len(version):,} characters, and it may have {MOST_CHARACTERS}. Write three numbers such "
            "as 1.0.0."
        )
    raise node.place.fault(
        f"The version {version!r} is no semantic version, which has three numbers. Write `version: "
        f"{nearest_version(version)}`."
    )


def _description(node: Node) -> str:
    return as_text(node, "description")


def _deprecated(node: Node) -> str:
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        raise node.place.fault(
            f"deprecated is {node.text}, and callers are told why and what to use instead. Write it as a text, for "
            "example `deprecated: use support/triage@^3`."
        )
    return as_text(node, "deprecated")


def _extends(node: Node) -> str:
    reference = as_text(node, "extends")
    if _NAME.fullmatch(reference.partition("@")[0]) is None or reference.endswith("@"):
        raise node.place.fault(
            f"{reference!r} is no prompt that can be extended. Write its name in the library, with a range or "
            "without, for example `extends: support/triage@^2`."
        )
    return reference


def _attempts(node: Node) -> int:
    return as_integer(node, "attempts", least=1, most=10)


def _enforce(node: Node) -> str:
    said = as_text(node, "enforce")
    if said not in _ENFORCE:
        raise node.place.fault(
            f"enforce is {said!r}{did_you_mean(said, _ENFORCE)}. Write off, prefer or require."
        )
    return said


_SIMPLE: Mapping[str, Callable[[Node], Any]] = {
    "check": read_check,
    "name": _name,
    "version": _version,
    "description": _description,
    "deprecated": _deprecated,
    "extends": _extends,
    "generation": read_generation,
    "attempts": _attempts,
    "enforce": _enforce,
}
