"""promptkit plan."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk

TEMPLATES = Path(__file__).parents[2] / "templates"
SENTIMENT = """\
{backend}

path        rule                  where{gap}  note
(output)    type                  {early}
(output)    required              {early}
(output)    additionalProperties  {early}
(output)    expr                  check{gap}{none}
reasons     type                  {early}
reasons[]   type                  {early}
reasons[]   quoted_from           check{gap}{none}
sentiment   type                  {early}
sentiment   enum                  {early}
confidence  type                  {early}
confidence  minimum               {early}
confidence  maximum               {early}
confidence  between               {early}

13 rules: 11 {word}, 2 checked
"""


def test_the_plan_of_a_shipped_template_on_openai_needs_no_key(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    done = cli("plan", "sentiment", "--backend", "openai:gpt-4.1", "--library", str(TEMPLATES))

    assert (done.code, done.err) == (0, "")
    assert done.out == SENTIMENT.format(
        backend="openai:gpt-4.1", early="native", gap=" ", none="  no schema says it", word="native"
    )


@pytest.mark.parametrize("backend", ["llama:demo", "llama:/nowhere/model.gguf"])
def test_the_plan_of_a_shipped_template_on_llama_needs_no_model(cli: Any, backend: str) -> None:
    done = cli("plan", str(TEMPLATES / "triage.prompt.j2"), "--backend", backend)

    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == backend
    assert lines[2:9] == [
        "path       rule                  where    note",
        "(output)   type                  grammar",
        "(output)   required              grammar",
        "(output)   additionalProperties  grammar",
        "category   type                  grammar",
        "category   enum                  grammar",
        "sentiment  type                  grammar",
    ]
    assert lines[-1].startswith("11 rules: 11 by grammar")


def test_what_is_printed_is_what_a_snapshot_compares(cli: Any) -> None:
    done = cli("plan", "note", "--backend", "openai:m")

    assert done.out == f"{pk.library(cli.library)['note'].using('openai:m').plan()}\n"


def test_the_backend_is_chosen_as_for_run(cli: Any) -> None:
    unnamed = cli("plan", "note")
    cli.answers("unused")
    cli.write("promptkit.toml", '[backends]\ndefault = "openai:configured"\n')
    profile = cli("plan", "note", "--backend", "scripted")

    assert (unnamed.code, unnamed.out) == (2, "")
    assert "no backend is named; add for example --backend llama:demo" in unnamed.err
    assert profile.out.startswith("mock\n")


def test_with_require_a_rule_that_is_only_checked_is_an_error_below_the_plan(cli: Any) -> None:
    text = (cli.library / "note.prompt.j2").read_text()
    cli.write("templates/note.prompt.j2", text.replace("max_words: 3", "max_words: 3\n      enforce: prefer"))

    done = cli("plan", "note", "--backend", "openai:m", "--enforce", "require")

    assert done.code == 2
    assert "short     max_words             check   no schema says it" in done.out
    assert done.err == (
        "error: the prompt says enforce: require, and openai:m does not enforce all of it: short.max_words "
        "(no schema says it). Nothing was sent. Add enforce: check to a rule that may wait, or enforce: prefer "
        "to the prompt, or use a backend that enforces it.\n"
    )


def test_the_files_own_require_counts_and_the_option_goes_over_it(cli: Any) -> None:
    text = (cli.library / "note.prompt.j2").read_text()
    text = text.replace("max_words: 3", "max_words: 3\n      enforce: prefer")
    cli.write("templates/note.prompt.j2", text.replace("version:", "enforce: require\nversion:"))

    own = cli("plan", "note", "--backend", "openai:m", "--json")
    over = cli("plan", "note", "--backend", "openai:m", "--enforce", "off")

    assert own.code == 2
    assert json.loads(own.out)["backend"] == "openai:m"
    assert "max_words" in own.err
    assert (over.code, over.err) == (0, "")
    assert over.out.endswith("7 rules: 7 checked\n")


def test_json_is_the_plan_as_data(cli: Any) -> None:
    done = cli("plan", "note", "--backend", "openai:m", "--format", "json")

    assert done.code == 0
    assert pk.Plan.from_dict(json.loads(done.out)) == pk.library(cli.library)["note"].using("openai:m").plan()
    assert done.out.count("\n") == 1


def test_the_wire_is_printed_as_the_backend_would_be_given_it(cli: Any) -> None:
    sent = cli("plan", "note", "--backend", "openai:m", "--wire")
    text = cli("plan", "echo", "--backend", "openai:m", "--wire")

    wire = json.loads(sent.out[sent.out.index("{") :])
    assert wire["properties"]["kind"]["enum"] == ["task", "idea"]
    assert wire["additionalProperties"] is False
    assert text.out == "openai:m\n\n0 rules\n\nno schema is sent\n"


@pytest.mark.parametrize("columns", [80, 100])
def test_on_a_terminal_long_notes_are_wrapped_and_places_coloured(
    cli: Any, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    cli.write(
        "templates/open.prompt.j2",
        "---\noutput:\n  json_schema:\n    type: object\n    properties:\n      a: {type: object}\n"
        "    required: [a]\n    additionalProperties: false\n---\n{% user %}\nx\n{% enduser %}\n",
    )
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")

    done = cli("plan", "open", "--backend", "openai:m")

    assert done.code == 0
    assert "\x1b[33mcheck\x1b[0m" in done.out
    plain = _without_colours(done.out)
    assert max(map(len, plain.splitlines())) <= columns
    assert "open for further properties" in " ".join(plain.split())


def _without_colours(text: str) -> str:
    parts = text.split("\x1b[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])


def test_an_unknown_value_of_enforce_is_told_with_the_known_ones(cli: Any) -> None:
    done = cli("plan", "note", "--backend", "openai:m", "--enforce", "always")

    assert (done.code, done.out) == (2, "")
    assert "'off', 'prefer', 'require'" in done.err
