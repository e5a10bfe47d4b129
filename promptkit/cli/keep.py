"""``promptkit keep``: a recorded call becomes a test file with a cassette."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from promptkit.cli.options import AsJson, LibraryOption

__all__ = ["keep"]


def keep(  # noqa: PLR0913 - the options of a command
    id: Annotated[str, typer.Argument(metavar="ID", help="The call's id, or how it begins.")],  # noqa: A002
    *,
    file: Annotated[
        Path, typer.Option("--file", metavar="PATH", help="The database of records. Default: calls.db.")
    ] = Path("calls.db"),
    to: Annotated[
        Path,
        typer.Option(
            "--to", metavar="PATH", help="A folder, or the test file (.py) itself. Default: tests/kept."
        ),
    ] = Path("tests/kept"),
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt", metavar="NAME", help="A prompt or the path of its file. Default: the call's."
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend", metavar="NAME", help="Who answers in the test. Default: who answered then."
        ),
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
    if as_json:
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
    screen.text(f"wrote {written.test}")
    screen.text(f"wrote {written.cassette}")
    run = f"pytest {shlex.quote(str(written.test))}"
    if not written.asks_the_same:
        screen.text(f"the prompt has changed since; next, ask the model anew: {run} --pk-record=missing")
    elif written.passes:
        screen.text(f"next, where it is wrong, write what is right into ANSWER: {run}")
    else:
        screen.text(f"next, mend the prompt; it fails until then: {run}")
    return 0
