"""Keeping answers: an equal question is answered from a file, equal questions at once are asked once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

from promptkit.backends.layers.answer_files import AnswerFile, Kept, default_answer_file
from promptkit.backends.layers.clocks import Clock
from promptkit.backends.layers.contracts import fault_of
from promptkit.backends.layers.effects import AnyBackend, LayerCall, Program, Wait, Work
from promptkit.backends.layers.flights import Flight, Flights, NoAnswer
from promptkit.backends.layers.layered import AsyncLayered, Layered, leaves, maker, wrapped
from promptkit.completions import Completion, Detour, Usage
from promptkit.errors import BackendError, TimedOut
from promptkit.records import call_key

__all__ = ["Cache", "cache"]

MONTH_S = 30 * 86400.0
MEBIBYTE = 2**20
_AT_ONCE = "the answer to an equal question at the same time"
_FAILED_AT_ONCE = "the failure of an equal question at the same time"


class Cache:
    """Which answers are kept, and who is answered by one of them.

    Args:
        file: Where answers are kept.
    """

    kind = "cache"

    def __init__(self, file: AnswerFile) -> None:
        self._file = file
        self._flights = Flights()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def answer(self, call: LayerCall) -> Program:
        """Answer from the file, by an equal call that is under way, or by the backend."""
        if call.request.resumes is not None:  # where an answer was cut, only its backend knows how to go on
            completion: Completion = yield call.send()
            return completion
        key = call_key(call.request.fingerprint(), _identity(call))
        while True:
            flight, leads = self._flights.join(key)
            if leads:
                return (yield from self._lead(call, key, flight))
            if not (yield Wait(signal=flight.landed, timeout_s=call.left_s)):
                return (yield from _given_up(call))
            outcome = flight.outcome
            if isinstance(outcome, BackendError):
                raise _own(outcome, call)
            if isinstance(outcome, Completion) and fault_of(call.request, outcome) is None:
                return _from(outcome, call, _AT_ONCE)
            if outcome is not NoAnswer.GIVEN_UP:
                return (yield from self._ask(call, key))

    def _lead(self, call: LayerCall, key: str, flight: Flight) -> Program:
        """Answer for all who ask the same meanwhile."""
        try:
            kept: Kept | None = yield Work(function=partial(self._file.get, key, call.clock.now()))
            if kept is not None and fault_of(call.request, kept.completion) is None:
                flight.outcome = kept.completion
                return _from(kept.completion, call, f"kept since {_moment(kept.made_at)}")
            return (yield from self._ask(call, key, flight))
        finally:
            self._flights.land(key, flight)

    def _ask(self, call: LayerCall, key: str, flight: Flight | None = None) -> Program:
        """Ask the backend and keep what holds the contract."""
        landing = flight or Flight()
        try:
            completion: Completion = yield call.send()
        except BackendError as error:
            own = isinstance(error, TimedOut) and error.kind == "deadline"
            if not own and not call.shown:
                landing.outcome = copy.copy(error)
            raise
        if completion.finish_reason == "cancelled":
            return completion
        if fault_of(call.request, completion) is not None:
            landing.outcome = NoAnswer.NOT_KEPT
            return completion
        keep = _bare(completion)
        landing.outcome = keep
        yield Work(function=partial(self._file.put, key, keep, call.clock.now()))
        return completion


def _identity(call: LayerCall) -> str:
    """Who would answer: the names of all who may, and what tells a model from another of the same name."""
    each: list[AnyBackend] = [leaf for backend in call.backends for leaf in leaves(backend)]
    return "\n".join(_identity_of(leaf) for leaf in each)


def _identity_of(backend: AnyBackend) -> str:
    identity: Callable[[], str] | None = getattr(backend, "identity", None)
    return backend.name if identity is None else identity()


def _given_up(call: LayerCall) -> Program:
    """What follows on a wait that ended without an answer: the caller cancelled, or the deadline came."""
    if call.cancelled:
        completion: Completion = yield call.send()  # answered at once
        return completion
    name = call.backend.name
    raise TimedOut(
        f"{name}: an equal question is under way and was not answered before this call's deadline. Allow more time.",
        kind="deadline",
        backend=name,
        retryable=False,
    )


def _bare(completion: Completion) -> Completion:
    """The answer as it is kept: with who wrote it, without what happened to be on the way and what that took."""
    written_by = tuple(
        replace(detour, usage=None, waited_s=0.0)
        for detour in completion.detours
        if detour.layer == "fallback"
    )
    return replace(completion, detours=written_by, rate_limits=None, unfinished=None)


def _from(completion: Completion, call: LayerCall, reason: str) -> Completion:
    kept = Detour(layer="cache", backend=call.backend.name, reason=reason)
    return replace(completion, detours=(*completion.detours, kept))


def _own(error: BackendError, call: LayerCall) -> BackendError:
    """A failure for one of those who waited, with evidence of its own: this call took nothing."""
    own = copy.copy(error)
    own.usage = Usage(input_tokens=0, output_tokens=0, cost=Decimal(0))
    own.detours = (Detour(layer="cache", backend=call.backend.name, reason=_FAILED_AT_ONCE),)
    return own


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@maker
def cache(
    backend: AnyBackend,
    *,
    file: str | Path | None = None,
    max_age_s: float | None = MONTH_S,
    max_mib: float = 256.0,
    clock: Clock | None = None,
) -> Layered | AsyncLayered:
    """The same backend, asked only what it has not answered yet.

    An answer is kept when it is whole and holds the prompt's contract: its schema and its constraints. It
    answers each request with the same fingerprint (messages, generation settings, schema, what the decoder
    follows) to the same backend and model, in this process and in later ones, as long as it holds the contract
    of that request too. Equal requests at the same time are asked once. A kept answer comes at once and whole
    in a stream, costs nothing, and says so in ``completion.detours``.

    Answers that are drawn by chance are kept like any others: to draw again, change ``seed`` or ask without
    this layer.

    Args:
        backend: What is wrapped.
        file: The file of SQLite; by default one in the user's cache folder, for all programs of this user.
        max_age_s: Seconds after which an answer is not used any more; None for no bound.
        max_mib: Mebibytes that are kept at most; what was not used for longest goes first.
        clock: Time; tests give their own.

    Raises:
        ValueError: When max_age_s or max_mib is not above 0.
        ConfigurationError: When the backend has a cache inside already.
    """
    if max_age_s is not None and max_age_s <= 0:
        raise ValueError(f"max_age_s is {max_age_s}; it must be above 0, or None for no bound")
    if max_mib <= 0:
        raise ValueError(f"max_mib is {max_mib}; it must be above 0")
    path = default_answer_file() if file is None else Path(file).expanduser()
    answers = AnswerFile(path, max_bytes=int(max_mib * MEBIBYTE), max_age_s=max_age_s)
    return wrapped(Cache(answers), backend, clock=clock)
