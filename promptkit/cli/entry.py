"""main: runs one command line and turns every error into a message and an exit code."""

from __future__ import annotations

import os
import sys
import textwrap
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module

from promptkit.cli.stderr import say
from promptkit.errors import AttemptsExhausted, OutputError, PromptKitError

__all__ = ["EXIT_INTERNAL", "EXIT_INTERRUPTED", "EXIT_USAGE", "main"]

EXIT_USAGE = 2
EXIT_INTERNAL = 3
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells count."""

_EXTRA = "the command line needs typer and rich: pip install 'promptkit-3c[cli]'"
_MAX_TEXT = 2000
"""Characters of a model's text that an error message shows: about twenty lines of a terminal."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments without the program's name; those of this process by default.

    Returns:
        0 ok; 1 the output failed its contract, or checks found faults; 2 wrong use, input, plan or
        configuration; 3 backend, budget or an error of promptkit's own; 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        say("interrupted")
        return EXIT_INTERRUPTED
    except PromptKitError as error:
        say(described(error))
        return error.exit_code
    except BrokenPipeError:
        _detach_stdout()
        return 0
    except OSError as error:
        say(f"error: {error.strerror or error}; is the disk full, or was the output closed?")
        return EXIT_USAGE
    except Exception as error:  # noqa: BLE001 - the program's border: people get a sentence, not a traceback
        return _internal(error)


def _run(arguments: list[str]) -> int:
    command_line = _loaded()
    if command_line is None:
        say(f"error: {_EXTRA}")
        return EXIT_USAGE
    return command_line(arguments)


def _loaded() -> Callable[[list[str]], int] | None:
    """The command line; None where the extra is not installed."""
    try:
        import_module("rich")  # told of here when it is missing, not in the middle of a command
        from promptkit.cli.commands import run_command_line
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("typer", "rich", "click"):
            return None
        raise
    return run_command_line


def described(error: PromptKitError) -> str:
    """An error for people: what happened, what the model wrote where it wrote, what was spent."""
    parts = [f"error: {error}"]
    failed = error.last if isinstance(error, AttemptsExhausted) else error
    if isinstance(failed, OutputError) and failed.text not in str(error):
        # The message itself quotes how the text begins; here the text stands whole below it.
        parts = [f"error: {str(error).partition('. It wrote: ')[0]}"]
        parts.append(f"the model wrote:\n{_shortened(failed.text)}")
    if isinstance(failed, OutputError) and failed.usage is not None:
        usage, count = failed.usage, len(error.attempts)
        parts.append(
            f"spent: {usage.input_tokens} tokens in, {usage.output_tokens} out, "
            f"{count} attempt{'' if count == 1 else 's'}"
        )
    return "\n\n".join(parts)


def _shortened(text: str) -> str:
    rest = len(text) - _MAX_TEXT
    return text if rest <= 0 else f"{text[:_MAX_TEXT]}... ({rest} more characters)"


def _internal(error: Exception) -> int:
    if os.environ.get("PROMPTKIT_DEBUG"):
        traceback.print_exception(error)
        return EXIT_INTERNAL
    what = textwrap.shorten(str(error), 300, placeholder="...") or "no message"
    say(
        f"error: {type(error).__name__}: {what} - this is a fault of promptkit; please report it "
        f"with the command that you ran. PROMPTKIT_DEBUG=1 shows the traceback."
    )
    return EXIT_INTERNAL


def _detach_stdout() -> None:
    """Let what is still in the buffer go nowhere, so that the interpreter's last flush does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
