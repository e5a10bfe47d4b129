"""A recorded call written as a test file, with the cassette that it replays."""

from __future__ import annotations

import os
import pprint
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptkit.checks.secrets import secrets_in
from promptkit.errors import ConfigurationError
from promptkit.libraries.writing import write_all
from promptkit.prompts import Prompt
from promptkit.records import CallRecord
from promptkit.requests import Tool
from promptkit.testing.cassettes import text_of, texts_in
from promptkit.testing.kept_calls import KeptCall, keep_call

if TYPE_CHECKING:
    from promptkit.records import Feedback

__all__ = ["Home", "WrittenTest", "write_test"]

_WIDTH = 100
_SHOWN = 600
"""So many characters of an error are quoted."""
_OF_AN_ANSWER = "This was answered; where it is wrong, write what is right into ANSWER and mend the prompt."
_OF_A_BAD_ANSWER = (
    "Fails until the prompt is mended: this answer was judged bad. Better: compare with what is right."
)
_WHEN_MENDED = (
    "A mended prompt asks something else, which is not recorded: then this fails with the difference, until "
    "pytest --pk-record=missing asks the model and records what it says."
)
_CHANGED = (
    "The prompt has changed since and asks something else now: this fails with the difference, until "
    "pytest --pk-record=missing asks the model and records what it says."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a test finds its prompt.

    Attributes:
        path: A library's folder, or a prompt file.
        name: The prompt's name in the library; None for a file.
    """

    path: Path
    name: str | None = None

    def code(self, test: Path) -> tuple[str, ...]:
        """The lines of a test file that load it; the last one is an expression.

        Args:
            test: The test file.
        """
        try:
            parts = Path(os.path.relpath(self.path.resolve(), test.resolve().parent)).parts
        except ValueError:  # on another drive
            where = f"Path({_literal(str(self.path.resolve()))})"
        else:
            ups = parts.count(os.pardir)
            where = f"Path(__file__).resolve().parents[{ups}]"
            if parts[ups:]:
                where += f" / {_literal('/'.join(parts[ups:]))}"
        if self.name is None:
            return (f"pk.load({where})",)
        return f"library = pk.library({where})", f"library.get({_literal(self.name)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTest:
    """What was written.

    Attributes:
        test: The test file.
        cassette: The cassette.
        passes: Whether the test passes as the prompt is today.
        asks_the_same: Whether the prompt, as it is today, asks what was asked then.
    """

    test: Path
    cassette: Path
    passes: bool
    asks_the_same: bool


def write_test(  # noqa: PLR0913 - where from and where to
    call: CallRecord,
    prompt: Prompt[Any],
    home: Home,
    to: Path,
    *,
    backend: str | None = None,
    said: Sequence[Feedback] = (),
    replace: bool = False,
) -> WrittenTest:
    """Write a call as a test file and its cassette: both, or neither.

    Args:
        call: The record.
        prompt: Its prompt, as it is today.
        home: Where the test finds the prompt.
        to: The test file, or a folder in which the file is named by the prompt and the record.
        backend: Who answers in the test; by default who answered then.
        said: What people said of the answer, the last last.
        replace: Whether files that are there are replaced.

    Raises:
        ConfigurationError: When the record does not hold what a test needs, or what no test should hold.
        PromptError: When a file is there already or cannot be written.
    """
    test = to if to.suffix == ".py" else to / f"test_{_word(prompt.name)}_{call.id[:8]}.py"
    name = "test_the_contract_holds" if call.status == "failed" else "test_the_answer"
    tape = test.parent / "cassettes" / test.stem / f"{name}.jsonl"
    kept = keep_call(call, prompt, tape, backend=backend)
    bad = bool(said) and said[-1].score < 0
    parts = [f"{_beginning(kept, said)}\n\n{_set_up(kept, home.code(test))}", _replaying(kept, name, bad=bad)]
    if kept.refused_by:
        parts.append(_refusing(kept))
    text = "\n\n\n".join(parts) + "\n"
    _refuse_secrets(kept, text)
    write_all({tape: text_of(kept.cassette.recordings.values()), test: text}, replace=replace)
    passes = kept.asks_the_same and call.status == "ok" and not bad
    return WrittenTest(test=test, cassette=tape, passes=passes, asks_the_same=kept.asks_the_same)


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_") or "prompt"


def _refuse_secrets(kept: KeptCall, text: str) -> None:
    secret = next(secrets_in("\n".join([*texts_in(kept.inputs), text])), None)
    if secret is not None:
        raise ConfigurationError(
            f"the record {kept.record.id} cannot become a test: it holds what looks like {secret.what}, and tests lie "
            "under version control; write one by hand, with made-up data"
        )


def _beginning(kept: KeptCall, said: Sequence[Feedback]) -> str:
    call = kept.record
    version = "" if call.prompt.version is None else f"@{call.prompt.version}"
    when = datetime.fromtimestamp(call.started_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [f"Record {call.id}: {call.prompt.name}{version} on {call.request.backend}, {when}."]
    if call.error is not None:
        lines.append(f"It failed with {call.error.type}: {call.error.message}")
    lines += [f"It was judged {it.score:g}{f': {it.note}' if it.note else ''}" for it in said]
    imports = ["from pathlib import Path", "import promptkit as pk"]
    if kept.refused_by:
        imports.insert(1, "import pytest")
    return "\n".join(map(_comment, lines)) + "\n\n" + "\n\n".join(imports)


def _set_up(kept: KeptCall, loading: Sequence[str]) -> str:
    *before, found = loading
    using = _using(kept)
    line = f"prompt = {found}.using({using})"
    if len(line) > _WIDTH:
        line = f"prompt = {found}.using(\n    {using}\n)"
    lines = [*before, line, f"INPUTS = {_literal(dict(kept.inputs), indent=9)}"]
    if kept.refused_by or kept.record.status == "ok":
        lines.append(f"ANSWER = {_literal(_answer(kept), indent=9)}")
    return "\n".join(lines)


def _using(kept: KeptCall) -> str:
    said = [f"{name}={_option(value)}" for name, value in kept.options.items()]
    return ", ".join([_literal(kept.backend), *said])


def _option(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_option, value))}]"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, Tool):
        schema = _literal(dict(value.parameters))
        return f"pk.Tool.of({schema}, name={_literal(value.name)}, description={_literal(value.description)})"
    return _literal(value)


def _answer(kept: KeptCall) -> Any:
    """What the test compares with: the value, the calls of tools, or the text that was refused."""
    call = kept.record
    completion = call.attempts[-1].completion
    if call.status == "ok" and call.output is None and completion is not None:
        return [(it.name, it.arguments) for it in completion.tool_calls]
    first = call.attempts[0].completion
    return call.output if call.status == "ok" or first is None else first.text


def _replaying(kept: KeptCall, name: str, *, bad: bool) -> str:
    call = kept.record
    if call.status == "failed":
        remark = "Fails until the prompt is mended: run raises while the answer breaks the contract."
        code = "prompt.run(**INPUTS)"
    else:
        left = "prompt.run(**INPUTS).record.output"
        if call.output is None:
            left = "[(it.name, it.arguments) for it in prompt.run(**INPUTS).tool_calls]"
        remark = _OF_A_BAD_ANSWER if bad else _OF_AN_ANSWER
        code = f"assert {left} {'!=' if bad else '=='} ANSWER"
    comment = _comment(f"{remark} {_WHEN_MENDED if kept.asks_the_same else _CHANGED}", indent="    ")
    return f"def {name}(cassette):\n{comment}\n    {code}"


def _refusing(kept: KeptCall) -> str:
    return (
        "def test_what_was_answered_is_refused():\n"
        f"    with pytest.raises(pk.errors.{kept.refused_by}):\n"
        "        prompt.parse(ANSWER, **INPUTS)"
    )


def _comment(text: str, indent: str = "") -> str:
    shown = textwrap.shorten(text, _SHOWN, placeholder=" ...")
    shown = "".join(it if it.isprintable() else ascii(it)[1:-1] for it in shown)
    begin = f"{indent}# "
    return "\n".join(textwrap.wrap(shown, _WIDTH, initial_indent=begin, subsequent_indent=begin))


def _literal(value: Any, indent: int = 0) -> str:
    """Data as Python reads it back; ``indent`` characters stand before it."""
    text = pprint.pformat(value, width=_WIDTH - indent, sort_dicts=False)
    if isinstance(value, str) and '"' not in value and "'" not in value and "\n" not in text:
        text = f'"{text[1:-1]}"'
    return text.replace("\n", "\n" + " " * indent)
