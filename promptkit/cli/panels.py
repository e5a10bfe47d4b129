"""Panels: a result laid out for people - the value field by field, the verdicts, what it took - and a plan."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from promptkit.cli.escapes import json_line, visible
from promptkit.completions import Enforcement, Repair, Verdict
from promptkit.engine import Result
from promptkit.prompts import Prompt
from promptkit.requests import Plan

__all__ = ["ABSENT", "plan_table", "result_panel"]

ABSENT: Any = object()
"""Stands for a value that was shown already."""

_STYLES = {"held": "green", "violated": "red", "unchecked": "yellow"}
_PLACES = {
    Enforcement.NATIVE: "green",
    Enforcement.GRAMMAR: "green",
    Enforcement.PROMPT: "yellow",
    Enforcement.CHECK: "yellow",
    Enforcement.IMPOSSIBLE: "red",
}
_DEEPEST = 4
"""Levels of nested fields; deeper ones would leave too few columns for their text."""
_MOST_REPAIRS = 8
_LONGEST = 20_000
"""Characters of one text; laying out more takes seconds."""


def result_panel(
    prompt: Prompt[Any], result: Result[Any], *, value: Any = ABSENT, terminal: bool
) -> Iterator[RenderableType]:
    """A result as something to print: framed on a terminal, plain where it is piped.

    Args:
        prompt: The prompt that ran.
        result: What came of it.
        value: The value as plain data; left out where it was printed already.
        terminal: Whether to draw a frame.
    """
    rows = _grid()
    if value is not ABSENT:
        _add_value(rows, value)
        rows.add_row("", "")
    for verdict in result.verdicts:
        rows.add_row(Text(verdict.outcome, style=_STYLES[verdict.outcome]), _verdict(verdict))
    for repair in result.repairs[:_MOST_REPAIRS]:
        style = "red" if repair.lossy else "yellow"
        rows.add_row(Text("lossy" if repair.lossy else "mended", style=style), _repair(repair))
    if len(result.repairs) > _MOST_REPAIRS:
        rows.add_row("", Text(f"and {len(result.repairs) - _MOST_REPAIRS} more repairs", style="dim"))
    if result.verdicts or result.repairs:
        rows.add_row("", "")
    for label, text in _facts(result):
        rows.add_row(Text(label, style="dim"), Text(text, style="dim"))
    title = Text(visible(str(prompt.contract.ref)), style="bold")
    if terminal:
        yield Panel(
            rows, title=title, title_align="left", border_style="dim", box=box.ROUNDED, padding=(1, 2)
        )
    else:
        yield Group(title, Text(""), Padding(rows, (0, 0, 0, 2)))


def plan_table(plan: Plan) -> Iterator[RenderableType]:
    """A plan for a terminal: the columns of ``str(plan)`` in colours, long notes wrapped."""
    yield Text(visible(plan.backend), style="bold")
    yield Text("")
    if plan.placements:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        table.add_column("path", overflow="fold", max_width=32, style="cyan")
        table.add_column("rule", overflow="fold", max_width=24)
        table.add_column("where", no_wrap=True)
        table.add_column("note", overflow="fold", ratio=1, style="dim")
        for it in plan.by_field():
            where = Text(it.where.value, style=_PLACES[it.where])
            table.add_row(Text(visible(it.path or "(output)")), visible(it.rule), where, visible(it.note))
        yield table
        yield Text("")
    for limit in plan.limits:
        yield Text(f"limit passed: {limit}", style="red")
    if plan.limits:
        yield Text("")
    yield Text(plan.summary())


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True, max_width=32, overflow="fold")
    grid.add_column(ratio=1, overflow="fold")
    return grid


def _add_value(rows: Table, value: Any) -> None:
    if isinstance(value, dict) and value:
        for name, inner in cast("dict[str, Any]", value).items():
            rows.add_row(_label(name), _value(inner, 1))
    else:
        rows.add_row(_label("value"), _value(value, 1))


def _label(name: str) -> Text:
    return Text(visible(name), style="cyan")


def _value(value: Any, depth: int) -> RenderableType:
    if isinstance(value, str):
        return _text(value)
    if not value or depth > _DEEPEST:
        return Text(_shortened(json_line(value)), style="" if value else "dim")
    if isinstance(value, dict):
        return _mapping(cast("dict[str, Any]", value), depth)
    if isinstance(value, list):
        return _list(value, depth)  # pyright: ignore[reportUnknownArgumentType] - JSON
    return Text(json_line(value))


def _text(text: str) -> Text:
    return Text(_shortened(visible(text))) if text else Text("(empty)", style="dim")


def _mapping(data: Mapping[str, Any], depth: int) -> Table:
    grid = _grid()
    for name, inner in data.items():
        grid.add_row(_label(name), _value(inner, depth + 1))
    return grid


def _list(items: Sequence[Any], depth: int) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(ratio=1, overflow="fold")
    for item in items:
        grid.add_row("-", _value(item, depth + 1))
    return grid


def _shortened(text: str) -> str:
    rest = len(text) - _LONGEST
    return text if rest <= 0 else f"{text[:_LONGEST]}... ({rest:,} more characters; --json prints all)"


def _verdict(verdict: Verdict) -> Text:
    text = Text(visible(verdict.expected))
    text.append(visible(f"  ({verdict.constraint})"), style="dim")
    if verdict.outcome != "held":
        details = [detail for detail in (verdict.got and f"got {verdict.got}", verdict.hint) if detail]
        if details:
            text.append("\n" + visible("; ".join(details)), style="dim")
    return text


def _repair(repair: Repair) -> Text:
    text = Text(visible(f"{repair.path or 'the answer'}: {_brief(repair.before)} -> {_brief(repair.after)}"))
    text.append(visible(f"  ({repair.rule})"), style="dim")
    return text


def _brief(value: Any) -> str:
    shown = textwrap.shorten(json_line(value), 60, placeholder="...")
    return "nothing" if value in ("", None) else shown


def _facts(result: Result[Any]) -> Iterator[tuple[str, str]]:
    usage = result.usage
    if usage is None:
        yield "tokens", "not counted by the backend"
    else:
        about = "about " if usage.estimated else ""
        read, written = f"{usage.input_tokens:,} in", f"{usage.output_tokens:,} out"
        yield "tokens", f"{about}{read}, {written}, {usage.cached_tokens:,} cached"
    if result.cost:
        yield "cost", f"{result.cost.normalize():f} US dollars"
    yield "attempts", f"{len(result.attempts)}"
    yield "time", _duration(result.record.elapsed_s)
    yield "backend", visible(result.record.request.backend)
    for attempt in result.attempts:
        for detour in attempt.detours:
            then = f", then {detour.to}" if detour.to else ""
            yield detour.layer, visible(f"{textwrap.shorten(detour.reason, 100, placeholder='...')}{then}")


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{max(1, round(seconds * 1000))} ms"
