"""``promptkit run``: ask a backend and print the validated value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from promptkit.cli.options import (
    AsJson,
    AttemptsOption,
    BackendOption,
    Format,
    FormatOption,
    InputsOption,
    LibraryOption,
    MaxTokensOption,
    NameArgument,
    RecordOption,
    SeedOption,
    SetOption,
    StdinArgument,
    StreamOption,
    TemperatureOption,
    wants_json,
    wants_stdin,
)
from promptkit.cli.stderr import say

if TYPE_CHECKING:
    from promptkit.cli.screen import Screen
    from promptkit.engine import Result
    from promptkit.prompts import Prompt

__all__ = ["require_backend", "run", "show_result", "value_in_order"]


def run(  # noqa: PLR0913 - the options of a command
    name: NameArgument,
    stdin: StdinArgument = None,
    *,
    sets: SetOption = None,
    inputs: InputsOption = None,
    backend: BackendOption = None,
    library: LibraryOption = None,
    as_json: AsJson = False,
    form: FormatOption = Format.TEXT,
    record: RecordOption = None,
    attempts: AttemptsOption = None,
    max_tokens: MaxTokensOption = None,
    temperature: TemperatureOption = None,
    seed: SeedOption = None,
    stream: StreamOption = False,
) -> int:
    """Run a prompt and print its value, checked against the contract."""
    from promptkit.cli.inputs import gather
    from promptkit.cli.locations import find_prompt
    from promptkit.cli.screen import Screen
    from promptkit.sessions import record as recorded

    wanted = wants_stdin(stdin)
    prompt = find_prompt(name, library)
    if backend is None:
        require_backend(prompt.name)
    given = gather(prompt.contract.inputs, sets=sets or (), file=inputs, stdin=wanted)
    settings = {"temperature": temperature, "max_tokens": max_tokens, "seed": seed}
    asked = prompt.using(
        backend,
        attempts=attempts,
        generation={key: value for key, value in settings.items() if value is not None},
    )
    screen = Screen()
    quiet = wants_json(as_json, form)
    with recorded(record) if record is not None else nullcontext():
        result = _streamed(asked, given, screen, quiet=quiet) if stream else asked.run(**given)
    if quiet:
        screen.json(value_in_order(asked, result))
    else:
        show_result(asked, result, screen, streamed=stream)
    return 0


def require_backend(prompt: str) -> None:
    """Say how to name a backend on the command line, where nothing names one.

    Raises:
        ConfigurationError: When neither environment nor configuration names a backend for the prompt.
    """
    from promptkit.errors import ConfigurationError
    from promptkit.sessions import current_session

    if not current_session().names_backend(prompt):
        raise ConfigurationError(
            "no backend is named; add for example --backend llama:demo, or set PROMPTKIT_BACKEND, or write "
            'backend = "llama:demo" into promptkit.toml'
        )


def _streamed(prompt: Prompt[Any], given: Mapping[str, Any], screen: Screen, *, quiet: bool) -> Result[Any]:
    from promptkit.events import Finished, Restarted, TextDelta

    attempt = 1
    for event in prompt.stream(**given):
        match event:
            case Finished():
                _tell("\n", screen, quiet=quiet)
                return event.result
            case TextDelta():
                _tell(event.text, screen, quiet=quiet)
            case Restarted() if event.attempt > attempt:
                attempt = event.attempt
                broken = ", ".join(event.invalid_paths) or "the whole answer"
                _tell(f"\n\n(attempt {event.attempt}, because of {broken})\n\n", screen, quiet=quiet)
            case _:
                pass  # fields: their text is on the screen already
        if screen.gone:
            raise BrokenPipeError  # nobody reads on, so nothing more is asked of the model
    raise AssertionError("a stream ends with Finished or an error")  # pragma: no cover


def _tell(text: str, screen: Screen, *, quiet: bool) -> None:
    if quiet:
        say(text, end="")
    else:
        screen.text(text, end="")


def value_in_order(prompt: Prompt[Any], result: Result[Any]) -> Any:
    """The value as plain data with the fields in the order in which the file declares them."""
    schema = prompt.contract.output.schema
    return result.value if schema.kind == "text" else json.loads(schema.dump_json(result.value))


def show_result(prompt: Prompt[Any], result: Result[Any], screen: Screen, *, streamed: bool) -> None:
    """Lay a result out for reading: the value, verdicts, tokens, attempts, time.

    Args:
        prompt: The prompt that was run.
        result: Its result.
        screen: Where to.
        streamed: True when the text is on the screen already.
    """
    from promptkit.cli.panels import result_panel

    if streamed:
        screen.text("")
    value = value_in_order(prompt, result)
    if prompt.contract.output.mode == "text":
        if not streamed:
            screen.text(value)
            screen.text("")
        screen.show(*result_panel(prompt, result, terminal=screen.terminal))
    else:
        screen.show(*result_panel(prompt, result, value=value, terminal=screen.terminal))
