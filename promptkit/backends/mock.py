"""A backend that asks no model: it answers from a script, by a function, or with values made from the schema."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from promptkit.backends.estimates import estimate_text, estimate_tokens
from promptkit.completions import Completed, Completion, Event, TextDelta, Usage
from promptkit.constraints import ValidValues
from promptkit.errors import LocalBackendError, TimedOut
from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import Capabilities, Count, GenerationConfig, OutputSpec, Plan, Request
from promptkit.schemas import Refused, Valid

__all__ = ["MockBackend", "Paced", "Reply", "pieces_of", "values_of"]

Reply: TypeAlias = Any
"""A string, a Completion, an exception to raise, a value of the output (data or an instance), or a Paced of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """A reply that takes its time, or comes in pieces of one's own.

    Attributes:
        reply: What is answered, as any other reply; with ``pieces`` they are the text.
        delay_s: Seconds before it comes; a nearer deadline ends the call first.
        pieces: How a stream brings the text. An exception among them is raised at its place.
    """

    reply: Reply = ""
    delay_s: float = 0.0
    pieces: tuple[str | BaseException, ...] | None = None


PIECE_CHARACTERS = 8  # about two tokens: small enough that a short answer comes in several pieces
_SHOWN_CHARACTERS = 300
_PARTS = frozenset({TextPart, ImagePart, DocumentPart, ToolCallPart, ToolResultPart})


class MockBackend:
    """Answers without a model; sync and async, thread-safe.

    Args:
        replies: What is answered, in order, or a function from the request to what is answered. A string is
            the text as the model would write it; data and instances of the output's type become JSON; an
            exception is raised; a Completion is given as it is. Without replies, a value of the output's
            schema is made up.
        name: The backend's name.
        seed: None makes up the plainest value each time. With a number the values vary from request to request:
            each is made by the seed plus how many requests came before, the same in every run.

    Attributes:
        requests: The requests seen, in order.
    """

    def __init__(
        self,
        replies: Sequence[Reply] | Callable[[Request], Reply] | None = None,
        *,
        name: str = "mock",
        seed: int | None = None,
    ) -> None:
        if isinstance(replies, str | bytes):
            raise TypeError("MockBackend takes a list of replies; write MockBackend([text])")
        self._name = name
        self._seed = seed
        self._reply: Callable[[Request], Reply] | None = replies if callable(replies) else None
        self._script: tuple[Reply, ...] | None = None
        if replies is not None and not callable(replies):
            self._script = tuple(replies)
        self._lock = threading.Lock()
        self.requests: list[Request] = []

    @property
    def name(self) -> str:
        """The backend's name."""
        return self._name

    def __repr__(self) -> str:
        return f"MockBackend(name={self._name!r}, seen={len(self.requests)})"

    def capabilities(self) -> Capabilities:
        """All kinds of parts, tools, no enforced schema: a scripted answer may be anything."""
        return Capabilities(schema=False, stream=True, seed=True, tools=True, parts=_PARTS)

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:  # noqa: ARG002 - the protocol's
        """Everything is checked on the finished answer.

        The plan is not binding: a prompt that says ``enforce: require`` can be tested with a mock.
        """
        return Plan.unenforced(spec, self._name, "a mock enforces nothing", binding=False)

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        """An estimate from the length of the texts."""
        return Count(n=estimate_tokens(messages), exact=False)

    def complete(
        self,
        request: Request,
        *,
        deadline: float | None = None,
        cancel: threading.Event | None = None,
    ) -> Completion:
        """The next answer.

        Raises:
            LocalBackendError: When no answer is left or none can be made up.
            TimedOut: When the deadline is nearer than the answer.
            BaseException: Whatever exception the script holds.
        """
        if cancel is not None and cancel.is_set():
            return self._cancelled(request, "")
        paced = self._next(request)
        late = self._late(paced, deadline)
        _sleep(paced.delay_s if late is None else _left(deadline), cancel)
        if cancel is not None and cancel.is_set():
            return self._cancelled(request, "")
        if late is not None:
            raise late
        return self._completion(paced, request)

    @contextmanager
    def stream(
        self,
        request: Request,
        *,
        deadline: float | None = None,
        cancel: threading.Event | None = None,
    ) -> Generator[Iterator[Event], None, None]:
        """The next answer in small pieces; errors are those of ``complete``."""
        yield self._streamed(request, deadline, cancel)

    async def acomplete(self, request: Request, *, deadline: float | None = None) -> Completion:
        """As ``complete``."""
        paced = self._next(request)
        await self._pause(paced, deadline)
        return self._completion(paced, request)

    @asynccontextmanager
    async def astream(
        self,
        request: Request,
        *,
        deadline: float | None = None,
    ) -> AsyncGenerator[AsyncIterator[Event], None]:
        """As ``stream``."""
        paced = self._next(request)
        await self._pause(paced, deadline)
        yield _Each(self._pieces(paced, request, None))

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""

    def assert_all_used(self) -> None:
        """Check that every scripted reply was asked for.

        Raises:
            AssertionError: When some are left.
        """
        left = (self._script or ())[len(self.requests) :]
        if left:
            raise AssertionError(
                f"{len(left)} of {len(self._script or ())} replies of {self._name} were not asked for; "
                f"the first of them is {_shown(repr(left[0]))}"
            )

    def _late(self, paced: Paced, deadline: float | None) -> TimedOut | None:
        """The error of an answer that the deadline does not wait for."""
        if deadline is None or paced.delay_s <= _left(deadline):
            return None
        return TimedOut(
            f"{self._name}: the deadline passed before the answer of the script, which takes {paced.delay_s} s; "
            "allow more time",
            kind="deadline",
            backend=self._name,
        )

    async def _pause(self, paced: Paced, deadline: float | None) -> None:
        late = self._late(paced, deadline)
        pause = paced.delay_s if late is None else _left(deadline)
        if pause:
            await asyncio.sleep(pause)
        if late is not None:
            raise late

    def _streamed(
        self, request: Request, deadline: float | None, cancel: threading.Event | None
    ) -> Iterator[Event]:
        if cancel is not None and cancel.is_set():
            yield Completed(completion=self._cancelled(request, ""))
            return
        paced = self._next(request)
        late = self._late(paced, deadline)
        _sleep(paced.delay_s if late is None else _left(deadline), cancel)
        if cancel is not None and cancel.is_set():
            yield Completed(completion=self._cancelled(request, ""))
            return
        if late is not None:
            raise late
        yield from self._pieces(paced, request, cancel)

    def _next(self, request: Request) -> Paced:
        with self._lock:
            number = len(self.requests)
            self.requests.append(request)
        if self._reply is not None:
            reply = self._reply(request)
        elif self._script is None:
            reply = _made_up(request, self._name, None if self._seed is None else self._seed + number)
        elif number < len(self._script):
            reply = self._script[number]
        else:
            raise LocalBackendError(
                f"{self._name} was asked {number + 1} times but has {len(self._script)} replies; script one "
                f"more, or find out why it was asked again. Its last message was: {_last_text(request)}",
                backend=self._name,
            )
        return reply if isinstance(reply, Paced) else Paced(reply=reply)

    def _completion(self, paced: Paced, request: Request) -> Completion:
        reply = paced.reply
        if paced.pieces is not None:
            _raise_first(paced.pieces)
            reply = "".join(map(str, paced.pieces))
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, Completion):
            return reply
        text = _text(reply, request, self._name)
        return Completion(text=text, finish_reason="stop", model=self._name, usage=self._usage(request, text))

    def _pieces(self, paced: Paced, request: Request, cancel: threading.Event | None) -> Iterator[Event]:
        sent = ""
        pieces = paced.pieces
        if pieces is None:
            pieces = pieces_of(self._completion(paced, request).text)
        for piece in pieces:
            if cancel is not None and cancel.is_set():
                yield Completed(completion=self._cancelled(request, sent))
                return
            if isinstance(piece, BaseException):
                raise piece
            sent += piece
            yield TextDelta(text=piece)
        yield Completed(completion=self._completion(paced, request))

    def _cancelled(self, request: Request, text: str) -> Completion:
        return replace(self._completion(Paced(reply=text), request), finish_reason="cancelled")

    def _usage(self, request: Request, text: str) -> Usage:
        return Usage(
            input_tokens=estimate_tokens(request.messages),
            output_tokens=estimate_text(len(text)),
            estimated=True,
        )


class _Each:
    """Events given asynchronously; no generator, which the end of a loop would close apart from its caller's."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        for event in self._events:
            return event
        raise StopAsyncIteration


def _left(deadline: float | None) -> float:
    return 0.0 if deadline is None else max(0.0, deadline - time.monotonic())


def _sleep(seconds: float, cancel: threading.Event | None) -> None:
    if seconds and cancel is not None:
        cancel.wait(seconds)
    elif seconds:
        time.sleep(seconds)


def _raise_first(pieces: Sequence[str | BaseException]) -> None:
    for piece in pieces:
        if isinstance(piece, BaseException):
            raise piece


def _text(reply: Reply, request: Request, name: str) -> str:
    """The reply as the model would have written it."""
    if isinstance(reply, str):
        return reply
    write = getattr(reply, "model_dump_json", None)
    if callable(write):
        return str(write(by_alias=True))
    try:
        return json.dumps(reply, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError):
        written = _by_schema(reply, request)
    if isinstance(written, str):
        return written
    raise LocalBackendError(
        f"{name} cannot write a reply of type {type(reply).__name__} as JSON ({written}); give a string, "
        "plain data or an instance of the output's type.",
        backend=name,
    )


def _by_schema(reply: Reply, request: Request) -> str | Exception:
    """The reply as the output's type is written, for dates, data classes, lists of models; else why not."""
    try:
        return request.output.schema.dump_json(reply)
    except (TypeError, ValueError) as error:
        return error


def pieces_of(text: str) -> tuple[str, ...]:
    """A text in the pieces that a made-up stream brings."""
    return tuple(text[start : start + PIECE_CHARACTERS] for start in range(0, len(text), PIECE_CHARACTERS))


def values_of(output: OutputSpec) -> ValidValues:
    """Makes values that fit an output and hold its rules."""
    return ValidValues(
        output.schema.json_schema,
        output.constraints,
        inputs=output.inputs,
        accepts=lambda data: isinstance(output.schema.validate(data), Valid),
        text=output.mode == "text",
    )


def _made_up(request: Request, name: str, seed: int | None) -> Reply:
    output = request.output
    made = values_of(output).made(seed)
    if isinstance(made, Refused):
        raise LocalBackendError(
            f"{name} has no replies and cannot make up a value of the schema {output.schema.name} "
            f"({made.reason}); script one: MockBackend([...]).",
            backend=name,
        )
    return made.value


def _last_text(request: Request) -> str:
    return _shown(request.messages[-1].text) if request.messages else "(none)"


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
