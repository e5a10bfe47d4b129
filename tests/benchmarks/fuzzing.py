"""What the fuzzers of prompt files share: file number N of seed S, what became of each, and the sum of it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

__all__ = ["run"]


def run(
    about: str | None,
    *,
    noun: str,
    fault: str,
    count: int,
    inputs: int,
    write: Callable[[Random, Path], Path],
    judge: Callable[[Path, int], tuple[str, str]],
) -> None:
    """Read the command line, judge so many random files and print the figures; exit with 1 when there was a fault.

    Args:
        about: The program's docstring, whose first line is its help.
        noun: What a file is called.
        fault: The word of `judge` for a file that is a fault of promptkit's.
        count: How many files there are, and
        inputs: how many inputs each is rendered with, where the command line says nothing else.
        write: Writes one file into a folder and gives its path.
        judge: What became of a file, rendered with so many inputs: a word for it, and the details.
    """
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=int, default=inputs)
    parser.add_argument("--only", type=int, help=f"the number of one {noun}")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.count) if given.only is None else [given.only]:
            path = write(Random(f"{given.seed}/{number}"), Path(folder))
            text = path.read_bytes().decode()  # a judge may write it anew
            kind, detail = judge(path, given.inputs)
            counts[kind] += 1
            if kind == fault or given.only is not None:
                print(f"--- {number}: {kind}: {detail}\n--- as written:\n{text}", flush=True)
    told = ", ".join(f"{times} {kind}" for kind, times in counts.most_common())
    print(f"{sum(counts.values())} {noun}s: {told}")
    sys.exit(counts[fault] > 0)
