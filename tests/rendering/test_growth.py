"""Renders leave nothing behind, with or without their maps, however their inputs differ."""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk

TEMPLATES = Path(__file__).parents[2] / "templates"
WITH_HISTORY = """---
input:
  schema:
    note: string
    tags(array): string
    history?: messages
context:
  - id: note
    from: note
    max_tokens: 20
    shrink: drop_last
---
{% macro shown(tag) %}<{{ tag | upper }}>{% endmacro %}
{% history %}
{% system %}
Sort the note.
{% endsystem %}
{% user %}
{% set fenced %}{{ context.note }}{% endset %}
{{ fenced | fence }}
{% for tag in tags %}{{ shown(tag) }}{% endfor %}
{% enduser %}
"""


def caches() -> Iterator[tuple[str, Any]]:
    """Every cache of a function in a module of promptkit that is loaded."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "promptkit":
            for key, value in list(vars(module).items()):
                if isinstance(value, functools._lru_cache_wrapper):
                    yield f"{name}.{key}", value


def render_several(prompt: pk.Prompt[Any], shown: pk.Prompt[Any], start: int, count: int) -> None:
    """Render both, no two inputs alike; turns before them move the messages that never change."""
    for number in range(start, start + count):
        turns = [pk.Message(role="user", content=f"turn {at} of {number}") for at in range(number % 7)]
        words = " ".join(f"word{number}" for _ in range(number % 50))
        rendered = prompt.render(note=words, tags=[f"tag {number}", str(number)], history=turns)
        assert rendered.source_map.ranges[-1].message == len(turns) + 1
        assert shown.render(message=f"Order #{number} is lost.").source_map.ranges


@pytest.fixture
def prompts(tmp_path: Path) -> tuple[pk.Prompt[Any], pk.Prompt[Any]]:
    path = tmp_path / "turns.prompt.j2"
    path.write_text(WITH_HISTORY, encoding="utf-8")
    return pk.load(path), pk.load(TEMPLATES / "triage.prompt.j2")


def test_no_object_is_left_by_renders_and_maps_of_inputs_that_all_differ(prompts) -> None:
    render_several(*prompts, 0, 70)
    gc.collect()
    before = len(gc.get_objects())

    render_several(*prompts, 70, 210)
    gc.collect()

    # One object for each render would be above 200.
    assert len(gc.get_objects()) - before < 50


def test_caches_without_a_bound_hold_nothing_that_comes_from_inputs(prompts) -> None:
    render_several(*prompts, 0, 70)
    before = {name: cache.cache_info().currsize for name, cache in caches()}

    render_several(*prompts, 70, 70)

    found = {name: cache.cache_info() for name, cache in caches()}
    assert len(found) > 5
    grown = {name for name, info in found.items() if info.maxsize is None and info.currsize > before[name]}
    assert grown == set()
    assert all(info.maxsize is None or info.maxsize <= 8192 for info in found.values())
