"""The contract of a prompt: what follows from its declaration, worked out once and on first use."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Generic, TypeVar

from promptkit.constraints import check_paths
from promptkit.declarations import Declaration
from promptkit.errors import PromptError, TemplateError
from promptkit.records import PromptInfo
from promptkit.rendering import (
    Problem,
    Reading,
    Source,
    Template,
    analyse,
    compile_template,
    read_prompt,
    undeclared_inputs,
)
from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, SourceMap
from promptkit.schemas import InputSchema, OutputSchema, differences, with_limits
from promptkit.schemas.input_checks import takes_text
from promptkit.spelling import did_you_mean

__all__ = ["Contract", "Loader", "environment"]

T = TypeVar("T")
Loader = Callable[[str], Source]


@dataclass(frozen=True, slots=True)
class _Parts(Generic[T]):
    inputs: InputSchema
    output: OutputSpec
    template: Template


class Contract(Generic[T]):
    """Inputs, output and template of a declaration; safe to share between threads.

    Args:
        declaration: What the file or the Python code declares.
        output_type: The output's type where Python names it; it must agree with the file.
        input_type: The inputs' type where Python names it.
        load: Gives included files by name.
        models: Modules in which ``model:`` references may be resolved.
    """

    def __init__(
        self,
        declaration: Declaration,
        *,
        output_type: Any,
        input_type: Any,
        load: Loader,
        models: Sequence[str],
    ) -> None:
        self.declaration = declaration
        self.output_type = output_type
        self.input_type = input_type
        self.load = load
        self.models = tuple(models)
        self._lock = threading.RLock()
        self._parts: _Parts[T] | None = None
        self._reading: Reading | None = None

    @cached_property
    def ref(self) -> PromptRef:
        """Which prompt this is."""
        declared = self.declaration
        return PromptRef(
            name=declared.name, version=declared.version, file=declared.file, digest=declared.digest
        )

    @cached_property
    def label(self) -> str:
        """Name and version as errors print them."""
        return str(self.ref)

    @cached_property
    def generation(self) -> GenerationConfig:
        """The sampling that the declaration asks for."""
        settings = dict(self.declaration.generation)
        if isinstance(settings.get("stop"), list):
            settings["stop"] = tuple(settings["stop"])
        try:
            return GenerationConfig(**settings)
        except ValueError as error:
            raise TemplateError(
                f"generation: {error}", file=self.declaration.place, rule="contract"
            ) from error

    @cached_property
    def limits_length(self) -> bool:
        """Whether the declaration says how long the prompt, its history or one of its blocks may be."""
        declared = self.declaration
        blocks = any(block.max_tokens is not None or block.shrink != "never" for block in declared.context)
        return blocks or declared.input.max_tokens is not None or declared.input.history is not None

    @property
    def inputs(self) -> InputSchema:
        """The schema of the inputs."""
        return self.parts.inputs

    @cached_property
    def declared_inputs(self) -> InputSchema:
        """The schema of the inputs, also where the rest of the contract does not hold together.

        Raises:
            PromptError: When the inputs are declared wrongly.
        """
        return self._input_schema()

    @cached_property
    def declared_output(self) -> OutputSpec:
        """The output's schema and constraints, also where the rest of the contract does not hold together.

        Raises:
            PromptError: When the output is declared wrongly.
        """
        return OutputSpec(
            schema=self._output_schema(),
            constraints=self.declaration.constraints,
            enforce=self.declaration.enforce,
            reasoning=self.declaration.output.reasoning,
            repair=self.declaration.output.repair,
            wording=self.declaration.wording,
        )

    @property
    def output(self) -> OutputSpec:
        """The output's schema and constraints."""
        return self.parts.output

    @property
    def template(self) -> Template:
        """The compiled template."""
        return self.parts.template

    @property
    def parts(self) -> _Parts[T]:
        """All three, worked out on first use.

        Raises:
            PromptError: When the declaration does not hold together.
        """
        parts = self._parts
        if parts is None:
            with self._lock:
                parts = self._parts = self._parts or self._compile()
        return parts

    def trace(self, values: Mapping[str, Any]) -> SourceMap:
        """Where all that these inputs render to comes from.

        Raises:
            TemplateError: When the template fails on them.
        """
        return self._traced.trace(values)

    @cached_property
    def _traced(self) -> Template:
        parts = self.parts
        return compile_template(
            self.declaration, inputs=parts.inputs, output=parts.output, load=self.load, trace=True
        )

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the texts as far as types go, whether the rest holds together or not.

        Raises:
            PromptError: When the inputs are declared wrongly, or a text cannot be parsed.
        """
        inputs = self.declared_inputs
        reading = read_prompt(self.declaration, inputs=inputs, load=self.load)
        found = analyse(self.declaration, inputs=inputs, texts=reading.texts)
        with self._lock:
            if self._parts is None:
                self._reading = reading  # for compiling, so that nothing is parsed twice
        return found

    def prompt_info(self, inputs: dict[str, Any]) -> PromptInfo:
        """What a record says of this prompt and these validated inputs."""
        return PromptInfo(
            name=self.ref.name,
            version=self.ref.version,
            digest=self.ref.digest,
            file=self.ref.file,
            inputs={name: _recordable(value) for name, value in inputs.items()},
            trust=self._trust,
        )

    @cached_property
    def _trust(self) -> dict[str, str]:
        fields = self.inputs.fields
        return {name: "trusted" if field.trusted else "untrusted" for name, field in fields.items()}

    def _compile(self) -> _Parts[T]:
        inputs, output = self.declared_inputs, self.declared_output
        self._check_constraints(inputs, output)
        reading, self._reading = self._reading, None
        template = compile_template(
            self.declaration, inputs=inputs, output=output, load=self.load, reading=reading
        )
        return _Parts(inputs, output, template)

    def _input_schema(self) -> InputSchema:
        inputs = self._made_inputs()
        for name in self.declaration.input.clean:
            field = inputs.fields.get(name)
            if field is None or not takes_text(field.json_schema, inputs.json_schema):
                why = f"is no input{did_you_mean(name, inputs.fields)}" if field is None else "takes no text"
                raise TemplateError(
                    f"input.clean names {name!r}, which {why}; inputs: {', '.join(inputs.fields)}",
                    file=self.declaration.place,
                    line=self.declaration.lines.get("input"),
                    rule="contract",
                )
        return inputs

    def _made_inputs(self) -> InputSchema:
        declared = self.declaration.input
        if self.input_type is not None:
            return self._typed_inputs(self.input_type)
        if declared.model is not None:
            return self._typed_inputs(self._resolve(declared.model, "input.model"))
        if declared.json_schema is not None:
            return InputSchema.from_declared(declared.json_schema, trust=declared.trust)
        return InputSchema.inferred(undeclared_inputs(self.declaration, self.load))

    def _typed_inputs(self, found: Any) -> InputSchema:
        try:
            return InputSchema.from_type(found, trust=self.declaration.input.trust)
        except ValueError as error:  # a label for what is no field of the type
            raise TemplateError(
                f"input.trust: {error}", file=self.declaration.place, rule="contract"
            ) from error

    def _output_schema(self) -> OutputSchema[Any]:
        declared = self._declared_output()
        if self.output_type is None:
            return declared or OutputSchema.text()
        schema: OutputSchema[Any] = OutputSchema[Any].from_type(
            self.output_type, name=_schema_name(self.declaration.name)
        )
        if declared is None:
            return schema
        found = differences(declared.json_schema, schema.json_schema)
        if declared.kind != schema.kind:
            found = (f"the file declares {declared.kind}, the code {schema.kind}",)
        if found:
            raise PromptError(
                f"{self.declaration.place}: the output of {self.ref} and the type given in code do not agree: "
                f"{'; '.join(found)}. Change one of the two."
            )
        # The file's own schema is what the model is shown: it carries the descriptions and the order. Limits that
        # the type alone states are added: it has the last word, so the model should know them.
        return schema.described_by(with_limits(declared.json_schema, schema.json_schema))

    def _declared_output(self) -> OutputSchema[Any] | None:
        declared, name = self.declaration.output, _schema_name(self.declaration.name)
        if declared.model is not None:
            return OutputSchema[Any].from_type(self._resolve(declared.model, "output.model"), name=name)
        if declared.json_schema is not None:
            if declared.generated:
                return OutputSchema.from_declared(declared.json_schema, name)
            return OutputSchema.from_json_schema(declared.json_schema, name)
        return OutputSchema.text() if "output" in self.declaration.lines else None

    def _check_constraints(self, inputs: InputSchema, output: OutputSpec) -> None:
        schemas = {name: field.json_schema for name, field in inputs.fields.items()}
        found = check_paths(self.declaration.constraints, output.schema.json_schema, schemas)
        for constraint, problem in found:
            place = self.declaration.place_of(f"constraints.{constraint.id}")
            raise TemplateError(problem, file=place, line=constraint.line, rule="contract")
        for constraint in self.declaration.constraints:
            if getattr(constraint.rule, "when", None) == "run":
                raise TemplateError(
                    f"{constraint.id} says when: run, which is not in this version: nothing would judge it while "
                    "the prompt runs. Remove it; the rule is said in the prompt and judged in evaluation",
                    file=self.declaration.place,
                    line=constraint.line,
                    rule="contract",
                )

    def _resolve(self, reference: str, key: str) -> Any:
        lines = self.declaration.lines
        line = lines.get(key, lines.get(key.partition(".")[0]))
        place = self.declaration.place
        module_name, colon, attribute = reference.partition(":")
        if not colon or not attribute:
            raise TemplateError(
                f"{key}: write it as 'module:Name', got {reference!r}", file=place, line=line, rule="contract"
            )
        if module_name not in self.models:
            known = ", ".join(self.models) or "none yet"
            raise TemplateError(
                f"{key}: module {module_name} is not among the modules that prompt files may name ({known}); "
                f'add models = ["{module_name}"] to [tool.promptkit] or pass models= in code',
                file=place,
                line=line,
                rule="contract",
            )
        try:
            found: Any = importlib.import_module(module_name)
            for part in attribute.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as error:
            raise TemplateError(
                f"{key}: {reference} cannot be resolved: {error}", file=place, line=line, rule="contract"
            ) from error
        return found


def _schema_name(name: str) -> str:
    return name.rsplit("/", 1)[-1].replace("-", "_")


_PLAIN = frozenset({str, int, float, bool, type(None), list, dict})


def _recordable(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, tuple):  # a history
        return [_recordable(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    to_dict = getattr(value, "to_dict", None)
    if to_dict is not None:
        return to_dict()
    data = getattr(value, "data", None)
    if isinstance(data, bytes):
        return {"media_type": value.media_type, "bytes": len(data)}
    if hasattr(value, "media_type"):
        return {"media_type": value.media_type, "url": value.url}
    return value


@cache
def environment() -> dict[str, str]:
    """Versions that matter for repeating a call."""
    try:
        return {"promptkit": version("promptkit-3c")}
    except PackageNotFoundError:  # run from a source tree that was never installed
        return {"promptkit": "unknown"}
