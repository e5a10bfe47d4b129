"""The tests of prompt files as test items, each with its line.

pytest makes the nodes of all files beside a test that it is asked for, so that making one loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from promptkit.declarations import FileTest
    from promptkit.prompts import Prompt

__all__ = ["PromptFile", "PromptTest"]


class PromptTestFailed(Exception):
    """A test of a prompt file did not come out as it expects."""


class PromptFile(pytest.File):
    """A prompt file whose ``tests:`` are run."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each test that stands in the file."""
        prompt = _prompt(self.path)
        for test in prompt.declaration.tests:
            made: Any = PromptTest
            yield made.from_parent(self, name=test.name, prompt=prompt, test=test)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:  # noqa: ARG002 - pytest's hook
        """An error of promptkit is a sentence, not a traceback."""
        from promptkit.errors import PromptKitError

        if isinstance(excinfo.value, PromptKitError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class PromptTest(pytest.Item):
    """One test of a prompt file: its replies, and what must come of them."""

    def __init__(self, *, prompt: Prompt[Any], test: FileTest, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # pyright: ignore[reportUnknownMemberType]
        self._prompt = prompt
        self._test = test

    def runtest(self) -> None:
        """Run it against a mocked backend."""
        from promptkit.checks.file_tests import run_file_test

        outcome = run_file_test(self._prompt, self._test)
        if not outcome.passed:
            raise PromptTestFailed(outcome.message)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:  # noqa: ARG002 - pytest's hook
        """Where it stands and what was otherwise."""
        from promptkit.errors import PromptKitError

        if isinstance(excinfo.value, PromptTestFailed | PromptKitError):
            return f"{self.path}:{self._test.line}: {self._test.name}\n{excinfo.value}"
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File and line, counted from 0."""
        line = self._test.line
        return self.path, None if line is None else line - 1, f"{self._prompt.name}: {self._test.name}"


def _prompt(path: Path) -> Prompt[Any]:
    """The prompt of a file, of the library that it lies in where the project names one."""
    from promptkit.libraries import Library, load
    from promptkit.sessions import settings

    folder = settings().library
    if folder is not None and path.resolve().is_relative_to(folder.resolve()):
        library = Library(folder.resolve())
        name = path.resolve().relative_to(folder.resolve()).as_posix().split(".prompt.")[0]
        if name in library:
            found: Prompt[Any] = library[name]
            return found
    return load(path)
