"""What `import promptkit` costs beside jinja2 + httpx + pydantic: CPU time of whole processes, in one run.

    python tests/benchmarks/imports.py

The bound is 0.1. An empty process is taken off both, so that the interpreter's own start does not flatter.
"""

from __future__ import annotations

import resource
import subprocess
import sys

ROUNDS = 15
STATEMENTS = {
    "pass": "pass",
    "import promptkit": "import promptkit",
    "import jinja2, httpx, pydantic": "import jinja2, httpx, pydantic; pydantic.BaseModel",
}


def cpu_s(statement: str) -> float:
    """User and system seconds of one process that runs ``statement``."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def main() -> None:
    """Alternate the statements and print the smallest figure of each, and the ratio."""
    least = dict.fromkeys(STATEMENTS, float("inf"))
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            least[name] = min(least[name], cpu_s(statement))
    empty = least.pop("pass")
    for name, seconds in least.items():
        print(f"{name:34} {1000 * (seconds - empty):7.1f} ms above an empty process")
    own, others = (seconds - empty for seconds in least.values())
    print(f"ratio {own / others:.3f} (bound 0.1)")


if __name__ == "__main__":
    main()
