"""Repairs behind run and parse: receipts in result and record, re-asks after what is refused, how far they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.completions import Completion
from promptkit.records import read_jsonl


class Triage(BaseModel):
    kind: Literal["bill", "parcel"]
    level: int
    note: str


GOOD = '{"kind":"bill","level":2,"note":"Pays."}'
FENCED = '```json\n{"kind": "Bill", "level": "2", "note": "Pays."}\n```'


def triage(**parts: Any) -> pk.Prompt[Triage]:
    return pk.Prompt(name="triage", template="{% user %}{{ mail }}{% enduser %}", output=Triage, **parts)


def test_an_answer_that_is_mended_has_its_receipts_in_result_and_record(tmp_path: Path) -> None:
    with pk.record(tmp_path / "calls.jsonl"):
        result = triage().using(MockBackend([FENCED])).run(mail="x")

    assert result.value == Triage(kind="bill", level=2, note="Pays.")
    assert [(each.path, each.rule) for each in result.repairs] == [
        ("", "fence"),
        ("", "fence"),
        ("kind", "choice"),
        ("level", "number_text"),
    ]
    assert result.messages[-1].text == FENCED
    kept = next(read_jsonl(tmp_path / "calls.jsonl"))
    assert kept.repairs == result.record.repairs == result.repairs
    assert kept.output == {"kind": "bill", "level": 2, "note": "Pays."}


def test_strict_json_has_no_receipts() -> None:
    assert triage().parse(GOOD, mail="x").repairs == ()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (f"{GOOD} or {GOOD.replace('2', '3')}", "it holds several values that differ; one is expected"),
        (GOOD.replace("2", "2.7"), "`level`: expected an integer, got a number"),
        (GOOD[:-3], "it ends before its value does"),
        (GOOD, "its value is copied from the given texts; an answer of your own is expected"),
        ("I'm sorry, I can't help with that.", "the answer is no valid JSON"),
    ],
)
def test_what_is_refused_is_asked_again_with_the_reason(answer: str, said: str) -> None:
    better = GOOD.replace("Pays", "Owes")
    backend = MockBackend([answer, better if "level" not in said else '{"level": 2}'])

    mail = f"Please write {GOOD}!" if "copied" in said else "x"
    result = triage(attempts=2).using(backend).run(mail=mail)

    assert result.value.level == 2
    assert said in backend.requests[1].messages[-1].text
    assert len(result.attempts) == 2


def test_a_wrong_field_of_an_answer_in_a_fence_is_asked_for_alone() -> None:
    backend = MockBackend(['Sure:\n```json\n{"kind":"bill","level":"?","note":"Pays."}\n```', '{"level": 3}'])

    result = triage(attempts=2).using(backend).run(mail="x")

    assert result.value == Triage(kind="bill", level=3, note="Pays.")
    assert result.attempts[1].asked == ("level",)


def test_an_answer_that_is_no_json_says_also_why_nothing_was_taken_from_it() -> None:
    with pytest.raises(pk.errors.Unparseable) as caught:
        triage().parse('{"kind": "bill", "level": 2, "note": "a 5" pipe"}', mail="x")

    assert (
        "the answer is no JSON: a comma or a closing bracket was expected (line 1, column 44); nor can a value be taken "
        "from it: it is unclear where a text with quotation marks inside ends; a backend"
    ) in str(caught.value)


def test_an_answer_that_the_backend_cut_or_refused_is_not_asked_again() -> None:
    for reason, kind in (("length", pk.errors.Truncated), ("refusal", pk.errors.Refused)):
        answer = Completion(text=GOOD[:-3], finish_reason=reason, model="m")  # type: ignore[arg-type]
        backend = MockBackend([answer, GOOD])

        with pytest.raises(kind):
            triage(attempts=2).using(backend).run(mail="x")
        assert len(backend.requests) == 1


def test_the_answer_to_some_fields_is_mended_too_and_its_receipts_have_the_paths_of_the_whole() -> None:
    class Order(BaseModel):
        name: str
        items: list[Triage]

    wrong = {
        "name": "a",
        "items": [{"kind": "bill", "level": 2, "note": "x"}, {"kind": "bill", "level": "?", "note": "y"}],
    }
    backend = MockBackend([wrong, '```\n{"items[1].level": "3"}\n```'])

    prompt = pk.Prompt(template="{% user %}{{ mail }}{% enduser %}", output=Order, attempts=2)
    result = prompt.using(backend).run(mail="x")

    assert result.value.items[1].level == 3
    assert ("items[1].level", "number_text") in [(each.path, each.rule) for each in result.repairs]


@pytest.mark.parametrize(
    "answer", [GOOD, FENCED, f"Sure: {GOOD}", GOOD.replace('"note":"Pays."', '"note":"Pays.","mood":"calm"')]
)
def test_a_stream_ends_in_the_same_value_and_receipts_as_a_run(answer: str) -> None:
    prompt = triage().using(MockBackend(lambda _: answer))

    *_, finished = prompt.stream(mail="x")

    ran = prompt.run(mail="x")
    assert isinstance(finished, pk.events.Finished)
    assert (finished.result.value, finished.result.repairs) == (ran.value, ran.repairs)


def test_a_stream_refuses_an_echo_as_a_run_does() -> None:
    prompt = triage().using(MockBackend(lambda _: GOOD))

    for way in (
        lambda: prompt.run(mail=f"Write {GOOD}!"),
        lambda: list(prompt.stream(mail=f"Write {GOOD}!")),
    ):
        with pytest.raises(pk.errors.Echoed):
            way()


FILE = """---
name: sort
input: {schema: {mail: string}}
clarity: {task: Sort it.}
context: [{from: mail}]
output:
  schema: {level: integer}
  repair: off
---
"""


def test_a_file_says_how_far_repairs_go_and_using_goes_over_it(tmp_path: Path) -> None:
    path = tmp_path / "sort.prompt.j2"
    path.write_text(FILE)
    prompt = pk.load(path)

    with pytest.raises(pk.errors.Unparseable):
        prompt.parse('{"level": "2"}', mail="x")
    assert prompt.using(repair="lossless").parse('{"level": "2"}', mail="x").value.level == 2
    with pytest.raises(pk.errors.LossyRepair):
        prompt.using(repair="lossless").parse('{"level": 2.7}', mail="x")
    lenient = prompt.using(repair="lenient").using(attempts=1).parse('{"level": 2.7}', mail="x")
    assert (lenient.value.level, lenient.repairs[-1].lossy) == (3, True)

    path.write_text(FILE.replace("repair: off", "repair: lenient"))
    assert pk.load(path).parse('{"level": 2.7}', mail="x").value.level == 3


def test_a_wrong_word_for_how_far_is_an_error_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "sort.prompt.j2"
    path.write_text(FILE.replace("repair: off", "repair: loseless"))

    with pytest.raises(
        pk.errors.TemplateError, match=r"output.repair is 'loseless' \(did you mean lossless\?\)"
    ) as caught:
        pk.load(path)
    assert caught.value.line == 8
    with pytest.raises(pk.errors.InputError, match="repair is 'some'; it must be off, lossless or lenient"):
        triage().using(repair="some")  # type: ignore[arg-type]
