"""The commands as one command line; importing this needs typer and rich."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer

from promptkit.cli.cache import cache
from promptkit.cli.check import check
from promptkit.cli.diff import diff
from promptkit.cli.explain import explain
from promptkit.cli.fmt import fmt
from promptkit.cli.freeze import freeze
from promptkit.cli.keep import keep
from promptkit.cli.listing import list_prompts
from promptkit.cli.lock import lock
from promptkit.cli.new import new
from promptkit.cli.plan import plan
from promptkit.cli.records import records
from promptkit.cli.release import release
from promptkit.cli.render import render
from promptkit.cli.replay import replay
from promptkit.cli.review import review
from promptkit.cli.run import run
from promptkit.cli.schema import schema
from promptkit.cli.stderr import say
from promptkit.cli.stubs import stubs
from promptkit.cli.wording import wording

__all__ = ["run_command_line"]

# The class of all errors of use. typer exports only this subclass of it, and where the class itself lives has
# changed from one version to another.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
_COMMANDS: Mapping[str, Callable[..., int]] = {
    "new": new,
    "list": list_prompts,
    "render": render,
    "explain": explain,
    "plan": plan,
    "run": run,
    "replay": replay,
    "keep": keep,
    "check": check,
    "cache": cache,
    "fmt": fmt,
    "freeze": freeze,
    "lock": lock,
    "diff": diff,
    "release": release,
    "review": review,
    "wording": wording,
    "schema": schema,
    "stubs": stubs,
}


def run_command_line(arguments: list[str]) -> int:
    """Run the command that the arguments name and return its exit code.

    Wrong use ends with 2 and a line on stderr; errors of promptkit pass through.
    """
    command: Any = typer.main.get_command(_application())
    try:
        # `command.main` would turn Ctrl-C and errors into its own messages and exit codes.
        with warnings.catch_warnings(), command.make_context("promptkit", list(arguments)) as context:
            # Deprecated prompts are told of in the words of the command line.
            warnings.filterwarnings("ignore", r".+ is deprecated: ", DeprecationWarning)
            return int(command.invoke(context) or 0)
    except typer.Exit as end:
        return end.exit_code
    except _USAGE_ERROR as error:
        _explain(error)
        return 2


def _application() -> typer.Typer:
    # Plain help: the same on every terminal, readable when piped, and quick.
    application = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"max_content_width": 100},
    )
    application.callback(
        invoke_without_command=True,
        help="Prompts as contracts: write, list, render, plan, run and check prompt files.",
        epilog="Exit codes: 0 ok, 1 the output failed its contract or a check found faults, "
        "2 wrong use or input, 3 backend or budget, 130 interrupted.",
    )(_start)
    for name, function in _COMMANDS.items():
        application.command(name)(function)
    application.add_typer(records, name="records")
    return application


def _start(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if show_version:
        typer.echo(f"promptkit {_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def _version() -> str:
    try:
        return version("promptkit-3c")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"


def _explain(error: Any) -> None:
    context = getattr(error, "ctx", None)
    say(f"error: {error.format_message()}")
    if context is not None:
        say(f"see: {context.command_path} --help")
