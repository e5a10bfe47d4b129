"""Projects whose tests use the plugin, run by pytest in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Where promptkit is installed as it stands here, pytest finds the plugin by itself.
LOADED = (
    []
    if any(it.name == "promptkit" for it in entry_points(group="pytest11"))
    else ["-p", "promptkit.testing.plugin"]
)

TRIAGE = """---
name: triage
input:
  schema:
    ticket: string
output:
  schema:
    category(enum): [billing, shipping, other]
    urgent: boolean
attempts: 2
---
"""


@dataclass(frozen=True)
class Outcome:
    """What a run of pytest came to."""

    code: int
    text: str

    def counts(self) -> dict[str, int]:
        last = self.text.strip().splitlines()[-1]
        return {
            word.rstrip("s"): int(number)
            for number, word in re.findall(r"(\d+) (passed|failed|errors?|skipped)", last)
        }


class Project:
    """A folder with tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def pytest(self, *arguments: str, **environment: str) -> Outcome:
        env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        env.pop("PYTEST_ADDOPTS", None)
        command = [sys.executable, "-m", "pytest", "-q", *LOADED, "-p", "no:cacheprovider", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False, timeout=300
        )
        return Outcome(done.returncode, done.stdout + done.stderr)


@pytest.fixture
def project(tmp_path):
    """An empty project with one prompt file."""
    made = Project(tmp_path)
    made.write("pyproject.toml", "[tool.pytest.ini_options]\n")
    made.write("triage.prompt.j2", TRIAGE)
    return made
