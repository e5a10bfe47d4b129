"""``promptkit replay``."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.cli import main
from promptkit.records import RecordDatabase

SOURCE = """---
name: sort
version: 1.0.0
input:
  schema:
    message: string
    at?: string
    history?: messages
clarity: {task: "Sort {{ message }}."}
output: {schema: {team: string}}
---
"""


@pytest.fixture
def prompt(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sort.prompt.j2").write_text(SOURCE)
    return pk.load("sort.prompt.j2")


def keep(prompt, answer: str, **inputs) -> str:
    with pk.record("calls.db") as store:
        with contextlib.suppress(pk.errors.OutputError):
            prompt.using(MockBackend([answer]), attempts=1, tags={"customer": "c42"}).run(**inputs)
        return store.rows()[0].id


def test_yesterdays_inputs_are_run_on_todays_file_beside_what_came_of_them(prompt, tmp_path, capsys) -> None:
    bad = keep(prompt, "hm", message="It broke.", history=[{"role": "user", "content": "Hello"}])
    (tmp_path / "sort.prompt.j2").write_text(SOURCE.replace("Sort {{", "Name the team for {{"))

    code = main(
        [
            "replay",
            bad[:12],
            "--prompt",
            "sort.prompt.j2",
            "--backend",
            "mock",
            "--record",
            "new.db",
            "--json",
        ]
    )

    assert code == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["id"], shown["then"]["status"], shown["then"]["output"]) == (bad, "failed", None)
    assert shown["then"]["error"]["type"] == "Unparseable"
    assert list(shown["now"]) == ["team"]
    with RecordDatabase("new.db") as store:
        (row,) = store.rows(where={"replay_of": bad, "customer": "c42"})
        again = store.get(row.id)
    assert again.prompt.inputs["message"] == "It broke."
    assert "Name the team for It broke." in str(again.request.messages)
    assert "Hello" in str(again.request.messages)


def test_for_people_then_stands_above_now(prompt, capsys) -> None:
    good = keep(prompt, '{"team":"billing"}', message="It broke.")
    bad = keep(prompt, "hm", message="It broke.")

    assert main(["replay", good, "--prompt", "sort.prompt.j2", "--backend", "mock"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert main(["replay", bad, "--prompt", "sort.prompt.j2", "--backend", "mock"]) == 0
    failed = capsys.readouterr().out.splitlines()

    assert shown[:4] == ["then, sort@1.0.0 on mock:", '  {"team": "billing"}', "", "now:"]
    assert any(line.split()[:1] == ["team"] for line in shown[4:])
    assert failed[1].startswith("  failed with Unparseable: ")


def test_the_calls_own_prompt_of_the_library_is_the_default(prompt, tmp_path, capsys) -> None:
    good = keep(prompt, '{"team":"billing"}', message="It broke.")

    assert main(["replay", good, "--library", str(tmp_path), "--backend", "mock", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["then"]["output"] == {"team": "billing"}


def test_inputs_that_todays_prompt_does_not_take_are_told_of(prompt, tmp_path, capsys) -> None:
    good = keep(prompt, '{"team":"billing"}', message="It broke.")
    (tmp_path / "sort.prompt.j2").write_text(
        SOURCE.replace("message:", "ticket:").replace("{{ message", "{{ ticket")
    )

    assert main(["replay", good, "--prompt", "sort.prompt.j2", "--backend", "mock"]) == 2

    assert "inputs do not fit sort@1.0.0: missing ticket; unexpected message" in capsys.readouterr().err


def test_without_a_backend_it_is_said_how_to_name_one(prompt, capsys, monkeypatch) -> None:
    monkeypatch.delenv("PROMPTKIT_BACKEND", raising=False)
    good = keep(prompt, '{"team":"billing"}', message="It broke.")

    assert main(["replay", good, "--prompt", "sort.prompt.j2"]) == 2

    assert "no backend is named; add for example --backend" in capsys.readouterr().err


def test_a_record_without_content_cannot_be_replayed(prompt, capsys) -> None:
    with pk.record("calls.db", content=False) as store:
        prompt.using(MockBackend(['{"team":"billing"}'])).run(message="It broke.")

    assert main(["replay", store.rows()[0].id, "--prompt", "sort.prompt.j2", "--backend", "mock"]) == 2

    assert "was kept without its content, so there are no inputs to replay" in capsys.readouterr().err


def test_an_image_of_which_the_length_alone_was_kept_cannot_be_replayed(prompt, capsys) -> None:
    good = keep(prompt, '{"team":"billing"}', message="It broke.")
    with RecordDatabase("calls.db") as store:
        call = store.get(good)
        image = {"photo": {"media_type": "image/png", "bytes": 9}}
        store.on_call(replace(call, id="feed", prompt=replace(call.prompt, inputs=image)))

    assert main(["replay", "feed", "--prompt", "sort.prompt.j2", "--backend", "mock"]) == 2

    assert "the input photo of the record feed was image/png of 9 bytes" in capsys.readouterr().err
