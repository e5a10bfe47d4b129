"""The in-process backend: a GGUF model, decoded by llama.cpp under llguidance's masks."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from promptkit.backends.llama.adapters import split_reference
from promptkit.backends.llama.assembling import TextAssembler
from promptkit.backends.llama.confidence import Prober
from promptkit.backends.llama.guides import guide_of
from promptkit.backends.llama.listeners import AsyncListener, Listener
from promptkit.backends.llama.models import LoadedModel, ModelKey, shelf
from promptkit.backends.llama.outputs import compile_output
from promptkit.backends.llama.planning import plan
from promptkit.backends.llama.sampling import Sampler
from promptkit.backends.llama.sequences import Answer, Limits, News
from promptkit.backends.llama.sources import digest_of, find_model
from promptkit.completions import Completed, Completion, Enforcement, Event
from promptkit.errors import BackendError, ContextOverflow
from promptkit.interception import require_live
from promptkit.messages import Message, TextPart
from promptkit.requests import Capabilities, Count, GenerationConfig, OutputSpec, Placement, Plan, Request
from promptkit.schemas.closed_values import closed_values

__all__ = ["LlamaBackend"]


class LlamaBackend:
    """Answers requests by a model in this process; both a Backend and an AsyncBackend.

    The model is loaded on first use and shared by all backends of the process that name the same file with
    the same options. Requests of all threads and tasks are decoded together, ``n_parallel`` at once; others
    wait, each until its own deadline. What prompts have in common is read once, and kept for later requests
    as long as there is room. Without a temperature it decodes greedily, so the same request gives the same
    answer, whatever it is decoded with. JSON is decoded under the output's grammar, compactly; every prompt
    is tokenized so that no content becomes a control token.

    A system message is given to the model's chat template as such; where the template knows no system
    role, its text stands before the next user message's. Where a file has no template, the ChatML form is
    used if its vocabulary has those markers, else lines of ``role: text``.

    Args:
        reference: What stands after ``llama:``: ``demo``, a path, or ``hf:OWNER/REPO/FILE``; LoRA adapters may
            follow, each as ``+lora:PATH`` or ``+lora:PATH@SCALE``.
        n_ctx: Tokens of context for each request; None for what the model was trained on, at most 8192.
        threads: Threads for decoding; None for what model and machine ask for.
        n_parallel: How many requests are decoded at once; None for 8, or fewer where their context would take
            more than 512 MiB.
        deterministic: False lets all requests share one store of ``n_ctx`` times ``n_parallel`` tokens; then the
            last bits of scores, and now and then a token, depend on what else is decoded.

    Raises:
        ValueError: When n_ctx, threads or n_parallel is not positive, or an adapter's scale is no number.
    """

    def __init__(
        self,
        reference: str,
        *,
        n_ctx: int | None = None,
        threads: int | None = None,
        n_parallel: int | None = None,
        deterministic: bool = True,
    ) -> None:
        for option, value in (("n_ctx", n_ctx), ("threads", threads), ("n_parallel", n_parallel)):
            if value is not None and value < 1:
                raise ValueError(f"{option} is {value}; it must be at least 1")
        self._reference = reference
        self._file, self._loras = split_reference(reference)
        self._options = (n_ctx, threads, n_parallel, deterministic)
        self._hold = _Hold()
        weakref.finalize(self, self._hold.release)

    def __repr__(self) -> str:
        return f"LlamaBackend({self._reference!r})"

    @property
    def name(self) -> str:
        """For example ``llama:demo``."""
        return f"llama:{self._reference}"

    def identity(self) -> str:
        """The name, with size and time of the files that it names by their paths: what answers are kept under."""
        about = [self.name]
        for source in (self._file, *(lora.source for lora in self._loras)):
            with contextlib.suppress(OSError):
                found = Path(source).expanduser().stat()
                about.append(f"{found.st_size} {found.st_mtime_ns}")
        return " ".join(about)

    def digest(self) -> str:
        """SHA-256 over the model's file and its adapters, the same on every machine; empty where one is not here."""
        with self._named():
            return digest_of((self._file, *(lora.source for lora in self._loras)))

    def capabilities(self) -> Capabilities:
        """Schemas, streams and seeds; text only. More requests than are decoded at once wait for their turn."""
        return Capabilities(
            schema=True, stream=True, seed=True, logprobs=True, resume=True, parts=frozenset({TextPart})
        )

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        """What the grammar enforces and what is checked afterwards; loads no model."""
        with self._named():
            made = plan(spec, self.name)
        if not generation.extra:
            return made
        lost = Placement.of_setting("extra", Enforcement.IMPOSSIBLE, "fields of a call are for servers")
        return replace(made, placements=(lost, *made.placements))

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        """The exact number of tokens of the prompt that these messages make; loads the model.

        Raises:
            ModelLoadError: When the model cannot be loaded.
            CapabilityMissing: When a message holds something other than text.
        """
        with self._named(), self._model() as model:
            tokens = model.tokenizer.tokens(messages) if messages else []
            return Count(n=len(tokens), exact=True, context=model.size)

    def complete(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Completion:
        """Answer one request; see ``stream``, whose last event this is."""
        with self._listening(request, deadline, cancel, streams=False) as events:
            *_, last = events
        assert isinstance(last, Completed)
        return last.completion

    @contextlib.contextmanager
    def stream(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Generator[Iterator[Event], None, None]:
        """Answer one request piece by piece; the last event is Completed.

        The model does not wait for the reader. Leaving the context ends the decoding.

        Raises:
            ModelLoadError: When the model or an adapter cannot be loaded.
            ContextOverflow: When the prompt does not fit, before anything is decoded.
            CapabilityMissing: When a message holds something other than text.
            GrammarInvalid: When no grammar can be made of the schema, or no passage of a source fits the rules.
            TimedOut: When the deadline passes.
        """
        with self._listening(request, deadline, cancel, streams=True) as events:
            yield events

    async def acomplete(self, request: Request, *, deadline: float | None = None) -> Completion:
        """As ``complete``; cancelling the task ends the decoding at the next token."""
        submit = partial(self._submitted, request, Limits(deadline=deadline), streams=False)
        async with AsyncListener(submit) as events:
            last = await anext(events)
        assert isinstance(last, Completed)
        return last.completion

    def astream(
        self, request: Request, *, deadline: float | None = None
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[Event]]:
        """As ``stream``; the last event is Completed."""
        return AsyncListener(partial(self._submitted, request, Limits(deadline=deadline), streams=True))

    @contextlib.contextmanager
    def _listening(
        self, request: Request, deadline: float | None, cancel: threading.Event | None, *, streams: bool
    ) -> Generator[Iterator[Event], None, None]:
        listener = Listener()
        limits = Limits(deadline=deadline, cancel=cancel)
        answer, give_back = self._submitted(request, limits, listener.tell, streams=streams)
        try:
            yield listener
        finally:
            try:
                listener.leave(answer)
            finally:
                give_back()

    def _submitted(
        self, request: Request, limits: Limits, tell: Callable[[News], object], *, streams: bool
    ) -> tuple[Answer, Callable[[], object]]:
        """The answer in the making, and what gives its model back."""
        require_live(self.name)
        with contextlib.ExitStack() as undo, self._named():
            model = undo.enter_context(self._model())
            answer = self._prepared(model, request, limits, tell)
            answer.streams = streams
            answer.begin()
            model.scheduler.submit(answer)
            return answer, undo.pop_all().close

    def _prepared(
        self, model: LoadedModel, request: Request, limits: Limits, tell: Callable[[News], object]
    ) -> Answer:
        thinks = bool(request.output.reasoning) and request.output.enforce != "off"
        prompt = _fitting(model, request.messages, thinks=thinks)
        cut = request.resumes
        room = model.size - len(prompt) - _written(cut)
        if room < 1:
            raise ContextOverflow(
                f"the context of {model.name} holds {model.size} tokens, and prompt and answer so far fill it: there "
                "is no room to go on; ask for less, or set a larger n_ctx where the model allows it"
            )
        room = _written(cut) + min(request.generation.max_tokens or room, room)
        grammar = None if request.output.enforce == "off" else compile_output(request.output)
        return Answer(
            model=model.name + model.adapters.described(self._loras),
            vocabulary=model.vocabulary,
            prompt=prompt,
            guide=guide_of(request.output, grammar, model.masks, model.vocabulary, prompt, room),
            sampler=Sampler(request.generation),
            text=TextAssembler(request.generation.stop),
            max_tokens=room,
            limits=limits,
            backend=self.name,
            tell=tell,
            adapters=model.adapters.load(self._loras),
            logprobs=request.generation.logprobs,
            prober=_prober(model, request),
            cut=cut,
        )

    def close(self) -> None:
        """Hold the model no longer; the last backend that does so frees it. Later use loads it again."""
        self._hold.release()

    async def aclose(self) -> None:
        """As ``close``."""
        self.close()

    @contextlib.contextmanager
    def _model(self) -> Generator[LoadedModel, None, None]:
        """The model, held by the backend from now on and by this call until it ends."""
        key = self._hold.key or ModelKey(find_model(self._file), *self._options)
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


def _written(cut: Completion | None) -> int:
    """How many tokens of an answer there are already."""
    return len(cut.unfinished.tokens) if cut is not None and cut.unfinished is not None else 0


def _prober(model: LoadedModel, request: Request) -> Prober | None:
    if request.generation.logprobs is None or request.output.mode != "json":
        return None
    return Prober(closed_values(request.output.json_schema), model.vocabulary)


def _fitting(model: LoadedModel, messages: Sequence[Message], *, thinks: bool) -> list[int]:
    """The prompt's tokens, of which there are fewer than the context holds."""
    size = model.size
    least = sum(len(message.text) for message in messages) // model.vocabulary.longest
    prompt: list[int] = []
    if least < size:  # else even the longest tokens are too many, and counting them would take long
        prompt = model.tokenizer.tokens(messages, thinks=thinks)
    if max(least, len(prompt)) >= size:
        count = str(len(prompt)) if prompt else f"at least {least}"
        raise ContextOverflow(
            f"the prompt is {count} tokens and the context of {model.name} holds {size}, answer included; "
            "shorten the input, or set a larger n_ctx where the model allows it"
        )
    return prompt
