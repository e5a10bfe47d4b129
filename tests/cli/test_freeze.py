"""promptkit freeze."""

from __future__ import annotations

from typing import Any


def test_freezing_says_what_it_wrote_and_a_second_time_that_nothing_changed(cli: Any) -> None:
    cli.write(
        "templates/greet.prompt.j2", "---\nversion: 1.0.0\n---\n{% user %}{% include 'tone' %}{% enduser %}"
    )
    cli.write("templates/tone.md", "Stay calm.")

    first, second = cli("freeze", "greet"), cli("freeze", "greet")

    path = cli.library / "versions" / "greet@1.0.0.prompt.j2"
    assert (first.code, first.out) == (0, f"wrote {path}\nwith tone.md\n")
    assert (second.code, second.out) == (0, "greet@1.0.0 is frozen already, with the same content\n")
    assert cli("render", "greet@^1").out == "user\n  Stay calm.\n"


def test_a_prompt_without_version_is_refused(cli: Any) -> None:
    done = cli("freeze", "echo")

    assert done.code == 2
    assert "echo.prompt.j2: echo names no version" in done.err


def test_without_fragments_one_line_is_enough(cli: Any) -> None:
    assert cli("freeze", "note").out.count("\n") == 1


def test_a_fragment_is_frozen_as_the_version_that_is_given(cli: Any) -> None:
    cli.write("templates/tone.md", "Stay calm.")

    done = cli("freeze", "tone", "--version", "1.0.0")

    assert done.out == f"wrote {cli.library / 'versions' / 'tone@1.0.0.md'}\n"
