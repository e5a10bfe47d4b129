"""promptkit new."""

from __future__ import annotations

import json
import os
import shlex
import stat
from typing import Any

import pytest


def test_a_new_prompt_is_complete_and_passes_its_own_check(cli: Any) -> None:
    done = cli("new", "support/reply")
    checked = cli("check", "support/reply")

    assert done.code == 0
    assert done.out.splitlines()[0] == "wrote templates/support/reply.prompt.j2"
    assert (checked.code, checked.out) == (0, "1 prompt, 0 faults, 1 test passed\n")


def test_the_command_that_it_names_next_works(cli: Any) -> None:
    done = cli("new", "reply", "--library", "fresh library")

    command = done.out.splitlines()[1].removeprefix("next: ")
    arguments = shlex.split(command)
    rendered = cli(*arguments[1:], "--json")
    assert arguments[0] == "promptkit"
    assert rendered.code == 0
    assert "The bridge closes on Monday." in json.loads(rendered.out)[-1]["content"]


def test_the_new_prompt_runs(cli: Any) -> None:
    cli("new", "reply")
    cli.answers({"summary": "It rains.", "topics": ["weather"]})

    done = cli(
        "run", "reply", "--set", "text=Rain.", "--set", "audience=sailors", "--backend", "scripted", "--json"
    )

    assert json.loads(done.out) == {"summary": "It rains.", "topics": ["weather"]}


def test_it_makes_the_first_library_of_a_project(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (cli.folder / "bare").mkdir()
    monkeypatch.chdir(cli.folder / "bare")

    done = cli("new", "reply")

    assert done.code == 0
    assert (cli.folder / "bare" / "templates" / "reply.prompt.j2").is_file()


@pytest.mark.parametrize("name", ["note.prompt.j2", "note.prompt.yaml"])
def test_it_never_overwrites(cli: Any, name: str) -> None:
    (cli.library / "note.prompt.j2").rename(cli.library / name)
    before = (cli.library / name).read_bytes()

    done = cli("new", "note")

    assert (done.code, done.out) == (2, "")
    assert f"templates/{name} exists already" in done.err
    assert (cli.library / name).read_bytes() == before
    assert sorted(path.name for path in cli.library.iterdir()) == sorted(["echo.prompt.j2", name])


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a b", "", "x.prompt.j2", "a//b", "-x", "a/../b"])
def test_a_name_that_is_none_is_refused(cli: Any, name: str) -> None:
    done = cli("new", "--", name)

    assert (done.code, done.out) == (2, "")
    assert "is no name for a prompt" in done.err
    assert sorted(path.name for path in cli.library.iterdir()) == ["echo.prompt.j2", "note.prompt.j2"]


@pytest.mark.parametrize("library", ["templates/note.prompt.j2", "templates/note.prompt.j2/deeper"])
def test_a_folder_that_cannot_be_made_is_told(cli: Any, library: str) -> None:
    done = cli("new", "reply", "--library", library)

    assert (done.code, done.out) == (2, "")
    assert f"the folder {library} cannot be made: " in done.err


def test_a_folder_that_takes_no_files_is_told_and_nothing_is_left(cli: Any) -> None:
    done = cli("new", "x" * 250)

    assert (done.code, done.out) == (2, "")
    assert "cannot be written: File name too long" in done.err
    assert sorted(path.name for path in cli.library.iterdir()) == ["echo.prompt.j2", "note.prompt.j2"]


def test_the_file_has_the_permissions_that_any_new_file_has(cli: Any) -> None:
    old = os.umask(0o027)
    try:
        cli("new", "reply")
    finally:
        os.umask(old)

    mode = stat.S_IMODE((cli.library / "reply.prompt.j2").stat().st_mode)
    assert oct(mode) == "0o640"
    assert sorted(path.name for path in cli.library.iterdir()) == [
        "echo.prompt.j2",
        "note.prompt.j2",
        "reply.prompt.j2",
    ]
