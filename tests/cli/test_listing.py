"""promptkit list."""

from __future__ import annotations

import json
from typing import Any


def test_a_table_shows_name_version_and_description(cli: Any) -> None:
    done = cli("list")

    assert done.code == 0
    assert done.out.splitlines() == [
        "name  version  description",
        "echo  -        Say it again.",
        "note  1.2.0    Sort a note.",
    ]


def test_json_holds_the_same(cli: Any) -> None:
    done = cli("list", "--json")

    assert json.loads(done.out) == [
        {"name": "echo", "version": None, "description": "Say it again."},
        {"name": "note", "version": "1.2.0", "description": "Sort a note."},
    ]


def test_markup_and_control_characters_in_a_description_are_shown(cli: Any) -> None:
    cli.write(
        "templates/odd.prompt.yaml",
        'format: promptkit/1\nname: odd\ndescription: "[red]a\\u001B[31m"\ntemplate: |\n  {% user %}\n  x\n  {% enduser %}\n',
    )

    done = cli("list")

    assert "odd   -        [red]a\\x1b[31m" in done.out


def test_long_descriptions_are_wrapped_in_their_column(cli: Any) -> None:
    cli.write("templates/long.prompt.j2", f"---\nformat: promptkit/1\ndescription: {'word ' * 40}\n---\n")

    done = cli("list")

    assert done.code == 0
    assert max(len(line) for line in done.out.splitlines()) <= 100
    assert done.out.count("word") == 40


def test_a_faulty_file_is_told_and_the_others_are_listed(cli: Any) -> None:
    cli.write("templates/bad.prompt.j2", b"---\nname: \xff\n---\n")

    done = cli("list")

    assert done.code == 2
    assert "bad.prompt.j2" in done.err
    assert "not UTF-8" in done.err
    assert "note  1.2.0" in done.out


def test_an_empty_library_says_how_to_begin(cli: Any) -> None:
    (cli.folder / "empty").mkdir()

    done = cli("list", "--library", "empty")

    assert done.code == 0
    assert "promptkit new NAME writes the first" in done.out
    assert json.loads(cli("list", "--library", "empty", "--json").out) == []


def test_a_missing_library_exits_with_2_and_names_the_ways_to_give_one(cli: Any, monkeypatch: Any) -> None:
    (cli.folder / "bare").mkdir()
    monkeypatch.chdir(cli.folder / "bare")

    done = cli("list")

    assert (done.code, done.out) == (2, "")
    assert f"there is no library {cli.folder / 'bare' / 'templates'}" in done.err
    assert "--library DIR" in done.err


def test_two_files_of_one_name_are_told(cli: Any) -> None:
    cli.write("templates/note.prompt.yaml", "format: promptkit/1\n")

    done = cli("list")

    assert (done.code, done.out) == (2, "")
    assert "are both named note" in done.err
