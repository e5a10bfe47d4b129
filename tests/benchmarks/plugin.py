"""What the pytest plugin costs: a start that does not use it, and tests with a made-up model.

    python tests/benchmarks/plugin.py [tests] [rounds]

Two pairs of runs, each pytest in a process of its own, without other plugins and without files of bytecode of the
tests:

- start: one test that uses nothing of promptkit, with the plugin and without it;
- mocked: 1,000 tests (or as many as are asked for) whose code runs a prompt that the fixture ``llm`` answers, and as
  many whose code calls a plain function that says the same; the plugin is there in both.

Where valgrind is installed, instructions are counted, which do not depend on what else the machine does. Processor
time is the least of some rounds (5) in turns. The bounds are 1.05 and 1.5.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGIN = ("-p", "promptkit.testing.plugin")
PROMPT = """---
name: triage
input:
  schema:
    ticket: string
output:
  schema:
    category(enum): [billing, shipping, other]
    urgent: boolean
---
"""
APP = """
import promptkit as pk

triage = pk.load("triage.prompt.j2").using("openai:gpt-5")


def queue(ticket):
    found = triage.run(ticket=ticket).value
    return f"{found.category}-urgent" if found.urgent else found.category
"""
PLAIN_APP = """
def queue(ticket):
    return "billing-urgent"
"""
MOCKED_TEST = """
def test_{n}(llm):
    llm.on("triage", contains="charged").reply({{"category": "billing", "urgent": True}})
    assert queue("I was charged twice! {n}") == "billing-urgent"
"""
PLAIN_TEST = """
def test_{n}():
    assert queue("I was charged twice! {n}") == "billing-urgent"
"""


def suite(folder: Path, test: str, count: int, app: str) -> Path:
    """A folder with so many tests."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "desk.py").write_text(app)
    tests = "\n".join(test.format(n=number) for number in range(count))
    (folder / "test_desk.py").write_text(f"from desk import queue\n\n{tests}")
    return folder


def run(folder: Path, plugin: tuple[str, ...], around: tuple[str, ...] = ()) -> str:
    """Run a suite, of which all tests must pass; what the process printed."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{folder}",
        "PYTHONHASHSEED": "0",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("PYTEST_ADDOPTS", None)
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--assert=plain")
    done = subprocess.run(
        [*around, *pytest, *plugin], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return done.stderr


def instructions(folder: Path, plugin: tuple[str, ...]) -> int:
    """How many instructions a run takes, as cachegrind counts them."""
    counting = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
    said = run(folder, plugin, counting)
    line = next(line for line in said.splitlines() if "I refs:" in line or "I   refs:" in line)
    return int(line.rpartition(":")[2].replace(",", ""))


def cpu_s(folder: Path, plugin: tuple[str, ...]) -> float:
    """User and system seconds of a run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(folder, plugin)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def main() -> None:
    """Print both ratios, each by what can be counted here."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        one = suite(Path(folder) / "one", PLAIN_TEST, 1, PLAIN_APP)
        plain = suite(Path(folder) / "plain", PLAIN_TEST, count, PLAIN_APP)
        mocked = suite(Path(folder) / "mocked", MOCKED_TEST, count, APP)
        (mocked / "triage.prompt.j2").write_text(PROMPT)
        pairs = {
            "start, with the plugin and without": ((one, PLUGIN), (one, ()), 1.05),
            f"{count} mocked tests and plain ones": ((mocked, PLUGIN), (plain, PLUGIN), 1.5),
        }
        for name, (ours, base, bound) in pairs.items():
            for each in (ours, base):
                run(*each)  # compiles what Python keeps compiled
            if shutil.which("valgrind"):
                counted, other = instructions(*ours), instructions(*base)
                print(f"{name}: {counted / other:.3f} by instructions ({counted / 1e6:,.0f} and "
                      f"{other / 1e6:,.0f} million; bound {bound})")  # fmt: skip
            times = [(cpu_s(*ours), cpu_s(*base)) for _ in range(rounds)]
            least, others = (min(it) for it in zip(*times, strict=True))
            print(f"{name}: {least / others:.3f} by processor time ({least:.2f} and {others:.2f} s)")


if __name__ == "__main__":
    main()
