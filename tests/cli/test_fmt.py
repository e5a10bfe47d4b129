"""promptkit fmt."""

from __future__ import annotations

from typing import Any

UGLY = "version: 1.0.0\nname: ugly\nclarity:\n    task: Do it.\n"


def test_a_library_is_formatted_and_a_second_time_nothing_changes(cli: Any) -> None:
    path = cli.write("templates/ugly.prompt.j2", f"---\n{UGLY}---\n")
    kept = cli.write("templates/versions/ugly@1.0.0.prompt.j2", f"---\n{UGLY}---\n")

    checked, first, second = cli("fmt", "--check"), cli("fmt"), cli("fmt", "--check")

    assert (checked.code, checked.out) == (1, f"would format {path}\n3 files, 1 to change\n")
    assert (first.code, first.out) == (0, f"formatted {path}\n3 files, 1 changed\n")
    assert (second.code, second.out) == (0, "3 files, 0 to change\n")
    assert path.read_text() == "---\nname: ugly\nversion: 1.0.0\nclarity:\n  task: Do it.\n---\n"
    assert kept.read_text() == f"---\n{UGLY}---\n"


def test_names_and_files_are_formatted_alone(cli: Any) -> None:
    cli.write("templates/ugly.prompt.j2", f"---\n{UGLY}---\n")
    path = cli.write("other.prompt.yaml", UGLY.replace("\n", "\r\n"))

    assert cli("fmt", "ugly").out.endswith("1 file, 1 changed\n")
    assert cli("fmt", "other.prompt.yaml").out.endswith("1 file, 1 changed\n")
    assert b"\r" not in path.read_bytes()
    assert cli("fmt", "nothing.prompt.j2").code == 2


def test_a_file_that_cannot_be_read_is_left_and_told_of(cli: Any) -> None:
    path = cli.write("templates/ugly.prompt.j2", "---\nname: a: b\n---\n")

    done = cli("fmt", "ugly")

    assert done.code == 2
    assert "ugly.prompt.j2:2" in done.err
    assert path.read_text() == "---\nname: a: b\n---\n"
