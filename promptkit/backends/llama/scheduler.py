"""Continuous batching: requests of all threads and tasks become sequences of one batch."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from promptkit.backends.llama.bindings import Array, numpy
from promptkit.backends.llama.contexts import BATCH, SHORTEST, Adapter, Context, Run
from promptkit.backends.llama.sequences import Answer
from promptkit.backends.llama.slots import Slot, Slots
from promptkit.errors import BackendError, LocalBackendError, TimedOut

__all__ = ["Scheduler", "piece"]

_PATIENCE_S = 0.3
"""How long prompts are read before answers that are being written go on by a token."""

_PATIENCE_FOR_SHORT_S, _TURNS_FOR_SHORT = 1.0, 4
"""The same where the prompt in turn has but one piece left, and how many turns of writing it may last in any case:
read now, its answer goes on with the others, and many rows in one decoding cost less than the same rows in many."""

_SWEEP_S = 0.05
"""How often waiting requests are looked through for those that were given up."""


@dataclass(slots=True, eq=False)
class _Work:
    """An answer that has a sequence.

    Attributes:
        answer: The answer.
        slot: Its sequence.
        tokens: What is read before anything is chosen.
        length: Tokens that the sequence holds.
        asked: How many of them are the prompt's and the answer's, once other values were tried; None before.
    """

    answer: Answer
    slot: Slot
    tokens: Array
    length: int = field(default=0)
    asked: int | None = field(default=None)

    @property
    def reads(self) -> bool:
        """True while the prompt is not read whole."""
        return self.length < len(self.tokens)

    def run(self, tokens: Sequence[int], wanted: int) -> Run:
        """These tokens after what the sequence holds."""
        return Run(self.slot.index, self.length, tokens, wanted)


class Scheduler:
    """Decodes all answers of one model in a thread of its own.

    An answer joins the batch when a sequence is free and leaves it at any token. Prompts are read first come,
    first served; between two pieces of them, at most 0.3 s apart (longer while they are short), every answer goes
    on by a token (and those that must follow it). What an answer says does not depend on the others: the bits of
    its scores are the same whatever it is decoded with.

    Args:
        name: The model's name, for messages.
        context: Made by the caller, used by this thread alone, and freed by it.
        free: What else is to be freed when it is closed; called after the context was.
    """

    def __init__(self, name: str, context: Context, free: Callable[[], object]) -> None:
        self._name = name
        self._context = context
        self._free = free
        self._slots = Slots(context)
        self._wake = threading.Condition()
        self._waiting: deque[Answer] = deque()
        self._working: list[_Work] = []
        self._closing = False
        self._asked_to_close = False
        self._ended = False
        self._death = ""
        self._swept = 0.0
        self._written_s = 0.0  # how long the last turn of writing took
        self._thread = threading.Thread(target=self._run, name="promptkit-llama", daemon=True)
        self._started = False

    def submit(self, answer: Answer) -> None:
        """Take an answer in; its news are told from the decoder's thread.

        Raises:
            LocalBackendError: When the decoder has ended.
        """
        with self._wake:
            if self._death or self._closing:
                raise LocalBackendError(
                    f"the decoder of {self._name} has ended{self._death}; close the backend and ask again"
                )
            self._waiting.append(answer)
            if not self._started:
                self._started = True
                self._thread.start()
            self._wake.notify()

    def close(self) -> None:
        """End the decoder: answers in the making fail, and memory is given back.

        Waits until that is done, except in the decoder's own thread, where garbage collection may call it. A
        decoder that died has its model freed only here, since callers may still be preparing requests by it.
        """
        with self._wake:
            first, self._asked_to_close = not self._asked_to_close, True
            self._closing = True
            self._wake.notify()
            started, ended = self._started, self._ended
        if not started and first:
            self._context.free()
        if (ended or not started) and first:
            self._free()
        elif started and threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            while self._rest():
                self._turn()
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
            self._death = f": {type(error).__name__}: {error}"
        finally:
            with self._wake:
                self._closing = True
            self._fail_all()
            self._context.free()
            with self._wake:
                self._ended = True
                asked = self._asked_to_close
            if asked:
                self._free()

    def _fail_all(self) -> None:
        reason = f"the decoder of {self._name} ended before the answer did{self._death}"
        for answer in [*(work.answer for work in self._working), *self._waiting]:
            if not answer.over:
                answer.fail(LocalBackendError(f"{reason}; ask again"))
        self._working.clear()
        self._waiting.clear()

    def _rest(self) -> bool:
        """Wait for something to do; False when it is time to end."""
        with self._wake:
            while not (self._closing or self._waiting or self._working):
                self._wake.wait()
            return not self._closing

    def _turn(self) -> None:
        self._sweep()
        self._admit()
        start = time.monotonic()
        while self._read_some() and not self._closing:
            self._sweep()
            self._admit()
            if time.monotonic() - start >= self._patience() and any(not work.reads for work in self._working):
                break
        start = time.monotonic()
        self._write_some()
        self._written_s = time.monotonic() - start
        self._probe_some()

    def _patience(self) -> float:
        """Seconds for which prompts are read before answers go on."""
        work = next((work for work in self._working if work.reads), None)
        if work is None or len(work.tokens) - work.length > BATCH:
            return _PATIENCE_S
        return max(_PATIENCE_FOR_SHORT_S, _TURNS_FOR_SHORT * self._written_s)

    # --- joining and leaving

    def _admit(self) -> None:
        """Give sequences to those that waited longest."""
        for answer in self._first(self._slots.free):
            if not self._is_wanted(answer):
                self._drop(answer)
            elif (work := self._placed(answer)) is not None:
                self._drop(answer)
                self._working.append(work)
                if answer.finish_reason is not None:
                    self._leave(work)

    def _first(self, count: int) -> list[Answer]:
        with self._wake:
            return list(islice(self._waiting, count))

    def _drop(self, answer: Answer) -> None:
        with self._wake:
            self._waiting.remove(answer)

    def _placed(self, answer: Answer) -> _Work | None:
        tokens = answer.opening
        if answer.cut is not None:
            place = self._slots.take_again(tokens, answer.adapters, answer.scored)
            if place is not None:
                answer.cached_tokens = min(place.kept, len(answer.prompt))
                answer.pending = tokens[place.kept :].tolist()
                return _Work(answer, place.slot, tokens[: place.kept], place.kept)
        place = self._slots.take(tokens, answer.adapters, answer.scored)
        if place is None:
            return None
        answer.cached_tokens = min(place.kept, len(answer.prompt))
        return _Work(answer, place.slot, tokens, place.kept)

    def _sweep(self) -> None:
        """Let go of answers that were given up; those that wait are many, and are looked at less often."""
        for work in [work for work in self._working if not self._is_wanted(work.answer)]:
            self._leave(work)
        now = time.monotonic()
        if now - self._swept >= _SWEEP_S:
            self._swept = now
            gone = [
                answer
                for answer in self._first(len(self._waiting))
                if not self._is_wanted(answer, waits=True)
            ]
            if gone:
                with self._wake:
                    self._waiting = deque(answer for answer in self._waiting if not answer.over)

    def _is_wanted(self, answer: Answer, *, waits: bool = False) -> bool:
        """Whether it is to go on; if not, its caller has been told."""
        if answer.over:
            return False
        try:
            if answer.is_wanted():
                return True
        except TimedOut as late:
            answer.fail(
                TimedOut(
                    f"{self._name} was busy with other requests until the deadline; allow more time",
                    kind="deadline",
                )
                if waits
                else late
            )
            return False
        answer.finish()
        return False

    def _leave(self, work: _Work) -> None:
        """Tell the caller, unless that was done, and free the sequence."""
        if not work.answer.over:
            work.answer.finish()
        self._working.remove(work)
        answer, held = work.answer, work.length if work.asked is None else work.asked
        # An answer that was cut stays as well: it can be gone on with.
        known = [*answer.prompt, *answer.tokens][:held] if answer.finish_reason == "length" else []
        self._slots.release(work.slot, numpy().array(known, dtype=numpy().int32))

    # --- decoding

    def _read_some(self) -> bool:
        """Read a piece of the prompt that came first, and of others that fit beside it; False when there is none."""
        works, runs = self._next_pieces()
        for work, rows in self._decoded(works, runs):
            work.slot.read = work.length
            first = work.answer.scored
            after = work.length - len(rows) + 1
            if after > first:
                for token, scores in zip(work.tokens[after:].tolist(), rows, strict=False):
                    work.answer.note(token, scores)
            if not work.reads:
                self._choose(work, rows[-1])
        return bool(works)

    def _next_pieces(self) -> tuple[list[_Work], list[Run]]:
        """What is read next: one piece, or as many as go together where runs may differ in length."""
        works: list[_Work] = []
        runs: list[Run] = []
        room = BATCH
        for work in self._working:
            if not work.reads or (works and work.answer.adapters != works[0].answer.adapters):
                continue
            at, count = work.length, piece(len(work.tokens) - work.length, room)
            # Scores are for what follows; the answer's own first tokens may stand in this piece.
            wanted = max(1, at + count - max(at, work.answer.scored))
            works.append(work)
            runs.append(work.run(work.tokens[at : at + count].tolist(), wanted))
            room -= count
            if not self._context.unified or room < SHORTEST:
                break
        return works, runs

    def _write_some(self) -> None:
        """Let every answer whose prompt is read go on: those together that can be decoded together."""
        groups: dict[tuple[tuple[Adapter, ...], int], list[_Work]] = {}
        for work in self._working:
            if not work.reads and work.answer.pending:
                length = 0 if self._context.unified else _run_length(work)
                groups.setdefault((work.answer.adapters, length), []).append(work)
        for works in groups.values():
            for some in _packed(works):
                self._write([work for work in some if self._is_still_there(work)])

    def _is_still_there(self, work: _Work) -> bool:
        if self._is_wanted(work.answer):
            return True
        self._leave(work)
        return False

    def _write(self, works: Sequence[_Work]) -> None:
        runs: list[Run] = []
        for work in works:
            count = _run_length(work)
            wanted = 1 if work.answer.logprobs is None else count
            runs.append(work.run(work.answer.pending[:count], wanted))
        for work, rows in self._decoded(works, runs):
            for token, scores in zip(work.answer.pending[1:], rows, strict=False):
                work.answer.note(token, scores)
            del work.answer.pending[: _run_length(work)]
            if not work.answer.pending:
                self._choose(work, rows[-1])

    def _probe_some(self) -> None:
        """For every answer that is finished, ask how likely one other value would have been."""
        for work in list(self._working):
            candidate = None if work.reads or work.answer.pending else work.answer.probe()
            if candidate is None or not self._is_still_there(work):
                continue
            behind = (
                len(work.answer.prompt) + candidate.position
            )  # the token before it gives the first scores
            work.length = self._context.keep(work.slot.index, min(work.length, behind - 1))
            work.slot.read = min(work.slot.read, work.length)
            work.asked = work.length if work.asked is None else min(work.asked, work.length)
            known = [*work.answer.prompt, *work.answer.tokens]
            tokens = [*known[work.length : behind], *candidate.tokens[:-1]]
            prober = work.answer.prober
            assert prober is not None
            if len(tokens) > BATCH or behind + len(candidate.tokens) > self._context.size:
                prober.skip(candidate)
            else:
                for _, rows in self._decoded([work], [work.run(tokens, len(candidate.tokens))]):
                    work.asked = behind
                    prober.note(candidate, rows)
            if not work.answer.over and not work.answer.asks_on:
                self._leave(work)

    def _decoded(self, works: Sequence[_Work], runs: Sequence[Run]) -> Iterator[tuple[_Work, list[Array]]]:
        """Decode one run of each, with the scores it wants; those that llama.cpp could not decode have left."""
        if not works:
            return
        try:
            self._context.use(works[0].answer.adapters)
            scores = self._context.decode(runs)
        except BackendError as error:
            for work in works:
                self._slots.forget(work.slot)
                work.length = work.asked = 0
                work.answer.fail(LocalBackendError(str(error)))  # each caller raises one of its own
                self._leave(work)
            return
        for work, run, rows in zip(works, runs, scores, strict=True):
            work.length += len(run.tokens)
            yield work, rows

    def _choose(self, work: _Work, scores: Array) -> None:
        answer = work.answer
        try:
            if answer.finish_reason is None:
                answer.go_on(scores)
        except BackendError as error:
            answer.fail(error)
        if answer.over or (answer.finish_reason is not None and not answer.asks_on):
            self._leave(work)


def piece(left: int, room: int = BATCH) -> int:
    """How many of so many tokens of a prompt are decoded next: never one, nor all but one, where that can be helped."""
    count = min(room, left)
    return count - 1 if left - count == 1 and count > SHORTEST else count


def _run_length(work: _Work) -> int:
    return min(len(work.answer.pending), BATCH)


def _packed(works: Sequence[_Work]) -> Iterator[list[_Work]]:
    """These works in order, as many at once as one batch has room for."""
    pack: list[_Work] = []
    room = BATCH
    for work in works:
        length = _run_length(work)
        if pack and length > room:
            yield pack
            pack, room = [], BATCH
        pack.append(work)
        room -= length
    yield pack
