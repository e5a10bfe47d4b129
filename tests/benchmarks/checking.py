"""How long `promptkit check` takes for a library: cold, with nothing changed, with one file changed.

    python tests/benchmarks/checking.py [--files 1000]

The library is generated from the shipped templates, each under many names with other words in it, and includes
fragments. Every figure is a whole process, start of the interpreter included; the bounds are 5 s cold on two
processors and 0.5 s unchanged for 1,000 files. CPU time is of all its processes and says what the figure would be on
a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "templates"
FRAGMENT = "Words of house {0}: say order for purchase, and parcel for shipment.\n"


def write_library(root: Path, count: int) -> None:
    """Write `count` prompt files that differ, and a fragment for each ten."""
    sources = sorted(TEMPLATES.glob("*.prompt.j2"))
    for number in range(count):
        source = sources[number % len(sources)]
        stem = source.name.removesuffix(".prompt.j2")
        name = f"team{number // 50}/{stem}-{number}"
        text = source.read_text().replace(f"name: {stem}\n", f"name: {name}\n", 1)
        text = text.replace("clarity:\n  role: ", f"clarity:\n  role: For house {number}, ", 1)
        if number % 10 == 0:
            text = text.replace(
                "context:\n", f"context:\n  - {{id: house, include: fragments/words-{number}}}\n", 1
            )
            text = text.replace(
                "{{ constraints }}", "{{ constraints }}\n\nWords of the house:\n{{ context.house }}", 1
            )
            fragment = root / "fragments" / f"words-{number}.md"
            fragment.parent.mkdir(parents=True, exist_ok=True)
            fragment.write_text(FRAGMENT.format(number))
        path = root / f"{name}.prompt.j2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def measured(root: Path, cache: Path, title: str) -> None:
    """Run the command once and print what it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "promptkit.cli", "check", "--library", str(root)],
        env={**os.environ, "PROMPTKIT_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    wall_s = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    said = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr.strip()
    print(f"{title:18} {wall_s:6.2f} s   CPU {cpu_s:6.2f} s   {said}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="promptkit-checking-") as folder:
        root, cache = Path(folder) / "library", Path(folder) / "cache"
        write_library(root, given.files)
        load = os.getloadavg()[0]
        print(f"{given.files} files, {len(os.sched_getaffinity(0))} processors, load {load:.1f} before")
        measured(root, cache, "cold")
        measured(root, cache, "unchanged")
        measured(root, cache, "unchanged again")
        changed = next(root.rglob("*.prompt.j2"))
        changed.write_text(changed.read_text().replace("For house", "In house", 1))
        measured(root, cache, "one changed")


if __name__ == "__main__":
    main()
