"""``promptkit keep``: a recorded call becomes a test file with a cassette."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptkit.cli.options import AsJson, CallsOption, IdArgument, LibraryOption, OfPromptOption

if TYPE_CHECKING:
    from promptkit.testing.kept_tests import WrittenTest

__all__ = ["keep"]


def keep(  # noqa: PLR0913 - the options of a command
    id: IdArgument,  # noqa: A002 - the record's own word
    *,
    file: CallsOption = Path("calls.db"),
    to: Annotated[
        Path, typer.Option(metavar="PATH", help="A folder, or the test file (.py). Default: tests/kept.")
    ] = Path("tests/kept"),
    prompt: OfPromptOption = None,
    backend: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who answers in the test. Default: who answered then."),
    ] = None,
    library: LibraryOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: AsJson = False,
) -> int:
    """Write a kept call as a test that replays it: a test file and its cassette."""
    from promptkit.cli.locations import find_prompt_of, located
    from promptkit.cli.screen import Screen
    from promptkit.records import RecordDatabase
    from promptkit.testing.kept_tests import Home, write_test

    with RecordDatabase(file, make=False) as store:
        call = store.get(id)
        said = store.feedback_of(call.id)
    found = find_prompt_of(call, prompt, library)
    path, own = located(prompt or call.prompt.name, library)
    home = Home(path=path, name=own)
    written = write_test(call, found, home, to, backend=backend, said=said, replace=force)
    screen = Screen()
    if not as_json:
        screen.text(f"wrote {written.test}\nwrote {written.cassette}\n{_next(written)}")
        return 0
    screen.json(
        {
            "id": call.id,
            "test": str(written.test),
            "cassette": str(written.cassette),
            "asks_the_same": written.asks_the_same,
            "passes": written.passes,
        }
    )
    return 0


def _next(written: WrittenTest) -> str:
    run = f"pytest {shlex.quote(str(written.test))}"
    if not written.asks_the_same:
        return f"the prompt has changed since; next, ask the model anew: {run} --pk-record=missing"
    if written.passes:
        return f"next, where it is wrong, write what is right into ANSWER: {run}"
    return f"next, mend the prompt; it fails until then: {run}"
