"""The failing fields as a question of their own, and its answer put into the whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, NotRequired

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from promptkit.backends.dialects.openai_chat import OPENAI
from promptkit.backends.dialects.openai_chat import plan as plan_of_server
from promptkit.backends.llama.planning import plan as plan_of_grammar
from promptkit.completions import Completion, Enforcement
from promptkit.constraints import (
    Constraint,
    Whole,
    between,
    expr,
    max_words,
    never_says,
    one_of,
    quoted_from,
)
from promptkit.errors import ConstraintViolated, Empty, Truncated, Unparseable
from promptkit.output import (
    Accepted,
    Rejected,
    Subquestion,
    Unusable,
    read,
    read_part,
    reask_messages,
    subquestion,
)
from promptkit.output.merging import merged_text
from promptkit.requests import OutputSpec, Placement, Plan
from promptkit.schemas import OutputSchema

INPUTS = {"ticket": "The router is dead since Monday.", "docs": [{"id": "a", "text": "Hold reset."}]}
CHECKED = Plan(backend="mock")


class Triage(BaseModel):
    category: Literal["hardware", "security"]
    urgency: int
    evidence: str
    reply: str
    escalate: bool


class Tag(BaseModel):
    name: str
    weight: int


class Item(BaseModel):
    name: str
    price: float
    tags: list[Tag]


class Order(BaseModel):
    customer: str
    note: str | None = None
    items: Annotated[list[Item], Field(max_length=12)]
    labels: dict[str, int]
    first: Tag | None = None


TRIAGE = {
    "category": "hardware",
    "urgency": 4,
    "evidence": "The camera is dead.",
    "reply": "Hold reset for ten seconds.",
    "escalate": False,
}
ORDER = {
    "customer": "Ann",
    "items": [{"name": f"thing {n}", "price": 1.5, "tags": [{"name": "new", "weight": n}]} for n in range(4)],
    "labels": {"a": 1},
    "first": {"name": "x", "weight": 1},
}


def completion(text: Any, **parts: Any) -> Completion:
    text = text if isinstance(text, str) else json.dumps(text)
    return Completion(**{"text": text, "finish_reason": "stop", "model": "m", **parts})


def spec_of(schema: Any, *constraints: Constraint) -> OutputSpec:
    made = schema if isinstance(schema, OutputSchema) else OutputSchema[Any].from_type(schema)
    return OutputSpec(schema=made, constraints=constraints, inputs=INPUTS, repair="off")


def rejected(spec: OutputSpec, answer: Any, plan: Plan = CHECKED) -> Rejected:
    outcome = read(completion(answer), spec, INPUTS, plan)
    assert isinstance(outcome, Rejected)
    return outcome


def asked(spec: OutputSpec, answer: Any) -> tuple[str, ...]:
    part = subquestion(spec, rejected(spec, answer))
    return part.paths if part is not None else ()


def part_of(spec: OutputSpec, answer: Any, plan: Plan = CHECKED) -> Subquestion:
    part = subquestion(spec, rejected(spec, answer, plan))
    assert part is not None
    return part


def changed(data: Any, **changes: Any) -> Any:
    return {**data, **changes}


def order(place: tuple[str | int, ...], value: Any) -> Any:
    data = json.loads(json.dumps(ORDER))
    holder = data
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    return data


def test_a_made_up_quote_is_asked_for_alone_and_the_rest_of_the_triage_is_kept():
    spec = spec_of(Triage, quoted_from("evidence", "ticket"), max_words("reply", 20))
    wrong = rejected(spec, TRIAGE)
    part = subquestion(spec, wrong)
    assert part is not None

    assistant, user = reask_messages(wrong, part)
    outcome = read_part(completion({"evidence": "dead since Monday"}), spec, INPUTS, part, CHECKED)

    assert part.spec.json_schema == {
        "type": "object",
        "properties": {"evidence": {"type": "string"}},
        "required": ["evidence"],
        "additionalProperties": False,
    }
    assert json.loads(assistant.text) == TRIAGE
    assert user.text == (
        "That answer cannot be used. What is wrong with it:\n"
        "- `evidence` (quoted_from): `evidence` is quoted word for word from `ticket`. "
        'Got: "The camera is dead.". Copy a passage of `ticket` exactly as it is written there.\n'
        "Correct these fields alone: the rest of the answer is kept as it is.\n"
        "Answer with one JSON object and nothing else. Its fields, in this order:\n"
        "- `evidence`: string"
    )
    assert isinstance(outcome, Accepted)
    assert outcome.value == Triage(**changed(TRIAGE, evidence="dead since Monday"))
    assert json.loads(outcome.text) == changed(TRIAGE, evidence="dead since Monday")
    assert [verdict.outcome for verdict in outcome.verdicts] == ["held", "held"]


def test_a_field_inside_a_list_is_named_by_its_path_and_the_model_is_told_what_the_name_is():
    spec = spec_of(Order)
    wrong = rejected(spec, order(("items", 2, "price"), "dear"))
    part = subquestion(spec, wrong)

    text = reask_messages(wrong, part)[1].text

    assert part is not None
    assert part.paths == ("items[2].price",)
    assert part.spec.json_schema["properties"] == {"items[2].price": {"type": "number"}}
    assert text.endswith(
        "- `items[2].price`: number\n"
        "Their names are places in that answer; write them exactly as they stand here."
    )


@pytest.mark.parametrize(
    ("place", "value", "paths"),
    [
        (("customer",), 7, ("customer",)),
        (("note",), 7, ("note",)),
        (("first", "weight"), "heavy", ("first.weight",)),
        (("first",), 7, ("first",)),
        (("items", 1, "tags", 0, "weight"), "x", ("items[1].tags[0].weight",)),
        (("items", 1, "tags"), "x", ("items[1].tags",)),
        (("items", 1, "colour"), "red", ("items[1]",)),
        (("colour",), "red", ()),
        (("labels", "a"), "x", ("labels",)),
    ],
)
def test_a_broken_place_is_asked_for_by_the_nearest_path_that_the_schema_knows(place, value, paths):
    raw = OutputSchema.from_json_schema(OutputSchema[Any].from_type(Order).json_schema, "order")

    if place[-1] != "colour":  # a type takes no notice of a name that it does not have
        assert asked(spec_of(Order), order(place, value)) == paths
    if place[0] != "first":  # a validator of JSON Schema says no more than that no alternative fits
        assert asked(spec_of(raw), order(place, value)) == paths


def test_a_missing_field_is_asked_for_by_its_own_path():
    data = json.loads(json.dumps(ORDER))
    del data["items"][3]["price"]
    del data["customer"]

    assert asked(spec_of(Order), data) == ("customer", "items[3].price")


def test_a_field_below_a_missing_one_is_asked_for_by_what_is_missing():
    part = part_of(
        spec_of(Order, expr("output.first.weight == 2")), {k: v for k, v in ORDER.items() if k != "first"}
    )

    assert part.paths == ("first",)


def test_a_list_of_a_wrong_length_is_asked_for_whole():
    long = changed(ORDER, items=[{"name": "x", "price": 1.0}] * 13)
    rest = {f"field_{number}": number for number in range(40)}
    model = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
            **{name: {"type": "integer"} for name in rest},
        },
        "required": ["items"],
    }

    assert asked(spec_of(Order), long) == ()  # the list is most of this answer
    assert asked(spec_of(OutputSchema.from_json_schema(model, "m")), {"items": [1, 1, 2], **rest}) == (
        "items",
    )


def test_what_stands_in_one_of_several_alternatives_is_asked_for_by_what_holds_them():
    class Cat(BaseModel):
        kind: Literal["cat"]
        lives: int

    class Dog(BaseModel):
        kind: Literal["dog"]
        bones: int

    class Shelter(BaseModel):
        name: str
        town: str
        street: str
        animal: Cat | Dog

    answer = {"name": "a", "town": "b", "street": "c", "animal": {"kind": "cat", "lives": "nine"}}

    part = part_of(spec_of(Shelter), answer)

    assert part.paths == ("animal",)
    assert set(part.spec.json_schema["$defs"]) == {"Cat", "Dog"}


def test_an_optional_field_that_is_never_null_is_asked_for_by_its_object():
    answer = {
        "name": "a",
        "age": 1,
        "phone": "c",
        "mail": "d",
        "address": {"street": "s", "town": "t", "floor": "1"},
    }

    assert asked(spec_of(Person), answer) == ("address",)


class Address(TypedDict):
    street: str
    town: str
    floor: NotRequired[int]


class Person(TypedDict):
    name: str
    age: int
    phone: str
    mail: str
    address: Address


class Node(BaseModel):
    label: str
    owner: Tag
    children: list[Node]


class Forest(BaseModel):
    name: str
    age: int
    root: Node
    unused: Item | None = None


def test_definitions_come_along_with_those_that_they_need_and_no_others():
    leaf = {"label": "b", "owner": {"name": "x", "weight": 1}, "children": []}
    answer = {"name": "n", "age": 1, "root": changed(leaf, label="a", children=[leaf])}

    label = part_of(spec_of(Forest, never_says("root.children[].label", ["b"])), answer)
    owner = part_of(spec_of(Forest, expr("output.root.owner == inputs.docs")), answer)
    lists = part_of(spec_of(Forest, expr("len(output.root.children[0].children) > 5")), answer)

    assert label.paths == ("root.children[0].label",)
    assert "$defs" not in label.spec.json_schema
    assert (owner.paths, set(owner.spec.json_schema["$defs"])) == (("root.owner",), {"Tag"})
    assert (lists.paths, set(lists.spec.json_schema["$defs"])) == (
        ("root.children[0].children",),
        {"Node", "Tag"},
    )


def test_a_reference_that_does_not_lead_to_a_definition_leaves_the_whole_to_be_asked():
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "b": {"$ref": "#/properties/a"},
            "c": {"type": "integer"},
        },
        "required": ["a", "b", "c"],
    }

    assert asked(spec_of(OutputSchema.from_json_schema(schema, "m")), {"a": 1, "b": "x", "c": 2}) == ()
    assert asked(spec_of(OutputSchema.from_json_schema(schema, "m")), {"a": "x", "b": 1, "c": 2}) == ("a",)


def test_more_than_half_of_an_answer_is_asked_for_as_the_whole():
    answer = changed(TRIAGE, urgency="4", escalate="no")

    assert asked(spec_of(Triage), answer) == ("urgency", "escalate")
    assert asked(spec_of(Triage), changed(answer, category="other")) == ()


def test_more_than_eight_fields_are_asked_for_by_what_holds_them():
    items = [{"name": 1, "price": 2.0, "tags": [{"name": "t", "weight": 1}] * 3} for _ in range(9)]
    rest = {f"label {number}": number for number in range(99)}

    assert len(asked(spec_of(Order), changed(ORDER, items=items[:8], labels=rest))) == 8
    assert asked(spec_of(Order), changed(ORDER, items=items, labels=rest)) == ("items",)


@pytest.mark.parametrize("text", ["no JSON", '{"urgency": 4} {"urgency": 5}', "", '"text"', "null", "[]"])
def test_what_is_no_object_of_the_schema_is_asked_for_whole(text):
    spec = spec_of(Triage)

    assert subquestion(spec, rejected(spec, text)) is None


def test_a_text_is_asked_for_whole():
    spec = spec_of(OutputSchema.text(), max_words("", 1))

    assert subquestion(spec, rejected(spec, "two words")) is None


def test_a_condition_asks_for_every_field_of_the_output_that_it_reads():
    read_two = expr("output.category != 'hardware' or output.urgency > inputs.limit")
    spec = spec_of(Triage, expr("output.category != 'hardware' or output.escalate"))

    assert asked(spec, TRIAGE) == ("category", "escalate")
    assert asked(spec_of(Order, expr("output.items[-1].price > 2 and output.first.weight > 0")), ORDER) == ()
    assert asked(spec_of(Order, expr("output.items[1].price > 2")), ORDER) == ("items[1].price",)
    assert asked(spec_of(Order, expr("output.items[9].price == 2")), changed(ORDER, labels={"a": 1})) == ()
    assert read_two.rule.kind == "expr"
    assert asked(spec_of(Triage, expr("inputs.ticket == 'x'")), TRIAGE) == ()


def test_a_rule_that_only_warns_asks_for_nothing():
    spec = spec_of(
        Triage, max_words("reply", 1, severity="should"), max_words("evidence", 1, on_fail="warn"),
        between("urgency", 1, 3),
    )  # fmt: skip

    assert asked(spec, TRIAGE) == ("urgency",)


@dataclass(frozen=True)
class Lowercase:
    """A rule of one's own that a decoder can follow."""

    kind: ClassVar[str] = "lowercase"

    def sentence(self, subject: str) -> str:
        return f"{subject} is lower case."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None if value == value.lower() else value

    def form(self, inputs: Any) -> Whole:
        return Whole("[a-z 0-9]*")


def test_rules_of_the_asked_fields_narrow_the_question_and_can_be_followed_while_decoding():
    spec = spec_of(
        Order,
        one_of("items[].name", ["thing 1", "thing 2"]),
        Constraint(path="items[].name", rule=Lowercase()),
        between("items[].tags[].weight", 0, 9),
        between("items[2].price", 5, 9),
        quoted_from("customer", "docs[id=.note].text", on_fail="warn"),
        expr("output.customer != ''"),
    )

    part = part_of(spec, ORDER)

    assert part.paths == ("items[0].name", "items[2].price", "items[3].name")
    assert part.spec.json_schema["properties"] == {
        "items[0].name": {"type": "string", "enum": ["thing 1", "thing 2"]},
        "items[2].price": {"type": "number", "minimum": 5, "maximum": 9},
        "items[3].name": {"type": "string", "enum": ["thing 1", "thing 2"]},
    }
    assert [(constraint.path, constraint.id) for constraint in part.spec.constraints] == [
        ('["items[0].name"]', "items[].name.one_of"),
        ('["items[3].name"]', "items[].name.one_of"),
        ('["items[0].name"]', "items[].name.lowercase"),
        ('["items[3].name"]', "items[].name.lowercase"),
        ('["items[2].price"]', "items[2].price.between"),
    ]
    assert [(constraint.path, form) for constraint, form in part.spec.forms] == [
        ('["items[0].name"]', Whole("[a-z 0-9]*")),
        ('["items[3].name"]', Whole("[a-z 0-9]*")),
    ]


def test_a_rule_with_a_relative_selector_is_left_to_the_check_of_the_whole():
    class Citation(BaseModel):
        doc: str
        text: str

    class Answer(BaseModel):
        answer: str
        sure: int
        citations: list[Citation]

    quoted = quoted_from("citations[].text", "docs[id=.doc].text")
    answer = {"answer": "Yes.", "sure": 1, "citations": [{"doc": "a", "text": "Press reset."}]}
    spec = spec_of(Answer, quoted)

    part = part_of(spec, answer)
    outcome = read_part(completion({"citations[0].text": "Hold reset."}), spec, INPUTS, part, CHECKED)

    assert part.paths == ("citations[0].text",)
    assert part.spec.constraints == ()
    assert isinstance(outcome, Accepted)


def test_values_are_judged_by_the_whole_schema_and_by_every_rule_after_the_merge():
    spec = spec_of(
        Triage,
        quoted_from("evidence", "ticket"),
        expr("output.evidence != 'dead' or output.urgency == 5", say="Dead is urgent."),
    )
    part = part_of(spec, TRIAGE)

    outcome = read_part(completion({"evidence": "dead"}), spec, INPUTS, part, CHECKED)

    assert isinstance(outcome, Rejected)
    assert isinstance(outcome.error, ConstraintViolated)
    assert json.loads(outcome.error.text) == changed(TRIAGE, evidence="dead")
    assert outcome.data == changed(TRIAGE, evidence="dead")
    assert [verdict.outcome for verdict in outcome.verdicts] == ["held", "violated"]
    assert asked(spec, outcome.data) == ("urgency", "evidence")


@pytest.mark.parametrize(
    ("answer", "kind", "said", "paths"),
    [
        (completion("dead"), Unparseable, "the answer for evidence, urgency alone is no JSON", ()),
        (completion({"evidence": "dead"}), Unparseable, "urgency: is missing", ("urgency",)),
        (
            completion({"evidence": "dead", "urgency": "4", "reply": "Hi."}),
            Unparseable,
            "the answer for evidence, urgency alone does not fit the schema",
            ("reply", "urgency"),
        ),
        (completion(" "), Empty, "the model wrote nothing", ()),
        (completion('{"evidence": "dead', finish_reason="length"), Truncated, "the answer was cut", ()),
        (completion({"evidence": "dead", "urgency": 4}, finish_reason="length"), Truncated, "was cut", ()),
    ],
)
def test_an_answer_that_does_not_fit_the_question_gives_nothing_to_merge(answer, kind, said, paths):
    spec = spec_of(Triage, quoted_from("evidence", "ticket"), between("urgency", 5, 5))
    part = subquestion(spec, rejected(spec, TRIAGE))
    assert part is not None

    outcome = read_part(answer, spec, INPUTS, part, CHECKED)

    assert isinstance(outcome, Unusable)
    assert type(outcome.error) is kind
    assert said.replace("evidence, urgency", "urgency, evidence") in str(outcome.error)
    assert sorted(outcome.invalid_paths) == list(paths)
    assert outcome.error.text == answer.text


def test_what_is_wrong_with_a_value_is_told_by_its_path_in_the_whole():
    spec = spec_of(Order)
    part = part_of(spec, order(("items", 1, "tags"), "x"))

    outcome = read_part(
        completion({"items[1].tags": [{"name": "a", "weight": "x"}]}), spec, INPUTS, part, CHECKED
    )

    assert isinstance(outcome, Unusable)
    assert outcome.invalid_paths == ("items[1].tags[0].weight",)


def test_the_confidence_in_asked_fields_is_that_of_the_last_answer_and_in_all_others_of_the_first():
    spec = spec_of(Order)
    before = {"customer": 0.9, "items[1].name": 0.8, "items[1].tags[0].name": 0.1, "items[1].tags": 0.2}
    wrong = read(
        completion(order(("items", 1, "tags"), "x"), confidence={**before, "items": 0.3}),
        spec,
        INPUTS,
        CHECKED,
    )
    assert isinstance(wrong, Rejected)
    part = subquestion(spec, wrong)
    assert part is not None

    answer = {"items[1].tags": [{"name": "a", "weight": 1}]}
    merged = {
        given: read_part(completion(answer, confidence=confidence), spec, INPUTS, part, CHECKED)
        for given, confidence in {
            "some": {'["items[1].tags"][0].name': 0.7, '["items[1].tags"][0].weight': 0.6},
            "none": None,
        }.items()
    }

    kept = {"customer": 0.9, "items[1].name": 0.8}
    assert {given: outcome.confidence for given, outcome in merged.items()} == {
        "some": {**kept, "items[1].tags[0].name": 0.7, "items[1].tags[0].weight": 0.6},
        "none": kept,
    }


def test_a_whole_answer_to_the_smaller_question_is_judged_as_a_whole():
    spec = spec_of(Triage, quoted_from("evidence", "ticket"))
    part = part_of(spec, TRIAGE)

    right = read_part(completion(changed(TRIAGE, evidence="dead", urgency=5)), spec, INPUTS, part, CHECKED)
    wrong = read_part(completion(TRIAGE), spec, INPUTS, part, CHECKED)

    assert isinstance(right, Accepted)
    assert right.value == Triage(**changed(TRIAGE, evidence="dead", urgency=5))
    assert isinstance(wrong, Rejected)
    assert isinstance(wrong.error, ConstraintViolated)


def test_a_format_is_judged_by_the_type_and_not_by_the_smaller_schema():
    class Visit(BaseModel):
        at: datetime | None
        by: str
        where: str

    spec = spec_of(Visit)
    part = part_of(spec, {"at": "tomorrow", "by": "Ann", "where": "here"})

    local = read_part(completion({"at": "2026-01-31T09:30:00"}), spec, INPUTS, part, CHECKED)
    still = read_part(completion({"at": "next week"}), spec, INPUTS, part, CHECKED)

    assert isinstance(local, Accepted)
    assert isinstance(still, Rejected)
    assert still.invalid_paths == ("at",)


@pytest.mark.parametrize(
    ("plan", "where"),
    [
        (lambda spec: plan_of_grammar(spec, "llama"), Enforcement.GRAMMAR),
        (lambda spec: plan_of_server(spec, OPENAI, "server"), Enforcement.NATIVE),
    ],
)
def test_backends_enforce_the_smaller_question_with_its_rules(plan, where):
    spec = spec_of(Order, one_of("items[].name", ["thing 1", "thing 2"]), between("items[2].price", 5, 9))
    part = part_of(spec, ORDER)

    made = plan(part.spec)

    assert {placement.where for placement in made.placements} == {where}
    assert {part.enforced(constraint, Enforcement.NATIVE, made) for constraint in spec.constraints} == {where}


def test_verdicts_say_where_the_value_that_stands_now_was_enforced():
    spec = spec_of(
        Order,
        never_says("items[].name", ["thing 2"]),
        between("items[].price", 1, 2),
        max_words("customer", 1),
    )
    first = Plan(
        backend="m",
        placements=(
            Placement(path="items[].name", rule="never_says", where=Enforcement.GRAMMAR),
            Placement(path="items[].price", rule="between", where=Enforcement.NATIVE),
        ),
    )
    again = Plan(
        backend="m",
        placements=(
            Placement(path='["items[2].name"]', rule="never_says", where=Enforcement.NATIVE),
            Placement(path="customer", rule="max_words", where=Enforcement.GRAMMAR),
        ),
    )
    wrong = changed(ORDER, customer="Ann Lee")
    part = part_of(spec, wrong, first)

    outcome = read_part(completion({"customer": "Ann", "items[2].name": "other"}), spec, INPUTS, part, again)

    assert isinstance(outcome, Accepted)
    assert {verdict.rule: verdict.enforced for verdict in outcome.verdicts} == {
        "never_says": Enforcement.GRAMMAR,  # three names still stand as the first question gave them
        "between": Enforcement.NATIVE,
        "max_words": Enforcement.GRAMMAR,
    }


LEAF_VALUES = st.one_of(st.integers(-9, 9), st.text(max_size=3))
NESTED = st.recursive(
    LEAF_VALUES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.text('ab.[]" é', min_size=1, max_size=3), inner, min_size=1, max_size=3),
    ),
    max_leaves=12,
)


def leaves(data: Any, place: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], Any]:
    if isinstance(data, dict):
        return {p: v for name, value in data.items() for p, v in leaves(value, (*place, name)).items()}
    if isinstance(data, list):
        return {p: v for index, value in enumerate(data) for p, v in leaves(value, (*place, index)).items()}
    return {place: data}


def schema_of(data: Any) -> dict[str, Any]:
    """One that the data fits: each list has items of any of its items' kinds, told apart by nothing."""
    if isinstance(data, dict):
        parts = {name: schema_of(value) for name, value in data.items()}
        return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}
    if isinstance(data, list):
        kinds = [schema_of(item) for item in data]
        return {"type": "array", "items": kinds[0] if all(kind == kinds[0] for kind in kinds) else {}}
    return {"type": "integer" if isinstance(data, int) else "string"}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), NESTED, min_size=1, max_size=5), st.data())
def test_a_merge_changes_the_asked_places_and_nothing_else(data, draw):
    data["rest"] = {str(number): number for number in range(20)}
    before = leaves(data)
    broken = draw.draw(
        st.lists(st.sampled_from(sorted(before, key=repr)), unique=True, min_size=1, max_size=10)
    )
    answer = json.loads(json.dumps(data))
    for place in broken:
        holder: Any = answer
        for step in place[:-1]:
            holder = holder[step]
        holder[place[-1]] = None
    spec = spec_of(OutputSchema.from_json_schema(schema_of(data), "nested"))
    outcome = read(completion(answer), spec, INPUTS, CHECKED)
    part = subquestion(spec, outcome) if isinstance(outcome, Rejected) else None
    assume(part is not None)
    assert part is not None
    given_back = {}
    for place, path in zip(part.places, part.paths, strict=True):
        value: Any = data
        for step in place:
            value = value[step]
        given_back[path] = value

    merged = json.loads(merged_text(part, given_back))

    inside = {place for place in before if any(place[: len(asked)] == asked for asked in part.places)}
    assert {place: value for place, value in leaves(merged).items() if place in inside} == {
        place: before[place] for place in inside
    }
    outside = leaves(answer).keys() - inside
    assert {place: leaves(merged)[place] for place in outside} == {
        place: leaves(answer)[place] for place in outside
    }
    assert part.data == answer  # the answer before is left as it was
    assert list(leaves(merged)) == list(before)
    assert isinstance(read_part(completion(given_back), spec, INPUTS, part, CHECKED), Accepted)
