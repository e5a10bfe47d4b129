"""Random templates: whatever `promptkit check` lets pass has to render with every valid input.

    python tests/benchmarks/fuzz_check.py [--count 1000] [--seed 0] [--inputs 40] [--only N]

Each file has inputs of random types and a body of conditions, loops, macros, variables and filters, most of them
right. One that check finds an error in is foreseen, and so is one with a warning of a rule that says "fails where
...". Any other is rendered with so many generated inputs; a fault that rendering raises is a miss. How many of the
files with errors did fail is told too: check speaks of all inputs, so some of them never do.

File number N of seed S is the same each time: `--only N` prints it with what was found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import promptkit as pk
from promptkit.errors import PromptKitError
from promptkit.libraries import check_file
from promptkit.schemas.generation.generate import Generated, Generator

sys.path.insert(0, str(Path(__file__).parent))

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


def main() -> None:
    """Run and print the figures; the exit status is 1 when there was a miss."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=int, default=40)
    parser.add_argument("--only", type=int, help="the number of one file")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.prompt.j2"
        for number in range(given.count) if given.only is None else [given.only]:
            text = random_file(Random(f"{given.seed}/{number}"))
            path.write_text(text)
            kind, detail = fault_of(path, given.inputs)
            counts[kind] += 1
            if kind == "MISS" or given.only is not None:
                print(f"--- {number}: {kind}: {detail}\n{text}", flush=True)
    print(
        f"{sum(counts.values())} files: {', '.join(f'{count} {kind}' for kind, count in counts.most_common())}"
    )
    sys.exit(counts["MISS"] > 0)


if __name__ == "__main__":
    main()
