"""Made-up answers are valid by a validator that is not ours; `tests/benchmarks/fakes.py` looks at thousands."""

from __future__ import annotations

import datetime as dt
import decimal
import ipaddress
import json
import uuid
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given, settings
from pydantic import AnyUrl, BaseModel, Field

import promptkit as pk
from promptkit.schemas import Generated, generate
from promptkit.testing import strategies

ROOT = Path(__file__).parents[2]
LIBRARY = pk.library(ROOT / "templates")
PUBLISHED = sorted((ROOT / "docs" / "reference").glob("*.schema.json"))


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Branch(BaseModel):
    name: str
    below: list[Branch] = []


class Chain(BaseModel):
    next: Chain | None


@dataclass
class Point:
    x: float
    y: float


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=1, le=9)]


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: Annotated[set[str], Field(min_length=2, max_length=4)]


TYPES: dict[str, Any] = {
    "pattern": Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{4}$")],
    "pattern and length": Annotated[str, Field(pattern=r"^(ab)+c?$", min_length=5, max_length=9)],
    "multiple": Annotated[int, Field(multiple_of=7, gt=20, lt=50)],
    "fractions": Annotated[float, Field(multiple_of=0.25, ge=0.1)],
    "decimal": Annotated[decimal.Decimal, Field(max_digits=5, decimal_places=2)],
    "uuid": uuid.UUID,
    "moment": dt.datetime,
    "day": dt.date,
    "time": dt.time,
    "duration": dt.timedelta,
    "address": ipaddress.IPv4Address,
    "long address": ipaddress.IPv6Address,
    "url": AnyUrl,
    "numbers by number": dict[int, float],
    "at least two": Annotated[dict[str, int], Field(min_length=2)],
    "set": Annotated[set[Literal["a", "b", "c"]], Field(min_length=2)],
    "pair": tuple[int, str],
    "enumeration": Colour,
    "tree": Branch,
    "chain": Chain,
    "data class": Point,
    "union": Annotated[Cat | Dog, Field(discriminator="kind")],
    "maybe": Cat | None,
    "many": list[Annotated[str, Field(min_length=3, max_length=3)]],
}


def judged_by(schema: Any) -> Any:
    """The other validator, with the formats that the schema's draft knows."""
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


@pytest.mark.parametrize("name", TYPES)
def test_made_up_answers_of_a_type_are_valid(name, llm) -> None:
    class Answer(BaseModel):
        it: TYPES[name]

    prompt = pk.Prompt(name="asks", clarity={"task": "Answer."}, output=Answer)
    judge = judged_by(prompt.contract.output.schema.json_schema)
    for seed in (None, *range(12)):
        llm.on("asks").auto(seed=seed)

        judge.validate(json.loads(prompt.run().attempts[0].completion.text))


@pytest.mark.parametrize("name", LIBRARY.names())
def test_made_up_answers_of_a_template_are_valid(name, llm) -> None:
    prompt = LIBRARY[name]
    inputs = [*prompt.declaration.examples, *prompt.declaration.tests][0].input
    output = prompt.contract.output
    judge = judged_by(output.schema.json_schema if output.mode == "json" else {"type": "string"})
    for seed in (None, *range(12)):
        llm.on(name).auto(seed=seed)

        text = prompt.run(**inputs).attempts[0].completion.text

        judge.validate(json.loads(text) if output.mode == "json" else text)

    @given(strategies.outputs(prompt, **inputs))
    @settings(max_examples=12)
    def valid(value: Any) -> None:
        judge.validate(value)

    valid()


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_values_of_the_schemas_that_we_publish_are_valid(path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    judge = judged_by(schema)
    for seed in (None, *range(12)):
        made = generate(schema, seed=seed)

        assert isinstance(made, Generated), made
        judge.validate(made.value)


def test_the_judge_checks_formats() -> None:
    with pytest.raises(jsonschema.ValidationError, match="is not a 'date-time'"):
        judged_by({"format": "date-time"}).validate("2026-11-29 half past nine")
