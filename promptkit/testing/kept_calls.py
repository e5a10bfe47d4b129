"""A recorded call told once more to its prompt, so that its answers become recordings of a cassette.

A record knows the key of its first question alone. The others come from the prompt itself: it is run with a backend
that says what was said then, and asks nobody.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptkit.completions import Completed, Completion, Event
from promptkit.errors import AttemptsExhausted, ConfigurationError, OutputError
from promptkit.messages import Message
from promptkit.prompts import Prompt
from promptkit.records import CallRecord, recorded_inputs, text_of_completion
from promptkit.requests import (
    AsyncBackend,
    Backend,
    Capabilities,
    Count,
    GenerationConfig,
    OutputSpec,
    Plan,
    Request,
    Tool,
)
from promptkit.sessions import current_session
from promptkit.testing.cassettes import Cassette, CassetteError, Recording, texts_in

__all__ = ["KeptCall", "keep_call"]

_CONTINUED = "continuation"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """A recorded call as what a test of it needs.

    Attributes:
        record: The call.
        inputs: What its prompt is given again.
        backend: Who answers in the test, by name.
        options: Those of ``using`` that the call was made with.
        cassette: Its answers.
        asks_the_same: Whether the prompt, as it is today, asks what was asked then.
        refused_by: The class of the error by which the first answer is refused today as it was then; empty where it
            is not, or where that needs more than its text.
    """

    record: CallRecord
    inputs: Mapping[str, Any]
    backend: str
    options: Mapping[str, Any]
    cassette: Cassette
    asks_the_same: bool
    refused_by: str


def keep_call(call: CallRecord, prompt: Prompt[Any], path: Path, *, backend: str | None = None) -> KeptCall:
    """Make recordings of a call's answers.

    Args:
        call: The record.
        prompt: Its prompt, as it is today.
        path: Where the cassette will lie; nothing is written.
        backend: Who answers in the test; by default who answered then.

    Raises:
        ConfigurationError: When the record does not hold what a test needs: its content was left out or changed, the
            model never answered, or it holds what looks like a secret.
        InputError: When the prompt does not take the inputs any more.
        PlanError: When the backend cannot do what the prompt demands.
    """
    inputs = recorded_inputs(call)
    teller = _Teller(call, prompt, inputs, backend or call.request.backend)
    found, telling = teller.found()
    options = found or teller.options
    cassette = Cassette(path)
    try:
        if found is not None:
            for request, answer in zip(telling.requests, teller.answers, strict=False):
                cassette.add(cassette.next_place(teller.name, request.fingerprint()), request, answer, "")
        else:
            _refuse_redacted(call, inputs, telling.requests[0])
            cassette.put(_first_recording(call, teller))
    except CassetteError as error:
        raise ConfigurationError(f"the record {call.id} cannot become a test: {error}") from error
    return KeptCall(
        record=call,
        inputs=inputs,
        backend=teller.name,
        options=options,
        cassette=cassette,
        asks_the_same=found is not None,
        refused_by=_refused_by(call, prompt.using(repair=options.get("repair")), inputs),
    )


class _MoreAsked(Exception):
    """The prompt asks more questions than were recorded."""


@dataclass(slots=True)
class _Telling:
    """A backend that says what was said, in order; all else is that of the one that said it.

    Attributes:
        real: The backend that answered.
        answers: What it said.
        requests: What was asked so far.
    """

    real: Backend | AsyncBackend
    answers: Sequence[Completion]
    requests: list[Request] = field(default_factory=list[Request])

    @property
    def name(self) -> str:
        return self.real.name

    def capabilities(self) -> Capabilities:
        return self.real.capabilities()

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        return self.real.plan(spec, generation)

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        assert isinstance(self.real, Backend), "only such a one counts"
        return self.real.count_tokens(messages)

    def complete(
        self,
        request: Request,
        *,
        deadline: float | None = None,  # noqa: ARG002 - the protocol's
        cancel: threading.Event | None = None,  # noqa: ARG002 - the protocol's
    ) -> Completion:
        self.requests.append(request)
        if len(self.requests) > len(self.answers):
            raise _MoreAsked
        return self.answers[len(self.requests) - 1]

    @contextmanager
    def stream(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Generator[Iterator[Event], None, None]:
        yield iter([Completed(completion=self.complete(request, deadline=deadline, cancel=cancel))])

    def close(self) -> None:
        """The real one belongs to its session."""


class _Teller:
    """Finds the options with which the prompt asks what was asked and comes to what was come to.

    Args:
        call: The record.
        prompt: Its prompt.
        inputs: The recorded inputs.
        backend: Who answered, by name.
    """

    def __init__(
        self, call: CallRecord, prompt: Prompt[Any], inputs: Mapping[str, Any], backend: str
    ) -> None:
        self.answers = _answers_of(call)
        self._call, self._prompt, self._inputs = call, prompt, inputs
        self._real = _backend(prompt.name, backend)
        self.name = self._real.name
        self.options = self._told_options()

    def found(self) -> tuple[Mapping[str, Any] | None, _Telling]:
        """The options, None where none do; and the telling by them, or by those that the record tells."""
        asked = sum(not attempt.cause.startswith(_CONTINUED) for attempt in self._call.attempts)
        for enforce, repair, attempts in itertools.product(
            (None, "off", "prefer"), (None, "lenient", "off"), (None, asked)
        ):
            tried = {"enforce": enforce, "repair": repair, "attempts": attempts}
            options = {
                **self.options,
                **{name: value for name, value in tried.items() if value is not None},
            }
            telling, end = self._told(options)
            if telling.requests[0].fingerprint() == self._call.request.fingerprint and end == _end(
                self._call
            ):
                return options, telling
        return None, self._told(self.options)[0]

    def _told_options(self) -> Mapping[str, Any]:
        """What the record tells of them: settings beside the prompt's own, tools, continuations."""
        call = self._call
        options: dict[str, Any] = {}
        if call.request.tools:
            options["tools"] = [
                Tool.of(it["parameters"], name=it["name"], description=it["description"])
                for it in call.request.tools
            ]
        continued = sum(attempt.cause.startswith(_CONTINUED) for attempt in call.attempts)
        if continued:
            options["continuations"] = continued
        telling, _ = self._told(options)
        own = _as_json(telling.requests[0].generation.to_dict())
        other = {
            name: value for name, value in _as_json(call.request.generation).items() if own.get(name) != value
        }
        return {**options, "generation": other} if other else options

    def _told(self, options: Mapping[str, Any]) -> tuple[_Telling, tuple[Any, ...] | None]:
        """The prompt run on what was said, and how that ended; None where it asks for more."""
        telling = _Telling(self._real, self.answers)
        try:
            return telling, _end(self._prompt.using(telling, **options).run(**self._inputs).record)
        except (OutputError, AttemptsExhausted) as error:
            return telling, _end(error.record)
        except _MoreAsked:
            return telling, None


def _backend(prompt: str, name: str) -> Backend | AsyncBackend:
    """Whoever has this name.

    Raises:
        ConfigurationError: When nobody has.
    """
    try:
        return current_session().backend_for(prompt, name)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"the call was answered by {name}, which cannot be opened: {error}. Say who answers in the test: --backend "
            "NAME"
        ) from error


def _end(call: CallRecord) -> tuple[Any, ...]:
    """How a call ended, to be compared."""
    error = None if call.error is None else call.error.type
    return call.status, error, len(call.attempts), _as_json(call.output)


def _as_json(data: Any) -> Any:
    return json.loads(json.dumps(data))


def _answers_of(call: CallRecord) -> Sequence[Completion]:
    """What the model said, question by question.

    Raises:
        ConfigurationError: When it did not answer one.
    """
    answers = [attempt.completion for attempt in call.attempts if attempt.completion is not None]
    if not answers or len(answers) < len(call.attempts):
        why = "was ended before the model answered" if call.error is None else f"failed by {call.error.type}"
        raise ConfigurationError(
            f"the call {call.id} {why}, so there is no answer to keep; script it with the fixture llm: "
            f"llm.on({call.prompt.name!r}).fail(...)"
        )
    return answers


def _refuse_redacted(call: CallRecord, inputs: Mapping[str, Any], request: Request) -> None:
    """Refuse a record whose parts do not belong together.

    Raises:
        ConfigurationError: When they do not.
    """
    shown = "\n".join(message.text for message in request.messages)
    sent = "\n".join(texts_in(call.request.messages))
    for name, value in inputs.items():
        if any(text in shown and text not in sent for text in texts_in(value)):
            raise ConfigurationError(
                f"the record {call.id} cannot become a test: its input {name} is not what the model was shown. It was "
                "redacted before it was kept, or cut by max_input_tokens; keep the calls that you want to test whole"
            )
    messages = [message.to_dict() for message in request.messages]
    if request.prompt.digest == call.prompt.digest and messages == _as_json(call.request.messages):
        raise ConfigurationError(
            f"the record {call.id} cannot become a test: its messages and answers do not lead to what it says came of "
            "them. It was redacted before it was kept, or the types that its prompt names have changed since"
        )


def _first_recording(call: CallRecord, teller: _Teller) -> Recording:
    """The first answer under the key of the question as it was asked then."""
    version = "" if call.prompt.version is None else f"@{call.prompt.version}"
    return Recording(
        key=call.request.fingerprint,
        repeat=0,
        backend=teller.name,
        files="",
        prompt=f"{call.prompt.name}{version}",
        messages=call.request.messages,
        generation=call.request.generation,
        answer=json.loads(text_of_completion(teller.answers[0])),
    )


def _refused_by(call: CallRecord, prompt: Prompt[Any], inputs: Mapping[str, Any]) -> str:
    first = call.attempts[0]
    if call.status != "failed" or first.completion is None:
        return ""
    try:
        prompt.parse(first.completion.text, **inputs)
    except OutputError as error:
        name = type(error).__name__
        return name if (first.error or "").partition(":")[0] == name else ""
    return ""
