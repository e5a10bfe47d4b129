"""MockLLM: what a made-up model answers to which prompt, with nothing asked that was not foreseen, and nothing left."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Self

from promptkit.backends import MockBackend, Paced
from promptkit.completions import Completion
from promptkit.interception import intercepted
from promptkit.messages import ToolCallPart
from promptkit.output.malformed import Variant
from promptkit.requests import Request
from promptkit.testing.calls import Calls

__all__ = ["Expected", "MockLLM", "UnexpectedCall", "mocked"]

_SHOWN = 400


class UnexpectedCall(AssertionError):
    """A prompt was run that no test foresaw; code under test that swallows it fails at the end of the test."""


@dataclass(slots=True)
class _Action:
    """One step of a script.

    Attributes:
        make: Gives the reply to a request.
        what: What it is, for messages.
        left: How many calls it still answers; None for any number.
        used: How many it has answered.
        delay_s: Seconds before the answer.
    """

    make: Callable[[Request], Any]
    what: str
    left: int | None = 1
    used: int = 0
    delay_s: float = 0.0

    @property
    def over(self) -> bool:
        return self.left == 0


@dataclass(slots=True)
class Expected:
    """What is answered to calls of one kind; made by :meth:`MockLLM.on`.

    Each method adds one step and gives this back, so that steps follow one another:
    ``llm.on("triage").fail(RateLimited, times=2).then.auto()``. A step answers one call, or ``times`` calls, or with
    ``times=None`` any number, none included.
    """

    prompt: str
    contains: tuple[str, ...] = ()
    where: Callable[[Request], bool] | None = None
    _actions: list[_Action] = field(default_factory=list[_Action])
    _delay_s: float = 0.0

    @property
    def then(self) -> Self:
        """This again; reads well between two steps."""
        return self

    def reply(self, value: Any, *, times: int | None = 1) -> Self:
        """Answer with a value of the output, data or an instance, or with anything that MockBackend takes.

        A variant of ``malformed`` is written as it stands.
        """
        said = value.text if isinstance(value, Variant) else value
        return self._add(lambda _: said, f"reply({_short(value)})", times)

    def reply_text(self, text: str, *, times: int | None = 1) -> Self:
        """Answer with a text, as the model would write it."""
        return self._add(lambda _: text, f"reply_text({_short(text)})", times)

    def auto(self, *, seed: int | None = None, times: int | None = 1) -> Self:
        """Answer with a made-up value that fits the output and holds its rules; the same for the same seed."""
        maker = MockBackend(seed=seed)

        def made(request: Request) -> Any:
            return maker.complete(request)

        return self._add(made, "auto()", times)

    def fail(self, error: BaseException | type[BaseException], *, times: int | None = 1) -> Self:
        """Fail with an error, or with one of a class, whose message is then made up.

        Raises:
            TypeError: For a class of which none can be made from a message alone.
        """
        if isinstance(error, type):
            _made_error(error)  # where it is written, not where a prompt is run

        def failing(_: Request) -> BaseException:
            return error if isinstance(error, BaseException) else _made_error(error)

        return self._add(failing, f"fail({_short(error)})", times)

    def stream(self, pieces: Sequence[str | BaseException], *, times: int | None = 1) -> Self:
        """Answer with a text in these pieces; an error among them breaks a stream there, and fails a plain call."""
        paced = Paced(pieces=tuple(pieces))
        return self._add(lambda _: paced, f"stream({len(pieces)} pieces)", times)

    def call_tool(self, name: str, arguments: Mapping[str, Any], *, times: int | None = 1) -> Self:
        """Answer with the call of a tool."""
        call = ToolCallPart(id=f"call_{name}", name=name, arguments=json.dumps(dict(arguments)))
        answer = Completion(text="", finish_reason="tool", model="mock", tool_calls=(call,))
        return self._add(lambda _: answer, f"call_tool({name})", times)

    def delay_s(self, seconds: float) -> Self:
        """Let the next step take so many seconds; a nearer deadline ends the call first."""
        self._delay_s = seconds
        return self

    def _add(self, make: Callable[[Request], Any], what: str, times: int | None) -> Self:
        if times is not None and times < 1:
            raise ValueError(f"times is {times}; a step answers at least one call, or with None any number")
        self._actions.append(_Action(make, what, times, delay_s=self._delay_s))
        self._delay_s = 0.0
        return self

    def _mismatch(self, request: Request) -> str | None:
        """Why a request is none of this kind; None when it is one."""
        if not fnmatchcase(request.prompt.name, self.prompt):
            return f"it is for {self.prompt!r}, not for {request.prompt.name!r}"
        text = "\n".join(message.text for message in request.messages)
        for part in self.contains:
            if part not in text:
                return f"no message contains {part!r}{_written_otherwise(part, text)}"
        if self.where is not None and not self.where(request):
            return "its `where` says no"
        return None if any(not action.over for action in self._actions) else self._exhausted()

    def _exhausted(self) -> str:
        count = sum(action.used for action in self._actions)
        if not self._actions:
            return "it has no answer; add .reply(...) or .auto()"
        return f"its {count} answers are used up" if count > 1 else "its answer is used up"

    def _take(self, request: Request) -> Paced:
        action = next(action for action in self._actions if not action.over)
        action.used += 1
        if action.left is not None:
            action.left -= 1
        made = action.make(request)
        return made if isinstance(made, Paced) and not action.delay_s else _delayed(made, action.delay_s)

    def _unused(self) -> list[str]:
        return [
            f"{action.what}, {action.left} of {action.left + action.used} left"
            if action.used
            else action.what
            for action in self._actions
            if action.left
        ]

    def __str__(self) -> str:
        narrowed = "".join(f", contains={part!r}" for part in self.contains)
        return f"on({self.prompt!r}{narrowed}{', where=...' if self.where is not None else ''})"


class MockLLM:
    """A made-up model for all prompts of a test, whatever backend they name.

    Attributes:
        calls: The calls that have ended, as records.
        backend: The backend that answers, for code that takes one.
    """

    def __init__(self) -> None:
        self.calls = Calls()
        self.backend = MockBackend(self._answer, name="mock")
        self._lock = threading.Lock()
        self._expected: list[Expected] = []
        self._surprises: list[str] = []

    def on(
        self,
        prompt: str = "*",
        *,
        contains: str | Sequence[str] = (),
        where: Callable[[Request], bool] | None = None,
    ) -> Expected:
        """Foresee calls of a prompt. The first that fits and has an answer left answers.

        Args:
            prompt: The prompt's name, or a pattern such as ``support/*``.
            contains: What the rendered messages must contain, one text or several.
            where: Says of a request whether it is meant.
        """
        parts = (contains,) if isinstance(contains, str) else tuple(contains)
        made = Expected(prompt, parts, where)
        with self._lock:
            self._expected.append(made)
        return made

    @property
    def requests(self) -> Sequence[Request]:
        """Every question, re-asks included, in order."""
        return tuple(self.backend.requests)

    def verify(self) -> None:
        """Check that nothing was asked that was not foreseen, and that every answer was asked for.

        Raises:
            AssertionError: When it was otherwise, with all that was.
        """
        if problem := self.problem():
            raise AssertionError(problem)

    def problem(self) -> str:
        """What `verify` would say; nothing where all is well."""
        problems = list(self._surprises)
        for expected in self._expected:
            unused = expected._unused()  # noqa: SLF001 - its own class  # pyright: ignore[reportPrivateUsage]
            problems += [f"{expected} was not asked for: {what}" for what in unused]
        return "\n\n".join(problems)

    def _answer(self, request: Request) -> Paced:
        with self._lock:
            reasons: list[str] = []
            for expected in self._expected:
                reason = expected._mismatch(request)  # noqa: SLF001 - its own class  # pyright: ignore[reportPrivateUsage]
                if reason is None:
                    return expected._take(request)  # noqa: SLF001 - its own class  # pyright: ignore[reportPrivateUsage]
                reasons.append(f"  {expected}: {reason}")
            surprise = _surprise(request, reasons)
            self._surprises.append(surprise)
        raise UnexpectedCall(surprise)


@contextmanager
def mocked(*, strict: bool = True) -> Generator[MockLLM]:
    """Let a made-up model answer every prompt of this process for a while; for unittest and plain scripts.

    Args:
        strict: Whether answers that nobody asked for, and calls that were not foreseen, are an error at the end.
    """
    llm = MockLLM()
    with intercepted(lambda _prompt, _otherwise: llm.backend, llm.calls):
        yield llm
    if strict:
        llm.verify()


def _surprise(request: Request, reasons: Sequence[str]) -> str:
    foreseen = "\n".join(reasons) or "  nothing: add llm.on(...).reply(...)"
    last = request.messages[-1].text if request.messages else ""
    return (
        f"{request.prompt} was run, and no answer is foreseen for it. Foreseen is:\n{foreseen}\n"
        f"Its last message is:\n{_short(last, quoted=False)}"
    )


def _written_otherwise(part: str, text: str) -> str:
    """Where a text is there but for capitals and blanks, as it stands there."""
    words = r"\s+".join(re.escape(word) for word in part.split())
    found = re.search(words, text, re.IGNORECASE) if words else None
    return "" if found is None else f", but one contains {_short(found.group())}"


def _delayed(made: Any, delay_s: float) -> Paced:
    if isinstance(made, Paced):
        return Paced(reply=made.reply, pieces=made.pieces, delay_s=delay_s)
    return Paced(reply=made, delay_s=delay_s)


_ALSO: Mapping[str, Mapping[str, Any]] = {
    "TimedOut": {"kind": "first_token"},
    "StreamInterrupted": {"partial": ""},
}
"""What errors take beside a message."""


def _made_error(kind: type[BaseException]) -> BaseException:
    try:
        return kind(f"{kind.__name__}, as the test asked for", **_ALSO.get(kind.__name__, {}))
    except TypeError as error:
        raise TypeError(
            f"no {kind.__name__} can be made from a message alone ({error}); give fail() one that is made"
        ) from error


def _short(value: Any, *, quoted: bool = True) -> str:
    text = repr(value) if quoted else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
