"""``promptkit replay``: a kept call's inputs on a prompt as it is today."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from promptkit.cli.options import (
    AsJson,
    BackendOption,
    CallsOption,
    IdArgument,
    LibraryOption,
    OfPromptOption,
    RecordOption,
)

if TYPE_CHECKING:
    from promptkit.records import CallRecord

__all__ = ["replay"]


def replay(  # noqa: PLR0913 - the options of a command
    id: IdArgument,  # noqa: A002 - the record's own word
    *,
    file: CallsOption = Path("calls.db"),
    prompt: OfPromptOption = None,
    backend: BackendOption = None,
    library: LibraryOption = None,
    record: RecordOption = None,
    as_json: AsJson = False,
) -> int:
    """Run a prompt on the inputs of a kept call, beside what came of it then."""
    from contextlib import nullcontext

    from promptkit.cli.locations import find_prompt_of
    from promptkit.cli.run import require_backend, show_result, value_in_order
    from promptkit.cli.screen import Screen
    from promptkit.records import RecordDatabase, recorded_inputs
    from promptkit.sessions import record as recorded

    with RecordDatabase(file, make=False) as store:
        call = store.get(id)
    inputs = recorded_inputs(call)
    asked = find_prompt_of(call, prompt, library)
    if backend is None:
        require_backend(asked.name)
    screen = Screen()
    if not as_json:
        _tell_then(call, screen.text)
    with recorded(record) if record is not None else nullcontext():
        result = asked.using(backend, tags={**call.tags, "replay_of": call.id}).run(**inputs)
    if as_json:
        then = {
            "status": call.status,
            "output": call.output,
            "error": None if call.error is None else {"type": call.error.type, "message": call.error.message},
        }
        screen.json({"id": call.id, "then": then, "now": value_in_order(asked, result)})
    else:
        show_result(asked, result, screen, streamed=False)
    return 0


def _tell_then(call: CallRecord, tell: Callable[[str], None]) -> None:
    version = "" if call.prompt.version is None else f"@{call.prompt.version}"
    tell(f"then, {call.prompt.name}{version} on {call.request.backend}:")
    if call.error is not None:
        tell(f"  failed with {call.error.type}: {call.error.message}")
    else:
        tell(f"  {json.dumps(call.output, ensure_ascii=False)}")
    tell("\nnow:")
