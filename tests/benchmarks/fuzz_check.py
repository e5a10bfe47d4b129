"""Random templates: whatever `promptkit check` lets pass has to render with every valid input.

    python tests/benchmarks/fuzz_check.py [--count 1000] [--seed 0] [--inputs 40] [--only N]

Each file has inputs of random types and a body of conditions, loops, macros, variables and filters, most of them
right. One that check finds an error in is foreseen, and so is one with a warning of a rule that says "fails where
...". Any other is rendered with so many generated inputs; a fault that rendering raises is a miss. How many of the
files with errors did fail is told too: check speaks of all inputs, so some of them never do.

File number N of seed S is the same each time: `--only N` prints it with what was found.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import promptkit as pk
from promptkit.errors import PromptKitError
from promptkit.libraries import check_file
from promptkit.schemas.generation.generate import Generated, Generator

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing import run
from random_templates import random_file

FORESEEING = frozenset({"unsure-name", "empty-list"})
"""Warnings that tell of a fault with some inputs."""


def fault_of(path: Path, count: int) -> tuple[str, str]:
    """What became of one file: a word for it, and the details."""
    findings = check_file(path).findings
    foreseen = [
        f"{one.rule}: {one.message}" for one in findings if one.severity == "error" or one.rule in FORESEEING
    ]
    try:
        prompt = pk.load(path)
        generator = Generator.of(prompt.contract.inputs.json_schema)
    except PromptKitError as error:
        return ("does not load, foreseen" if foreseen else "MISS"), str(error)
    assert isinstance(generator, Generator), generator
    for seed in range(count):
        made = generator.made(seed or None)
        if not isinstance(made, Generated):
            continue
        try:
            prompt.render(**made.value)
        except PromptKitError as error:
            if foreseen:
                return "fails, foreseen", f"{foreseen[0]}\n{error}"
            return "MISS", f"{error}\n{made.value}"
    return ("renders, with a finding" if foreseen else "renders"), "\n".join(foreseen)


def written(random: Random, folder: Path) -> Path:
    """One random file."""
    path = folder / "x.prompt.j2"
    path.write_text(random_file(random))
    return path


if __name__ == "__main__":
    run(__doc__, noun="file", fault="MISS", count=1000, inputs=40, write=written, judge=fault_of)
