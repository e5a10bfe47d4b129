"""``promptkit cache``."""

from __future__ import annotations

import json

import pytest

from promptkit.backends import MockBackend, layers
from promptkit.cli import main
from promptkit.prompts import Prompt

PROMPT = Prompt(name="sort", clarity={"task": "Sort {{ message }}."})


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMPTKIT_CACHE_DIR", str(tmp_path))
    backend = layers.cache(MockBackend(["fault", "wish"]))
    for message in ("a", "b", "b"):
        PROMPT.using(backend).run(message=message)
    backend.close()
    return tmp_path / "answers-1.sqlite"


def test_stats_say_what_is_kept(file, capsys) -> None:
    assert main(["cache", "stats"]) == 0

    shown = capsys.readouterr().out
    assert str(file) in shown.replace("\n", "")
    assert "used again    1 times" in shown


def test_stats_as_json(file, capsys) -> None:
    assert main(["cache", "stats", "--json"]) == 0

    stats = json.loads(capsys.readouterr().out)
    assert (stats["answers"], stats["hits"], stats["file"]) == (2, 1, str(file))
    assert stats["bytes"] > 0
    assert stats["oldest"].endswith("+00:00")


def test_clear_forgets_all(file, capsys) -> None:
    assert main(["cache", "clear", "--json"]) == 0
    assert main(["cache", "clear"]) == 0
    assert main(["cache", "stats", "--json"]) == 0

    first, second, third = capsys.readouterr().out.splitlines()
    assert json.loads(first) == {"file": str(file), "cleared": 2}
    assert second == f"forgot 0 answers of {file}"
    assert json.loads(third)["answers"] == 0


def test_a_file_that_is_not_there_is_empty_and_not_made(tmp_path, capsys) -> None:
    path = tmp_path / "none.sqlite"

    assert main(["cache", "stats", "--file", str(path)]) == 0
    assert "answers       0" in capsys.readouterr().out
    assert not path.exists()


def test_anything_else_is_wrong_use(capsys) -> None:
    assert main(["cache", "polish"]) == 2
    assert "stats" in capsys.readouterr().err
