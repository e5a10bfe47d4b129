"""Checking a folder with what is remembered of it: only what changed is looked at, on all processors."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from promptkit.checks import Report, Settings, Subject, check_opened
from promptkit.checks.memory import Entry, Memory, listing_of
from promptkit.checks.places import fault_of
from promptkit.checks.report import combined
from promptkit.declarations import Declaration
from promptkit.errors import PlanError, PromptError
from promptkit.libraries.checking import library_subjects
from promptkit.libraries.folders import Library
from promptkit.libraries.trees import FolderTree
from promptkit.libraries.watching import WatchedTree

__all__ = ["check_folder"]

_WORTH_A_PROCESS = 40
"""Prompts from which another process is worth its start: each takes some 8 ms, a fork some 50."""

_PORTION = 8
"""Prompts that a process draws at once, at least."""

_MOST_PORTIONS = 1_000
"""Of all prompts: a pipe takes one page before anybody reads it, however little the system gives."""

_NUMBER = 4
"""Bytes of a number in that pipe."""


def check_folder(
    root: Path,
    names: Iterable[str] | None,
    settings: Settings,
    *,
    memory: Memory | None,
    processes: int | None = None,
) -> Report:
    """Check prompts of a folder, and keep what was found.

    Args:
        root: The folder, absolute and resolved.
        names: The prompts; None for all.
        settings: What rules are set to by the configuration.
        memory: What is known of the folder; None looks at everything and keeps nothing.
        processes: How many processes may work; by default as many as there are processors.

    Raises:
        PromptError: When there is no prompt of a given name, or two files have one name.
    """
    listing = listing_of(root)
    tree = WatchedTree(FolderTree(root))
    subjects = library_subjects(Library(tree), names)
    known = memory.kept(root, listing) if memory is not None else {}
    todo = [subject for subject in subjects if subject.name not in known]
    checker = _Checker(tree, settings)
    found = _checked(checker, todo, processes or _processors())
    if memory is not None and (todo or listing != memory.listing):
        lasting = {name: Entry(one.files, one.report) for name, one in found.items() if one.lasts}
        if names is None:
            memory.names = tuple(subject.name for subject in subjects)
            known = {name: known[name] for name in memory.names if name in known}
        elif listing != memory.listing:
            memory.names = ()
        memory.entries = {**known, **lasting}
        memory.listing = listing
        memory.save()
    reports = {name: entry.report for name, entry in known.items()}
    reports |= {name: one.report for name, one in found.items()}
    return combined(reports[subject.name] for subject in subjects)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found in one prompt.

    Attributes:
        report: What was found.
        files: Digest by path of every file that was read for it, its own first.
        lasts: True when it stays so for as long as these files do.
    """

    report: Report
    files: dict[str, str]
    lasts: bool


class _Checker:
    """Checks prompts of one tree and notes what they are made of."""

    def __init__(self, tree: WatchedTree, settings: Settings) -> None:
        self._tree = tree
        self._settings = settings

    def found(self, subject: Subject) -> _Found:
        self._tree.read = {}
        try:
            prompt = subject.open()
        except (PromptError, PlanError) as error:
            fault = fault_of(error, "file", subject.file)
            return _Found(Report(prompts=1, findings=(fault,)), {}, lasts=False)
        report = check_opened(prompt, self._settings)
        # What is wrong may be mended elsewhere: by installing a package, or by a file that is missing.
        lasts = not report.faults and _is_all_in_files(prompt.declaration)
        return _Found(report, dict(self._tree.read), lasts)


def _is_all_in_files(declaration: Declaration) -> bool:
    """False where Python code outside promptkit has a say: models and rules of the user's own."""
    if declaration.input.model is not None or declaration.output.model is not None:
        return False
    return all(type(one.rule).__module__.startswith("promptkit.") for one in declaration.constraints)


def _processors() -> int:
    if sys.platform != "linux":  # elsewhere a process starts anew, which takes as long as checking does
        return 1
    return len(os.sched_getaffinity(0))


def _checked(checker: _Checker, subjects: Sequence[Subject], processes: int) -> dict[str, _Found]:
    """What was found, by name; other processes take their share where that is worth it."""
    count = min(processes, len(subjects) // _WORTH_A_PROCESS)
    if count < 2 or threading.active_count() > 1:  # noqa: PLR2004 - a fork of several threads may hang
        return {subject.name: checker.found(subject) for subject in subjects}
    context: Any = multiprocessing.get_context("fork")
    draw = _portions(len(subjects))
    others: list[tuple[Any, Connection]] = []
    try:
        for _ in range(count - 1):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(checker, subjects, draw, theirs), daemon=True)
            process.start()
            theirs.close()
            others.append((process, ours))
        found = {subject.name: checker.found(subject) for subject in _drawn(draw, subjects)}
        for process, ours in others:
            found |= _received(ours)
            process.join()
    finally:
        os.close(draw)
        for process, _ in others:
            process.terminate()
    # What another process drew and did not finish is done here.
    return found | {subject.name: checker.found(subject) for subject in subjects if subject.name not in found}


def _portions(count: int) -> int:
    """A pipe from which each process draws where its next portion begins, until none is left.

    Prompts differ in what they cost and processors in what else they do, so a fixed share would let one wait.
    """
    draw, fill = os.pipe()
    starts = range(0, count, _portion(count))
    os.write(fill, b"".join(start.to_bytes(_NUMBER, "little") for start in starts))
    os.close(fill)
    return draw


def _drawn(draw: int, subjects: Sequence[Subject]) -> Iterator[Subject]:
    """One portion after another, as long as there are any."""
    while number := os.read(draw, _NUMBER):
        start = int.from_bytes(number, "little")
        yield from subjects[start : start + _portion(len(subjects))]


def _portion(count: int) -> int:
    """How many prompts are drawn at once; the pipe holds all portions of a library of any size."""
    return max(_PORTION, count // _MOST_PORTIONS + 1)


def _work(checker: _Checker, subjects: Sequence[Subject], draw: int, theirs: Connection) -> None:
    """What another process does: what it draws, sent back as one value."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is told of once, by the first process
    theirs.send({subject.name: checker.found(subject) for subject in _drawn(draw, subjects)})
    theirs.close()


def _received(ours: Connection) -> dict[str, _Found]:
    """What the other process found; nothing where it came to a bad end."""
    try:
        received: dict[str, _Found] = ours.recv()
    except EOFError:
        return {}
    return received
