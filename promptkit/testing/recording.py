"""A backend that answers from a cassette, or asks another one and records what it says."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from promptkit.backends.mock import pieces_of
from promptkit.completions import Completed, Completion, Event, TextDelta
from promptkit.errors import CapabilityMissing
from promptkit.interception import intercepted
from promptkit.messages import Message
from promptkit.requests import (
    AsyncBackend,
    Backend,
    Capabilities,
    Count,
    GenerationConfig,
    OutputSpec,
    Plan,
    Request,
)
from promptkit.testing.calls import Calls
from promptkit.testing.cassettes import Cassette

__all__ = ["RecordMode", "RecordingBackend", "Tape", "cassette"]

RecordMode: TypeAlias = Literal["none", "missing", "all"]


class RecordingBackend:
    """Stands before a backend: what was recorded is given, the rest is asked and recorded, as far as that is permitted.

    Args:
        real: The backend that would answer.
        tape: Where answers are.
        mode: ``none`` asks nobody, ``missing`` asks for what was not recorded, ``all`` asks for everything.
    """

    def __init__(self, real: Backend | AsyncBackend, tape: Cassette, mode: RecordMode) -> None:
        self._real = real
        self._tape = tape
        self._mode = mode

    @property
    def name(self) -> str:
        """The real backend's name: it is part of what answers are found by."""
        return self._real.name

    def capabilities(self) -> Capabilities:
        """Those of the real backend."""
        return self._real.capabilities()

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        """That of the real backend; pure and offline."""
        return self._real.plan(spec, generation)

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        """That of the real backend."""
        if not isinstance(self._real, Backend):
            raise CapabilityMissing(f"backend {self.name} cannot count tokens")
        return self._real.count_tokens(messages)

    def complete(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Completion:
        """The recorded answer, or a new one.

        Raises:
            CassetteMiss: When it was not recorded and nobody may be asked.
            BackendError: Whatever the real backend raises; that is not recorded.
        """
        place, known = self._known(request)
        if known is not None:
            return known
        if not isinstance(self._real, Backend):
            raise CapabilityMissing(f"backend {self.name} is asynchronous only; call arun instead of run")
        completion = self._real.complete(request, deadline=deadline, cancel=cancel)
        self._tape.add(place, request, completion, self._files())
        return completion

    @contextmanager
    def stream(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Generator[Iterator[Event], None, None]:
        """As ``complete``, piece by piece."""
        place, known = self._known(request)
        if known is not None:
            yield iter(_events(known))
            return
        if not isinstance(self._real, Backend):
            raise CapabilityMissing(
                f"backend {self.name} is asynchronous only; call astream instead of stream"
            )
        with self._real.stream(request, deadline=deadline, cancel=cancel) as events:
            yield self._noting(events, place, request)

    async def acomplete(self, request: Request, *, deadline: float | None = None) -> Completion:
        """As ``complete``."""
        place, known = self._known(request)
        if known is not None:
            return known
        if not isinstance(self._real, AsyncBackend):
            raise CapabilityMissing(f"backend {self.name} is synchronous only; call run instead of arun")
        completion = await self._real.acomplete(request, deadline=deadline)
        self._tape.add(place, request, completion, self._files())
        return completion

    @asynccontextmanager
    async def astream(
        self, request: Request, *, deadline: float | None = None
    ) -> AsyncGenerator[AsyncIterator[Event], None]:
        """As ``stream``."""
        place, known = self._known(request)
        if known is not None:
            yield _each(_events(known))
            return
        if not isinstance(self._real, AsyncBackend):
            raise CapabilityMissing(
                f"backend {self.name} is synchronous only; call stream instead of astream"
            )
        async with self._real.astream(request, deadline=deadline) as events:
            yield self._anoting(events, place, request)

    def close(self) -> None:
        """The real backend belongs to its session."""

    async def aclose(self) -> None:
        """The real backend belongs to its session."""

    def _known(self, request: Request) -> tuple[tuple[str, str, int], Completion | None]:
        place = self._tape.next_place(self.name, request.fingerprint())
        known = None if self._mode == "all" else self._tape.find(place, self._files())
        if known is None and self._mode == "none":
            raise self._tape.miss(request, self.name)
        return place, known

    def _files(self) -> str:
        digest: Callable[[], str] | None = getattr(self._real, "digest", None)
        return "" if digest is None else digest()

    def _noting(
        self, events: Iterator[Event], place: tuple[str, str, int], request: Request
    ) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Completed):
                self._tape.add(place, request, event.completion, self._files())
            yield event

    async def _anoting(
        self, events: AsyncIterator[Event], place: tuple[str, str, int], request: Request
    ) -> AsyncIterator[Event]:
        async for event in events:
            if isinstance(event, Completed):
                self._tape.add(place, request, event.completion, self._files())
            yield event


def _events(completion: Completion) -> list[Event]:
    return [
        *(TextDelta(text=piece) for piece in pieces_of(completion.text)),
        Completed(completion=completion),
    ]


async def _each(events: Sequence[Event]) -> AsyncIterator[Event]:
    for event in events:
        yield event


class Tape:
    """What a test sees of its cassette.

    Attributes:
        path: The file.
        calls: The calls that have ended, as records.
    """

    def __init__(self, kept: Cassette) -> None:
        self._kept = kept
        self.path = kept.path
        self.calls = Calls()

    def go_on(self, earlier: Tape) -> None:
        """Count equal questions on from an earlier run of the same test."""
        self._kept.go_on(earlier._kept)

    def prune(self) -> None:
        """Remove recordings that were not asked for.

        Raises:
            CassetteError: When the file cannot be written.
        """
        self._kept.save(prune=True)


@contextmanager
def cassette(path: str | Path, *, record: RecordMode = "none") -> Generator[Tape]:
    """Let prompts of this process be answered from a cassette for a while.

    Args:
        path: The file.
        record: ``none`` replays alone; ``missing`` asks for what was not recorded, ``all`` for everything.

    Raises:
        CassetteError: When the file cannot be used or written.
    """
    kept = Cassette.read(Path(path))
    tape = Tape(kept)

    def choose(_prompt: str, otherwise: Callable[[], Any]) -> RecordingBackend:
        return RecordingBackend(otherwise(), kept, record)

    try:
        with intercepted(choose, tape.calls):
            yield tape
    finally:
        kept.save()  # what was paid for is kept, however the test ended
