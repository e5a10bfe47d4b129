"""The narration of a call: the events that whoever streams it is told, and whether they still hold at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptkit.backends.estimates import estimate_text, estimate_tokens
from promptkit.completions import Completed, Completion, Event, Usage
from promptkit.engine.call import Call
from promptkit.engine.questions import Question
from promptkit.engine.results import Finished, Restarted, Result, StreamEvent
from promptkit.output import AnswerReader
from promptkit.schemas.leaves import Place, value_at

__all__ = ["Narrator"]


class Narrator:
    """Turns what backends send into the events of a stream; one for each call.

    The drivers hand it each event of a backend and pass on what it says. Nothing that it said may contradict the
    result, unless a Restarted came between.

    Args:
        call: What the conversation started from.

    Attributes:
        answer: The answer to the question that was asked last, once it is there.
        stopped: True once the answer broke the contract and shall be read no further.
    """

    def __init__(self, call: Call) -> None:
        self.answer: Completion | None = None
        self.stopped = False
        self._call = call
        self._question: Question | None = None
        self._number = 0
        self._reader: AnswerReader | None = None
        self._texts: list[str] = []
        self._told: list[tuple[Place, Any]] = []  # of the answers before, as far as it still holds
        self._void = False

    def ask(self, question: Question, number: int) -> None:
        """Note what is asked next.

        Args:
            question: The question.
            number: 1 for the first attempt.
        """
        self.answer = None
        if question.request.resumes is None:
            self._keep()
            self._reader = None
            self.stopped, self._texts = False, []
        self._question, self._number = question, number

    def begin(self) -> Sequence[StreamEvent[Any]]:
        """What is said before the answer: that it takes the place of one before."""
        question = self._question
        if question is None or self._number == 1 or question.request.resumes is not None:
            return ()
        places = question.part.places if question.part is not None else ((),)
        self._told = [
            (told, data) for told, data in self._told if not any(_touch(told, place) for place in places)
        ]
        return (Restarted(attempt=self._number, invalid_paths=question.invalid_paths, paths=question.paths),)

    def hear(self, event: Event) -> Sequence[StreamEvent[Any]]:
        """What an event of the backend tells."""
        if isinstance(event, Completed):
            self.answer = event.completion
            whole = event.completion.finish_reason in ("stop", "tool")
            return self._reader.finish() if whole and self._reader is not None else ()
        fields = (self._reader or self._begun()).fields
        if fields is None:
            return (event,)
        self._texts.append(event.text)
        told = fields.feed(event.text)
        if fields.violation is not None:
            self.stopped, self.answer = True, self._cut()
        return (event, *told) if told else (event,)

    @property
    def reader(self) -> AnswerReader | None:
        """The reader of the answer that came last; None where no piece of it was heard."""
        return self._reader

    def settle(self, data: Any) -> None:
        """Compare what was told with the whole that was accepted.

        Args:
            data: The output as plain data.
        """
        fields = self._reader.fields if self._reader is not None else None
        changed = fields is not None and fields.changed
        self._keep()
        self._void = changed or any(not _stands(told, value, data) for told, value in self._told)

    def end(self, result: Result[Any]) -> Sequence[StreamEvent[Any]]:
        """What is said last."""
        last = Finished(result=result)
        return (Restarted(attempt=self._number, invalid_paths=()), last) if self._void else (last,)

    def _begun(self) -> AnswerReader:
        question, call = self._question, self._call
        assert question is not None, "a question is asked before its answer is heard"
        self._reader = AnswerReader(
            call.request.output,
            call.inputs,
            shown=call.request.shown,
            part=question.part,
            aborts=call.aborts,
        )
        return self._reader

    def _cut(self) -> Completion:
        """The answer as far as it came, with what it cost by estimate: nobody waits for the backend's count."""
        assert self._question is not None
        text = "".join(self._texts)
        usage = Usage(
            input_tokens=estimate_tokens(self._question.request.messages),
            output_tokens=estimate_text(len(text)),
            estimated=True,
        )
        return Completion(text=text, finish_reason="cancelled", model=self._call.plan.backend, usage=usage)

    def _keep(self) -> None:
        """Remember what the answer so far was told to be."""
        fields = self._reader.fields if self._reader is not None else None
        if fields is not None:
            self._told += fields.told
            if fields.begun is not None:
                place, text = fields.begun
                self._told.append((place, _Beginning(text)))


class _Beginning(str):
    """A text that was told in part."""

    __slots__ = ()


def _touch(told: Place, asked: Place) -> bool:
    """True where one place is the other, or lies inside it."""
    length = min(len(told), len(asked))
    return told[:length] == asked[:length]


def _stands(place: Place, told: Any, data: Any) -> bool:
    """True where the data has at the place what was told of it."""
    try:
        found = value_at(data, place)
    except LookupError:
        return False
    if isinstance(told, _Beginning):
        return isinstance(found, str) and found.startswith(told)
    return found is told or bool(found == told)
