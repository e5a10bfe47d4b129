"""Instructions of a piece of work, counted by callgrind: the same on a busy machine as on a quiet one."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["counted", "instructions"]

_VALGRIND = ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=/dev/null")


def instructions(*arguments: str) -> int:
    """What a Python program spends inside of :func:`counted`, in instructions.

    Args:
        arguments: The program and its arguments.
    """
    # Seeded hashes: else the order of sets differs from run to run, and with it the work by some thousandths.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [*_VALGRIND, sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"{' '.join(arguments)} could not be counted: {done.stderr[-500:]}")
    return int(found[1])


@contextmanager
def counted() -> Generator[None]:
    """Inside a program that :func:`instructions` runs: what is counted."""
    gc.collect()
    switch = ["callgrind_control", "-i"]
    subprocess.run([*switch, "on", str(os.getpid())], check=True, stdout=subprocess.DEVNULL)
    yield
    subprocess.run([*switch, "off", str(os.getpid())], check=True, stdout=subprocess.DEVNULL)
