"""Types taken apart: judged field by field they take the same texts and give the same values as judged whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    ValidationInfo,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from promptkit.constraints import GrowingVerdicts
from promptkit.output.events import FieldDelta, FieldDone, FieldStarted
from promptkit.output.fields import FieldReader
from promptkit.schemas import Invalid, OutputSchema, Valid
from promptkit.schemas.parts import ChosenParts, Members

T = TypeVar("T")
CALLS: list[str] = []


def noted(name: str) -> Any:
    def note(value: Any) -> Any:
        CALLS.append(name)
        return value

    return note


class Inner(BaseModel):
    day: dt.date
    size: Annotated[int, AfterValidator(noted("size"))] = 3


class Aliased(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    class_: str = Field(alias="class")
    inner: Inner | None = None
    items: Annotated[list[Inner], Field(max_length=2), AfterValidator(noted("items"))] = []

    @model_validator(mode="after")
    def whole(self) -> Aliased:
        CALLS.append("whole")
        return self


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class Box(BaseModel, Generic[T]):
    value: T


class Trimmed(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    text: str


class Typed(TypedDict, total=False):
    a: int
    when: dt.datetime


@dataclasses.dataclass
class Data:
    a: int
    b: list[Inner] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        CALLS.append("post")


@dataclasses.dataclass
class Init:
    a: int
    seed: dataclasses.InitVar[int] = 0


class Before(BaseModel):
    a: int

    @model_validator(mode="before")
    @classmethod
    def early(cls, data: Any) -> Any:
        CALLS.append(f"before {json.dumps(data)}")
        return data


class Around(BaseModel):
    a: int
    b: Annotated[list[int], Field()]

    @field_validator("b")
    @classmethod
    def above(cls, b: list[int], info: ValidationInfo) -> list[int]:
        CALLS.append("b")
        if info.data.get("a", 0) > len(b):
            raise ValueError("too short")
        return b


class HiddenDefault(BaseModel):
    a: Annotated[int, AfterValidator(noted("a")), Field(default=3)]
    b: Annotated[Annotated[int, Field(default=4)], AfterValidator(noted("b"))]


class Chosen(BaseModel):
    a: Annotated[str, Field(validation_alias="A")] = ""
    b: int = 0


class Custom(BaseModel):
    a: int

    def __init__(self, **data: Any) -> None:
        CALLS.append("init")
        super().__init__(**data)


CASES: list[tuple[Any, list[Any]]] = [
    (
        Aliased,
        [
            {"class": "x", "inner": {"day": "2026-01-31"}, "items": [{"day": "2026-01-01", "size": 1}]},
            {"class": "x", "inner": None},
            {"class": "x", "items": [{"day": "2026-01-01"}] * 3},
            {"class_": "x"},
            {"class": "x", "more": 1},
            {"class": 1},
            {"items": []},
            {"class": "x", "inner": {"day": "no"}},
        ],
    ),
    (
        Tree,
        [{"name": "a", "children": [{"name": "b"}, {"name": "c", "children": [{"name": "d"}]}]}, {"name": 1}],
    ),
    (Open, [{"a": 1, "more": {"x": [1]}, "other": "y"}, {"a": "1"}]),
    (Box[Inner], [{"value": {"day": "2026-01-31", "size": 2}}, {"value": {}}]),
    (Trimmed, [{"text": " a "}]),
    (Typed, [{"a": 1, "when": "2026-01-31T10:00:00"}, {"when": "x"}, {}]),
    (Data, [{"a": 1, "b": [{"day": "2026-01-31"}]}, {"a": 1}, {"b": []}]),
    (Init, [{"a": 1, "seed": 2}]),
    (Before, [{"a": 1}, {"a": "x"}]),
    (Around, [{"a": 2, "b": [1, 2]}, {"b": [1], "a": 1}, {"a": 2, "b": [1]}]),
    (HiddenDefault, [{}, {"a": 1, "b": 2}, {"b": "x"}]),
    (Chosen, [{"A": "x", "b": 1}, {"a": "x"}]),
    (Custom, [{"a": 1}]),
    (RootModel[list[int]], [[1, 2], ["x"]]),
    (list[Inner] | None, [[{"day": "2026-01-31"}], None, [{}]]),
    (dict[str, Inner], [{"x y": {"day": "2026-01-31"}}, {"x": 1}]),
    (dict[int, str], [{"1": "a"}, {"a": "b"}]),
    (tuple[int, str], [[1, "a"], [1]]),
    (Inner | list[str], [["a"], {"day": "2026-01-31"}, 3]),
    (Annotated[list[Annotated[int, BeforeValidator(noted("each"))]], Field(min_length=1)], [[1, 2], []]),
    (Literal["a", "b"], ["a", "c"]),
]


def read(tp: Any, text: str, size: int) -> tuple[Valid[Any] | None, list[Any]]:
    parts = OutputSchema[Any].from_type(tp).parts()
    assert parts is not None
    reader = FieldReader(parts, GrowingVerdicts([], {}, None))
    events = [event for at in range(0, len(text), size) for event in reader.feed(text[at : at + size])]
    events += reader.finish()
    return reader.value(json.loads(text)), events


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(("tp", "data"), [(tp, data) for tp, values in CASES for data in values])
def test_a_type_taken_apart_takes_and_gives_the_same(tp: Any, data: Any, size: int) -> None:
    text = json.dumps(data)
    CALLS.clear()
    whole = OutputSchema[Any].from_type(tp).read_json(text)
    calls = sorted(CALLS)
    CALLS.clear()

    value, events = read(tp, text, size)

    if isinstance(whole, Invalid):
        assert value is None
    else:
        assert value is not None
        assert value.value == whole.value
        assert type(value.value) is type(whole.value)
        assert sorted(CALLS) == calls
        started = [event.path for event in events if isinstance(event, FieldStarted)]
        assert sorted(started) == sorted(event.path for event in events if isinstance(event, FieldDone))


def test_fields_set_and_further_fields_are_those_of_the_whole() -> None:
    value, _ = read(Open, '{"a": 1, "more": 2}', 3)

    assert value is not None
    assert value.value.model_fields_set == {"a", "more"}
    assert value.value.model_extra == {"more": 2}


def test_a_text_whose_type_trims_it_comes_whole() -> None:
    _, events = read(Trimmed, '{"text": " a "}', 1)

    assert [event for event in events if isinstance(event, FieldDelta)] == []
    assert events[-1] == FieldDone(path="text", value="a")


def test_names_are_those_in_json() -> None:
    _, events = read(Aliased, '{"class": "x"}', 1)

    assert events[-1] == FieldDone(path="class", value="x")


def test_chosen_parts_are_an_object_that_makes_no_value() -> None:
    tree = OutputSchema[Any].from_type(Tree).parts()
    assert tree is not None
    name = tree.member("name")
    assert name is not None

    chosen = ChosenParts({"children[0].name": name})

    assert (chosen.opens("{"), chosen.opens("[")) == (True, False)
    assert chosen.member("children[0].name") is name
    assert chosen.member("name") is None
    assert chosen.whole("1", 1) == chosen.joined(1, Members()) == Valid(value=1, data=1)
    assert chosen.found_in({"a": 1}, "a") == ()
