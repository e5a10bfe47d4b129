"""Random JSON Schemas and random walks under their masks: nothing may crash, hang or come out invalid.

    python tests/benchmarks/fuzz.py [--count 20000] [--seed 0] [--vocabulary bytes]

Each schema is compiled as the local backend compiles it; then tokens are drawn among those that the masks allow,
as a model without any sense would, steered to an end. The answer is judged by jsonschema-rs. What the plan leaves
to the check (`uniqueItems`, look-around in patterns) the check has to find; everything else has to be right at once.

`--vocabulary demo` walks in the tokens of the bundled demo model, `bytes` in single bytes. The schema of number N of
seed S is the same each time: `--only N` runs it alone and prints it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "backends" / "llama"))

from byte_masks import ByteMaskMaker
from random_schemas import STEP_BOUND_S, Verdict, Writer, judged, random_schema


def writer_of(vocabulary: str) -> Writer:
    """A writer in bytes, or in the demo model's tokens."""
    if vocabulary == "bytes":
        maker = ByteMaskMaker()
        return Writer(maker.masks, maker.pieces, [maker.end])
    from promptkit.backends.llama.models import LoadedModel, ModelKey

    path = Path(__file__).parents[2] / "promptkit" / "demo" / "demo.gguf"
    model = LoadedModel(ModelKey(path, None, 1), threads=1)
    return Writer(model.masks.masks, model.vocabulary.pieces, model.vocabulary.ends)


def main() -> None:
    """Run and print the figures; the exit status is 1 when there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vocabulary", choices=["bytes", "demo"], default="bytes")
    parser.add_argument("--only", type=int, help="the number of one schema")
    given = parser.parse_args()
    writer = writer_of(given.vocabulary)
    counts: Counter[str] = Counter()
    slowest: tuple[float, int] = (0.0, 0)
    start = time.process_time()
    for number in range(given.count) if given.only is None else [given.only]:
        random = Random(f"{given.seed}/{number}")
        schema = random_schema(random)
        if given.only is not None:
            print(json.dumps(schema))
        began = time.process_time()
        verdict = judged(schema, writer, random)
        slowest = max(slowest, (time.process_time() - began, number))
        if verdict.slowest_s > STEP_BOUND_S:
            verdict = Verdict("slow step", f"{verdict.slowest_s:.2f} s")
        counts[verdict.kind] += 1
        if verdict.is_fault or given.only is not None:
            print(f"{number}: {verdict.kind}: {verdict.detail[:600]}", flush=True)
    print(
        f"{sum(counts.values())} schemas: {', '.join(f'{count} {kind}' for kind, count in counts.most_common())}"
    )
    print(
        f"{time.process_time() - start:.0f} s of processor time; the slowest schema took {slowest[0]:.2f} s, number {slowest[1]}"
    )
    sys.exit(any(Verdict(kind).is_fault for kind in counts))


if __name__ == "__main__":
    main()
