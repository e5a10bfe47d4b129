"""The in-process backend: a GGUF model, decoded by llama.cpp under llguidance's masks."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from functools import partial

from promptkit.backends.llama.assembling import TextAssembler
from promptkit.backends.llama.decoding import Answer, Limits
from promptkit.backends.llama.models import LoadedModel, ModelKey, shelf
from promptkit.backends.llama.outputs import compile_output
from promptkit.backends.llama.planning import plan
from promptkit.backends.llama.sampling import Sampler
from promptkit.backends.llama.sources import find_model
from promptkit.backends.llama.threads import call_in_thread, iterate_in_thread
from promptkit.completions import Completed, Completion, Event, TextDelta, Usage
from promptkit.errors import BackendError, ContextOverflow
from promptkit.messages import Message, TextPart
from promptkit.requests import Capabilities, Count, GenerationConfig, OutputSpec, Plan, Request

__all__ = ["LlamaBackend"]


class LlamaBackend:
    """Answers requests by a model in this process; both a Backend and an AsyncBackend.

    The model is loaded on first use and shared by all backends of the process that name the same file with
    the same options. It answers one request at a time; others wait, each until its own deadline. Without a
    temperature it decodes greedily, so the same request gives the same answer. JSON is decoded under the
    output's grammar, compactly; every prompt is tokenized so that no content becomes a control token.

    A system message is given to the model's chat template as such; where the template knows no system
    role, its text stands before the next user message's. Where a file has no template, the ChatML form is
    used if its vocabulary has those markers, else lines of ``role: text``.

    Args:
        reference: What stands after ``llama:``: ``demo``, a path, or ``hf:OWNER/REPO/FILE``.
        n_ctx: Tokens of context; None for what the model was trained on, at most 8192.
        threads: Threads for decoding; None for what model and machine ask for.

    Raises:
        ValueError: When n_ctx or threads is not positive.
    """

    def __init__(self, reference: str, *, n_ctx: int | None = None, threads: int | None = None) -> None:
        for option, value in (("n_ctx", n_ctx), ("threads", threads)):
            if value is not None and value < 1:
                raise ValueError(f"{option} is {value}; it must be at least 1")
        self._reference = reference
        self._options = (n_ctx, threads)
        self._hold = _Hold()
        weakref.finalize(self, self._hold.release)

    def __repr__(self) -> str:
        return f"LlamaBackend({self._reference!r})"

    @property
    def name(self) -> str:
        """For example ``llama:demo``."""
        return f"llama:{self._reference}"

    def capabilities(self) -> Capabilities:
        """Schemas, streams and seeds; text only, one request at a time."""
        return Capabilities(schema=True, stream=True, seed=True, parts=frozenset({TextPart}), max_parallel=1)

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:  # noqa: ARG002 - the protocol's
        """What the grammar enforces and what is checked afterwards; loads no model."""
        with self._named():
            return plan(spec, self.name)

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        """The exact number of tokens of the prompt that these messages make; loads the model.

        Raises:
            ModelLoadError: When the model cannot be loaded.
            CapabilityMissing: When a message holds something other than text.
        """
        with self._named(), self._model() as model:
            return Count(n=len(model.tokenizer.tokens(messages)), exact=True)

    def complete(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Completion:
        """Answer one request; see ``stream``, whose last event this is."""
        with self.stream(request, deadline=deadline, cancel=cancel) as events:
            *_, last = events
        assert isinstance(last, Completed)
        return last.completion

    @contextlib.contextmanager
    def stream(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Generator[Iterator[Event], None, None]:
        """Answer one request piece by piece; the last event is Completed.

        Leaving the context ends the decoding. The model stays taken until then, also between two events.

        Raises:
            ModelLoadError: When the model cannot be loaded.
            ContextOverflow: When the prompt does not fit, before anything is decoded.
            CapabilityMissing: When a message holds something other than text.
            GrammarInvalid: When no grammar can be made of the schema, or no passage of a source fits the rules.
            TimedOut: When the deadline passes.
        """
        with self._named(), self._model() as model, model.turn(deadline, cancel) as ours:
            if not ours:
                yield iter([_cancelled_at_once(model)])
                return
            answer = _prepared(model, request, deadline, cancel)
            events = _events(answer)
            try:
                yield events
            finally:
                events.close()

    async def acomplete(self, request: Request, *, deadline: float | None = None) -> Completion:
        """As ``complete``, in a thread; cancelling the task ends the decoding at the next token."""
        return await call_in_thread(partial(self.complete, request, deadline=deadline))

    def astream(
        self, request: Request, *, deadline: float | None = None
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[Event]]:
        """As ``stream``, in a thread; the last event is Completed."""
        return iterate_in_thread(partial(self.stream, request, deadline=deadline))

    def close(self) -> None:
        """Hold the model no longer; the last backend that does so frees it. Later use loads it again."""
        self._hold.release()

    async def aclose(self) -> None:
        """As ``close``."""
        self.close()

    @contextlib.contextmanager
    def _model(self) -> Generator[LoadedModel, None, None]:
        """The model, held by the backend from now on and by this call until it ends."""
        key = self._hold.key or ModelKey(find_model(self._reference), *self._options)
        self._hold.take(key)
        model = shelf().take(key)
        try:
            yield model
        finally:
            shelf().put_back(key, model)

    @contextlib.contextmanager
    def _named(self) -> Generator[None, None, None]:
        """Errors from within carry this backend's name."""
        try:
            yield
        except BackendError as error:
            error.backend = error.backend or self.name
            raise


class _Hold:
    """A backend's own claim on its model, which outlives single calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._model: LoadedModel | None = None
        self.key: ModelKey | None = None

    def take(self, key: ModelKey) -> None:
        """Claim the model, unless it is claimed already."""
        if self._process != os.getpid():
            # In a forked child: the parent's model is of no use here, and its lock may be held for ever.
            self._lock = threading.Lock()
            self._process = os.getpid()
            self._model = None
        with self._lock:
            if self._model is None:
                self._model = shelf().take(key)
                self.key = key

    def release(self) -> None:
        """Give the claim up; without one, nothing happens."""
        if self._process != os.getpid():
            return
        with self._lock:
            model, self._model = self._model, None
            if model is not None and self.key is not None:
                shelf().put_back(self.key, model)
            self.key = None


def _prepared(
    model: LoadedModel, request: Request, deadline: float | None, cancel: threading.Event | None
) -> Answer:
    prompt = _fitting(model, request.messages)
    room = model.context.size - len(prompt)
    wanted = request.generation.max_tokens
    grammar = None if request.output.enforce == "off" else compile_output(request.output)
    return Answer(
        model=model,
        prompt=prompt,
        masks=None if grammar is None else model.masks.masks(grammar),
        sampler=Sampler(request.generation),
        text=TextAssembler(request.generation.stop),
        limits=Limits(max_tokens=min(wanted or room, room), deadline=deadline, cancel=cancel),
    )


def _fitting(model: LoadedModel, messages: Sequence[Message]) -> list[int]:
    """The prompt's tokens, of which there are fewer than the context holds."""
    size = model.context.size
    least = sum(len(message.text) for message in messages) // model.vocabulary.longest
    prompt: list[int] = []
    if least < size:  # else even the longest tokens are too many, and counting them would take long
        prompt = model.tokenizer.tokens(messages)
    if max(least, len(prompt)) >= size:
        count = str(len(prompt)) if prompt else f"at least {least}"
        raise ContextOverflow(
            f"the prompt is {count} tokens and the context of {model.name} holds {size}, answer included; "
            "shorten the input, or set a larger n_ctx where the model allows it"
        )
    return prompt


def _events(answer: Answer) -> Generator[Event, None, None]:
    whole: list[str] = []
    for text in answer.pieces():
        if text:
            whole.append(text)
            yield TextDelta(text=text)
    assert answer.finish_reason is not None
    yield Completed(
        completion=Completion(
            text="".join(whole),
            finish_reason=answer.finish_reason,
            model=answer.model.name,
            usage=answer.usage,
        )
    )


def _cancelled_at_once(model: LoadedModel) -> Completed:
    nothing = Usage(input_tokens=0, output_tokens=0)
    return Completed(
        completion=Completion(text="", finish_reason="cancelled", model=model.name, usage=nothing)
    )
