"""For how many real JSON Schemas a value is made, whether an independent validator agrees, and what it costs.

    python tests/benchmarks/generation.py json_schemas.jsonl.gz [seeds]

The file holds one JSON object a line with `id` and `schema`, gzipped or not. Each schema is generated for by no
seed (the plainest value) and by `seeds` seeds (3 unless said otherwise). The independent validator is the Python
package jsonschema with the draft that `$schema` names, 2020-12 by default, formats checked as far as it can.
Times are processor time: compiling the schema, making the value, validating it; the best of three runs counts,
because other work on the machine shows as single runs that take hundreds of milliseconds.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema

from promptkit.schemas import Generated, generate

REPEATS = 3


def rows(path: Path) -> list[dict[str, Any]]:
    """The lines of the file."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def judged(schema: Any, value: Any) -> str:
    """What the independent validator says: valid, invalid with its message, or that it cannot use the schema."""
    cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        error = next(cls(schema, format_checker=cls.FORMAT_CHECKER).iter_errors(value), None)
    except Exception as failure:  # noqa: BLE001 - whatever the other library trips over is counted
        return f"unjudged: {type(failure).__name__}: {str(failure)[:100]}"
    return "valid" if error is None else f"invalid: {error.message[:160]} at {list(error.schema_path)}"


def main() -> None:
    """Print the figures."""
    found = rows(Path(sys.argv[1]))
    seeds: list[int | None] = [None, *range(int(sys.argv[2]) if len(sys.argv) > 2 else 3)]
    for seed in seeds:
        verdicts: dict[str, list[str]] = {
            "valid": [],
            "invalid": [],
            "unjudged": [],
            "refused": [],
            "proven": [],
        }
        times: list[tuple[float, str]] = []
        worst = 0.0
        for row in found:
            took: list[float] = []
            for _ in range(REPEATS):
                start = time.process_time()
                outcome = generate(row["schema"], seed=seed)
                took.append(time.process_time() - start)
            times.append((min(took), row["id"]))
            worst = max(worst, *took)
            if isinstance(outcome, Generated):
                verdict = judged(row["schema"], outcome.value)
                verdicts[verdict.partition(":")[0]].append(f"{row['id']}: {verdict}")
            else:
                verdicts["proven" if outcome.proven else "refused"].append(
                    f"{row['id']}: {outcome.reason[:300]}"
                )
        counts = ", ".join(f"{len(it)} {kind}" for kind, it in verdicts.items())
        made = len(found) - len(verdicts["refused"]) - len(verdicts["proven"])
        slow = max(times)
        print(
            f"seed {seed}: {made}/{len(found)} made ({made / len(found):.1%}); {counts}; "
            f"median {statistics.median(it[0] for it in times) * 1e3:.2f} ms, "
            f"worst {slow[0] * 1e3:.0f} ms ({slow[1]}), worst of all repeats {worst * 1e3:.0f} ms"
        )
        for kind in ("invalid", "unjudged", "refused", "proven"):
            for line in (
                verdicts[kind] if seed in (None, 0) else verdicts["invalid"] if kind == "invalid" else ()
            ):
                print(f"  {kind} {line}")


if __name__ == "__main__":
    main()
