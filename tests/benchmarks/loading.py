"""What finding and loading prompts costs: the index of a library, a prompt's first use, and each use after it.

    python tests/benchmarks/loading.py [--files 1000]

Figures are processor time (user and system) of this process, the best of several rounds, since wall time says more
about who else uses the machine. To count instructions instead, which no load changes, run one part alone under
valgrind with two numbers of rounds and take the difference:

    valgrind --tool=callgrind python tests/benchmarks/loading.py --only index --files 250 --rounds 1
    valgrind --tool=callgrind python tests/benchmarks/loading.py --only index --files 500 --rounds 1

index        name, version and description of every file of a generated library, one pass from nothing, per file
declaration  a shipped prompt's whole front matter, read from its text
compiled     its schemas and texts, compiled; from the cache: with the bytecode that an earlier process kept
again        `library.get` of a prompt that was asked for before, its files read and compared
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from checking import TEMPLATES, write_library

from promptkit.libraries import Library


@contextmanager
def cached_in(folder: str) -> Iterator[None]:
    """Keep bytecode in this folder."""
    before = os.environ.get("PROMPTKIT_CACHE_DIR")
    os.environ["PROMPTKIT_CACHE_DIR"] = folder
    yield
    os.environ.pop("PROMPTKIT_CACHE_DIR")
    if before is not None:
        os.environ["PROMPTKIT_CACHE_DIR"] = before


def best_us(rounds: int, count: int, run: Callable[[], object]) -> float:
    """The least processor time of a round, per item, in microseconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times) / count * 1e6


def index(files: int, rounds: int) -> None:
    """Print what the index costs."""
    with tempfile.TemporaryDirectory(prefix="promptkit-loading-") as folder:
        root = Path(folder).resolve()
        write_library(root, files)
        us = best_us(rounds, files, lambda: dict(Library(root).headers()))
    print(f"index          {us:8.0f} us a file")


def declaration(_files: int, rounds: int) -> None:
    """Print what front matter costs."""
    library = Library(TEMPLATES.resolve())
    entries = [library.entry(name) for name in library.names()]
    us = best_us(rounds, len(entries), lambda: [library.declaration(entry) for entry in entries])
    print(f"declaration    {us:8.0f} us")


def compiled(_files: int, rounds: int) -> None:
    """Print what compiling costs, without and with kept bytecode."""
    sys.dont_write_bytecode = False
    library = Library(TEMPLATES.resolve())
    entries = [library.entry(name) for name in library.names()]

    def first_use() -> None:
        for entry in entries:
            library.open(entry).check()

    with cached_in(os.devnull):
        print(f"compiled       {best_us(rounds, len(entries), first_use):8.0f} us, front matter included")
    with tempfile.TemporaryDirectory(prefix="promptkit-loading-") as folder, cached_in(folder):
        first_use()
        print(f"  from cache   {best_us(rounds, len(entries), first_use):8.0f} us")


def again(_files: int, rounds: int) -> None:
    """Print what asking again costs."""
    library = Library(TEMPLATES.resolve())
    names = library.names()
    for name in names:
        library.get(name).check()
    us = best_us(rounds, len(names), lambda: [library.get(name).check() for name in names])
    print(f"again          {us:8.0f} us")


PARTS = {"index": index, "declaration": declaration, "compiled": compiled, "again": again}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=PARTS)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, processor time")
    for name, part in PARTS.items():
        if given.only in {None, name}:
            part(given.files, given.rounds)


if __name__ == "__main__":
    main()
