"""``promptkit keep``: a recorded call becomes a test file and a cassette that pytest really runs."""

from __future__ import annotations

import contextlib
import json
import re
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.cli import main
from promptkit.records import RecordDatabase, without_content
from promptkit.testing import cassette

SORT = """---
name: support/sort
version: 1.0.0
input:
  schema:
    message: string
    unused?: string
    photo?: image
clarity: {task: "Name the team for {{ message }}."}
output:
  schema:
    team: string
    why: {type: string, max_words: 3}
attempts: 2
---
{% system %}
{{ clarity }}
{{ constraints }}
{{ output_format }}
{% endsystem %}
{% user %}
{{ message }}
{% enduser %}
"""
GOOD = {"team": "billing", "why": "charged twice"}
LONG = {"team": "billing", "why": "it was charged twice"}


@pytest.fixture
def desk(project, monkeypatch):
    """A project with a library, in which the command line runs."""
    project.write("templates/support/sort.prompt.j2", SORT)
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / ".cache"))
    return project


def call(*answers, path: str = "templates/support/sort.prompt.j2", options=None, store=None, **inputs) -> str:
    """Make a call that is recorded; its id."""
    prompt = pk.load(path).using(MockBackend(list(answers), name="openai:m"), **(options or {}))
    with pk.record(store or "calls.db") as kept:
        with contextlib.suppress(pk.errors.OutputError, pk.errors.AttemptsExhausted, pk.errors.BackendError):
            prompt.run(**{"message": "I was charged twice.", **inputs})
        return kept.rows()[0].id


def rewritten(of: str, change) -> str:
    """Put a changed copy of a record into the database."""
    with RecordDatabase("calls.db") as store:
        store.on_call(replace(change(store.get(of)), id="feedfeedfeedfeed"))
    return "feedfeedfeedfeed"


def kept(capsys, of: str, *arguments: str) -> dict:
    assert main(["keep", of, "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, of: str, *arguments: str) -> str:
    before = sorted(Path.cwd().rglob("*"))
    assert main(["keep", of, *arguments]) == 2
    assert [it for it in sorted(Path.cwd().rglob("*")) if "calls.db" not in it.name] == [
        it for it in before if "calls.db" not in it.name
    ]
    return capsys.readouterr().err


def test_a_call_that_failed_fails_in_pytest_until_the_prompt_is_mended(desk, capsys) -> None:
    bad = call(LONG, LONG)

    found = kept(capsys, bad[:10])
    today = desk.pytest("tests")
    template = Path("templates/support/sort.prompt.j2")
    template.write_text(template.read_text().replace("team for", "right team for"))
    mended = desk.pytest("tests")

    assert found["test"] == f"tests/kept/test_support_sort_{bad[:8]}.py"
    assert (found["passes"], found["asks_the_same"]) == (False, True)
    assert len(Path(found["cassette"]).read_text().splitlines()) == 2
    assert today.counts() == {"failed": 1, "passed": 1}
    assert "AttemptsExhausted: all 2 attempts broke the contract; the last: the answer breaks" in today.text
    assert mended.counts() == {"failed": 1, "passed": 1}
    assert "+Task: Name the right team for I was charged twice." in mended.text
    assert "record it with --pk-record=missing" in mended.text


def test_a_mended_prompt_is_recorded_anew_and_holds(desk, capsys) -> None:
    bad = call("I cannot say.", options={"attempts": 1})
    found = kept(capsys, bad, "--backend", "mock")  # which answers what fits
    template = Path("templates/support/sort.prompt.j2")
    template.write_text(template.read_text().replace("team for", "right team for"))

    recorded = desk.pytest("tests", "--pk-record=missing")
    replayed = desk.pytest("tests", "--pk-prune-cassettes")

    assert recorded.counts() == replayed.counts() == {"passed": 2}
    (line,) = Path(found["cassette"]).read_text().splitlines()
    assert "right team" in line


def test_an_answer_is_compared_with_and_a_bad_one_must_not_come_again(desk, capsys) -> None:
    good, bad = call(GOOD), call(GOOD, message="It broke.")
    with RecordDatabase("calls.db") as store:
        store.feedback(bad, 1)
        store.feedback(bad, -1, note="this is for the\nbank's team")

    found = kept(capsys, good), kept(capsys, bad)
    done = desk.pytest("tests", "-v")

    assert [it["passes"] for it in found] == [True, False]
    assert done.counts() == {"failed": 1, "passed": 1}
    assert f"FAILED {found[1]['test']}::test_the_answer" in done.text
    assert "# It was judged -1: this is for the bank's team\n" in Path(found[1]["test"]).read_text()


LOSSY = '{"team": "billing", "why": ["charged", "twice"]}'  # a list where a text should be


@pytest.mark.parametrize(
    ("answers", "options", "said"),
    [
        ([GOOD], {}, '.using("openai:m")'),
        ([LONG, GOOD], {}, '.using("openai:m")'),
        ([LONG, LONG, GOOD], {"attempts": 3}, '.using("openai:m", attempts=3)'),
        (
            [GOOD],
            {"generation": {"temperature": 0.5, "stop": ("x",)}},
            ".using(\n    \"openai:m\", generation={'temperature': 0.5, 'stop': ['x']}\n)",
        ),
        ([GOOD], {"enforce": "off"}, 'enforce="off"'),
        ([LOSSY], {"repair": "lenient", "attempts": 1}, 'repair="lenient"'),
    ],
    ids=["plain", "re-asked", "attempts", "generation", "enforce", "repair"],
)
def test_the_options_of_the_call_are_those_of_the_test(desk, capsys, answers, options, said) -> None:
    found = kept(capsys, call(*answers, options=options))

    assert said in Path(found["test"]).read_text()
    assert len(Path(found["cassette"]).read_text().splitlines()) == len(answers)
    with cassette(found["cassette"]):
        runpy.run_path(found["test"])["test_the_answer"](None)


def test_a_call_with_tools_is_compared_by_what_it_called(desk, capsys) -> None:
    tool = pk.Tool.of(
        {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]},
        name="look_up",
        description="Look an order up.",
    )
    asked = pk.messages.ToolCallPart(id="c1", name="look_up", arguments='{"order":"A1"}')
    answer = pk.Completion(text="", finish_reason="tool", model="m", tool_calls=(asked,))

    found = kept(capsys, call(answer, options={"tools": [tool]}))

    assert """ANSWER = [('look_up', '{"order":"A1"}')]""" in Path(found["test"]).read_text()
    with cassette(found["cassette"]):
        runpy.run_path(found["test"])["test_the_answer"](None)


def test_a_prompt_that_changed_since_is_kept_with_what_was_asked_then(desk, capsys) -> None:
    bad = call(LONG, LONG)
    template = Path("templates/support/sort.prompt.j2")
    template.write_text(template.read_text().replace("team for", "right team for"))

    found = kept(capsys, bad)
    done = desk.pytest("tests")

    assert (found["passes"], found["asks_the_same"]) == (False, False)
    assert "has changed since" in Path(found["test"]).read_text()
    assert done.counts() == {"failed": 1, "passed": 1}
    assert "-Task: Name the team for" in done.text
    assert "+Task: Name the right team for" in done.text


def test_a_prompt_file_outside_of_a_library_is_loaded_from_where_the_test_lies(desk, capsys) -> None:
    desk.write("app/prompts/sort.prompt.j2", SORT)
    good = call(GOOD, path="app/prompts/sort.prompt.j2")

    found = kept(capsys, good, "--prompt", "app/prompts/sort.prompt.j2", "--to", "app/tests/test_sort.py")
    text = Path(found["test"]).read_text()

    assert 'pk.load(Path(__file__).resolve().parents[1] / "prompts/sort.prompt.j2")' in text
    assert found["cassette"] == "app/tests/cassettes/test_sort/test_the_answer.jsonl"
    assert desk.pytest("app/tests").counts() == {"passed": 1}


def test_texts_of_any_kind_become_python_that_means_the_same(desk, capsys) -> None:
    message = '"""\\ \'quoted\' \u202e\x1b[31m {x} é\n# no comment\r\nlast'

    found = kept(capsys, call("\u202e\"'''", options={"attempts": 1}, message=message))
    text = Path(found["test"]).read_text()

    assert "\u202e" not in text
    assert "\x1b" not in text
    assert runpy.run_path(found["test"])["INPUTS"] == {"message": message}
    assert runpy.run_path(found["test"])["ANSWER"] == "\u202e\"'''"


def test_for_people_it_says_what_was_written_and_what_comes_next(desk, capsys) -> None:
    assert main(["keep", call(LONG, LONG), "--to", "t"]) == 0
    failed = capsys.readouterr().out.splitlines()
    assert main(["keep", call(GOOD), "--to", "t"]) == 0
    good = capsys.readouterr().out.splitlines()

    assert failed[0].startswith("wrote t/test_support_sort_")
    assert failed[1].startswith("wrote t/cassettes/test_support_sort_")
    assert re.fullmatch(
        r"next, mend the prompt; it fails until then: pytest t/test_support_sort_\w+\.py", failed[2]
    )
    assert good[2].startswith("next, where it is wrong, write what is right into ANSWER: pytest t/test_")


# What cannot become a test.


def test_nothing_is_replaced_unless_that_is_asked_for(desk, capsys) -> None:
    good = call(GOOD)
    found = kept(capsys, good)
    Path(found["test"]).write_text("# mine\n")

    assert "exists already; remove it, or write it anew with --force" in refused(capsys, good)
    Path(found["cassette"]).unlink()
    assert f"{found['test']} exists already" in refused(capsys, good)
    assert Path(found["test"]).read_text() == "# mine\n"
    assert kept(capsys, good, "--force") == found
    assert "ANSWER" in Path(found["test"]).read_text()


def test_both_files_are_written_or_neither(desk, capsys) -> None:
    good = call(GOOD)
    desk.write("t/test_sort.py/a.txt", "a folder of the test's name")
    old = desk.write("u/cassettes/test_sort/test_the_answer.jsonl", "what was there\n")
    Path("u/test_sort.py").symlink_to("/nowhere/test_sort.py")

    assert "t/test_sort.py cannot be written" in refused(capsys, good, "--to", "t/test_sort.py", "--force")
    assert "u/test_sort.py cannot be written" in refused(capsys, good, "--to", "u/test_sort.py", "--force")
    assert old.read_text() == "what was there\n"


def test_a_folder_that_cannot_be_written_is_said(desk, capsys) -> None:
    desk.write("tests", "a file")

    assert "cannot be written: " in refused(capsys, call(GOOD))


def redacted(**parts):
    def change(record):
        text = record.to_json()
        for old, new in parts.items():
            text = text.replace(old, new)
        return pk.CallRecord.from_dict(json.loads(text))

    return change


def with_inputs(**inputs):
    return lambda record: replace(record, prompt=replace(record.prompt, inputs=inputs))


def with_answer(text: str):
    def change(record):
        first = record.attempts[0]
        said = replace(first, completion=replace(first.completion, text=text))
        return replace(record, attempts=(said, *record.attempts[1:]))

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_content, "was kept without its content"),
        (
            with_inputs(message="I was [hidden]."),
            "its input message is not what the model was shown. It was redacted",
        ),
        (
            redacted(charged="[hidden]"),
            "its messages and answers do not lead to what it says came of them. It was",
        ),
        (
            with_answer("[hidden]"),
            "its messages and answers do not lead to what it says came of them. It was",
        ),
        (
            with_inputs(message="I was charged twice.", photo={"media_type": "image/png", "bytes": 9}),
            "the input photo of the record feedfeedfeedfeed was image/png of 9 bytes",
        ),
        (with_inputs(ticket="x"), "inputs do not fit support/sort@1.0.0: missing message; unexpected ticket"),
        (
            with_inputs(message="I was charged twice.", unused=float("nan")),
            "inputs do not fit support/sort@1.0.0",
        ),
    ],
    ids=["content", "inputs", "all texts", "answer", "image", "other inputs", "nan"],
)
def test_a_record_that_lacks_or_changed_what_a_test_needs_is_refused(desk, capsys, change, said) -> None:
    made = rewritten(call(GOOD), change)

    assert said in refused(capsys, made)


def test_a_call_that_was_never_answered_is_refused_with_what_to_do(desk, capsys) -> None:
    made = call(pk.errors.RateLimited("slow"))

    said = refused(capsys, made)

    assert "failed by RateLimited, so there is no answer to keep" in said
    assert "llm.on('support/sort').fail(" in said


SECRET = "sk-" + "proj-" + "Zq8Rt2Lm9Wx4Kd7Vb1Nc6Hj3"


@pytest.mark.parametrize(
    ("inputs", "answer"),
    [
        ({"message": f"My key is {SECRET}"}, GOOD),
        ({"unused": f"My key is {SECRET}"}, GOOD),
        ({}, {"team": "x", "why": f'{{"password": "{SECRET[8:]}"}}'}),
    ],
    ids=["shown", "not shown", "answer"],
)
def test_secrets_are_not_written(desk, capsys, inputs, answer) -> None:
    assert "it holds what looks like a" in refused(capsys, call(answer, **inputs))


def test_a_prompt_that_was_built_in_python_is_to_be_named(desk, capsys) -> None:
    prompt = pk.Prompt(name="inline/one", clarity={"task": "Say {{ x }}."})
    with pk.record("calls.db") as store:
        prompt.using(MockBackend(["a"])).run(x="y")

    said = refused(capsys, store.rows()[0].id)

    assert "inline/one" in said
    assert "--prompt" in said


def test_an_answer_of_a_backend_that_has_no_name_of_ours_is_to_be_given_one(desk, capsys) -> None:
    prompt = pk.load("templates/support/sort.prompt.j2").using(MockBackend([GOOD], name="my own"))
    with pk.record("calls.db") as store:
        prompt.run(message="I was charged twice.")
    made = store.rows()[0].id

    assert "--backend" in refused(capsys, made)
    assert kept(capsys, made, "--backend", "openai:m")["passes"]


@pytest.mark.parametrize("arguments", [["ffff"], ["ffff", "--file", "no.db"]])
def test_an_unknown_record_is_said(desk, capsys, arguments) -> None:
    call(GOOD)

    assert "error: " in refused(capsys, *arguments)
