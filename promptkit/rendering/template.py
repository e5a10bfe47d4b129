"""A compiled prompt: inputs in, messages out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jinja2

from promptkit.constraints import Constraint
from promptkit.messages import Message
from promptkit.rendering.environment import Sandbox
from promptkit.rendering.faults import RUN_FAULTS, Place, run_fault
from promptkit.rendering.mapping import Mapper
from promptkit.rendering.names import Names
from promptkit.rendering.run import CURRENT, Run
from promptkit.rendering.sections import Section
from promptkit.rendering.spans import Marks
from promptkit.rendering.tracing import named
from promptkit.requests import SourceMap
from promptkit.wordings import ENGLISH

__all__ = ["Template", "names", "run_part"]


def _saying(rule: Constraint, sentence: str) -> Constraint:
    if rule.say is None or not sentence.strip():
        return rule
    before = (rule.wording or ENGLISH).say("wish").partition("{sentence}")[0]
    return replace(rule, say=str(sentence).removeprefix(before))


def names(env: Sandbox, values: Mapping[str, Any], part: str | None) -> Names:
    """The names that a compiled text reads, with these inputs."""
    return Names(env, {**env.globals, **values}, part, {})


def run_part(env: Sandbox, part: jinja2.Template, values: Mapping[str, Any]) -> list[str]:
    """What one compiled text prints with these inputs, in pieces."""
    return list(part.root_render_func(names(env, values, part.name)))


class Template:
    """The compiled template of one prompt; it never changes, and all threads may share it.

    Attributes:
        used_inputs: The inputs that the body, its sections and its rules read.
    """

    __slots__ = ("_env", "_literals", "_mapper", "_part", "_places", "_rules", "_spoken", "used_inputs")

    def __init__(
        self,
        env: Sandbox,
        part: jinja2.Template,
        places: Mapping[str, Place],
        *,
        used_inputs: frozenset[str],
        rules: Sequence[tuple[Constraint, Section]],
        literals: Sequence[str] = (),
    ) -> None:
        self._env = env
        self._mapper: Mapper | None = None
        self._part = part
        self._places = places
        self._rules = tuple(rules)
        self._literals = tuple(literals)
        self._spoken = all(section.constant == rule.sentence() for rule, section in rules)
        self.used_inputs = used_inputs

    @property
    def history(self) -> str | None:
        """The input that holds earlier turns; None when the prompt has none."""
        return self._env.history

    @property
    def fixed_texts(self) -> tuple[str, ...]:
        """Every text that this prompt prints whatever its inputs are, in an order that does not change.

        Those of its file, of the files that it includes and of its examples, and those that promptkit words for it.
        """
        return (*self._literals, *(str(message.to_dict()) for message in self._env.examples))

    def render(self, values: Mapping[str, Any]) -> tuple[Message, ...]:
        """The messages for these inputs.

        Args:
            values: Validated inputs by name: plain data, with None for each missing optional one.

        Raises:
            TemplateError: When an expression of the template fails with these inputs, or when loops or the
                text grow beyond their bounds.
            InputError: When the history holds a system message.
        """
        run = Run(values)
        self.run(run)
        return tuple(run.messages)

    def trace(self, values: Mapping[str, Any]) -> SourceMap:
        """Where all that `render` gives for these inputs comes from; of a template that was compiled for it.

        Args:
            values: Validated inputs by name.

        Raises:
            TemplateError: As `render`.
        """
        run = self.run(Run(named(values) if self._env.names_texts else values))
        mapper = self._mapper
        if mapper is None:  # examples are there by now
            mapper = self._mapper = Mapper(list(self._marked()), self._env.examples)
        return mapper.source_map(run)

    def _marked(self) -> Iterator[tuple[Message, Mapping[int, Marks]]]:
        """Messages that never change, with where their texts come from, by part."""
        for messages, marks in zip(self._env.fixed, self._env.fixed_marks, strict=True):
            for number, message in enumerate(messages):
                yield message, {part: found for (at, part), found in marks.items() if at == number}

    def rules(self, values: Mapping[str, Any]) -> tuple[Constraint, ...] | None:
        """The prompt's constraints as they are said for these inputs; None when none is said differently.

        A ``say`` may be a template over the inputs; verdicts and re-asks must say what the prompt said.
        """
        if self._spoken:
            return None
        token = CURRENT.set(Run(values))
        try:
            return tuple(_saying(rule, section.render(values)) for rule, section in self._rules)
        except RUN_FAULTS as error:
            raise run_fault(error, self._places) from error
        finally:
            CURRENT.reset(token)

    def conversation(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Of rendered messages those that a later call's history continues: neither system nor examples.

        Args:
            messages: What :meth:`render` gave.
        """
        # Examples are rendered once and emitted as the same objects, so identity tells them from equal turns.
        shown = {id(message) for message in self._env.examples}
        return tuple(item for item in messages if item.role != "system" and id(item) not in shown)

    def unchanging(self, messages: Sequence[Message]) -> int:
        """How many of the first messages are the same for all inputs: role blocks that read none, and examples.

        Args:
            messages: What :meth:`render` gave.
        """
        # Both are rendered once and emitted as the same objects.
        same = {id(message) for part in (*self._env.fixed, self._env.examples) for message in part}
        return next((n for n, message in enumerate(messages) if id(message) not in same), len(messages))

    def run(self, run: Run) -> Run:
        """Let the template emit its messages into ``run``, and give that back."""
        env = self._env
        token = CURRENT.set(run)
        try:
            context = names(env, run.values, self._part.name)
            context.run = run
            run.context = context if env.shares_names else None
            for _ in self._part.root_render_func(context):
                pass  # outside of role blocks a template prints nothing
        except RUN_FAULTS as error:
            raise run_fault(error, self._places) from error
        finally:
            CURRENT.reset(token)
        return run
