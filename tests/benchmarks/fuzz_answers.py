"""Faults in how answers are read, found by a fuzzer that follows the branches of the reader.

    python -m venv ../.venv-fuzz && ../.venv-fuzz/bin/pip install atheris -e .
    ../.venv-fuzz/bin/python tests/benchmarks/fuzz_answers.py build/answers -max_total_time=3600

The folder holds the corpus: it is begun with the texts of `parsing_cases.py`, and what reaches new branches is added.
Options behind it are libFuzzer's. Without atheris the same texts are changed at random: `--random 20000 --seed 1`.

Each text is held to several schemas. A fault is

- anything but an OutputError that is raised,
- a value that its schema does not hold, or one with a lossy receipt that nobody allowed,
- strict JSON of a schema that is not taken as it stands,
- more steps than four for each character.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

import parsing_cases

try:
    import atheris
except ImportError:  # the random way needs none
    atheris = None

if atheris is not None:
    with atheris.instrument_imports(include=["promptkit.output.alignment"]):
        from promptkit.output import align
else:
    from promptkit.output import align

from promptkit.errors import OutputError
from promptkit.schemas import OutputSchema, Valid
from promptkit.schemas.strict_json import NotJson, parse_json
from promptkit.schemas.typed_codecs import closed_objects

NAMES = ("order", "person", "shape", "people", "integer", "note")
SCHEMAS = [OutputSchema.from_json_schema(closed_objects(parsing_cases.SCHEMAS[name]), name) for name in NAMES]
PIECES = [
    *"\"'{}[]:,\\\n `<>/*#=()",
    "```json\n",
    "<think>",
    "</think>",
    "null",
    "NaN",
    "first_name",
    "Final: ",
    '"age":',
    "\ud83d",
    "“",
]


def check(text: str) -> None:
    """Read a text by every schema.

    Raises:
        AssertionError: For a fault.
    """
    for schema in SCHEMAS:
        try:
            made = align(text, schema)
        except OutputError as error:
            assert error.text == text, "the error lacks the text"
            continue
        assert isinstance(schema.validate(made.data), Valid), f"{made.data!r} is no value of {schema.name}"
        assert not any(repair.lossy for repair in made.repairs), f"lossy: {made.repairs}"
        json.dumps(made.data, allow_nan=False)
        try:
            strict = parse_json(text)
        except NotJson:
            continue
        if isinstance(schema.validate(strict), Valid) and '"n' not in text.lower():
            assert made.data == strict, f"strict JSON was changed: {made.repairs}"


def at_random(count: int, seed: int) -> None:
    """Texts of the cases with a few changes each."""
    source = random.Random(seed)
    texts = [case.text for case in parsing_cases.cases() if len(case.text) < 3_000]
    for number in range(count):
        text = source.choice(texts)
        for _ in range(source.randint(1, 4)):
            at = source.randint(0, len(text))
            match source.randrange(4):
                case 0:
                    text = text[:at] + source.choice(PIECES) + text[at:]
                case 1:
                    text = text[:at] + text[at + source.randint(1, 3) :]
                case 2:
                    text = text[:at] + source.choice(texts)[: source.randint(1, 60)] + text[at:]
                case _:
                    text = text[:at] + text[at:] * 2
        try:
            check(text)
        except Exception:
            print(f"number {number} of seed {seed}: {text!r}", file=sys.stderr)
            raise
    print(f"{count} texts, no fault")


def main() -> None:
    """Fuzz by branches where atheris is there, else at random."""
    if "--random" in sys.argv:
        parser = argparse.ArgumentParser(
            description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--random", type=int, required=True, help="how many texts")
        parser.add_argument("--seed", type=int, default=1)
        given = parser.parse_args()
        at_random(given.random, given.seed)
        return
    if atheris is None:
        sys.exit("atheris is not installed; use --random COUNT")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for case in parsing_cases.cases():
        (folder / case.id.replace("/", "-").replace(" ", "-")).write_text(
            case.text[:4_000], "utf-8", "surrogatepass"
        )

    def one(data: bytes) -> None:
        check(data.decode("utf-8", "replace"))

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
