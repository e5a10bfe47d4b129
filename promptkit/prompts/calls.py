"""From a contract, options and inputs to what is rendered and what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from promptkit.backends.dialects.openai_chat import export
from promptkit.cleaning import Cleaned, clean_inputs
from promptkit.engine import Call
from promptkit.errors import CapabilityMissing, InputError, InputProblem, TemplateError
from promptkit.prompts.contract import Contract, environment
from promptkit.prompts.fitting import Counts, fitted_messages
from promptkit.prompts.options import Options
from promptkit.requests import (
    AsyncBackend,
    Backend,
    GenerationConfig,
    OutputSpec,
    Plan,
    Rendered,
    Request,
    is_asynchronous,
    is_blocking,
)

__all__ = [
    "as_asynchronous",
    "as_blocking",
    "call_of",
    "generation_with",
    "plan_with",
    "rendered_with",
    "telling",
]

_ALTERNATIVES = 5  # as many as every server gives; a label's rivals are seldom more


def rendered_with(
    contract: Contract[Any], options: Options, values: dict[str, Any], backend: Counts
) -> Rendered:
    """The messages for validated inputs, and what is asked of the answer.

    Args:
        contract: The prompt's contract.
        options: Those of the call.
        values: The validated inputs.
        backend: Who counts tokens, where the prompt's length is limited.

    Raises:
        TemplateError: When the template fails on them or renders to nothing.
        InputError: When an input is longer than its block may show.
        ContextOverflow: When the prompt is too long after all that may give way is gone.
    """
    parts, fit = contract.parts, None
    cleaned: Mapping[str, Cleaned] = {}
    shown = compared = values
    if contract.declaration.input.clean:
        made = clean_inputs(values, contract.declaration.input.clean)
        shown, compared, cleaned = made.shown, made.compared, made.cleaned
    printed = shown
    generation = generation_with(contract, options) if options.generation else contract.generation
    if contract.limits_length or options.max_input_tokens is not None:
        fitted = fitted_messages(contract, options, shown, generation, backend())
        messages, fit, printed = fitted.messages, fitted.fit, dict(fitted.values)
    else:
        messages = parts.template.render(shown)
    if not messages:
        raise TemplateError(
            f"{contract.label} renders to no message with these inputs; a model needs at least one. "
            f"Let a role block print something, or give the inputs that it shows",
            file=contract.declaration.place,
        )
    rules = parts.template.rules(shown)
    return Rendered.of(
        {
            "messages": messages,
            "output": parts.output.over(
                constraints=rules, enforce=options.enforce, inputs=compared, repair=options.repair
            ),
            "generation": generation,
            "prompt": contract.ref,
            "inputs": values,
            "exporter": export,
            "fit": fit,
            "cleaned": cleaned,
            "tracer": lambda: contract.trace(printed),
        }
    )


def generation_with(contract: Contract[Any], options: Options) -> GenerationConfig:
    """How to sample: the declaration's settings with those of the options over them.

    Raises:
        InputError: When a setting is out of its range.
    """
    if not options.generation:
        return contract.generation
    try:
        return replace(contract.generation, **options.generation)
    except ValueError as error:
        raise InputError(str(error), problems=[InputProblem("generation", "type", str(error))]) from error


def call_of(
    contract: Contract[Any],
    options: Options,
    rendered: Rendered,
    plan: Callable[[OutputSpec], Plan],
    *,
    attempts: int,
) -> Call:
    """All that a conversation about a rendered prompt starts from.

    Args:
        contract: The prompt's contract.
        options: Those of the call.
        rendered: The messages, and what is asked of the answer.
        plan: What the backend will do with an output specification; pure and offline.
        attempts: How many questions are allowed in all.
    """
    request = Request(
        messages=rendered.messages,
        output=rendered.output,
        generation=rendered.generation,
        prompt=rendered.prompt,
        tools=options.tools,
        unchanging=contract.template.unchanging(rendered.messages),
        tags=options.tags,
    )
    return Call(
        request=request,
        inputs=rendered.compared,
        prompt=contract.prompt_info(dict(rendered.inputs)),
        plan=plan(rendered.output),
        replan=plan,
        turns=contract.template.conversation(rendered.messages),
        attempts=attempts,
        continuations=options.continuations,
        aborts=options.abort_on_violation,
        environment=environment(),
    )


def telling(
    generation: GenerationConfig, spec: OutputSpec, backend: Backend | AsyncBackend
) -> GenerationConfig:
    """The settings, with log-probabilities asked for where a rule needs them and the backend has them.

    Args:
        generation: What the prompt and the caller say.
        spec: What the answer must be.
        backend: Who answers.
    """
    wanted = generation.logprobs is None and any(it.asks_confidence for it in spec.constraints)
    if not wanted or not backend.capabilities().logprobs:
        return generation
    return replace(generation, logprobs=_ALTERNATIVES)


def plan_with(backend: Backend | AsyncBackend, spec: OutputSpec, generation: GenerationConfig) -> Plan:
    """What a backend will do, rules on how sure the model was included.

    Args:
        backend: Who answers.
        spec: What the answer must be.
        generation: The settings as they are sent.
    """
    plan = backend.plan(spec, generation)
    told = generation.logprobs is not None and backend.capabilities().logprobs
    return plan if told or not any(it.asks_confidence for it in spec.constraints) else plan.untold(spec)


def as_blocking(backend: Backend | AsyncBackend, advice: str) -> Backend:
    """The backend as one that can be called without an event loop.

    Args:
        backend: Who answers.
        advice: What to call, for the error.

    Raises:
        CapabilityMissing: When it is asynchronous only.
    """
    if is_blocking(backend):
        return backend
    raise CapabilityMissing(f"backend {backend.name} is asynchronous only; call {advice}")


def as_asynchronous(backend: Backend | AsyncBackend, advice: str) -> AsyncBackend:
    """The backend as one that can be awaited.

    Args:
        backend: Who answers.
        advice: What to call, for the error.

    Raises:
        CapabilityMissing: When it is synchronous only.
    """
    if is_asynchronous(backend):
        return backend
    raise CapabilityMissing(f"backend {backend.name} is synchronous only; call {advice}")
