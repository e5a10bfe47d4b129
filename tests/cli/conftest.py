"""A project in a temporary folder, and the command line run inside it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.cli import main

NOTE = """\
---
format: promptkit/1
name: note
version: 1.2.0
description: Sort a note.
input:
  schema:
    text: string
    tags?(array): string
    count?: integer
    sender?(object):
      name: string
      age?: integer
output:
  schema:
    kind(enum): [task, idea]
    short:
      type: string
      max_words: 3
check: {task-missing: off}
---
{% system %}
{{ constraints }}
{% endsystem %}
{% user %}
{{ text }}|{{ tags }}|{{ count }}|{{ sender }}
{% enduser %}
"""
ECHO = """\
---
format: promptkit/1
name: echo
description: Say it again.
input:
  schema:
    text: string
---
{% system %}
Repeat it.
{% endsystem %}
{% user %}
{{ text }}
{% enduser %}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one command line did."""

    code: int
    out: str
    err: str


class Project:
    """A folder with a library of two prompts, and a command line in it."""

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], set_stdin: Callable[[Any], None]
    ) -> None:
        self.folder = folder
        self.library = folder / "templates"
        self._capsys = capsys
        self._set_stdin = set_stdin
        self._profiles: dict[str, Any] = {}

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def answers(self, *replies: Any) -> MockBackend:
        """A backend profile named ``scripted`` that gives these replies."""
        backend = MockBackend(list(replies))
        pk.configure(backends={"scripted": backend})
        return backend

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run the command line in this process."""
        self._set_stdin(io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        code = main(list(arguments))
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Outcome(code=code, out=captured.out, err=captured.err)


@pytest.fixture
def cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Project]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROMPTKIT_BACKEND", raising=False)
    monkeypatch.delenv("PROMPTKIT_DEBUG", raising=False)
    monkeypatch.setenv("PROMPTKIT_CACHE_DIR", str(tmp_path / ".cache"))
    project = Project(tmp_path, capsys, lambda stream: monkeypatch.setattr(sys, "stdin", stream))
    project.write("templates/note.prompt.j2", NOTE)
    project.write("templates/echo.prompt.j2", ECHO)
    yield project
    pk.configure()
