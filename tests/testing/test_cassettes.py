"""Cassettes: recorded from a real model, replayed without one, and refused where they are not what was recorded."""

from __future__ import annotations

import asyncio
import json

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.errors import RateLimited
from promptkit.testing import CassetteError, CassetteMiss, cassette

from .conftest import TRIAGE

GOOD = {"category": "billing", "urgent": True}
OTHER = {"category": "other", "urgent": False}


@pytest.fixture
def triage(tmp_path):
    path = tmp_path / "triage.prompt.j2"
    path.write_text(TRIAGE, encoding="utf-8")
    return pk.load(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cassettes" / "test.jsonl"


def record(path, triage, replies, tickets, mode="all"):
    with cassette(path, record=mode):
        for ticket in tickets:
            triage.using(MockBackend(replies, name="openai:m")).run(ticket=ticket)
            replies = replies[1:]


def silent():
    """A backend of the same name that answers nothing."""
    return MockBackend([], name="openai:m")


def test_what_was_recorded_is_given_again_and_nobody_is_asked(triage, path) -> None:
    record(path, triage, [GOOD, OTHER], ["x", "y"])

    with cassette(path) as tape:
        values = [triage.using(silent()).run(ticket=ticket).value.category for ticket in ("y", "x")]

    assert values == ["other", "billing"]
    assert [call.output["category"] for call in tape.calls["triage"]] == values
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [list(line) for line in lines] == [sorted(line) for line in lines]
    assert lines[0]["messages"][-1]["role"] == "user"


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\r\n"])
def test_texts_may_hold_what_python_takes_for_the_end_of_a_line(triage, path, separator) -> None:
    record(path, triage, [GOOD], [f"a{separator}b"])

    with cassette(path):
        assert triage.using(silent()).run(ticket=f"a{separator}b").value.urgent


def test_nothing_but_the_recordings_is_left_in_the_folder(triage, path) -> None:
    record(path, triage, [GOOD], ["x"])

    assert list(path.parent.iterdir()) == [path]


def test_equal_questions_keep_their_order(triage, path) -> None:
    record(path, triage, [GOOD, OTHER], ["x", "x"])

    with cassette(path):
        values = [triage.using(silent()).run(ticket="x").value.urgent for _ in range(2)]
        with pytest.raises(CassetteMiss, match="the same question, asked [12] times when it was recorded"):
            triage.using(silent()).run(ticket="x")

    assert values == [True, False]


def test_streams_and_tasks_are_replayed_and_recorded_too(triage, path) -> None:
    async def streamed(prompt):
        return [event async for event in prompt.astream(ticket="a")]

    with cassette(path, record="missing"):
        list(triage.using(MockBackend([GOOD], name="openai:m")).stream(ticket="s"))
        asyncio.run(streamed(triage.using(MockBackend([OTHER], name="openai:m"))))
        asyncio.run(triage.using(MockBackend([OTHER], name="openai:m")).arun(ticket="b"))
    with cassette(path):
        events = list(triage.using(silent()).stream(ticket="s"))
        later = asyncio.run(streamed(triage.using(silent())))
        result = asyncio.run(triage.using(silent()).arun(ticket="b"))

    assert events[-1].result.value.urgent
    assert not later[-1].result.value.urgent
    assert result.value.category == "other"


def test_a_changed_prompt_is_a_miss_that_shows_the_change(triage, path, tmp_path) -> None:
    record(path, triage, [GOOD], ["x"])
    (tmp_path / "triage.prompt.j2").write_text(
        TRIAGE.replace("output:", "clarity: {task: Sort it.}\noutput:")
    )
    changed = pk.load(tmp_path / "triage.prompt.j2").using(silent())

    with cassette(path), pytest.raises(CassetteMiss) as caught:
        changed.run(ticket="x")

    assert "+Task: Sort it." in str(caught.value)
    assert "record it with --pk-record=missing" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"generation": {"temperature": 1.0}}, "sampled by"),
        ({"backend": MockBackend([], name="openai:n")}, "the same messages, answered by openai:m"),
        ({"enforce": "off"}, "the output's schema, its rules or the tools are others"),
    ],
)
def test_a_miss_says_what_else_is_different(triage, path, change, said) -> None:
    record(path, triage, [GOOD], ["x"])
    backend = change.pop("backend", silent())

    with cassette(path), pytest.raises(CassetteMiss, match=said):
        triage.using(backend, **change).run(ticket="x")


def test_no_cassette_is_a_miss_too(triage, path) -> None:
    with cassette(path), pytest.raises(CassetteMiss, match="does not exist; record it"):
        triage.using(silent()).run(ticket="x")

    assert not path.exists()


def test_missing_ones_alone_are_asked_for(triage, path) -> None:
    record(path, triage, [GOOD], ["x"])

    with cassette(path, record="missing"):
        known = triage.using(silent()).run(ticket="x")
        new = triage.using(MockBackend([OTHER], name="openai:m")).run(ticket="y")

    assert (known.value.urgent, new.value.urgent) == (True, False)
    assert len(path.read_text().splitlines()) == 2


def test_errors_are_raised_and_not_recorded(triage, path) -> None:
    with cassette(path, record="all"), pytest.raises(RateLimited):
        triage.using(MockBackend([RateLimited("slow")], name="openai:m")).run(ticket="x")

    assert not path.exists()


def test_what_was_paid_for_is_kept_when_the_test_fails(triage, path) -> None:
    with pytest.raises(ZeroDivisionError), cassette(path, record="all"):
        triage.using(MockBackend([GOOD], name="openai:m")).run(ticket="x")
        _ = 1 / 0

    assert path.exists()


@pytest.mark.parametrize("where", ["ticket", "answer"])
def test_secrets_are_not_written(triage, path, where) -> None:
    secret = "sk-" + "proj-" + "Zq8Rt2Lm9Wx4Kd7Vb1Nc6Hj3"
    text = json.dumps(GOOD) + (f" {secret}" if where == "answer" else "")
    ticket = secret if where == "ticket" else "x"

    with pytest.raises(CassetteError, match="looks like an API key"), cassette(path, record="all"):
        triage.using(MockBackend([text, text], name="openai:m")).run(ticket=ticket)

    assert not path.exists()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda line: line.replace("billing", "shipping"), "test.jsonl:2: edited by hand"),
        (lambda line: line[: len(line) // 2], "test.jsonl:2: this is no whole recording"),
        (lambda line: line.replace('"v": 1', '"v": 2'), "test.jsonl:2: written by a newer promptkit"),
        (lambda line: "[]", "test.jsonl:2: this is no whole recording"),
    ],
)
def test_a_damaged_cassette_is_refused_with_its_line_and_kept_as_it_is(triage, path, damage, said) -> None:
    record(path, triage, [GOOD], ["x"])
    path.write_text("\n" + damage(path.read_text().strip()) + "\n")
    before = path.read_text()

    with pytest.raises(CassetteError) as caught, cassette(path):
        pass

    assert said in str(caught.value)
    assert path.read_text() == before


def test_another_file_of_the_same_name_is_told(triage, path, tmp_path) -> None:
    record(path, triage, [GOOD], ["x"])

    class Named(MockBackend):
        def digest(self):
            return "another"

    with cassette(path, record="all"):
        triage.using(Named([GOOD], name="openai:m")).run(ticket="x")

    class Changed(MockBackend):
        def digest(self):
            return "changed"

    with cassette(path), pytest.raises(CassetteError, match="another file of openai:m"):
        triage.using(Changed([], name="openai:m")).run(ticket="x")


def test_two_tests_that_write_one_cassette_lose_nothing(triage, path) -> None:
    with cassette(path, record="missing"):
        triage.using(MockBackend([GOOD], name="openai:m")).run(ticket="x")
        record(path, triage, [OTHER], ["y"], mode="missing")

    assert len(path.read_text().splitlines()) == 2


def test_recordings_that_were_not_asked_for_can_be_removed(triage, path) -> None:
    record(path, triage, [GOOD, OTHER], ["x", "y"])

    with cassette(path) as tape:
        triage.using(silent()).run(ticket="x")
        tape.prune()

    assert len(path.read_text().splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_said(triage, tmp_path) -> None:
    (tmp_path / "cassettes").write_text("a file")

    with pytest.raises(CassetteError, match="cannot be written"):
        record(tmp_path / "cassettes" / "a.jsonl", triage, [GOOD], ["x"])


REAL = """
import pytest
import promptkit as pk

triage = pk.load("triage.prompt.j2").using("llama:demo", generation={"temperature": 0, "max_tokens": 60})


@pytest.mark.parametrize("ticket", ["I was charged twice", "where is it?"])
def test_a_real_model(cassette, ticket):
    assert triage.run(ticket=ticket).value.category in {"billing", "shipping", "other"}
    assert len(cassette.calls) == 1
"""


def test_a_model_in_this_process_is_recorded_and_replayed_by_the_plugin(project) -> None:
    project.write("test_real.py", REAL)

    missing = project.pytest("test_real.py")
    recorded = project.pytest("test_real.py", "--pk-record=missing", "-n", "2")
    replayed = project.pytest("test_real.py", "--durations=0")
    lines = sorted((project.folder / "cassettes" / "test_real").glob("*.jsonl"))

    assert missing.counts() == {"failed": 2}
    assert "does not exist; record it with --pk-record=missing" in missing.text
    assert (recorded.counts(), replayed.counts()) == ({"passed": 2}, {"passed": 2})
    assert [path.name for path in lines] == [
        "test_a_real_model-I-was-charged-twice.jsonl",
        "test_a_real_model-where-is-it.jsonl",
    ]
    assert json.loads(lines[0].read_text())["files"]


def test_the_plugin_prunes_when_told(project) -> None:
    project.write("test_real.py", REAL)
    project.pytest("test_real.py", "--pk-record=all")
    kept = project.folder / "cassettes" / "test_real" / "test_a_real_model-where-is-it.jsonl"
    kept.write_text(
        kept.read_text() + (kept.parent / "test_a_real_model-I-was-charged-twice.jsonl").read_text()
    )

    done = project.pytest("test_real.py", "--pk-prune-cassettes")

    assert done.counts() == {"passed": 2}
    assert len(kept.read_text().splitlines()) == 1


AGAIN = """
import pytest
import promptkit as pk
from promptkit.backends import MockBackend

triage = pk.load("triage.prompt.j2")
GOOD, BAD = ({"category": it, "urgent": True} for it in ("billing", "other"))
real = triage.using(MockBackend([GOOD, BAD, GOOD, GOOD][:ANSWERS], name="openai:m"))


@pytest.mark.reliable(runs=4, pass_rate=0.75)
def test_again(cassette):
    assert real.run(ticket="x").value.category == "billing"
"""


def test_each_run_of_a_reliable_test_has_an_answer_of_its_own(project) -> None:
    project.write("test_again.py", AGAIN.replace("ANSWERS", "4"))
    recorded = project.pytest("test_again.py", "--pk-record=missing")
    project.write("test_again.py", AGAIN.replace("ANSWERS", "0"))

    replayed = project.pytest("test_again.py", "--pk-prune-cassettes", "--junitxml=out.xml")

    assert (recorded.counts(), replayed.counts()) == ({"passed": 1}, {"passed": 1})
    assert "3 of 4 runs passed" in (project.folder / "out.xml").read_text()
    assert (
        len((project.folder / "cassettes" / "test_again" / "test_again.jsonl").read_text().splitlines()) == 4
    )
