"""From a declaration to a compiled template: texts become sections, what never changes is rendered here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import nodes

from promptkit.constraints import Constraint
from promptkit.declarations import Declaration
from promptkit.errors import TemplateError
from promptkit.rendering.analysis.kinds import kind_of_input
from promptkit.rendering.conversation import example_messages
from promptkit.rendering.faults import Place
from promptkit.rendering.fences import fenced, noted_fence
from promptkit.rendering.filters import NOTED_FENCE
from promptkit.rendering.layout import layout_body, layout_sections
from promptkit.rendering.parts import Parts, exports_nothing
from promptkit.rendering.plain_strings import plain_string
from promptkit.rendering.refencing import can_refence
from promptkit.rendering.rewriting import Kind
from promptkit.rendering.roles import HISTORY
from promptkit.rendering.run import CURRENT, Run
from promptkit.rendering.sections import (
    Changing,
    Section,
    Values,
    changing,
    clarity_section,
    constraints_section,
    fixed,
    in_lines,
    labelled,
    source_section,
)
from promptkit.rendering.sources import source_problem, source_root
from promptkit.rendering.spans import BLANKS, own_text, without_edges
from promptkit.rendering.structure import trim_edges
from promptkit.rendering.template import Template, names
from promptkit.rendering.texts import BODY, Reading, Texts, read_prompt
from promptkit.rendering.tracing import Tracer, traced
from promptkit.rendering.units import Source, Unit
from promptkit.rendering.unprinted import check_printed
from promptkit.rendering.walking import below, live_in
from promptkit.requests import Origin, OutputSpec, think_first
from promptkit.schemas import InputSchema, describe

__all__ = ["compile_template"]


def compile_template(
    declaration: Declaration,
    *,
    inputs: InputSchema,
    output: OutputSpec,
    load: Callable[[str], Source],
    trace: bool = False,
    reading: Reading | None = None,
) -> Template:
    """Compile a prompt once, so that rendering it is only running it.

    Args:
        declaration: The prompt as declared.
        inputs: The schema of its inputs.
        output: What an answer must be, for the sections on format and rules and for the examples.
        load: Gives included files by name; raises TemplateError for those that it does not have.
        trace: Whether it remembers where each character comes from, which takes longer: see `Template.trace`.
        reading: Its texts, when they are parsed already; they are changed here and of no use afterwards.

    Raises:
        TemplateError: When a text, an include or an example is faulty, with file and line.
    """
    reading = reading or read_prompt(declaration, inputs=inputs, load=load)
    return _Compiler(declaration, inputs, output, reading, trace=trace).template()


class _Compiler:
    """The state of one compilation."""

    def __init__(
        self,
        declaration: Declaration,
        inputs: InputSchema,
        output: OutputSpec,
        reading: Reading,
        *,
        trace: bool,
    ) -> None:
        self._declaration = declaration
        self._trace = trace
        self._inputs = inputs
        self._output = output
        self._names = frozenset(inputs.fields)
        units = reading.texts.units.by_key.values()
        self._unset = self._names.difference(*(unit.stored for unit in units))
        self._env = reading.env
        self._env.history = _history_input(inputs)
        self._texts: Texts = reading.texts
        self._units = self._texts.units
        self._fence = self._fence_of(self._texts)
        self._rules: tuple[tuple[Constraint, Section], ...] = ()
        self._marked: set[str] = set()
        self._parts = Parts(self._env, self._units, kept=not trace)

    def _fence_of(self, texts: Texts) -> Callable[[Any, str], str]:
        """What fences a value here; it notes that it did where a filter could meet the result."""
        body = texts.body
        others = [unit.tree for unit in texts.units.by_key.values() if unit is not body]
        if body is None or not can_refence(body.tree, others, self._unset):
            return fenced
        self._env.filters["fence"] = NOTED_FENCE
        return noted_fence

    def template(self) -> Template:
        """Everything in its order: strings, sections, body, what never changes, examples."""
        for unit in self._texts.strings.values():
            if isinstance(unit, Unit):
                self._units.check_names(unit, self._names)
        roots = self._source_roots()
        self._env.sections.update(self._sections(roots))
        used = {name for unit in self._texts.strings.values() for name in self._reads(unit)}
        used.update(roots.values())
        fields = self._inputs.fields
        shown = [name for name in fields if name not in used and fields[name].kind != "messages"]
        body = self._texts.body
        if body is None:
            body = self._layout(shown)
            used |= set(shown)
            self._units.check_names(body, self._names)
        else:
            self._units.check_names(body, self._names)
            check_printed(
                self._declaration,
                self._units.within(body),
                rules=[rule for rule in self._output.constraints if rule.is_said],
            )
        used |= self._reads(body) | self._check_history(body)
        constants = {key: section.constant for key, section in self._env.sections.items()}
        literals = self._literals(constants)
        self._compile(body)
        self._env.shares_names = exports_nothing(body.tree)
        template = Template(
            self._env,
            self._env.parts[BODY],
            self._units.places,
            used_inputs=frozenset(used & self._names),
            rules=self._rules,
            literals=literals,
        )
        self._env.examples = example_messages(
            self._declaration.examples,
            prompt=self._declaration.place_of("examples"),
            inputs=self._inputs,
            output=self._output,
            render=lambda values: template.run(Run(values, bare=True)).messages,
        )
        self._parts.show_examples()
        self._units.bytecode.save()
        return template

    def _compile(self, body: Unit) -> None:
        """Mark what every range comes from, or work out what never changes; then compile."""
        for unit in self._units.within(body):
            trim_edges(unit.tree)
        if self._trace:
            self._mark(body)
        else:
            self._parts.inline(body, self._names)
        self._parts.fold(body)
        self._parts.compile(body)

    def _literals(self, constants: Mapping[str, str | None]) -> list[str]:
        """What the prompt prints whatever its inputs are: in each text in the order of reading, then in sections.

        Keys of included files are paths on this machine, so they stay out.
        """
        texts = [
            "".join(node.data for node in below(unit.tree, nodes.TemplateData))
            for unit in self._units.by_key.values()
        ]
        plain = [text for text in self._texts.strings.values() if isinstance(text, str)]
        said = [section.constant for _, section in self._rules]
        return [text for text in (*texts, *plain, *said, *constants.values()) if text is not None]

    def _reads(self, unit: Unit | str) -> set[str]:
        return set() if isinstance(unit, str) else set(self._units.free(unit))

    def _mark(self, unit: Unit, name: str = "") -> None:
        """Let a text and what it includes say where its output comes from; each text once."""
        for each in self._units.within(unit):
            if each.key not in self._marked:
                self._marked.add(each.key)
                tracer = Tracer(self._env, each.place, name if each is unit else "", self._unset)
                tracer.visit(each.tree)
                self._env.names_texts = self._env.names_texts or tracer.detours
                live_in(each.tree, self._env)

    def _shown(
        self, name: str, line: int | None = None, file: str | None = None
    ) -> Callable[[Any], Any] | None:
        """Gives while tracing an input's text with its origin, for sections."""
        if not self._trace:
            return None
        origin = Origin(kind="value", name=name, file=file or self._declaration.place, line=line)
        return lambda value: traced(value, origin, whole=True)

    def _is_given(self, name: str) -> bool:
        """Whether an input is never None."""
        kind = kind_of_input(self._inputs.fields[name], typed=False)
        return kind.name != "any" and not kind.nullable

    def _source_roots(self) -> dict[str, str]:
        """The input that each block with a source shows, by the block's id."""
        declaration, roots = self._declaration, dict[str, str]()
        for block in declaration.context:
            if block.source is None:
                continue
            problem = source_problem(block, declaration.place, self._inputs)
            if problem:
                told, where = f"context.{block.id}: {problem}", declaration.place_of(f"context.{block.id}")
                raise TemplateError(told, file=where, line=block.line, rule="undefined-field")
            roots[block.id] = source_root(block, declaration.place)
        return roots

    def _sections(self, roots: Mapping[str, str]) -> dict[str, Section]:
        declaration, strings = self._declaration, {key: self._string(key) for key in self._texts.strings}
        self._rules = tuple((rule, self._sentence(rule, strings)) for rule in self._output.constraints)
        blocks = {
            f"context.{block.id}": source_section(
                block,
                self._shown(block.source or "", block.line),
                sure=self._is_given(roots[block.id]),
                fence=self._fence,
            )
            if block.id in roots
            else strings[f"context.{block.id}"]
            for block in declaration.context
        }
        plain = [blocks[f"context.{block.id}"] for block in declaration.context if block.id not in roots]
        fenced = any(self._inputs.fields[root].kind not in {"image", "document"} for root in roots.values())
        fences = fenced or any(unit.fences for unit in self._units.by_key.values())
        return {
            "clarity": clarity_section(
                declaration.clarity, strings, fences=fences, wording=declaration.wording
            ),
            "constraints": constraints_section(
                self._rules, self._output.schema.json_schema, declaration.wording
            ),
            "context": in_lines([("", section) for section in plain], "\n\n"),
            "output_format": fixed(self._output_format()),
            **blocks,
        }

    def _output_format(self) -> str:
        wording = self._declaration.wording
        form = describe(self._output.schema, self._output.spoken(), wording)
        return f"{think_first(wording)}\n{form}" if self._output.reasoning else form

    def _sentence(self, rule: Constraint, strings: Mapping[str, Section]) -> Section:
        """The rule's own sentence, or its ``say`` as a template where the prompt declares it."""
        declared = self._declaration.constraints
        key = f"constraints[{declared.index(rule)}]" if rule in declared else ""
        return strings[key] if key in strings else fixed(rule.sentence() if rule.is_said else "")

    def _string(self, key: str) -> Section:
        """A string of a section; one that reads no input is rendered here and now."""
        text = self._texts.strings[key]
        if isinstance(text, str):
            said = text.strip(BLANKS)
            return fixed(traced(said, self._origin_of(key)) if self._trace else said)
        plain = plain_string(
            text.tree,
            self._inputs.fields,
            text=self._own(key, text.place) if self._trace else lambda data, _line: data,
            shown=lambda name, line: self._shown(name, text.place.line(line), text.place.file),
        )
        if plain is not None:
            return plain
        if self._trace:
            self._mark(text, key)
        self._parts.compile(text)
        env, part, shares = self._env, self._env.parts[text.key], exports_nothing(text.tree)

        def render(values: Values) -> str:
            context = CURRENT.get().context if shares else None
            return without_edges(list(part.root_render_func(context or names(env, values, part.name))))

        if self._units.free(text):
            return changing([Changing(render)], sure=False)
        return fixed(without_edges(self._parts.now(Run({}), part)))

    def _own(self, key: str, place: Place) -> Callable[[str, int], str]:
        """Gives a text of a string with where it stands."""

        def own(data: str, line: int) -> str:
            return own_text(data, Origin(kind="text", name=key, file=place.file, line=place.line(line)))

        return own

    def _origin_of(self, key: str) -> Origin:
        place = self._texts.places[key]
        return Origin(kind="text", name=key, file=place.file, line=place.first)

    def _layout(self, shown: Sequence[str]) -> Unit:
        declaration = self._declaration
        plain = [labelled(name, self._shown(name), sure=self._is_given(name)) for name in shown]
        self._env.sections.update(layout_sections(declaration, self._env.sections, plain))
        material = bool(shown) or any(block.source is not None for block in declaration.context)
        text = layout_body(
            material=material, examples=bool(declaration.examples), history=self._env.history is not None
        )
        place = Place(file=declaration.place, first=None, what="the standard layout")
        return self._units.add(BODY, text, place, Kind.TOP)

    def _check_history(self, body: Unit) -> set[str]:
        """The history's input where the template emits it."""
        for unit in self._units.within(body):
            for node in below(unit.tree, nodes.Filter):
                if node.name == HISTORY:
                    if self._env.history is None:
                        problem = (
                            "{% history %} needs an input of type messages; declare `history?: messages`"
                        )
                        raise unit.place.error(problem, node.lineno)
                    return {self._env.history}
        return set()


def _history_input(inputs: InputSchema) -> str | None:
    """The input with earlier turns: the one called ``history``, else the first of type messages."""
    names = [name for name, field in inputs.fields.items() if field.kind == "messages"]
    return "history" if "history" in names else next(iter(names), None)
