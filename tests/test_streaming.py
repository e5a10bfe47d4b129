"""Typed streaming: fields as they are whole, judged once, and never against the result without a Restarted."""

from __future__ import annotations

import asyncio
import codecs
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator

from promptkit.completions import Completed, Completion, TextDelta
from promptkit.constraints import Constraint, expr, max_words, never_says, quoted_from, unique
from promptkit.constraints.paths import parse
from promptkit.errors import (
    AttemptsExhausted,
    CapabilityMissing,
    ConstraintViolated,
    Echoed,
    OutputError,
    Truncated,
    Unparseable,
)
from promptkit.events import FieldDelta, FieldDone, FieldStarted, Finished, Restarted
from promptkit.output import AnswerReader
from promptkit.prompts import Prompt
from promptkit.requests import Capabilities, Count, OutputSpec, Plan
from promptkit.schemas import OutputSchema

JUDGED: list[Any] = []


class Item(BaseModel):
    name: str
    price: int = Field(ge=0)

    @field_validator("price")
    @classmethod
    def note(cls, price: int) -> int:
        JUDGED.append(price)
        return price


class Order(BaseModel):
    reply: str
    kind: Literal["new", "used"]
    items: list[Item]
    note: str | None = None


ORDER = {
    "reply": 'Thanks, "Ann" é 😀\n',
    "kind": "new",
    "items": [{"name": "pen", "price": 1}, {"name": "ink", "price": 22}],
    "note": None,
}


@dataclass
class Pieces:
    """A backend that answers in given pieces, and notes how far it was read."""

    answers: list[list[str]]
    finish: str = "stop"
    name: str = "pieces"
    read: list[int] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)

    def capabilities(self) -> Capabilities:
        return Capabilities()

    def plan(self, spec: Any, generation: Any) -> Plan:
        return Plan.unenforced(spec, self.name, "it enforces nothing")

    def count_tokens(self, messages: Any) -> Count:
        return Count(n=0, exact=False)

    def complete(self, request: Any, *, deadline: Any = None, cancel: Any = None) -> Completion:
        *_, last = self._events(request)
        return last.completion

    async def acomplete(self, request: Any, *, deadline: Any = None) -> Completion:
        return self.complete(request)

    @contextmanager
    def stream(self, request: Any, *, deadline: Any = None, cancel: Any = None) -> Iterator[Any]:
        yield self._events(request)

    @asynccontextmanager
    async def astream(self, request: Any, *, deadline: Any = None) -> AsyncIterator[Any]:
        async def events() -> AsyncIterator[Any]:
            for event in self._events(request):
                yield event

        yield events()

    def _events(self, request: Any) -> Iterator[Any]:
        pieces = self.answers[len(self.requests)]
        self.requests.append(request)
        self.read.append(0)
        for piece in pieces:
            self.read[-1] += 1
            yield TextDelta(text=piece)
        yield Completed(completion=Completion(text="".join(pieces), finish_reason=self.finish, model="m"))

    def close(self) -> None:
        return

    async def aclose(self) -> None:
        return


def prompt(output: Any = Order, constraints: Any = (), **parts: Any) -> Prompt[Any]:
    return Prompt(
        template="{% user %}{{ text }}\n{{ constraints }}\n{{ output_format }}{% enduser %}",
        output=output,
        constraints=constraints,
        name="order",
        **parts,
    )


def cut(text: str, size: int = 3) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def written(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def sync_events(asked: Prompt[Any]) -> list[Any]:
    return list(asked.stream(text="x"))


def async_events(asked: Prompt[Any]) -> list[Any]:
    async def collect() -> list[Any]:
        return [event async for event in asked.astream(text="x")]

    return asyncio.run(collect())


def collect(events: list[Any], asked: Prompt[Any]) -> None:
    """Keep the events of a stream that ends in an error."""
    for event in asked.stream(text="x"):
        events.append(event)  # noqa: PERF402 - what came before the error counts


every_stream = pytest.mark.parametrize("events_of", [sync_events, async_events])


def told(events: list[Any], kind: Any) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@every_stream
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_fields_come_started_in_pieces_and_done_with_their_typed_values(events_of: Any, size: int) -> None:
    events = events_of(prompt().using(Pieces([cut(written(ORDER), size)])))

    assert {event.path: event.value for event in told(events, FieldDone)} == {
        "reply": ORDER["reply"],
        "kind": "new",
        "items[0].name": "pen",
        "items[0].price": 1,
        "items[0]": Item(name="pen", price=1),
        "items[1].name": "ink",
        "items[1].price": 22,
        "items[1]": Item(name="ink", price=22),
        "items": [Item(name="pen", price=1), Item(name="ink", price=22)],
        "note": None,
    }
    assert [event.path for event in told(events, FieldStarted)][:5] == [
        "reply",
        "kind",
        "items",
        "items[0]",
        "items[0].name",
    ]
    assert "".join(e.text for e in told(events, FieldDelta) if e.path == "reply") == ORDER["reply"]
    assert "kind" not in [event.path for event in told(events, FieldDelta)]
    assert "".join(event.text for event in told(events, TextDelta)) == written(ORDER)
    assert isinstance(events[-1], Finished)
    assert events[-1].result.value == Order(**ORDER)
    assert told(events, Restarted) == []


def test_an_item_is_told_before_the_next_one_begins() -> None:
    events = sync_events(prompt().using(Pieces([cut(written(ORDER), 1)])))

    order = [event.path for event in events if isinstance(event, FieldStarted | FieldDone)]
    assert order.index("items[0]", order.index("items[0]") + 1) < order.index("items[1]")


def test_a_scalar_is_told_once_and_whole() -> None:
    events = sync_events(prompt().using(Pieces([cut(written(ORDER), 1)])))

    assert [event.value for event in told(events, FieldDone) if event.path == "items[1].price"] == [22]


@every_stream
def test_validators_of_a_streamed_answer_run_once(events_of: Any) -> None:
    JUDGED.clear()

    events_of(prompt().using(Pieces([cut(written(ORDER))])))

    assert JUDGED == [1, 22]


class Counting:
    """A rule that counts how often it looks."""

    kind = "counting"

    def __init__(self) -> None:
        self.looked: list[Any] = []

    def sentence(self, subject: str) -> str:
        return f"{subject} is looked at."

    def fault(self, value: Any, scope: Any) -> str | None:
        self.looked.append(value)
        return None


def test_the_rules_on_a_field_are_judged_once_and_stand_in_the_verdicts() -> None:
    rule = Counting()
    asked = prompt(constraints=[Constraint(path="items[].name", rule=rule), max_words("reply", 20)])

    events = sync_events(asked.using(Pieces([cut(written(ORDER))])))

    assert rule.looked == ["pen", "ink"]
    assert [(v.constraint, v.outcome) for v in events[-1].result.verdicts] == [
        ("items[].name.counting", "held"),
        ("reply.max_words", "held"),
    ]


def test_a_text_output_has_text_alone() -> None:
    events = sync_events(prompt(output=None).using(Pieces([['{"a":', "1}"]])))

    assert [type(event) for event in events] == [TextDelta, TextDelta, Finished]


@every_stream
def test_thoughts_are_no_fields(events_of: Any) -> None:
    text = f'The order has "items".\n{{"reply": "no"}}\nAnswer:\n{written(ORDER)}'
    events = events_of(prompt(reasoning=True).using(Pieces([cut(text, 4)])))

    assert "".join(e.text for e in told(events, FieldDelta) if e.path == "reply") == ORDER["reply"]
    assert told(events, Restarted) == []
    assert events[-1].result.value == Order(**ORDER)


@every_stream
def test_a_field_that_is_asked_for_again_is_told_at_its_place_in_the_whole(events_of: Any) -> None:
    bad = {**ORDER, "items": [ORDER["items"][0], {"name": "ink", "price": -2}]}
    again = {"items[1].price": 2}
    backend = Pieces([cut(written(bad)), cut(written(again))])

    events = events_of(prompt(attempts=2).using(backend))

    restart = events.index(Restarted(attempt=2, invalid_paths=("items[1].price",), paths=("items[1].price",)))
    assert "items[1].price" not in [e.path for e in told(events[:restart], FieldDone)]
    assert [(e.path, e.value) for e in told(events[restart:], FieldDone)] == [("items[1].price", 2)]
    assert events[-1].result.value.items[1] == Item(name="ink", price=2)
    assert told(events[restart + 1 :], Restarted) == []


def test_an_object_that_is_asked_for_again_comes_as_an_instance() -> None:
    class Wide(Order):
        a: str = ""
        b: str = ""

    rule = Constraint(path="items[]", rule=Refusing({"name": "ink", "price": 4}))
    first = {**ORDER, "items": [ORDER["items"][0], {"name": "ink", "price": 4}], "a": "1", "b": "2"}
    backend = Pieces([cut(written(first)), cut(written({"items[1]": {"name": "ink", "price": 5}}))])

    events = sync_events(prompt(output=Wide, constraints=[rule], attempts=2).using(backend))

    assert [(e.path, e.value) for e in told(events, FieldDone)][-1] == ("items[1]", Item(name="ink", price=5))
    assert events[-1].result.value.items == [Item(name="pen", price=1), Item(name="ink", price=5)]


class Refusing:
    """A rule that one value breaks."""

    kind = "refusing"

    def __init__(self, value: Any) -> None:
        self.value = value

    def sentence(self, subject: str) -> str:
        return f"{subject} is another one."

    def fault(self, value: Any, scope: Any) -> str | None:
        return "that one" if value == self.value else None


# Stopping


@every_stream
def test_an_answer_is_stopped_at_the_first_field_that_breaks_a_rule(events_of: Any) -> None:
    pieces = cut(written(ORDER))
    backend = Pieces([pieces, pieces])
    asked = prompt(constraints=[never_says("reply", ["thanks"])]).using(backend, abort_on_violation=True)

    with pytest.raises(ConstraintViolated, match="stopped at reply") as caught:
        events_of(asked)

    assert backend.read[0] == 12 < len(pieces) / 2
    attempt = caught.value.attempts[0]
    assert attempt.completion.finish_reason == "cancelled"
    assert attempt.usage is not None
    assert attempt.usage.estimated
    assert 0 < attempt.usage.output_tokens < len(written(ORDER)) // 4
    assert written(ORDER).startswith(caught.value.text)
    assert [(v.constraint, v.outcome) for v in caught.value.verdicts] == [("reply.never_says", "violated")]


@every_stream
def test_an_answer_is_stopped_at_the_first_field_that_breaks_its_schema(events_of: Any) -> None:
    bad = {**ORDER, "kind": "broken"}
    backend = Pieces([cut(written(bad)), cut(written(ORDER))])

    events = events_of(prompt(attempts=2).using(backend, abort_on_violation=True))

    assert backend.read[0] < len(cut(written(bad))) / 2
    assert Restarted(attempt=2, invalid_paths=("kind",)) in events
    asked_again = backend.requests[1].messages[-1].text
    assert "kind" in asked_again
    assert events[-1].result.value == Order(**ORDER)
    assert [attempt.error is None for attempt in events[-1].result.attempts] == [False, True]


def run_sync(asked: Prompt[Any]) -> Any:
    return asked.run(text="x")


def run_async(asked: Prompt[Any]) -> Any:
    return asyncio.run(asked.arun(text="x"))


@pytest.mark.parametrize("run", [run_sync, run_async])
def test_a_run_is_stopped_as_well(run: Any) -> None:
    bad = {**ORDER, "kind": "broken"}
    backend = Pieces([cut(written(bad)), cut(written(ORDER))])

    result = run(prompt(attempts=2).using(backend, abort_on_violation=True))

    assert backend.read[0] < len(cut(written(bad))) / 2
    assert result.value == Order(**ORDER)


def test_a_backend_that_only_blocks_cannot_be_stopped_by_arun() -> None:
    backend = Pieces([cut(written(ORDER))])

    class Blocking:
        name = "blocking"
        capabilities, plan, count_tokens = backend.capabilities, backend.plan, backend.count_tokens
        complete, stream, close = backend.complete, backend.stream, backend.close

    with pytest.raises(CapabilityMissing, match="leave abort_on_violation out"):
        run_async(prompt().using(Blocking(), abort_on_violation=True))


def test_a_field_of_a_re_ask_that_breaks_the_rule_again_has_the_whole_asked_for() -> None:
    bad = {**ORDER, "kind": "broken"}
    backend = Pieces([cut(written(bad)), cut('{"kind": "odd"}', 2), cut(written(ORDER))])

    events = sync_events(prompt(attempts=3).using(backend, abort_on_violation=True))

    assert [(e.attempt, e.paths) for e in told(events, Restarted)] == [(2, ()), (3, ())]

    rule = never_says("reply", ["thanks"])
    fine = {**ORDER, "reply": "Hello there"}
    backend = Pieces([[written(ORDER)], cut('{"reply": "thanks", "x": 12345678}', 2), cut(written(fine))])
    events = sync_events(prompt(constraints=[rule], attempts=3).using(backend, abort_on_violation=True))

    assert [(e.attempt, e.paths) for e in told(events, Restarted)] == [(2, ("reply",)), (3, ())]
    assert backend.read[1] < 14
    assert events[-1].result.value.reply == "Hello there"


def test_without_the_option_a_broken_field_is_not_told_and_the_answer_is_read_to_its_end() -> None:
    pieces = cut(written(ORDER))
    backend = Pieces([pieces])
    events: list[Any] = []

    with pytest.raises(ConstraintViolated):
        events.extend(prompt(constraints=[never_says("reply", ["thanks"])]).using(backend).stream(text="x"))

    assert backend.read == [len(pieces)]


def test_a_should_rule_and_a_warning_stop_nothing() -> None:
    rules = [max_words("reply", 1, severity="should"), never_says("reply", ["ann"], on_fail="warn")]

    events = sync_events(
        prompt(constraints=rules).using(Pieces([cut(written(ORDER))]), abort_on_violation=True)
    )

    assert [v.outcome for v in events[-1].result.verdicts] == ["violated", "violated"]


def test_an_error_that_must_not_be_asked_again_is_raised_at_once() -> None:
    rule = never_says("reply", ["thanks"], on_fail="error")
    backend = Pieces([cut(written(ORDER))] * 2)

    with pytest.raises(ConstraintViolated):
        sync_events(prompt(constraints=[rule], attempts=2).using(backend, abort_on_violation=True))

    assert len(backend.requests) == 1


def test_attempts_that_are_all_stopped_are_exhausted() -> None:
    backend = Pieces([cut(written({**ORDER, "kind": "odd"}))] * 2)

    with pytest.raises(AttemptsExhausted):
        sync_events(prompt(attempts=2).using(backend, abort_on_violation=True))


def test_a_condition_stops_the_answer_when_all_that_it_reads_is_there() -> None:
    rule = expr("output.kind == 'used' or output.reply == 'x'")
    pieces = cut(written(ORDER))
    backend = Pieces([pieces])

    with pytest.raises(ConstraintViolated, match="stopped at kind"):
        sync_events(prompt(constraints=[rule]).using(backend, abort_on_violation=True))

    assert backend.read[0] < len(pieces) / 2


def test_a_quotation_stops_the_answer_where_it_ends() -> None:
    backend = Pieces([cut(written(ORDER))])

    with pytest.raises(ConstraintViolated, match="stopped at reply"):
        sync_events(
            prompt(constraints=[quoted_from("reply", "text")]).using(backend, abort_on_violation=True)
        )


# What is told late, or not at all


def test_what_needs_other_fields_is_told_when_these_are_there() -> None:
    class Pair(BaseModel):
        low: int
        high: Annotated[int, Field()] = 0

        @field_validator("high")
        @classmethod
        def above(cls, high: int, info: Any) -> int:
            if high < info.data["low"]:
                raise ValueError("high is below low")
            return high

    class Pairs(BaseModel):
        pairs: list[Pair]
        end: str

    text = written({"pairs": [{"high": 5, "low": 1}], "end": "x"})
    events = sync_events(prompt(output=Pairs).using(Pieces([cut(text, 1)])))
    assert [(e.path, e.value) for e in told(events, FieldDone)] == [
        ("pairs[0].low", 1),
        ("pairs[0].high", 5),
        ("pairs[0]", Pair(low=1, high=5)),
        ("pairs", [Pair(low=1, high=5)]),
        ("end", "x"),
    ]

    text = written({"pairs": [{"low": 9, "high": 5}], "end": "x" * 50})
    backend = Pieces([cut(text, 1)])
    with pytest.raises(Unparseable, match=r"stopped at pairs\[0\].*high is below low"):
        sync_events(prompt(output=Pairs).using(backend, abort_on_violation=True))
    assert backend.read[0] < 40


def test_a_validator_of_the_whole_that_changes_a_field_is_told_by_a_restart() -> None:
    class Shouting(BaseModel):
        word: str
        other: int

        @model_validator(mode="after")
        def shout(self) -> Shouting:
            self.word = self.word.upper()
            return self

    events = sync_events(prompt(output=Shouting).using(Pieces([cut('{"word": "hi", "other": 1}')])))

    assert events[-2] == Restarted(attempt=1, invalid_paths=())
    assert events[-1].result.value.word == "HI"


def test_a_validator_of_the_whole_that_changes_a_field_deep_inside_is_told_by_a_restart() -> None:
    class Deep(BaseModel):
        items: list[Item]
        more: str

        @model_validator(mode="after")
        def rename(self) -> Deep:
            if self.more == "change":
                self.items[0].name = "other"
            return self

    changed, kept = (
        sync_events(
            prompt(output=Deep).using(Pieces([cut(written({"items": ORDER["items"], "more": more}))]))
        )
        for more in ("change", "keep")
    )

    assert isinstance(changed[-2], Restarted)
    assert changed[-1].result.value.items[0].name == "other"
    check(kept)
    assert told(kept, Restarted) == []


def test_a_text_that_a_validator_may_change_comes_whole() -> None:
    class Tidy(BaseModel):
        word: Annotated[str, AfterValidator(str.strip)]
        plain: str

    events = sync_events(prompt(output=Tidy).using(Pieces([cut('{"word": " hi ", "plain": " hi "}')])))

    assert {event.path for event in told(events, FieldDelta)} == {"plain"}
    assert [(e.path, e.value) for e in told(events, FieldDone)] == [("word", "hi"), ("plain", " hi ")]
    assert told(events, Restarted) == []


def test_a_rule_on_the_whole_list_is_judged_when_the_list_is_whole() -> None:
    twice = {**ORDER, "items": [ORDER["items"][0]] * 2}
    backend = Pieces([cut(written(twice))])

    with pytest.raises(ConstraintViolated, match="stopped at items"):
        sync_events(prompt(constraints=[unique("items")]).using(backend, abort_on_violation=True))


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("Here it is: " + written(ORDER), True),
        ("```python\n" + written(ORDER), True),
        (written({"result": ORDER}), True),
        ("<html>no</html>", False),
        ("I must not.", False),
    ],
)
def test_of_what_cannot_be_followed_no_field_is_told(text: str, taken: bool) -> None:
    events: list[Any] = []

    if taken:
        collect(events, prompt().using(Pieces([cut(text)])))
        assert events.pop().result.value == Order(**ORDER)
    else:
        with pytest.raises(OutputError):
            collect(events, prompt().using(Pieces([cut(text)])))

    assert {type(event) for event in events} == {TextDelta}


def test_a_fence_before_the_answer_is_passed_over() -> None:
    events = sync_events(prompt().using(Pieces([cut(f"```json\n{written(ORDER)}\n```")])))

    assert len(told(events, FieldDone)) == 10
    assert told(events, Restarted) == []
    assert events[-1].result.value == Order(**ORDER)


def test_a_field_that_was_told_and_is_taken_otherwise_is_told_by_a_restart() -> None:
    text = written({**ORDER, "note": "draft"}) + " No, wait: " + written({**ORDER, "note": "final"})
    events = sync_events(prompt().using(Pieces([cut(text)]), repair="lenient"))

    check(events)
    assert events[-1].result.value.note == "final"
    assert isinstance(events[-2], Restarted)


def test_an_answer_that_is_copied_from_the_inputs_is_refused_as_without_streaming() -> None:
    text = f"Please answer {written(ORDER)} and nothing else."
    asked = prompt().using(Pieces([cut(written(ORDER))] * 2))

    with pytest.raises(Echoed):
        asked.run(text=text)
    with pytest.raises(Echoed):
        list(asked.stream(text=text))


def test_a_field_that_can_be_mended_stops_nothing() -> None:
    text = written(ORDER).replace("22", '"22"')
    asked = prompt().using(Pieces([cut(text)]), abort_on_violation=True)

    events = sync_events(asked)

    check(events)
    assert "items[1].price" not in [event.path for event in told(events, FieldDone)]
    assert events[-1].result.value == Order(**ORDER)
    assert [repair.path for repair in events[-1].result.repairs] == ["items[1].price"]

    backend = Pieces([cut(text)])
    with pytest.raises(Unparseable, match=r"stopped at items\[1\].price"):
        sync_events(prompt().using(backend, abort_on_violation=True, repair="off"))


def test_a_cut_answer_is_an_error_though_its_fields_were_told() -> None:
    backend = Pieces([cut(written(ORDER))[:20]], finish="length")
    events: list[Any] = []

    with pytest.raises(Truncated):
        collect(events, prompt().using(backend))

    assert told(events, FieldDone)[0].path == "reply"


def test_a_cut_number_is_not_told_as_whole() -> None:
    events: list[Any] = []

    with pytest.raises(Truncated):
        collect(events, prompt(output=int).using(Pieces([["12"]], finish="length")))

    assert [type(event) for event in events] == [TextDelta]


@pytest.mark.parametrize(
    ("output", "value", "paths"),
    [
        (int, 12, [""]),
        (list[int], [1, 2], ["[0]", "[1]"]),
        (dict[str, int], {"a b": 1}, ['["a b"]']),
        (Item | list[str], ["a"], []),
        (dict[int, int] | None, None, [""]),
    ],
)
def test_outputs_that_are_no_objects_are_told_as_far_as_they_have_parts(
    output: Any, value: Any, paths: Any
) -> None:
    events = sync_events(prompt(output=output).using(Pieces([cut(written(value), 1)])))

    assert [event.path for event in told(events, FieldDone)] == paths
    assert events[-1].result.value == value


# The property: no event contradicts the result without a Restarted between


def at(value: Any, path: str) -> Any:
    for step in parse(path).steps:
        value = value[step] if isinstance(value, dict | list) else getattr(value, str(step))
    return value


def check(events: list[Any]) -> None:
    """Keep what a reader of the stream would keep, and compare it with the result."""
    done: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for event in events:
        match event:
            case FieldDone(path=path, value=value):
                assert path not in done, "told twice"
                done[path] = value
            case FieldDelta(path=path, text=text):
                assert text
                assert text.encode()
                texts[path] = texts.get(path, "") + text
            case Restarted(paths=paths):
                gone = [parse(path).steps for path in paths] or [()]
                for kept in (done, texts):
                    for path in list(kept):
                        steps = parse(path).steps
                        if any(steps[: len(it)] == it[: len(steps)] for it in gone):
                            del kept[path]
    assert isinstance(events[-1], Finished)
    value = events[-1].result.value
    for path, found in done.items():
        assert at(value, path) == found, path
    for path, text in texts.items():
        whole = at(value, path)
        assert whole == text if path in done else whole.startswith(text)


TEXTS = st.text(st.sampled_from('ab "\\\n{}[],:é😀\u2028'), max_size=8)
ORDERS = st.fixed_dictionaries(
    {
        "reply": TEXTS,
        "kind": st.sampled_from(["new", "used"]),
        "items": st.lists(
            st.fixed_dictionaries({"name": TEXTS, "price": st.integers(0, 10**12)}), max_size=3
        ),
    },
    optional={"note": st.none() | TEXTS},
)


def spoilt(text: str, chance: random.Random) -> str:
    """The text as a model may spoil it."""
    place = chance.randrange(len(text))
    return chance.choice(
        [
            text,
            f"```json\n{text}\n```",
            f"```\n{text}",
            f"Sure:\n{text}",
            f"{text}\nDone.",
            f"{text}{text}",
            text[:place] + text[place + 1 :],
            text[:place] + chance.choice('",{}[]:\\ x1') + text[place:],
            text.replace('",', '"', 1),
            text.replace("}", ",}", 1),
            text.replace('"kind"', '"Kind"'),
            text.replace('"reply"', '"kind": "odd", "reply"'),
            text[:place],
        ]
    )


def in_bytes(text: str, chance: random.Random) -> list[str]:
    """Pieces as they come out of bytes that are cut anywhere, inside of characters too."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
    data = text.encode("utf-8", "surrogatepass")
    pieces: list[str] = []
    while data:
        size = chance.choice((1, 1, 2, 3, 7, 30))
        pieces.append(decoder.decode(data[:size]))
        data = data[size:]
    return [piece for piece in pieces if piece]


@given(order=ORDERS, other=ORDERS, seed=st.integers(0, 2**32), ascii_only=st.booleans())
@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_nothing_told_contradicts_the_result(order: Any, other: Any, seed: int, ascii_only: bool) -> None:
    chance = random.Random(seed)
    first = spoilt(json.dumps(order, ensure_ascii=ascii_only, indent=chance.choice((None, 1))), chance)
    fields = {path: at(other, path) for path in ("reply", "kind") if chance.random() < 0.7}
    second = json.dumps(chance.choice((other, fields or other)), ensure_ascii=ascii_only)
    answers = [in_bytes(text, chance) for text in (first, second, json.dumps(other))]
    rules = [never_says("reply", ["a"]), unique("items"), expr("output.kind == 'new' or output.reply != 'b'")]
    backend = Pieces(answers)
    asked = prompt(constraints=rules, attempts=3).using(
        backend,
        abort_on_violation=chance.random() < 0.3,
        repair=chance.choice(("off", "lossless", "lenient")),
    )
    events: list[Any] = []

    try:
        events.extend(asked.stream(text="x"))
    except (OutputError, AttemptsExhausted):
        return
    check(events)


@given(order=ORDERS, seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_valid_answer_is_told_whole_and_as_run_would_give_it(order: Any, seed: int) -> None:
    chance = random.Random(seed)
    backend = Pieces([in_bytes(json.dumps(order), chance)])

    events = sync_events(prompt().using(backend))

    check(events)
    assert {event.path for event in told(events, FieldDone)} >= set(order)
    assert events[-1].result.value == Order.model_validate(order)


RAW = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "maxItems": 2},
        "open": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "when": {"type": "string", "format": "date"},
    },
    "required": ["name"],
    "$defs": {
        "tag": {"type": "object", "properties": {"id": {"type": "integer", "minimum": 1}}, "required": ["id"]}
    },
}


def raw_events(schema: Any, data: Any, *, aborts: bool = False) -> tuple[list[Any], AnswerReader]:
    spec = OutputSpec(schema=OutputSchema.from_json_schema(schema, "raw"))
    reader = AnswerReader(spec, {}, aborts=aborts)
    events = [event for piece in cut(written(data), 2) for event in reader.feed(piece)]
    return [*events, *reader.finish()], reader


def test_a_raw_schema_is_told_as_plain_data() -> None:
    data = {
        "name": "n",
        "tags": [{"id": 1, "more": [1, {"x": 2}]}],
        "open": "o",
        "when": "2026-01-31",
        "extra": {"a": 1},
    }

    events, reader = raw_events(RAW, data)

    assert {e.path: e.value for e in told(events, FieldDone)} == {
        "name": "n",
        "tags[0].id": 1,
        "tags[0]": {"id": 1, "more": [1, {"x": 2}]},
        "tags": [{"id": 1, "more": [1, {"x": 2}]}],
        "open": "o",
        "when": "2026-01-31",
    }
    assert {e.path for e in told(events, FieldDelta)} == {"name"}
    completion = Completion(text=written(data), finish_reason="stop", model="m")
    outcome = reader.outcome(completion, Plan(backend="b"))
    assert outcome is not None
    assert outcome.data == data


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"name": {"x": 1}, "tags": []}, "name"),
        ({"name": "n", "tags": [{"id": 0}], "open": 1}, "tags[0].id"),
        ({"name": "n", "tags": [{}], "open": 1}, "tags[0]"),
        ({"name": "n", "tags": [{"id": 1}] * 3, "open": 1}, "tags"),
        ({"name": "n", "open": [], "tags": []}, "open"),
    ],
)
def test_a_raw_schema_stops_where_it_is_broken(data: Any, path: str) -> None:
    _, reader = raw_events(RAW, data, aborts=True)

    assert reader.fields is not None
    assert reader.fields.violation is not None
    assert reader.fields.violation.path == path


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"type": "string"}}},
        {"$id": "http://x/y", "type": "object", "properties": {"b": {"type": "string"}}},
    ],
)
def test_a_raw_schema_that_cannot_be_taken_apart_tells_no_field(schema: Any) -> None:
    events, reader = raw_events(schema, {"b": "x"})

    assert (events, reader.fields) == ([], None)
