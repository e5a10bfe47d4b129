"""The fields of an answer as they arrive: told, validated and held to the rules once, each when it is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from promptkit.completions import Enforcement, Verdict
from promptkit.constraints import GrowingVerdicts
from promptkit.output.beginnings import Beginning
from promptkit.output.events import FieldDelta, FieldDone, FieldEvent, FieldStarted
from promptkit.output.frames import Frame, Unit
from promptkit.output.scanning import Kind, Scanner, Token
from promptkit.schemas import Invalid, Problem, Valid, path_text
from promptkit.schemas.json_types import is_list
from promptkit.schemas.leaves import Place
from promptkit.schemas.parts import Part

__all__ = ["FieldReader", "Violation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """The first field that broke the contract, where an answer is not read on after it.

    Attributes:
        path: The field.
        problems: What the schema found; empty when it holds.
        verdicts: The rules that it broke.
    """

    path: str
    problems: tuple[Problem, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


class FieldReader:
    """Follows an answer that arrives in pieces, and tells its fields.

    What it cannot follow it does not tell: prose, more than one value, JSON that strict reading refuses. The
    answer is then read when it is whole, as ever.

    Args:
        part: The schema of the answer, part by part.
        rules: The constraints on the output.
        places: Where the answer's properties stand in the output, when only some of its fields were asked for.
        reasoning: True where thoughts may stand before the answer.
        aborts: True to stop at the first field that breaks the contract.
        mends: Whether a field that does not fit its schema may yet be taken: by its place, its part and its data.

    Attributes:
        told: Each field that was told as done, with its plain data.
        violation: What the reading stopped at.
        changed: True when a validator of an object changed a field that was told before.
    """

    def __init__(
        self,
        part: Part,
        rules: GrowingVerdicts,
        *,
        places: Mapping[str, Place] | None = None,
        reasoning: bool = False,
        aborts: bool = False,
        mends: Callable[[Place, Part, Any], bool] | None = None,
    ) -> None:
        self.told: list[tuple[Place, Any]] = []
        self.violation: Violation | None = None
        self._part, self._rules, self._places = part, rules, places
        self._aborts, self._mends = aborts, mends
        self._beginning: Beginning | None = Beginning(reasoning=reasoning)
        self._scanner = Scanner()
        self._open: list[Frame] = []
        self._unit: Unit | None = None
        self._pieces: list[str] = []  # of the text, from what the scanner holds or the unit's beginning on
        self._first = 0  # characters before those pieces
        self._events: list[FieldEvent] = []
        self._scalars: list[tuple[Place, Any]] = []
        self._value: Valid[Any] | None = None
        self.changed = False
        self._take: Mapping[Kind, Callable[[Any, int], None]] = {
            Kind.OPEN: self._opened,
            Kind.CLOSE: self._closed,
            Kind.NAME: self._named,
            Kind.BEGIN: self._begin,
            Kind.PIECE: self._piece,
            Kind.STRING: self._ended,
            Kind.SCALAR: self._ended,
        }

    @property
    def begun(self) -> tuple[Place, str] | None:
        """The text field that was told in part, and that part."""
        unit = self._unit
        if unit is None or not unit.streams or unit.depth != len(self._open):
            return None
        return unit.place, "".join(self._scanner.half)

    def feed(self, text: str) -> Sequence[FieldEvent]:
        """What the next piece of the answer's text tells of its fields."""
        if self._unit is not None and self.violation is None and self._scanner.goes_on(text):
            self._pieces.append(text)
            streams = self._unit.streams and self._unit.depth == len(self._open)
            return (FieldDelta(path=self._unit.path, text=text),) if streams else ()
        if self._beginning is not None:
            begun = self._beginning.feed(text)
            if begun is None:
                return ()
            self._beginning, text = None, begun
        if self._scanner.lost or self._scanner.done or self.violation is not None:
            return ()
        self._pieces.append(text)
        return self._tell(self._scanner.feed(text))

    def finish(self) -> Sequence[FieldEvent]:
        """What is left to tell once no more text comes."""
        if self._beginning is not None or self.violation is not None:
            return ()
        return self._tell(self._scanner.finish())

    def value(self, data: Any) -> Valid[Any] | None:
        """The answer's value, made of the fields as they were judged; None where it has to be read anew.

        Args:
            data: The whole answer as strict reading took it.
        """
        if self._value is None or self._places is not None or self.changed or data != self._value.data:
            return None
        return self._value

    def verdicts(
        self, data: Any, enforced: Sequence[Enforcement], confidence: Mapping[str, float] | None
    ) -> tuple[Verdict, ...]:
        """The verdicts on the whole output, judging only what was not judged yet."""
        return self._rules.verdicts(data, enforced, confidence)

    def _tell(self, tokens: Sequence[Token]) -> Sequence[FieldEvent]:
        events: list[FieldEvent] = []
        self._events = events
        for kind, value, at in tokens:
            self._take[kind](value, at)
            if self.violation is not None:
                break
        if self._unit is None:
            self._pieces, self._first = [self._scanner.held], self._scanner.at
        return events

    def _next(self) -> Unit:
        """The place of the value that begins now."""
        depth = len(self._open)
        if not depth:
            return Unit("", (), "", self._part, 0, depth)
        around = self._open[-1]
        if is_list(around.data):
            name: str | int = len(around.data)
            place, path = (*around.place, name), f"{around.path}[{name}]"
        else:
            name = around.name
            piece = _piece_of(name)
            path = f"{around.path}.{piece}" if around.path and piece[0] != "[" else f"{around.path}{piece}"
            place = (*around.place, name)
        part = around.part.member(name) if around.part is not None else None
        if depth == 1 and self._places is not None and part is not None:
            place = self._places[str(name)]
            path = path_text(place)
        return Unit(name, place, path, part, 0, depth)

    def _begin(self, _is_string: bool, at: int) -> None:
        if self._unit is None:
            self._begin_unit(self._next(), at)

    def _begin_unit(self, unit: Unit, at: int, *, told: bool = True) -> None:
        unit.start, unit.streams = at, unit.part is not None and unit.part.streams
        self._unit = unit
        if unit.part is not None and told:
            self._events.append(FieldStarted(path=unit.path))

    def _opened(self, bracket: str, at: int) -> None:
        data: Any = {} if bracket == "{" else []
        if self._unit is not None:
            self._open[-1].put(data)
            self._open.append(Frame((), "", None, data, 0))
            return
        unit = self._next()
        told = unit.part is not None and unit.part.opens(bracket)
        if not told:
            self._begin_unit(unit, at, told=unit.depth > 0)
        elif unit.depth:
            self._events.append(FieldStarted(path=unit.path))
        if unit.depth:
            self._open[-1].put(data)
        self._open.append(Frame(unit.place, unit.path, unit.part if told else None, data, len(self._scalars)))

    def _piece(self, text: str, _at: int) -> None:
        unit = self._unit
        if unit is not None and unit.streams and unit.depth == len(self._open):
            self._events.append(FieldDelta(path=unit.path, text=text))

    def _named(self, name: str, _at: int) -> None:
        self._open[-1].name = name

    def _ended(self, data: Any, at: int) -> None:
        """A string or a scalar is whole."""
        if self._open:
            self._open[-1].put(data)
        self._end_unit(data, at)

    def _closed(self, _nothing: None, at: int) -> None:
        around = self._open.pop()
        if around.part is None:
            self._end_unit(around.data, at)
        else:
            self._join(around, around.part)

    def _end_unit(self, data: Any, at: int) -> None:
        unit = self._unit
        if unit is None or unit.depth != len(self._open):
            return
        self._unit = None
        text = self._cut(unit.start, at)
        around = self._open[-1] if self._open else None
        if around is not None and (unit.part is None or unit.part.late):
            around.members.texts[unit.name] = text
            if unit.part is not None:
                around.late.append((unit.place, unit.path, data))
        elif unit.part is not None:
            self._judged(unit, data, unit.part.whole(text, data), around)

    def _cut(self, start: int, end: int) -> str:
        """A part of the text."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0][start - self._first : end - self._first]

    def _judged(self, unit: Unit, data: Any, outcome: Valid[Any] | Invalid, around: Frame | None) -> None:
        """Go on from the judgement on a value: tell it where it holds."""
        if isinstance(outcome, Invalid):
            if around is not None:
                around.valid = around.sound = False
            if self._stops() and not self._may_mend(unit, data):
                self.violation = Violation(path=unit.path, problems=_under(unit.path, outcome.problems))
            return
        if around is None:
            self._value = outcome
            if not isinstance(data, dict | list):
                self._events.append(FieldDone(path="", value=outcome.value))
            return
        around.members.values[unit.name] = outcome.value
        if not self._rules.waiting or self._holds(unit.place, unit.path, data, around):
            self._done(unit.place, unit.path, data, outcome.value)
            around.told.append((unit.name, outcome.value))

    def _join(self, inside: Frame, part: Part) -> None:
        """Judge an object or a list whose members were judged."""
        around = self._open[-1] if self._open else None
        name = inside.place[-1] if inside.place else ""
        if not inside.valid:
            if around is not None:
                around.valid = around.sound = False
            return
        outcome = part.joined(inside.data, inside.members)
        if isinstance(outcome, Valid) and (around is not None or self._places is None):
            self._compare(inside, part, outcome.value)
        if around is not None and not inside.sound:
            around.sound = False
            if isinstance(outcome, Valid):
                around.members.values[name] = outcome.value
                return
        self._judged(Unit(name, inside.place, inside.path, part, 0, 0), inside.data, outcome, around)

    def _compare(self, inside: Frame, part: Part, whole: Any) -> None:
        """See that what was told stands in the value that was made, and tell what was judged with it."""
        if part.reshapes:
            depth = len(inside.place)
            told: list[tuple[Place, Any]] = [((name,), value) for name, value in inside.told]
            told += [(place[depth:], value) for place, value in self._scalars[inside.scalars :]]
            self.changed |= not all(_stands(part, whole, place, value) for place, value in told)
        for place, path, data in inside.late:
            found = part.found_in(whole, place[-1])
            if found and self._holds(place, path, data, inside):
                self._done(place, path, data, found[0])

    def _holds(self, place: Place, path: str, data: Any, around: Frame) -> bool:
        """Hold a value to the rules about it."""
        output = self._open[0].data if self._open else None
        broken = tuple(verdict for verdict in self._rules.judge(place, data, output) if verdict.fails)
        if broken:
            around.sound = False
            if self._stops():
                self.violation = Violation(path=path, verdicts=broken)
        return not broken

    def _done(self, place: Place, path: str, data: Any, value: Any) -> None:
        self.told.append((place, data))
        if not isinstance(data, (dict, list)):
            self._scalars.append((place, value))
        self._events.append(FieldDone(path=path, value=value))

    def _may_mend(self, unit: Unit, data: Any) -> bool:
        return self._mends is not None and unit.part is not None and self._mends(unit.place, unit.part, data)

    def _stops(self) -> bool:
        """True where there is something to be saved by not reading on."""
        return self._aborts and self.violation is None and not self._scanner.done


def _stands(part: Part, whole: Any, place: Place, value: Any) -> bool:
    """True where a value that was told stands in the whole that was made."""
    at: Part | None = part
    for name in place:
        found = at.found_in(whole, name) if at is not None else ()
        if not found or at is None:
            return False
        whole, at = found[0], at.member(name)
    return whole is value or bool(whole == value)


@lru_cache(maxsize=1024)
def _piece_of(name: str) -> str:
    """A name as it stands in a path."""
    return path_text((name,))


def _under(path: str, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems of a value as problems of the output."""
    return tuple(replace(problem, path=_joined(path, problem.path)) for problem in problems)


def _joined(path: str, inner: str) -> str:
    return f"{path}{inner}" if not inner or not path or inner.startswith("[") else f"{path}.{inner}"
