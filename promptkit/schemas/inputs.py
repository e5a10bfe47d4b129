"""The schema of a prompt's inputs: what a call may be given, and as what it reaches the template."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from promptkit.errors import InputError, SchemaUnsupported
from promptkit.schemas.findings import MAX_INPUT_CHARS, Findings
from promptkit.schemas.fragments import resolve, types_of, without_null
from promptkit.schemas.input_checks import FieldCheck, check_of, is_closed
from promptkit.schemas.input_parts import PARTS
from promptkit.schemas.json_types import is_list, is_mapping
from promptkit.schemas.quick_checks import OPEN
from promptkit.schemas.typed_inputs import TypedInputs
from promptkit.spelling import did_you_mean

__all__ = ["InputField", "InputKind", "InputSchema", "Trust"]

InputKind: TypeAlias = Literal["text", "json", "image", "document", "messages"]
Trust: TypeAlias = Mapping[str, Literal["trusted", "untrusted"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputField:
    """One input.

    Attributes:
        name: Its name in calls and templates.
        kind: What it is: text, other JSON data, or a special kind of part.
        required: False when it may be left out; it is then ``default``.
        about: One sentence for people.
        default: The value when it is left out, plain data.
        trusted: True when its text cannot be a stranger's: a closed type, or declared so.
        json_schema: Its JSON Schema; for special kinds the ``x-part`` alone.
    """

    name: str
    kind: InputKind
    required: bool = True
    about: str | None = None
    default: Any = None
    trusted: bool = False
    json_schema: Mapping[str, Any]


class _WholeCheck(Protocol):
    """Checks across fields, after each field was made plain data."""

    def check(self, values: dict[str, Any], findings: Findings) -> dict[str, Any]:
        """The values as the type takes them, plain data again."""
        ...


class InputSchema:
    """What a prompt may be given.

    Attributes:
        fields: The inputs by name, in declared order.
        json_schema: Schema of the object whose properties are the inputs.
    """

    __slots__ = ("_checks", "_quick", "_whole", "fields", "json_schema")

    def __init__(
        self,
        *,
        fields: Iterable[InputField],
        checks: Mapping[str, FieldCheck],
        json_schema: Mapping[str, Any],
        whole: _WholeCheck | None = None,
    ) -> None:
        self.fields: Mapping[str, InputField] = {field.name: field for field in fields}
        self.json_schema = json_schema
        self._checks = [(field, checks[name].check) for name, field in self.fields.items()]
        self._whole = whole
        quick = [
            (name, checks[name].quick, not field.required and field.default is None)
            for name, field in self.fields.items()
        ]
        # A type has the last word on its fields, so there is nothing to gain by looking at them first.
        self._quick = quick if whole is None else []

    def __repr__(self) -> str:
        return f"InputSchema({', '.join(self.fields)})"

    @staticmethod
    def from_declared(json_schema: Mapping[str, Any], trust: Trust | None = None) -> InputSchema:
        """The properties of an object schema, as a prompt file declares them.

        Args:
            json_schema: An object schema; ``{"x-part": "image" | "document" | "messages"}`` marks an input
                that is no JSON.
            trust: Labels by input; closed types are trusted and all others untrusted where it is silent.

        Raises:
            SchemaUnsupported: When a property is no valid JSON Schema or its default does not fit it.
            ValueError: When ``trust`` names no input.
        """
        fields = _fields(json_schema, trust or {})
        checks = {field.name: _check(field, json_schema) for field in fields}
        for field in fields:
            if field.default is not None:
                _refuse_default(field, checks[field.name])
        return InputSchema(fields=fields, checks=checks, json_schema=json_schema)

    @staticmethod
    def from_type(tp: Any, trust: Trust | None = None) -> InputSchema:
        """The fields of a pydantic model, a TypedDict or a dataclass.

        A field of type ImagePart or DocumentPart, or a list or tuple of Message, is of the special kind.

        Raises:
            SchemaUnsupported: When the type is none of these, or pydantic cannot validate it.
            ValueError: When ``trust`` names no input.
        """
        typed = TypedInputs(tp)
        fields = _fields(typed.json_schema, trust or {})
        checks = {field.name: FieldCheck(PARTS.get(field.kind, typed.plain)) for field in fields}
        return InputSchema(fields=fields, checks=checks, json_schema=typed.json_schema, whole=typed)

    @staticmethod
    def inferred(names: Iterable[str]) -> InputSchema:
        """Inputs of which only the names are known: all are required strings, untrusted."""
        properties = {name: {"type": "string"} for name in names}
        schema = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return InputSchema.from_declared(schema)

    def validate(
        self, inputs: Mapping[str, Any], *, prompt: str, reserved: Collection[str] = ()
    ) -> dict[str, Any]:
        """The inputs as plain data (special kinds as parts), in declared order, optional ones filled in.

        Args:
            inputs: The inputs of a call by name.
            prompt: Name of the prompt, for the message.
            reserved: Names that a template gives a meaning of its own, for the message.

        Raises:
            InputError: Naming everything that is missing, unexpected, of the wrong type or too long.
        """
        return self._taken(inputs) or self._checked(inputs, prompt, reserved)

    def _taken(self, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """The same for inputs that are just as declared; None when one of them is not, or may not be."""
        sizes: list[int] = []
        values: dict[str, Any] = {}
        given = 0
        for name, quick, optional in self._quick:
            value = inputs.get(name)
            if value is not None and quick is not None:
                value = quick(value, sizes)
                if value is OPEN:
                    return None
                given += 1
            elif optional and value is None:
                given += name in inputs
            else:
                return None
            values[name] = value
        return values if given == len(inputs) and sum(sizes) <= MAX_INPUT_CHARS else None

    def _checked(self, inputs: Mapping[str, Any], prompt: str, reserved: Collection[str]) -> dict[str, Any]:
        findings = Findings()
        values: dict[str, Any] = {}
        for field, check in self._checks:
            name = field.name
            value = inputs.get(name)
            if value is None and not (name in inputs and field.required):
                if field.required:
                    findings.add(name, "missing", f"missing {name}")
                elif self._whole is None:
                    values[name] = copy.deepcopy(field.default)
            else:
                values[name] = check(value, name, findings)
        if not inputs.keys() <= self.fields.keys():
            self._unexpected(inputs, reserved, findings)
        findings.finish()
        if self._whole is not None and not findings.problems:
            values = self._whole.check(values, findings)
        if findings.problems:
            listed = "; ".join(problem.message for problem in findings.problems)
            raise InputError(f"inputs do not fit {prompt}: {listed}", problems=findings.problems)
        return values

    def _unexpected(self, inputs: Mapping[str, Any], reserved: Collection[str], findings: Findings) -> None:
        missing = [name for name in self.fields if name not in inputs]
        for name in inputs:
            if name in self.fields:
                continue
            if name in reserved:
                findings.add(name, "reserved", f"{name} is a reserved name; give the input another one")
                continue
            guess = did_you_mean(name, missing) or did_you_mean(name, self.fields)
            known = "" if guess else f" (known: {', '.join([*self.fields][:20]) or 'none'})"
            findings.add(name, "unexpected", f"unexpected {name}{guess or known}")


def _fields(schema: Mapping[str, Any], trust: Trust) -> list[InputField]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name in trust:
        if name not in properties:
            raise ValueError(f"trust names {name}, which is no input{did_you_mean(name, properties)}")
    required = frozenset(schema.get("required", ()))
    return [
        _field(name, part if is_mapping(part) else {}, name in required, schema, trust.get(name))
        for name, part in properties.items()
    ]


def _field(
    name: str, part: Mapping[str, Any], required: bool, root: Mapping[str, Any], label: str | None
) -> InputField:
    resolved = without_null(resolve(part, root))
    kind: InputKind = part.get("x-part") or ("text" if _is_text(resolved) else "json")
    if kind not in ("text", "json", *PARTS):
        raise SchemaUnsupported(
            f"{name}: x-part is {kind}; it is image, document or messages", paths=[f"properties.{name}"]
        )
    closed = kind not in PARTS and is_closed(part, lambda inner: resolve(inner, root))
    return InputField(
        name=name,
        kind=kind,
        required=required and "default" not in part,
        about=part.get("description"),
        default=part.get("default"),
        trusted=closed if label is None else label == "trusted",
        json_schema={**part, "$defs": root["$defs"]} if "$defs" in root and _refers(part) else part,
    )


def _is_text(fragment: Mapping[str, Any]) -> bool:
    values = [fragment["const"]] if "const" in fragment else fragment.get("enum")
    if values is not None:
        return all(isinstance(value, str) for value in values)
    return types_of(fragment) == ("string",)


def _refers(part: Any) -> bool:
    """True when there is a reference anywhere inside, so that the definitions must come along."""
    if is_mapping(part):
        return "$ref" in part or any(_refers(inner) for inner in part.values())
    return is_list(part) and any(_refers(inner) for inner in part)


def _check(field: InputField, root: Mapping[str, Any]) -> FieldCheck:
    return FieldCheck(PARTS[field.kind]) if field.kind in PARTS else check_of(field.json_schema, root)


def _refuse_default(field: InputField, field_check: FieldCheck) -> None:
    findings = Findings()
    field_check.check(field.default, field.name, findings)
    if findings.problems:
        raise SchemaUnsupported(
            f"the default does not fit its own declaration: {findings.problems[0].message}. "
            "Change one of the two.",
            paths=[field.name],
        )
