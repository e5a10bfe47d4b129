"""``promptkit new``: write a first version of a prompt file."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from promptkit.cli.options import LibraryOption
from promptkit.errors import PromptError

__all__ = ["new"]

_SUFFIXES = (".prompt.j2", ".prompt.yaml")

_STARTER = """\
---
# A prompt is a contract: typed inputs, an instruction of clarity, context and constraints, a typed output.
# Change each part to your task, then run: promptkit check {name}
format: promptkit/1
name: {name}
version: 0.1.0
description: Sum a text up in one sentence and name its topics.

generation:             # how the model samples; which model answers is said when you run it
  temperature: 0
  max_tokens: 300

input:                  # what a call must be given; ? after a name makes an input optional
  schema:
    text: string, the text to sum up
    audience?: string, who will read the summary

clarity:                # who does what for whom, and when it is done
  role: An editor who writes short and plain sentences.
  task: Sum the text up in one sentence and name its topics.
  steps:
    - Read the whole text.
    - Write one sentence that holds what matters most.
    - Name one to three topics, each in one or two words.
  done_when: One JSON object with summary and topics is written.

context:                # what the model is shown; an input is fenced, so that it stays data
  - id: text
    from: text

output:                 # what the answer must be; a rule of one field stands with the field
  schema:
    summary:
      type: string
      about: one sentence
      max_words: 30
      never_says: [this text, the author]
    topics(array, one to three topics): string

constraints:            # rules across fields
  - id: few-topics
    expr: "len(output.topics) >= 1 and len(output.topics) <= 3"
    say: There are one to three topics.

attempts: 2             # ask once more when an answer breaks the contract

examples:               # shown to the model, and checked against everything above
  - input: {{text: "The bridge closes on Monday. Buses take the road along the river for two weeks."}}
    output:
      summary: The bridge is closed for two weeks from Monday and buses run along the river.
      topics: [bridge, buses]

tests:                  # run by promptkit check with a mocked model
  - name: a summary that says too much is caught
    input: {{text: "It rains."}}
    replies:
      - {{summary: This text says that it rains., topics: [weather]}}
    expect: {{violates: [summary.never_says]}}
---
{{% system %}}
{{{{ clarity }}}}

{{{{ constraints }}}}

{{{{ output_format }}}}
{{% endsystem %}}
{{% examples %}}
{{% user %}}
{{% if audience %}}
The reader: {{{{ audience }}}}
{{% endif %}}
The text:
{{{{ context.text }}}}
{{% enduser %}}
"""


def new(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Its path in the library, without suffix."),
    ],
    library: LibraryOption = None,
) -> int:
    """Write a small, complete prompt file to start from."""
    from promptkit.cli.locations import library_folder
    from promptkit.cli.screen import Screen
    from promptkit.libraries import is_prompt_name

    if not is_prompt_name(name) or name.endswith(_SUFFIXES):
        raise PromptError(
            f"{name!r} is no name for a prompt; use letters, digits, _ - and . with / between folders, and no "
            f"suffix, for example support/triage"
        )
    folder = library_folder(library)
    path = _write(folder, name)
    screen = Screen()
    screen.text(f"wrote {path}")
    option = f" --library {shlex.quote(str(library))}" if library is not None else ""
    screen.text(f'next: promptkit render {name}{option} --set text="The bridge closes on Monday."')
    return 0


def _write(folder: Path, name: str) -> Path:
    from promptkit.libraries.writing import create_file, make_folder, writing_faults

    target = folder / f"{name}{_SUFFIXES[0]}"
    for suffix in _SUFFIXES:
        if os.path.lexists(folder / f"{name}{suffix}"):
            raise _taken(folder / f"{name}{suffix}")
    make_folder(target.parent, folder)
    with writing_faults(target):
        try:
            create_file(target, _STARTER.format(name=name))
        except FileExistsError:
            raise _taken(target) from None
    return target


def _taken(path: Path) -> PromptError:
    return PromptError(f"{path} exists already; choose another name or remove it first")
