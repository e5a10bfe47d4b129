"""promptkit lock, and commands in a project that is strict."""

from __future__ import annotations

from typing import Any


def test_a_library_is_locked_and_checked(cli: Any) -> None:
    first, second = cli("lock"), cli("lock", "--check")

    assert first.code == second.code == 0
    assert first.out.splitlines()[-1] == f"{cli.library / 'prompts.lock'}: 2 files locked"
    assert "echo.prompt.j2 is not locked" in first.out
    assert second.out == "the library is what prompts.lock says\n"


def test_what_has_changed_is_listed_and_fails_the_check(cli: Any) -> None:
    cli("lock")
    cli.write("templates/echo.prompt.j2", "{% user %}{{ text }}{% enduser %}")

    done = cli("lock", "--check")

    assert done.code == 2
    assert done.out.startswith("echo.prompt.j2 has another text (")
    assert "run promptkit lock when the changes are meant" in done.err


def test_a_strict_project_renders_only_what_is_locked(cli: Any) -> None:
    cli.write("promptkit.toml", "strict = true\n")
    cli("lock")
    assert cli("render", "echo", "--set", "text=x").code == 0
    assert cli("render", "templates/echo.prompt.j2", "--set", "text=x").code == 0
    cli.write("templates/echo.prompt.j2", "{% user %}{{ text }}{% enduser %}")

    done, checked = cli("render", "echo", "--set", "text=x"), cli("check", "echo")

    assert done.code == 2
    assert "prompts.lock:" in done.err
    assert "than is locked" in done.err
    assert checked.code == 0


def test_a_newer_lock_is_refused_and_written_anew_when_asked(cli: Any) -> None:
    cli.write("templates/prompts.lock", "format = 2\n")

    assert "written by a newer promptkit" in cli("lock", "--check").err
    assert "written by a newer promptkit" in cli("lock").err
    assert cli("lock", "--anew").code == 0
    assert cli("lock", "--check").code == 0


def test_a_deprecated_prompt_is_told_of_on_stderr(cli: Any) -> None:
    cli.write("templates/old.prompt.j2", "---\ndeprecated: use echo\n---\n{% user %}Hi{% enduser %}")

    done = cli("render", "old")

    assert (done.code, done.err) == (0, "warning: old is deprecated: use echo\n")
    assert done.out == "user\n  Hi\n"


def test_one_file_is_one_file(cli: Any) -> None:
    (cli.library / "echo.prompt.j2").unlink()

    assert cli("lock").out.endswith("1 file locked\n")
