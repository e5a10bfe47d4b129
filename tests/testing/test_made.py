"""Made-up inputs and outputs as strategies, and answers that are written badly."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import promptkit as pk
from promptkit.errors import OutputError
from promptkit.testing import malformed, mocked, strategies
from promptkit.testing.families import Taken

ROOT = Path(__file__).parents[2]
LIBRARY = pk.library(ROOT / "templates")
TRIAGE = LIBRARY["triage"]


def whole(prompt, data):
    """The data with what it leaves out."""
    schema = prompt.contract.output.schema
    return schema.dump(schema.validate(data).value)


@given(st.data(), st.sampled_from(sorted(LIBRARY.names())))
@settings(max_examples=30)
def test_made_inputs_are_taken_and_made_outputs_are_answers(data, name) -> None:
    prompt = LIBRARY[name]

    given_inputs = data.draw(strategies.inputs(prompt))
    assume(given_inputs.get("labels") != [])  # no label can be chosen of none
    output = data.draw(strategies.outputs(prompt, **given_inputs))

    prompt.render(**given_inputs)
    if prompt.contract.output.mode == "json":
        jsonschema.Draft202012Validator(prompt.contract.output.schema.json_schema).validate(output)
    with mocked() as llm:
        llm.on(name).reply(output)
        assert prompt.run(**given_inputs).record.output == whole(prompt, output)


def test_a_prompt_of_all_kinds_of_inputs_is_given_them() -> None:
    prompt = pk.load(ROOT / "tests" / "testing" / "kinds.prompt.j2")

    found = strategies.inputs(prompt).example

    assert callable(found)

    @given(strategies.inputs(prompt))
    @settings(max_examples=15)
    def rendered(given_inputs) -> None:
        assert prompt.render(**given_inputs).messages

    rendered()


def test_values_hold_rules_that_compare_with_the_inputs() -> None:
    prompt = LIBRARY["classify"].using("mock")

    assert prompt.run(text="x", labels=["one", "two"]).value.label in {"one", "two"}


VARIANTS = malformed(TRIAGE)


@pytest.mark.parametrize("bad", VARIANTS, ids=str)
def test_the_promise_of_each_variant_is_kept(bad, llm) -> None:
    if bad.inputs:
        pytest.skip("depends on what the prompt was given")
    llm.on("triage").reply(bad)

    if isinstance(bad.promise, Taken):
        assert TRIAGE.using(attempts=1).run(message="A-1042").record.output == whole(TRIAGE, bad.promise.data)
    else:
        with pytest.raises(bad.promise.errors):
            TRIAGE.using(attempts=1).run(message="A-1042")


def test_there_are_many_ways_and_each_has_its_name() -> None:
    names = [str(variant) for variant in VARIANTS]

    assert len(set(names)) == len(names) >= 20
    assert {"fence", "prose", "trailing comma", "cut", "refusal", "empty"} <= set(names)


def test_a_value_of_ones_own_is_written_badly(tmp_path) -> None:
    value = {"category": "billing", "sentiment": "negative", "urgency": "high", "order_id": None}

    assert all(
        variant.promise.data == value
        for variant in malformed(TRIAGE, value)
        if isinstance(variant.promise, Taken)
    )
    with pytest.raises(ValueError, match="the value is no answer of triage"):
        malformed(TRIAGE, {"category": "none"})


def test_what_cannot_be_made_up_is_said(tmp_path) -> None:
    path = tmp_path / "none.prompt.j2"
    path.write_text(
        "---\noutput:\n  json_schema: {type: object, properties: {a: {type: integer, minimum: 3, maximum: 2}}, required: [a]}\n---\n"
    )
    prompt = pk.load(path)

    with pytest.raises(ValueError, match="can be made up"):
        malformed(prompt)
    with pytest.raises(ValueError, match="can be made up"):
        strategies.outputs(prompt)
    assert issubclass(OutputError, pk.PromptKitError)
