"""``promptkit records``: the calls that a file of SQLite keeps, and what people say of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptkit.cli.options import AsJson, CallsOption, IdArgument

if TYPE_CHECKING:
    from promptkit.records import RecordDatabase

__all__ = ["records"]

records = typer.Typer(
    help="List, show, prune and judge the calls that pk.record or --record keeps in a database.",
    no_args_is_help=True,
)

_FILE = Path("calls.db")


@records.command("list")
def list_records(
    *,
    file: CallsOption = _FILE,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="TAG=VALUE", help="Only with this tag. May be repeated."),
    ] = None,
    prompt: Annotated[
        str | None, typer.Option("--prompt", metavar="NAME", help="Only of this prompt, or of a pattern.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> int:
    """List calls, the newest first."""
    from promptkit.cli.screen import Screen

    tags = _tags(where or ())
    with _opened(file) as store:
        rows = store.rows(prompt=prompt, failed=failed, where=tags, limit=limit)
    screen = Screen()
    if as_json:
        screen.json([asdict(row) for row in rows])
        return 0
    if not rows:
        screen.text("no such records")
        return 0
    screen.table(
        ("id", "started", "status", "score", "prompt", "tags"),
        [
            (
                row.id,
                _moment(row.started_at),
                row.status,
                "-" if row.score is None else f"{row.score:g}",
                row.prompt,
                " ".join(f"{name}={value}" for name, value in sorted(row.tags.items())),
            )
            for row in rows
        ],
    )
    return 0


@records.command("show")
def show(
    id: IdArgument,  # noqa: A002 - the record's own word
    *,
    file: CallsOption = _FILE,
    as_json: AsJson = False,
) -> int:
    """Show a call: inputs, messages, each attempt, the value, tokens, what people said."""
    from promptkit.cli.screen import Screen

    with _opened(file) as store:
        record = store.get(id)
        said = store.feedback_of(record.id)
    screen = Screen()
    data: dict[str, Any] = record.to_dict()
    data["feedback"] = [asdict(feedback) for feedback in said]
    if as_json:
        screen.json(data)
    else:
        screen.text(json.dumps(data, indent=2, ensure_ascii=False))
    return 0


@records.command("prune")
def prune(
    *,
    file: CallsOption = _FILE,
    keep: Annotated[int | None, typer.Option("--keep", min=1, help="How many records stay at most.")] = None,
    days: Annotated[float | None, typer.Option("--days", min=0, help="Forget those that are older.")] = None,
    megabytes: Annotated[
        float | None, typer.Option("--megabytes", min=0, help="How large the records may be together.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Forget the oldest calls beyond the bounds that are given, and shrink the file."""
    from promptkit.cli.screen import Screen

    if keep is None and days is None and megabytes is None:
        raise typer.BadParameter("say what to keep: --keep N, --days N or --megabytes N")
    with _opened(file) as store:
        gone = store.prune(
            max_records=keep,
            max_bytes=None if megabytes is None else round(megabytes * 2**20),
            max_age_s=None if days is None else days * 86400,
        )
    screen = Screen()
    if as_json:
        screen.json({"file": str(file), "pruned": gone})
    else:
        screen.text(f"forgot {gone} record{'' if gone == 1 else 's'} of {file}")
    return 0


# -1 is a score, not an option
@records.command("feedback", context_settings={"ignore_unknown_options": True})
def feedback(
    id: IdArgument,  # noqa: A002 - the record's own word
    score: Annotated[float, typer.Argument(metavar="SCORE", help="Below 0 is bad, above 0 is good.")],
    *,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why.")] = "",
    file: CallsOption = _FILE,
) -> int:
    """Say how good the answer of a call was."""
    from promptkit.cli.screen import Screen

    with _opened(file) as store:
        store.feedback(id, score, note=note)
    Screen().text(f"noted {score:g} for {id}")
    return 0


def _opened(file: Path) -> RecordDatabase:
    from promptkit.records import RecordDatabase

    return RecordDatabase(file, make=False)


def _tags(given: Sequence[str]) -> Mapping[str, str]:
    tags: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"--where {item!r} has no value; write --where customer=c42")
        tags[name] = value
    return tags


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
