"""20,000 calls at concurrency 64, of which one in twenty fails: none lost, none answered twice, no growth.

    python tests/benchmarks/soak.py [--calls 20000] [--concurrency 64] [--warm-up 10000]

The server is a process of its own on loopback, which ends with this one; `tests/soaking.py` says what it does.
Half of the calls are streamed. It ends with 1 when a call was lost, asked or answered twice or failed by the
wrong error, and when memory grew by more than 1 MB after the first calls.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from loopback import LoopbackServer, Seen, Step
from soaking import asked, expected, script, soak_each

MOST_GROWTH_KB = 1024


def serve() -> None:
    """The server's process: it says its port, and when its input ends how often each number was asked for."""
    counts: Counter[int] = Counter()

    def answers(seen: Seen) -> tuple[Step, ...]:
        counts.update(asked([seen]))
        server.seen.clear()
        return script(seen)

    with LoopbackServer.running(answers=answers) as server:
        print(server.url, flush=True)
        sys.stdin.read()
        print(json.dumps(list(counts.items())))


def resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


class Kept:
    """What came of each call, in memory that does not grow with it: a count, and the few that are wrong."""

    def __init__(self, calls: int) -> None:
        self.answered = bytearray(calls)
        self.ends: Counter[str] = Counter()
        self.wrong: list[str] = []

    def tell(self, number: int, outcome: str) -> None:
        self.answered[number] += 1
        self.ends[outcome if outcome.isidentifier() else "answered"] += 1
        if outcome != expected(number):
            self.wrong.append(f"{number}: {outcome}, expected {expected(number)}")


async def growth_kb(url: str, kept: Kept, warm_up: int, concurrency: int) -> int:
    """Ask for all numbers; the growth over those after the warm-up."""
    await soak_each(url, range(warm_up), concurrency, kept.tell)
    gc.collect()
    before = resident_kb()
    await soak_each(url, range(warm_up, len(kept.answered)), concurrency, kept.tell)
    gc.collect()
    return resident_kb() - before


def main() -> int:
    """Soak, and say what came of it."""
    if sys.argv[1:] == ["serve"]:
        serve()
        return 0
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--warm-up", type=int, default=10_000)
    options = parser.parse_args()
    process = subprocess.Popen(
        [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    kept = Kept(options.warm_up + options.calls)
    start, processor = time.monotonic(), time.process_time()
    growth = asyncio.run(growth_kb(url, kept, options.warm_up, options.concurrency))
    wall, spent = time.monotonic() - start, time.process_time() - processor
    process.stdin.close()
    times = dict(json.loads(process.stdout.read()))
    process.wait(20)
    numbers = range(len(kept.answered))
    wrong = kept.wrong + [
        f"{number}: asked {times.get(number, 0)} times, answered {kept.answered[number]} times"
        for number in numbers
        if (times.get(number), kept.answered[number]) != (1, 1)
    ]
    print(f"{len(numbers)} calls, {options.concurrency} at a time, load {os.getloadavg()[0]:.1f}")
    print(f"{wall:.0f} s, {spent / len(numbers) * 1e3:.2f} ms of processor time a call")
    print(", ".join(f"{name} {count}" for name, count in kept.ends.most_common()))
    print(f"memory after {options.warm_up} calls: {growth:+} kB over {options.calls} more")
    print(f"{len(wrong)} wrong" + "".join(f"\n  {line}" for line in wrong[:20]))
    return 1 if wrong or growth > MOST_GROWTH_KB else 0


if __name__ == "__main__":
    sys.exit(main())
