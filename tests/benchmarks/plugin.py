"""What the pytest plugin costs: runs that do not use it, and tests with a made-up model.

    python tests/benchmarks/plugin.py [tests] [rounds]

Pairs of runs, each pytest in a process of its own, without other plugins, its bytecode written before:

- start: one test that uses nothing of promptkit, with the plugin and with an empty one in its place;
- unused: 1,000 such tests (or as many as are asked for), with the plugin and with the empty one;
- mocked: as many tests whose code runs a prompt that the fixture ``llm`` answers, and tests of the same code that is
  handed a plain function in place of the prompt;
- bare: the mocked ones again, and tests of code that loads nothing of promptkit at all.

Where valgrind is installed, instructions are counted, which do not depend on what else the machine does. Processor
time is the least of some rounds (5; 0 for none) in turns. The bounds are 1.05, 1.05 and 1.5; the last has none, since
it is the price of loading promptkit, pydantic and Jinja once.
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
PLUGIN = "promptkit.testing.plugin"
EMPTY = "empty_plugin"
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
from types import SimpleNamespace

import promptkit as pk

triage = pk.load("triage.prompt.j2").using("openai:gpt-5")


def queue(ticket, ask=lambda ticket: triage.run(ticket=ticket).value):
    found = ask(ticket)
    return f"{found.category}-urgent" if found.urgent else found.category


def plain(ticket):
    return SimpleNamespace(category="billing", urgent=True)
"""
BARE_APP = """
def queue(ticket):
    return "billing-urgent"
"""
MOCKED = """
def test_{n}(llm):
    llm.on("triage", contains="charged").reply({{"category": "billing", "urgent": True}})
    assert desk.queue("I was charged twice! {n}") == "billing-urgent"
"""
PLAIN = """
def test_{n}():
    assert desk.queue("I was charged twice! {n}", desk.plain) == "billing-urgent"
"""
BARE = """
def test_{n}():
    assert desk.queue("I was charged twice! {n}") == "billing-urgent"
"""


def suite(folder: Path, test: str, count: int, app: str) -> Path:
    """A folder with so many tests."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\npython_files = test_desk.py\n")
    (folder / "desk.py").write_text(app)
    (folder / f"{EMPTY}.py").write_text("")
    if app == APP:
        (folder / "triage.prompt.j2").write_text(PROMPT)
    tests = "\n".join(test.format(n=number) for number in range(count))
    (folder / "test_desk.py").write_text(f"import desk\n\n{tests}")
    return folder


def run(folder: Path, plugin: str, around: tuple[str, ...] = ()) -> str:
    """Run a suite, of which all tests must pass; what the process printed.

    A plugin that is named is looked for in every installed package first, so that both runs name one.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{folder}",
        "PYTHONHASHSEED": "0",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": plugin,
    }
    for name in ("PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_desk.py")
    done = subprocess.run(
        [*around, *pytest], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return done.stderr


def instructions(folder: Path, plugin: str) -> int:
    """How many instructions a run takes, as cachegrind counts them."""
    counting = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
    said = run(folder, plugin, counting)
    line = next(line for line in said.splitlines() if "I refs:" in line or "I   refs:" in line)
    return int(line.rpartition(":")[2].replace(",", ""))


def cpu_s(folder: Path, plugin: str) -> float:
    """User and system seconds of a run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(folder, plugin)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def main() -> None:
    """Print the ratios, each by what can be counted here."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    counts = shutil.which("valgrind") is not None
    with tempfile.TemporaryDirectory() as folder:
        one = suite(Path(folder) / "one", BARE, 1, BARE_APP)
        bare = suite(Path(folder) / "bare", BARE, count, BARE_APP)
        plain = suite(Path(folder) / "plain", PLAIN, count, APP)
        mocked = suite(Path(folder) / "mocked", MOCKED, count, APP)
        sides = {
            "start": (one, PLUGIN),
            "start, empty": (one, EMPTY),
            "unused": (bare, PLUGIN),
            "unused, empty": (bare, EMPTY),
            "mocked": (mocked, PLUGIN),
            "plain": (plain, PLUGIN),
        }
        for side in sides.values():
            run(*side)  # writes the bytecode
        counted = {name: instructions(*side) if counts else 0 for name, side in sides.items()}
        least = dict.fromkeys(sides, float("inf"))
        for _ in range(rounds):
            for name, side in sides.items():
                least[name] = min(least[name], cpu_s(*side))
    for name, base, bound in (
        ("start", "start, empty", 1.05),
        ("unused", "unused, empty", 1.05),
        ("mocked", "plain", 1.5),
        ("mocked", "unused", None),
    ):
        shown = f"{name} to {base}"
        if counts:
            millions = f"{counted[name] / 1e6:,.0f} and {counted[base] / 1e6:,.0f} million"
            print(
                f"{shown:24} {counted[name] / counted[base]:6.3f} by instructions ({millions}; bound {bound})"
            )
        if rounds:
            seconds = f"{least[name]:.2f} and {least[base]:.2f} s"
            print(f"{shown:24} {least[name] / least[base]:6.3f} by processor time ({seconds}; bound {bound})")


if __name__ == "__main__":
    main()
