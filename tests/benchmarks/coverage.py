"""For how many real JSON Schemas the local backend's masks and the check behind them are right.

    python tests/benchmarks/coverage.py json_schemas.jsonl.gz [--limit-s 20] [--list] [--without-scores]

The file holds one JSON object a line with `id`, `schema` and `tests`, each test an instance under `data` and
whether it is `valid`; gzipped or not. A schema is right when every valid instance can be written token by token
under the masks and passes the check on the finished answer, and no invalid one passes both. It is compiled as the
backend compiles it (`OutputSpec`, `compile_output`, `MaskMaker`); tokens are bytes, so no model is needed.

Instances are written as compact JSON. The keys of objects stand in an order that the grammar takes, if there is
one: their order is no part of JSON's meaning, and a decoder chooses it.

Each byte is asked for as by a model that wants it most of all: that decides where a schema says nothing of further
properties (`Masks.allowed`). `--without-scores` asks without, as if no model ever wanted one.

`--list` names every schema that is not right, and why. A schema that takes longer than `--limit-s` seconds in all,
or ends the process, is counted as a hang or a crash and the rest goes on.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from promptkit.backends.llama.grammars import Grammar
from promptkit.backends.llama.outputs import compile_output
from promptkit.backends.llama.wire_schemas import fragments
from promptkit.errors import PromptKitError
from promptkit.requests import OutputSpec
from promptkit.schemas import Invalid, OutputSchema, Valid

sys.path.insert(0, str(Path(__file__).parents[1] / "backends" / "llama"))

from byte_masks import ByteMaskMaker, spell, walk


@dataclass(slots=True)
class Outcome:
    """What came of one schema.

    Attributes:
        refused: Why it was not compiled; empty when it was.
        faults: What went wrong with instances, as pairs of a kind and a detail.
        only_checked: How many invalid instances the masks alone would have let through.
        compile_s: Processor seconds for making the grammar and the first masks.
        slowest_step_s: Processor seconds of the slowest step, a byte of an instance.
        ended: "hang" or "crash" when the process did not come to its end.
    """

    refused: str = ""
    faults: list[tuple[str, str]] = field(default_factory=list)
    only_checked: int = 0
    compile_s: float = 0.0
    instances_s: float = 0.0
    ended: str = ""

    @property
    def is_right(self) -> bool:
        """True when nothing was refused, wrong or cut off."""
        return not (self.refused or self.faults or self.ended)


def ranked(schema: dict[str, Any]) -> dict[str, int]:
    """For each property that is declared anywhere, its place in the order of all declarations."""
    names = [name for _, fragment in fragments(schema) for name in fragment.get("properties") or ()]
    return {name: number for number, name in reversed(list(enumerate(names)))}


def sorted_by(ranks: dict[str, int], value: Any) -> Any:
    """The value with the keys of its objects in the order of their ranks, the others last."""
    if isinstance(value, list):
        return [sorted_by(ranks, item) for item in value]
    if not isinstance(value, dict):
        return value
    names = sorted(value, key=lambda name: ranks.get(name, len(ranks)))
    return {name: sorted_by(ranks, value[name]) for name in names}


def judged(row: dict[str, Any], maker: ByteMaskMaker) -> Outcome:
    """One schema with its instances."""
    outcome = Outcome()
    start = time.process_time()
    try:
        schema = OutputSchema.from_json_schema(row["schema"], "answer")
        grammar = compile_output(OutputSpec(schema=schema))
        assert grammar is not None
        maker.masks(grammar)
    except PromptKitError as error:
        outcome.refused = f"{type(error).__name__}: {error}"
        return outcome
    compiled = time.process_time()
    outcome.compile_s = compiled - start
    ranks = ranked(row["schema"])
    for number, test in enumerate(row["tests"]):
        checked = schema.validate(test["data"])
        # What the check refuses is wrong in any order: how far the mask goes is told for its own sake.
        tries = (2_000, 20_000) if isinstance(checked, Valid) else (500, 500)
        orders = [json.loads(schema.dump_json(test["data"])), sorted_by(ranks, test["data"])]
        try:
            where = stopped(maker, grammar, list(zip(orders, tries, strict=True)))
        except PromptKitError as error:
            outcome.faults.append(("mask given up", f"test {number}: {error}"))
            continue
        data = json.dumps(test["data"], ensure_ascii=False)[:200]
        if test["valid"] and where is not None:
            outcome.faults.append(("valid, stopped by the mask", f"test {number} behind {where!r} of {data}"))
        if test["valid"] and isinstance(checked, Invalid):
            outcome.faults.append(("valid, refused by the check", f"test {number}: {checked.problems[0]}"))
        if not test["valid"] and where is None and isinstance(checked, Valid):
            outcome.faults.append(("invalid, accepted", f"test {number}: {data}"))
        outcome.only_checked += where is None and isinstance(checked, Invalid)
    outcome.instances_s = time.process_time() - compiled
    return outcome


def stopped(maker: ByteMaskMaker, grammar: Grammar, orders: list[tuple[Any, int]]) -> str | None:
    """The text behind which the masks stop a value in each of some orders; None when one of them comes through.

    Each order is given with how many steps may be spent on finding others from there.
    """
    for value, tries in orders:
        spelled = spell(maker.matcher(grammar), value, tries)
        if spelled.is_whole:
            at = walk(maker, maker.masks(grammar), spelled.text)
            return None if at is None else spelled.text.encode()[:at].decode(errors="replace")[-60:]
    return spelled.text[-60:]


def serve(connection: Connection, tells_scores: bool) -> None:
    """Judge what comes in, one row at a time, until the other end closes."""
    maker = ByteMaskMaker(tells_scores=tells_scores)
    while True:
        try:
            row = connection.recv()
        except EOFError:
            return
        connection.send(judged(row, maker))


class Worker:
    """A process that judges; replaced when it hangs or dies."""

    def __init__(self, limit_s: float, *, tells_scores: bool) -> None:
        self._limit_s = limit_s
        self._tells_scores = tells_scores
        self._context = multiprocessing.get_context("spawn")
        self._start()

    def _start(self) -> None:
        self._connection, other = self._context.Pipe()
        self._process = self._context.Process(target=serve, args=(other, self._tells_scores), daemon=True)
        self._process.start()
        other.close()

    def ask(self, row: dict[str, Any]) -> Outcome:
        """The outcome of one row."""
        self._connection.send(row)
        try:
            if self._connection.poll(self._limit_s):
                outcome: Outcome = self._connection.recv()
                return outcome
            ended = "hang"
        except (EOFError, ConnectionError):
            ended = "crash"
        self._process.kill()
        self._process.join()
        self._start()
        return Outcome(ended=ended)


def rows(path: Path) -> list[dict[str, Any]]:
    """The lines of the file."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def report(outcomes: dict[str, Outcome], *, is_long: bool) -> None:
    """Print the figures."""
    total = len(outcomes)
    right = sum(outcome.is_right for outcome in outcomes.values())
    print(f"{right}/{total} schemas right ({right / total:.1%})")
    counts: Counter[str] = Counter()
    for outcome in outcomes.values():
        counts["refused with a reason"] += bool(outcome.refused)
        counts.update(dict(outcome.faults).keys())
        counts[outcome.ended] += bool(outcome.ended)
    for kind, count in sorted(counts.items()):
        if count:
            print(f"  {count} {kind}")
    print(
        f"  invalid instances that the mask alone lets through: {sum(it.only_checked for it in outcomes.values())}"
    )
    slow = max(outcomes.items(), key=lambda item: item[1].compile_s)
    times = sorted(outcome.compile_s for outcome in outcomes.values())
    print(
        f"  compiling: median {times[len(times) // 2] * 1e3:.1f} ms, worst {slow[1].compile_s * 1e3:.0f} ms ({slow[0]})"
    )
    if is_long:
        for name, outcome in outcomes.items():
            for kind, detail in [("refused", outcome.refused), (outcome.ended, "-"), *outcome.faults]:
                if kind and detail:
                    print(f"{name}: {kind}: {detail}")


def main() -> None:
    """Judge every schema of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--limit-s", type=float, default=20.0, help="for one schema with all its instances")
    parser.add_argument("--list", action="store_true", help="name each schema that is not right")
    parser.add_argument(
        "--without-scores", action="store_true", help="tell the masks nothing of the model's wishes"
    )
    given = parser.parse_args()
    worker = Worker(given.limit_s, tells_scores=not given.without_scores)
    outcomes = {row["id"]: worker.ask(row) for row in rows(given.path)}
    report(outcomes, is_long=given.list)


if __name__ == "__main__":
    main()
