"""promptkit run."""

from __future__ import annotations

import io
import json
import re
import sys
from decimal import Decimal
from typing import Any

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.cli import main
from promptkit.completions import Completion, Usage
from promptkit.errors import (
    BackendNotAllowed,
    ConnectionFailed,
    Overloaded,
    PromptKitError,
    SchemaUnsupported,
    ServerError,
)
from promptkit.records import read_jsonl

GOOD = {"kind": "task", "short": "Buy milk."}
LONG = {"kind": "task", "short": "Buy milk and some bread."}

NOTE_OF_DRAFTS = """---
name: lenient
output:
  repair: lenient
  schema:
    kind(enum): [task, idea]
    short: string
---
{% user %}{{ text }} {{ output_format }}{% enduser %}
"""


def test_json_prints_the_value_in_the_declared_order_and_nothing_else(cli: Any) -> None:
    cli.answers('{"short": "Buy milk.", "kind": "task"}')

    done = cli("run", "note", "--set", "text=milk!", "--backend", "scripted", "--json")

    assert (done.code, done.err) == (0, "")
    assert done.out == '{"kind": "task", "short": "Buy milk."}\n'


def test_format_json_is_the_same_as_json(cli: Any) -> None:
    cli.answers(GOOD)

    done = cli("run", "note", "--set", "text=milk!", "--backend", "scripted", "--format", "json")

    assert json.loads(done.out) == GOOD


def test_a_text_output_is_a_json_string_with_json(cli: Any) -> None:
    cli.answers('She said "hi".\nBye.')

    done = cli("run", "echo", "--set", "text=x", "--backend", "scripted", "--json")

    assert json.loads(done.out) == 'She said "hi".\nBye.'
    assert done.out.count("\n") == 1


def test_the_panel_shows_what_was_mended_to_take_the_value(cli: Any) -> None:
    cli.answers('```json\n{"kind": "Task", "short": "Buy milk.",}\n```')

    done = cli("run", "note", "--set", "text=milk!", "--backend", "scripted")

    assert done.code == 0
    assert 'mended  kind: "Task" -> "task"  (choice)' in re.sub(r" {2,}", "  ", done.out)
    assert 'the answer: "," -> nothing  (comma)' in done.out
    cli.answers("{" + "/* so */" * 1 + '"kind": "task", "short": "' + "x" * 3 + '"' + ",,,,,,,,,}")
    assert "more repairs" in cli("run", "note", "--set", "text=milk!", "--backend", "scripted").out


def test_the_panel_marks_repairs_that_lost_something(cli: Any) -> None:
    cli.write("templates/lenient.prompt.j2", NOTE_OF_DRAFTS)
    cli.answers('{"kind": "a task for me", "short": "Buy milk."}')

    done = cli("run", "lenient", "--set", "text=milk!", "--backend", "scripted")

    assert 'lossy  kind: "a task for me" -> "task"  (choice_in_text)' in re.sub(r" {2,}", "  ", done.out)


def test_the_panel_shows_value_verdicts_tokens_attempts_and_backend(cli: Any) -> None:
    usage = Usage(input_tokens=1200, output_tokens=18, cached_tokens=1000)
    cli.answers(Completion(text=json.dumps(GOOD), finish_reason="stop", model="m", usage=usage))

    done = cli("run", "note", "--set", "text=milk!", "--backend", "scripted")

    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0] == "note@1.2.0"
    assert "  kind      task" in lines
    assert "  short     Buy milk." in lines
    assert "  held      `short` has at most 3 words.  (short.max_words)" in lines
    assert "  tokens    1,200 in, 18 out, 1,000 cached" in lines
    assert "  attempts  1" in lines
    assert any(re.fullmatch(r"  time      (\d+ ms|\d+\.\d s)", line) for line in lines)
    assert "  backend   mock" in lines
    assert done.out.isascii()
    assert not any(line != line.rstrip() for line in lines)


def test_a_text_output_stands_as_it_is_above_the_panel(cli: Any) -> None:
    long_line = "word " * 60
    cli.answers(f"{long_line}\n\n  indented")

    done = cli("run", "echo", "--set", "text=x", "--backend", "scripted")

    assert done.out.startswith(f"{long_line}\n\n  indented\n\necho\n")
    assert "attempts" in done.out


def test_nested_values_are_laid_out_field_by_field(cli: Any) -> None:
    cli.write(
        "templates/rows.prompt.j2",
        "---\nformat: promptkit/1\nname: rows\noutput:\n  schema:\n    rows(array):\n      item: string\n"
        "      price?: number\n    tags(array): string\n    done: boolean\n    empty: string\n    deep: any\n"
        "---\n{% user %}\n{{ text }}\n{% enduser %}\n",
    )
    value = {
        "rows": [{"item": "Tea", "price": 4.5}, {"item": "Milk", "price": None}],
        "tags": ["a", "b"],
        "done": False,
        "empty": "",
        "deep": {"\x1b[31ma": {"b": {"c": {"d": {"e": 1}}}}},
    }
    cli.answers(value)

    done = cli("run", "rows", "--set", "text=x", "--backend", "scripted")

    assert done.out.splitlines()[2:12] == [
        "  rows      - item   Tea",
        "              price  4.5",
        "            - item   Milk",
        "              price  null",
        "  tags      - a",
        "            - b",
        "  done      false",
        "  empty     (empty)",
        '  deep      \\x1b[31ma  b  c  d  {"e": 1}',
        "",
    ]


def test_hostile_text_in_a_value_is_shown_and_never_interpreted(cli: Any) -> None:
    cli.answers({"kind": "idea", "short": "\x1b[31m[red]\x9b2J\u202e"})

    shown = cli("run", "note", "--set", "text=x", "--backend", "scripted")
    cli.answers({"kind": "idea", "short": "\x1b[31m[red]\x9b2J\u202e"})
    as_json = cli("run", "note", "--set", "text=x", "--backend", "scripted", "--json")

    assert "short     \\x1b[31m[red]\\x9b2J\\u202e" in shown.out
    assert json.loads(as_json.out)["short"] == "\x1b[31m[red]\x9b2J\u202e"
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown.out + as_json.out)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_frame_and_colours_but_no_codes_out_of_a_value(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.answers({"kind": "idea", "short": "\x1b[5m[red]x"})
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    code = main(["run", "note", "--set", "text=x", "--backend", "scripted"])

    lines = screen.getvalue().splitlines()
    assert code == 0
    assert lines[0].startswith("\x1b[2m╭─")
    assert "\x1b[36mkind" in screen.getvalue()
    assert "\\x1b[5m[red]x" in screen.getvalue()
    assert "\x1b[5m" not in screen.getvalue()


def test_a_violated_should_is_shown_with_what_was_found(cli: Any) -> None:
    text = (cli.library / "note.prompt.j2").read_text()
    cli.write(
        "templates/note.prompt.j2", text.replace("max_words: 3", "max_words: 3\n      severity: should")
    )
    cli.answers(LONG)

    done = cli("run", "note", "--set", "text=x", "--backend", "scripted")

    assert done.code == 0
    assert (
        "  violated  Preferably, `short` has at most 3 words.  (short.max_words)\n            got 5"
        in done.out
    )


def test_an_output_that_breaks_its_contract_exits_with_1_and_shows_the_models_text(cli: Any) -> None:
    cli.answers(LONG)

    done = cli("run", "note", "--set", "text=x", "--backend", "scripted", "--json")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: the answer breaks a constraint: short.max_words")
    assert '{"kind":"task","short":"Buy milk and some bread."}' in done.err
    assert "1 attempt\n" in done.err


def test_the_models_text_is_shortened_and_escaped_in_an_error(cli: Any) -> None:
    cli.answers("\x1b[31m" + "no json " * 1000)

    done = cli("run", "note", "--set", "text=x", "--backend", "scripted")

    assert done.code == 1
    assert "\nthe model wrote:\n\\x1b[31mno json " in done.err
    assert "... (6005 more characters)\n" in done.err
    assert "\x1b" not in done.err


def test_attempts_ask_again_and_their_exhaustion_exits_with_1(cli: Any) -> None:
    cli.answers(LONG, GOOD)
    mended = cli("run", "note", "--set", "text=x", "--backend", "scripted", "--attempts", "2")
    cli.answers(LONG, LONG)
    failed = cli("run", "note", "--set", "text=x", "--backend", "scripted", "--attempts", "2")

    assert mended.code == 0
    assert "  attempts  2" in mended.out
    assert failed.code == 1
    assert failed.err.startswith("error: all 2 attempts broke the contract")
    assert "2 attempts\n" in failed.err


def test_generation_settings_reach_the_backend(cli: Any) -> None:
    backend = cli.answers(GOOD)

    cli(
        *("run", "note", "--set", "text=x", "--backend", "scripted", "--temperature", "0.5"),
        *("--max-tokens", "7", "--seed", "3"),
    )

    assert backend.requests[0].generation.to_dict() == {"temperature": 0.5, "max_tokens": 7, "seed": 3}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionFailed("cannot reach it", backend="scripted"), 3),
        (BackendNotAllowed("not allowed"), 3),
        (SchemaUnsupported("no such keyword"), 2),
    ],
)
def test_each_family_of_errors_has_its_exit_code(cli: Any, error: PromptKitError, code: int) -> None:
    cli.answers(error)

    done = cli("run", "note", "--set", "text=x", "--backend", "scripted", "--json")

    assert (done.code, done.out, done.err) == (code, "", f"error: {error}\n")


@pytest.mark.network
def test_a_backend_that_is_down_exits_with_3(cli: Any) -> None:
    done = cli("run", "echo", "--set", "text=x", "--backend", "openai+http://127.0.0.1:9/v1:m")

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("error: ")
    assert "127.0.0.1:9" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "note", "--backend", "scripted"], "missing text"),
        (["run", "note", "--set", "txt=x", "--backend", "scripted"], "did you mean text?"),
        (["run", "note", "--set", "text=x", "--set", "count=many", "--backend", "scripted"], "read as JSON"),
        (["run", "nota", "--set", "text=x", "--backend", "scripted"], "did you mean note?"),
        (["run", "note", "--set", "text=x", "--backend", "scriptd"], "did you mean scripted?"),
        (["run", "note", "--set", "text=x"], "add for example --backend llama:demo"),
        (["run", "note", "text", "--backend", "scripted"], "unexpected argument 'text'"),
        (["run", "note", "--backend", "scripted", "--attempts", "0"], "--attempts"),
        (["run", "note", "--backend", "scripted", "--format", "xml"], "--format"),
        (["run", "note", "--sett", "a=b"], "--sett"),
        (["run"], "NAME"),
        (["run", "missing.prompt.j2", "--set", "text=x", "--backend", "scripted"], "missing.prompt.j2"),
        (["run", "note", "--library", "nowhere", "--backend", "scripted"], "there is no library"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_to_do(cli: Any, arguments: list[str], told: str) -> None:
    backend = cli.answers(GOOD)

    done = cli(*arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert told in done.err
    assert backend.requests == []


def test_the_backend_of_the_environment_answers_when_none_is_given(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTKIT_BACKEND", "mock")

    done = cli("run", "echo", "--set", "text=x", "--json")

    assert (done.code, json.loads(done.out)) == (0, "text")


@pytest.mark.parametrize(
    "configuration", ['backend = "mock"\n', '[prompts]\n"ec*" = "mock"\n', '[backends]\ndefault = "mock"\n']
)
def test_the_backend_of_the_configuration_answers_when_none_is_given(cli: Any, configuration: str) -> None:
    cli.write("promptkit.toml", configuration)

    done = cli("run", "echo", "--set", "text=x", "--json")

    assert (done.code, json.loads(done.out)) == (0, "text")


def test_a_call_is_appended_to_the_record_file_whether_it_succeeds_or_fails(cli: Any) -> None:
    cli.answers(GOOD, "no json")
    arguments = ["run", "note", "--set", "text=milk!", "--backend", "scripted", "--record", "calls.jsonl"]

    first, second = cli(*arguments), cli(*arguments)

    records = list(read_jsonl(cli.folder / "calls.jsonl"))
    assert (first.code, second.code) == (0, 1)
    assert [record.status for record in records] == ["ok", "failed"]
    assert records[0].output == GOOD
    assert records[0].prompt.inputs["text"] == "milk!"


def test_a_record_file_that_cannot_be_written_fails_before_the_model_is_asked(cli: Any) -> None:
    backend = cli.answers(GOOD)

    done = cli("run", "note", "--set", "text=x", "--backend", "scripted", "--record", "no/such/calls.jsonl")

    assert done.code == 2
    assert "cannot record to no/such/calls.jsonl" in done.err
    assert backend.requests == []


def test_wrong_inputs_leave_no_record_file_behind(cli: Any) -> None:
    cli.answers(GOOD)

    done = cli("run", "note", "--set", "count=many", "--backend", "scripted", "--record", "calls.jsonl")

    assert done.code == 2
    assert not (cli.folder / "calls.jsonl").exists()


def test_streamed_text_comes_before_the_panel(cli: Any) -> None:
    cli.answers("Hello \x1b[31mthere, this comes in pieces.")

    done = cli("run", "echo", "--set", "text=x", "--backend", "scripted", "--stream")

    assert done.out.startswith("Hello \\x1b[31mthere, this comes in pieces.\n\necho\n")
    assert done.out.count("Hello") == 1


def test_a_stream_that_begins_again_says_why(cli: Any) -> None:
    cli.answers(LONG, GOOD)

    done = cli("run", "note", "--set", "text=x", "--backend", "scripted", "--stream", "--attempts", "2")

    assert "(attempt 2, because of short)" in done.out
    assert done.out.index("bread") < done.out.index("(attempt 2") < done.out.index("Buy milk.")


def test_a_text_that_is_taken_otherwise_than_its_fields_were_told_is_no_new_attempt(cli: Any) -> None:
    cli.write("templates/lenient.prompt.j2", NOTE_OF_DRAFTS)
    cli.answers('{"kind": "task", "short": "a"} No, wait: {"kind": "idea", "short": "b"}')

    done = cli("run", "lenient", "--set", "text=x", "--backend", "scripted", "--stream")

    assert (done.code, "(attempt" in done.out) == (0, False)
    assert "idea" in done.out[done.out.index("lenient") :]


def test_with_json_the_stream_goes_to_stderr(cli: Any) -> None:
    cli.answers(GOOD)

    done = cli("run", "note", "--set", "text=x", "--backend", "scripted", "--stream", "--json")

    assert json.loads(done.out) == GOOD
    assert done.err == '{"kind":"task","short":"Buy milk."}\n'


def test_ten_megabytes_of_input_are_refused_in_one_line(cli: Any) -> None:
    backend = cli.answers("ok")

    done = cli("run", "echo", "-", "--backend", "scripted", stdin=b"x" * 10_000_000)

    assert (done.code, done.out) == (2, "")
    assert "text has 10000000 characters; the limit is 4000000" in done.err
    assert len(done.err) < 500
    assert backend.requests == []


def test_three_megabytes_of_input_reach_the_model_whole(cli: Any) -> None:
    backend = cli.answers("ok")
    text = "0123456789 " * 300_000

    done = cli("run", "echo", "-", "--backend", "scripted", "--json", stdin=text.encode())

    assert (done.code, done.out) == (0, '"ok"\n')
    assert backend.requests[0].messages[-1].text == text


def test_a_very_long_value_is_cut_in_the_panel_and_says_so(cli: Any) -> None:
    cli.write(
        "templates/long.prompt.j2",
        "---\nformat: promptkit/1\nname: long\noutput:\n  schema:\n    body: string\n---\n"
        "{% user %}\n{{ text }}\n{% enduser %}\n",
    )
    cli.answers({"body": "x" * 25_000})

    done = cli("run", "long", "--set", "text=x", "--backend", "scripted")

    assert "(5,000 more characters; --json prints all)" in " ".join(done.out.split())


def test_the_panel_shows_the_cost_and_what_layers_did_on_the_way(cli: Any) -> None:
    usage = Usage(input_tokens=1200, output_tokens=18, cost=Decimal("0.00310"))
    answer = Completion(text=json.dumps(GOOD), finish_reason="stop", model="m", usage=usage)
    away = MockBackend([Overloaded("full " * 40), ServerError("boom")], name="away")
    near = MockBackend([answer], name="near")
    chain = pk.layers.fallback(pk.layers.retry(away, attempts=2, max_wait_s=0), near)
    pk.configure(backends={"sturdy": chain})

    done = cli("run", "note", "--set", "text=milk!", "--backend", "sturdy")

    lines = done.out.splitlines()
    assert "  cost      0.0031 US dollars" in lines
    assert "  backend   away" in lines
    assert "  fallback  ServerError: boom, then near" in lines
    (retried,) = [number for number, line in enumerate(lines) if line.startswith("  retry     Overloaded: ")]
    assert lines[retried + 1].strip() == "full full..."
