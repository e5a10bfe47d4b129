"""Runs every code block of README.md and docs/ as a test (`make docs`).

python blocks run in order, one namespace a page; a block after ``<!-- file: NAME -->`` is written to that file
first; in console blocks each ``$ `` line is run, and what stands below it must be what it prints. ``...`` on a
line of its own stands for any lines. Pages run in a folder of their own with the project's templates and docs beside.
The tests of docs/examples are run by the commands of their own pages.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from sybil import Document, Example, Region, Sybil

# The plugin under test; an environment that was set up before it had one does not know its entry point.
_PLUGIN = (
    []
    if any(it.name == "promptkit" for it in entry_points(group="pytest11"))
    else ["promptkit.testing.plugin"]
)
pytest_plugins = _PLUGIN

collect_ignore_glob = ["docs/examples/*/*/*"]

ROOT = Path(__file__).parent
# No test reads or fills the cache of whoever runs it; processes that tests start share this one.
_CACHE = tempfile.TemporaryDirectory(prefix="promptkit-cache-")
os.environ["PROMPTKIT_CACHE_DIR"] = _CACHE.name
_BLOCK = re.compile(
    r"(?:<!-- (?P<kind>file|skip): ?(?P<note>[^>]*?) -->\n+)?^```(?P<language>\w+)[^\n]*\n(?P<body>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


def _blocks(document: Document) -> Iterator[Region]:
    for match in _BLOCK.finditer(document.text):
        language, body = match["language"], match["body"]
        line = document.text.count("\n", 0, match.start("body"))
        if match["kind"] == "skip":
            continue
        if match["kind"] == "file":
            yield Region(match.start(), match.end(), (match["note"], body), _write_file)
        elif language == "python":
            yield Region(match.start(), match.end(), _padded(body, line), _run_python)
        elif language == "console":
            yield Region(match.start(), match.end(), body, _run_console)


def _padded(body: str, line: int) -> str:
    return "\n" * line + body


def _write_file(example: Example) -> str | None:
    name, body = example.parsed
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, encoding="utf-8")
    return None


def _run_python(example: Example) -> str | None:
    code = compile(example.parsed, example.path, "exec", dont_inherit=True)
    try:
        exec(code, example.namespace)
        for name, item in list(example.namespace.items()):
            if name.startswith("test_") and callable(item) and item.__code__.co_argcount == 0:
                item()
                del example.namespace[name]
    except Exception:  # noqa: BLE001 - whatever a page's code raises is the page's failure
        return traceback.format_exc()
    return None


def _run_console(example: Example) -> str | None:
    for command, expected in _commands(example.parsed):
        env = {
            **os.environ,
            "PROMPTKIT_CACHE_DIR": f"{os.getcwd()}/.cache",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COLUMNS": "100",
            "PYTEST_PLUGINS": ",".join(_PLUGIN),
        }
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env=env, check=False, timeout=120
        )
        shown = done.stdout if done.stdout.strip() else done.stderr
        pattern = re.escape(expected.strip()).replace(r"\.\.\.", r".*?")
        if expected.strip() and not re.fullmatch(pattern, shown.strip(), re.DOTALL):
            return f"$ {command}\nexpected:\n{expected}\ngot (exit {done.returncode}):\n{shown}{done.stderr}"
        if not expected.strip() and done.returncode != 0:
            return f"$ {shlex.join([command])} failed with {done.returncode}:\n{done.stdout}{done.stderr}"
    return None


def _commands(text: str) -> Iterator[tuple[str, str]]:
    for chunk in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = chunk.splitlines()
        command = lines[0]
        while command.endswith("\\"):
            lines = lines[1:]
            command = command[:-1] + lines[0]
        yield command, "\n".join(lines[1:])


def _set_up(namespace: dict[str, Any]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="promptkit-docs-"))
    for name in ("templates", "docs"):
        (folder / name).symlink_to(ROOT / name)
    namespace["_before"] = os.getcwd()
    os.chdir(folder)
    sys.path.insert(0, str(folder))


def _tear_down(namespace: dict[str, Any]) -> None:
    sys.path.remove(os.getcwd())
    os.chdir(namespace["_before"])
    import promptkit

    promptkit.configure()


pytest_collect_file = Sybil(
    parsers=[_blocks],
    patterns=["README.md", "docs/**/*.md", "docs/*/*/*.md"],
    setup=_set_up,
    teardown=_tear_down,
    path=str(ROOT),
).pytest()
