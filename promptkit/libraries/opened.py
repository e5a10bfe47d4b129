"""Prompts that a library has opened, given out again for as long as their files say the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from promptkit.declarations import Declaration
from promptkit.errors import TemplateError
from promptkit.libraries.frozen import Entry
from promptkit.libraries.reading import Reader
from promptkit.libraries.trees import Tree, line_breaks
from promptkit.prompts import Loader, Prompt
from promptkit.rendering import Source
from promptkit.sessions import settings

__all__ = ["Opened"]

_MOST = 128
"""Prompts of one library; what was not asked for longest goes first."""


class Opened:
    """The prompts that were asked for last; safe to share between threads.

    Args:
        tree: The library's files.
        reader: Reads those that are not at hand.
    """

    def __init__(self, tree: Tree, reader: Reader) -> None:
        self._tree = tree
        self._reader = reader
        self._lock = threading.Lock()
        self._known: OrderedDict[object, tuple[Prompt[Any], _Given]] = OrderedDict()

    def prompt(self, entry: Entry, output: Any) -> Prompt[Any]:
        """The prompt of one file, the same one as long as neither it nor what it includes has changed.

        Raises:
            PromptError: As of :meth:`Reader.prompt`.
        """
        if output is not None and not isinstance(
            output, type
        ):  # list[int] and its like are made anew each time
            return self._reader.prompt(entry, output=output)
        key = entry.path, entry.name, output, settings().models
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
        if known is not None and self._holds(entry, *known):
            return known[0]
        given = _Given(self._reader.fragments(entry))
        prompt = self._reader.prompt(entry, output=output, load=given)
        if _is_all_in_its_files(prompt.declaration):
            with self._lock:
                self._known[key] = prompt, given
                self._known.move_to_end(key)
                if len(self._known) > _MOST:
                    self._known.popitem(last=False)
        return prompt

    def _holds(self, entry: Entry, prompt: Prompt[Any], given: _Given) -> bool:
        text = line_breaks(self._tree.text(entry.path))
        return text == prompt.declaration.text and given.holds()


@dataclass(slots=True)
class _Given:
    """Gives files for includes, and remembers what it gave first."""

    load: Loader
    sources: dict[str, Source] = field(default_factory=dict[str, Source])

    def __call__(self, name: str) -> Source:
        source = self.load(name)
        self.sources.setdefault(name, source)
        return source

    def holds(self) -> bool:
        try:
            return all(self.load(name) == source for name, source in list(self.sources.items()))
        except TemplateError:
            return False


def _is_all_in_its_files(declaration: Declaration) -> bool:
    """False where another prompt, a catalogue of sentences or a Python module has a say."""
    apart = declaration.extends, declaration.wording, declaration.input.model, declaration.output.model
    return all(one is None for one in apart)
