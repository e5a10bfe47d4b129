"""The demo model is trained on the words that the shipped prompt really sends."""

from __future__ import annotations

import json
from pathlib import Path

import promptkit as pk
from promptkit.demo import model_path

ROOT = Path(__file__).parents[2]


def test_the_trainers_prompt_is_what_triage_renders_to() -> None:
    trained_on = json.loads((ROOT / "promptkit" / "demo" / "prompt.json").read_text())

    rendered = pk.load(ROOT / "templates" / "triage.prompt.j2").render(message="{message}")

    assert rendered.to_dicts() == trained_on, (
        "the wording changed: write the new messages to promptkit/demo/prompt.json and tune the model, see its card"
    )


def test_the_model_is_a_gguf_of_one_to_three_megabytes() -> None:
    data = model_path().read_bytes()

    assert data[:4] == b"GGUF"
    assert 1_000_000 <= len(data) <= 3_000_000
