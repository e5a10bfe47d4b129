"""``promptkit cache``: what the layer ``cache`` has kept, and forgetting it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from promptkit.cli.options import AsJson, Format, FormatOption, wants_json

__all__ = ["CacheAction", "cache"]


class CacheAction(StrEnum):
    """What to do with the kept answers."""

    STATS = "stats"
    CLEAR = "clear"


def cache(
    action: Annotated[CacheAction, typer.Argument(help="Say what is kept, or forget it.")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="PATH", help="The file of answers. Default: the one in your cache folder."
        ),
    ] = None,
    as_json: AsJson = False,
    form: FormatOption = Format.TEXT,
) -> int:
    """Say what answers the layer `cache` has kept, or forget them all."""
    from promptkit.backends.layers.answer_files import AnswerFile, default_answer_file
    from promptkit.cli.screen import Screen

    path = file or default_answer_file()
    answers = AnswerFile(path, max_bytes=0, max_age_s=None)
    screen = Screen()
    if action is CacheAction.CLEAR:
        count = answers.clear()
        answers.close()
        if wants_json(as_json, form):
            screen.json({"file": str(path), "cleared": count})
        else:
            screen.text(f"forgot {count} answer{'' if count == 1 else 's'} of {path}")
        return 0
    stats = answers.stats()
    answers.close()
    oldest = None if stats.oldest_at is None else _moment(stats.oldest_at)
    if wants_json(as_json, form):
        screen.json(
            {
                "file": str(path),
                "answers": stats.answers,
                "bytes": stats.bytes,
                "hits": stats.hits,
                "oldest": oldest,
            }
        )
    else:
        rows = [
            ("file", str(path)),
            ("answers", f"{stats.answers:,}"),
            ("size", f"{stats.bytes / 2**20:.1f} MiB"),
            ("used again", f"{stats.hits:,} times"),
            ("oldest", oldest or "-"),
        ]
        screen.table(("kept answers", ""), rows)
    return 0


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
