"""Prompt: typed inputs in, a validated value out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, Self, TypeVar, Unpack, overload

from promptkit.backends import MockBackend
from promptkit.completions import Completion
from promptkit.constraints import BoundaryCase, Constraint, boundary_cases
from promptkit.declarations import RESERVED_NAMES, Clarity, ContextBlock, Declaration, Example
from promptkit.engine import (
    Conversation,
    Result,
    StreamEvent,
    converse,
    run_async,
    run_sync,
    stream_async,
    stream_sync,
)
from promptkit.errors import PlanError, TemplateError
from promptkit.prompts.building import Parts, build_declaration, is_fields
from promptkit.prompts.calls import (
    as_asynchronous,
    as_blocking,
    call_of,
    generation_with,
    plan_with,
    rendered_with,
    telling,
)
from promptkit.prompts.contract import Contract, Loader
from promptkit.prompts.counting import backend_if_named
from promptkit.prompts.options import CallOptions, Options
from promptkit.prompts.pickling import restored
from promptkit.rendering import Source
from promptkit.requests import (
    AsyncBackend,
    Backend,
    GenerationConfig,
    Plan,
    Rendered,
    refusal,
)
from promptkit.sessions import BackendLike, current_session, observers

__all__ = ["Prompt"]

T = TypeVar("T")


def _no_library(name: str) -> Source:
    raise TemplateError(
        f"there is no library to take {name} from; put the prompt in a file of a library and load it from there"
    )


class Prompt(Generic[T]):
    """A prompt: its contract, its template, and the calls on it. Safe to share between threads.

    A prompt of a file comes from ``pk.load`` or a library; this constructor builds one in Python.

    Args:
        template: Jinja text of role blocks; empty means the standard layout.
        name: What errors and records call it.
        version: Semantic version.
        language: In which language promptkit itself speaks in the prompt, such as ``de``; None for English.
        clarity: Role, task, audience, steps and done_when; each a Jinja template.
        context: Blocks of context in order.
        constraints: Rules on the output, from ``promptkit.constraints``.
        input: A pydantic model, TypedDict or dataclass whose fields are the inputs, or a mapping of fields as
            below ``schema:`` in a file; when left out, inputs are read from the template and are strings.
        output: The output's type: anything that pydantic takes, or such a mapping of fields; str or nothing
            means plain text.
        examples: Pairs of input and output.
        generation: Sampling settings.
        attempts: How many times a model may be asked in all.
        reasoning: Whether the model thinks before it answers, or the most tokens that it may think; True is 512.

    Raises:
        TemplateError: When a part is of the wrong kind.
        PromptError: When the parts do not hold together; found on first use or by :meth:`check`.
    """

    @overload
    def __init__(self: Prompt[str], *, output: None = ..., **parts: Unpack[Parts]) -> None: ...

    @overload
    def __init__(self, *, output: type[T], **parts: Unpack[Parts]) -> None: ...

    @overload
    def __init__(self: Prompt[Any], *, output: Any, **parts: Unpack[Parts]) -> None: ...

    def __init__(  # noqa: PLR0913 - the parts of a prompt, all optional and keyword-only
        self,
        *,
        template: str = "",
        name: str = "inline",
        version: str | None = None,
        language: str | None = None,
        clarity: Clarity | Mapping[str, Any] | None = None,
        context: Sequence[ContextBlock | Mapping[str, Any]] = (),
        constraints: Sequence[Constraint] = (),
        input: type[Any] | Mapping[str, Any] | None = None,  # noqa: A002 - the word of the file format
        output: Any = None,
        examples: Sequence[Example | Mapping[str, Any]] = (),
        generation: GenerationConfig | Mapping[str, Any] | None = None,
        attempts: int = 1,
        reasoning: bool | int = False,
    ) -> None:
        declaration = build_declaration(
            template=template,
            name=name,
            version=version,
            language=language,
            clarity=clarity,
            context=context,
            constraints=constraints,
            input=input,
            output=output,
            examples=examples,
            generation=generation,
            attempts=attempts,
            reasoning=reasoning,
        )
        types = (None if is_fields(given) else given for given in (output, input))
        output_type, input_type = types
        self._set(
            Contract(
                declaration, output_type=output_type, input_type=input_type, load=_no_library, models=()
            ),
            Options(),
        )

    @classmethod
    def declared(
        cls,
        declaration: Declaration,
        *,
        output: Any = None,
        load: Loader = _no_library,
        models: Sequence[str] = (),
    ) -> Prompt[Any]:
        """The prompt of a declaration that authoring read from a file.

        Args:
            declaration: What the file says.
            output: The output's type in Python; it must agree with the file.
            load: Gives included files by name.
            models: Modules in which ``model:`` references may be resolved.
        """
        prompt: Prompt[Any] = cls.__new__(cls)
        contract: Contract[Any] = Contract(
            declaration, output_type=output, input_type=None, load=load, models=models
        )
        prompt._set(contract, Options())
        return prompt

    def _set(self, contract: Contract[T], options: Options) -> None:
        self._contract = contract
        self._options = options

    @property
    def name(self) -> str:
        """The prompt's name."""
        return self._contract.declaration.name

    @property
    def version(self) -> str | None:
        """The prompt's semantic version."""
        return self._contract.declaration.version

    @property
    def declaration(self) -> Declaration:
        """What the file or the constructor declares."""
        return self._contract.declaration

    @property
    def contract(self) -> Contract[T]:
        """Inputs, output and template, worked out on first use."""
        return self._contract

    @overload
    def using(
        self, backend: BackendLike | None = ..., *, tools: Sequence[Any], **options: Unpack[CallOptions]
    ) -> Prompt[T | None]: ...

    @overload
    def using(self, backend: BackendLike | None = ..., **options: Unpack[CallOptions]) -> Self: ...

    def using(
        self,
        backend: BackendLike | None = None,
        *,
        tools: Sequence[Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> Any:
        """The same prompt with options; what is left out stays as it was.

        Args:
            backend: A backend's name (``"llama:demo"``), a profile's name or a backend object.
            tools: What the model may ask to be called in place of an answer: each a Tool, or a type of arguments
                with a docstring. Where it does, ``result.value`` is None and ``result.tool_calls`` holds the calls.
            options: Those of :class:`CallOptions`: attempts, continuations, generation, deadline_s, tags, enforce,
                max_input_tokens, abort_on_violation, repair.
        """
        copy = type(self).__new__(type(self))
        copy._set(self._contract, self._options.over(backend=backend, tools=tools, **options))  # noqa: SLF001 - its own class
        return copy

    def render(self, /, **inputs: Any) -> Rendered:
        """The messages for these inputs; no model is called.

        Raises:
            InputError: When the inputs do not fit.
            TemplateError: When the template fails on them.
            ContextOverflow: When the prompt is longer than may be, after all that may give way is gone.
        """
        contract = self._contract
        values = contract.parts.inputs.validate(inputs, prompt=contract.label, reserved=RESERVED_NAMES)
        return rendered_with(self._contract, self._options, values, self._counting)

    def _counting(self) -> Backend | AsyncBackend | None:
        return backend_if_named(self.name, self._options.backend)

    def run(self, /, **inputs: Any) -> Result[T]:
        """Ask the backend and return a validated value.

        Raises:
            InputError: When the inputs do not fit; nothing was sent.
            PlanError: When the backend cannot enforce what the prompt requires; nothing was sent.
            BackendError: When the backend fails.
            OutputError: When the answer breaks the contract and no attempt is left.
            AttemptsExhausted: When several attempts were allowed and all broke it.
        """
        conversation, backend = self._begin(inputs)
        blocking = as_blocking(backend, "arun instead of run")
        return run_sync(conversation, blocking, **self._driving(), pieces=self._options.abort_on_violation)

    async def arun(self, /, **inputs: Any) -> Result[T]:
        """The asynchronous twin of :meth:`run`."""
        conversation, backend = self._begin(inputs)
        pieces = self._options.abort_on_violation
        return await run_async(conversation, backend, **self._driving(), pieces=pieces)

    def stream(self, /, **inputs: Any) -> Iterator[StreamEvent[T]]:
        """Ask the backend and yield text and fields as they come; the last event is Finished with the result.

        A text output has TextDelta alone. Restarted comes before what takes the place of something told before.
        The classes stand in ``pk.events``. Errors are raised as by :meth:`run`.
        """
        conversation, backend = self._begin(inputs)
        blocking = as_blocking(backend, "astream instead of stream")
        return stream_sync(conversation, blocking, **self._driving())

    def astream(self, /, **inputs: Any) -> AsyncIterator[StreamEvent[T]]:
        """The asynchronous twin of :meth:`stream`: ``async for event in prompt.astream(...)``."""
        conversation, backend = self._begin(inputs)
        awaited = as_asynchronous(backend, "stream instead of astream")
        return stream_async(conversation, awaited, **self._driving())

    def parse(self, text: str, /, **inputs: Any) -> Result[T]:
        """Read ``text`` as this prompt's answer to ``inputs``: validate and check it; no model is called.

        Raises:
            InputError: When the inputs do not fit.
            OutputError: When the text breaks the contract.
        """
        rendered = self.render(**inputs)
        answer = Completion(text=text, finish_reason="stop", model="parse")
        call = call_of(self._contract, self._options, rendered, lambda _: Plan(backend="parse"), attempts=1)
        return run_sync(converse(call), MockBackend([answer]), observers=observers())

    def plan(self) -> Plan:
        """What the backend will do with each rule of the output; offline, without inputs.

        ``str()`` of it is a table that a test can compare with a text.
        """
        return self._planned()[1]

    def refusal(self) -> PlanError | None:
        """What ``run`` would raise before anything is sent, by :meth:`plan`; None when it would ask.

        That is an output of which the backend is incapable and, with ``enforce: require``, one that it
        enforces in part only.
        """
        backend, plan = self._planned()
        output = self._contract.output.over(enforce=self._options.enforce)
        return refusal(plan, output, backend.capabilities, self._options.demands)

    def boundary_cases(self, /, **inputs: Any) -> tuple[BoundaryCase, ...]:
        """Whole outputs of which one value just holds, or just breaks, one rule; for tests.

        Args:
            inputs: As for :meth:`run`; rules such as ``quoted_from`` compare with them.

        Raises:
            InputError: When the inputs do not fit.
        """
        rendered = self.render(**inputs)
        output = rendered.output
        return boundary_cases(
            output.schema.json_schema,
            output.constraints,
            inputs=rendered.compared,
            text=output.mode == "text",
        )

    def check(self) -> None:
        """Work the contract out now rather than on first use.

        Raises:
            PromptError: When the declaration does not hold together.
            SchemaUnsupported: When its output's schema cannot be used.
        """
        _ = self._contract.parts, self._contract.generation

    def _begin(self, inputs: Mapping[str, Any]) -> tuple[Conversation[T], Backend | AsyncBackend]:
        rendered = self.render(**inputs)
        backend = current_session().backend_for(self.name, self._options.backend)
        generation = telling(rendered.generation, rendered.output, backend)
        call = call_of(
            self._contract,
            self._options,
            replace(rendered, generation=generation),
            lambda spec: plan_with(backend, spec, generation),
            attempts=self._options.attempts or self._contract.declaration.attempts,
        )
        refused = refusal(call.plan, rendered.output, backend.capabilities, self._options.demands)
        if refused is not None:
            raise refused
        return converse(call), backend

    def _planned(self) -> tuple[Backend | AsyncBackend, Plan]:
        backend = current_session().backend_for(self.name, self._options.backend)
        output = self._contract.output.over(enforce=self._options.enforce)
        generation = telling(generation_with(self._contract, self._options), output, backend)
        return backend, plan_with(backend, output, generation)

    def _driving(self) -> dict[str, Any]:
        seconds = self._options.deadline_s
        deadline = None if seconds is None else time.monotonic() + seconds
        return {"observers": observers(), "deadline": deadline}

    def __repr__(self) -> str:
        return f"Prompt({str(self._contract.ref)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        contract = self._contract
        return restored, (
            type(self),
            contract.declaration,
            contract.output_type,
            contract.input_type,
            contract.load,
            contract.models,
            self._options,
        )
