"""``promptkit records``."""

from __future__ import annotations

import json

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.cli import main

PROMPT = pk.Prompt(name="support/sort", clarity={"task": "Sort {{ message }}."}, output=dict[str, str])


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pk.record("calls.db") as store:
        PROMPT.using(MockBackend(['{"a":"fault"}']), tags={"customer": "c42"}).run(message="It broke.")
        with pytest.raises(pk.errors.Unparseable):
            PROMPT.using(MockBackend(["hm"])).run(message="It is gone.")
        yield store


def listed(capsys, *options: str) -> list[dict[str, object]]:
    assert main(["records", "list", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_list_shows_the_newest_first(store, capsys) -> None:
    assert main(["records", "list"]) == 0

    title, failed, good = capsys.readouterr().out.splitlines()
    assert title.split() == ["id", "started", "status", "score", "prompt", "tags"]
    assert failed.split()[2:] == ["failed", "-", "support/sort"]
    assert good.split()[2:] == ["ok", "-", "support/sort", "customer=c42"]


def test_list_finds_by_tag_prompt_and_failure(store, capsys) -> None:
    (good,) = listed(capsys, "--where", "customer=c42")
    (failed,) = listed(capsys, "--failed")

    assert (good["status"], good["tags"], good["score"]) == ("ok", {"customer": "c42"}, None)
    assert (failed["status"], failed["prompt"]) == ("failed", "support/sort")
    assert len(listed(capsys, "--prompt", "support/*")) == 2
    assert len(listed(capsys, "--limit", "1")) == 1
    assert main(["records", "list", "--prompt", "other"]) == 0
    assert capsys.readouterr().out == "no such records\n"


@pytest.mark.parametrize("where", ["customer", "=c42"])
def test_a_tag_without_a_value_is_wrong_use(store, capsys, where) -> None:
    assert main(["records", "list", "--where", where]) == 2

    assert "has no value; write --where customer=c42" in capsys.readouterr().err


def test_show_prints_the_record_and_what_was_said_of_it(store, capsys) -> None:
    good = store.rows()[1].id

    assert main(["records", "feedback", good[:10], "-1", "--note", "wrong team"]) == 0
    assert main(["records", "show", good, "--json"]) == 0
    assert main(["records", "show", good]) == 0

    said, line, *shown = capsys.readouterr().out.splitlines()
    assert said == f"noted -1 for {good[:10]}"
    record = json.loads(line)
    assert record == json.loads("\n".join(shown))
    assert record["prompt"]["inputs"] == {"message": "It broke."}
    assert [(item["score"], item["note"]) for item in record["feedback"]] == [(-1.0, "wrong team")]
    (row,) = listed(capsys, "--where", "customer=c42")
    assert row["score"] == -1.0


def test_a_score_is_a_number(store, capsys) -> None:
    assert main(["records", "feedback", store.rows()[0].id, "--bad"]) == 2

    assert "Invalid value for 'SCORE'" in capsys.readouterr().err


def test_prune_keeps_what_it_is_told_to_keep(store, capsys) -> None:
    assert main(["records", "prune", "--keep", "1"]) == 0
    assert main(["records", "prune", "--days", "1", "--json"]) == 0
    assert main(["records", "prune", "--megabytes", "0"]) == 0
    assert main(["records", "prune"]) == 2

    told = capsys.readouterr()
    one, none, rest = told.out.splitlines()
    assert one == "forgot 1 record of calls.db"
    assert json.loads(none) == {"file": "calls.db", "pruned": 0}
    assert rest == "forgot 1 record of calls.db"
    assert "say what to keep: --keep N, --days N or --megabytes N" in told.err


def test_a_missing_file_and_a_missing_record_are_told_of(store, capsys) -> None:
    assert main(["records", "list", "--file", "nowhere.db"]) == 2
    assert main(["records", "show", "ffffffffffffffffx"]) == 2

    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: there is no file of records nowhere.db")
    assert second.startswith("error: calls.db has no record 'ffffffffffffffffx'")
