"""The border of the program: versions, help, interrupts, faults of our own."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Any

import pytest

from promptkit.cli.entry import described
from promptkit.completions import Attempt, Usage
from promptkit.errors import AttemptsExhausted, Refused


def test_version_is_the_distributions(cli: Any) -> None:
    done = cli("--version")

    assert (done.code, done.out) == (0, f"promptkit {version('promptkit-3c')}\n")


@pytest.mark.parametrize("command", ["new", "list", "render", "plan", "run", "check"])
def test_help_names_every_command_and_each_has_its_own(cli: Any, command: str) -> None:
    whole, own = cli("--help"), cli(command, "--help")

    assert (whole.code, own.code) == (0, 0)
    assert f"  {command} " in whole.out
    assert own.out.startswith(f"Usage: promptkit {command} ")
    assert (whole.out + own.out).isascii()


def test_no_command_shows_the_help_and_is_wrong_use(cli: Any) -> None:
    done = cli()

    assert (done.code, done.out) == (2, "")
    assert "Usage: promptkit" in done.err


def test_an_unknown_command_is_wrong_use(cli: Any) -> None:
    done = cli("rnder")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: No such command 'rnder'")
    assert "promptkit --help" in done.err


def test_an_interrupt_is_one_line_and_130(cli: Any) -> None:
    cli.answers(KeyboardInterrupt())

    done = cli("run", "echo", "--set", "text=x", "--backend", "scripted")

    assert (done.code, done.out, done.err) == (130, "", "interrupted\n")


def test_an_unforeseen_error_is_one_line_with_its_type_and_3(cli: Any) -> None:
    cli.answers(ZeroDivisionError("by\nnothing \x1b[31m"))

    done = cli("run", "echo", "--set", "text=x", "--backend", "scripted")

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(
        "error: ZeroDivisionError: by nothing \\x1b[31m - this is a fault of promptkit;"
    )
    assert "PROMPTKIT_DEBUG=1" in done.err
    assert done.err.count("\n") == 1


def test_debug_shows_the_traceback_of_an_unforeseen_error(
    cli: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from promptkit.cli import main

    cli.answers(ZeroDivisionError("by nothing"))
    monkeypatch.setenv("PROMPTKIT_DEBUG", "1")

    code = main(["run", "echo", "--set", "text=x", "--backend", "scripted"])

    assert code == 3
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_one_line_says_what_to_install(
    cli: Any, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    for name in [name for name in sys.modules if name.startswith("promptkit.cli.")]:
        monkeypatch.delitem(sys.modules, name)

    done = cli("list")

    line = "error: the command line needs typer and rich: pip install 'promptkit-3c[cli]'\n"
    assert (done.code, done.out, done.err) == (2, "", line)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["render", "echo", "--set", "text=x"], 0),
        (["list"], 0),
        (["check", "odd"], 1),
        (["run", "echo", "--set", "text=x", "--backend", "scripted"], 0),
        (["run", "echo", "--set", "text=x", "--backend", "scripted", "--stream"], 0),
        (["--help"], 0),
    ],
)
def test_a_reader_that_has_left_changes_no_exit_code_and_says_nothing(
    cli: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int
) -> None:
    cli.write("templates/odd.prompt.j2", "---\nformat: promptkit/1\nodd: 1\n---\n")
    cli.answers("word " * 10)
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "w") as gone, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", gone)
        done = cli(*arguments)

    assert (done.code, done.err) == (code, "")


def test_what_was_spent_is_told_with_a_failed_output() -> None:
    usage = Usage(input_tokens=20, output_tokens=4)
    attempt = Attempt(number=1, completion=None, error="Refused: no", started_at=0.0, elapsed_s=1.0)
    error = AttemptsExhausted(
        "all 2 attempts broke the contract",
        attempts=(attempt, attempt),
        last=Refused("it declined", text="I cannot.", usage=usage),
    )

    assert described(error) == (
        "error: all 2 attempts broke the contract\n\n"
        "the model wrote:\nI cannot.\n\n"
        "spent: 20 tokens in, 4 out, 2 attempts"
    )
