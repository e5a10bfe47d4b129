"""The whole difference between two versions of a prompt."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from promptkit.authoring.jinja_spacing import formatted_body
from promptkit.errors import PromptError
from promptkit.libraries.diffs.bumps import Bump
from promptkit.libraries.diffs.contracts import Change, contract_changes
from promptkit.libraries.diffs.settings import setting_changes
from promptkit.libraries.surfaces import surface_of
from promptkit.messages import TextPart
from promptkit.prompts import Prompt
from promptkit.schemas import Generated, generate

__all__ = ["PromptDiff", "Shown", "Side", "diff_of", "promises_changed"]

_COMMENT = re.compile(r"[ \t]*\{#.*?#\}[ \t]*\n?", re.DOTALL)
_REFUSED = "these inputs are refused:"
_CONTEXT_LINES = 3
_MOST_CASES = 20
"""Examples that are rendered: more would hide the change in its repetitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two.

    Attributes:
        label: What it is called, for example ``support/triage@2.0.0``.
        prompt: The prompt.
        text: The text of its file.
        fragments: The text of each file that it includes, by path.
    """

    label: str
    prompt: Prompt[Any]
    text: str
    fragments: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What became of the messages for one set of inputs.

    Attributes:
        case: Which inputs, for example ``example 1``.
        lines: The difference of the messages as lines of a unified diff.
    """

    case: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptDiff:
    """What changed from one version of a prompt to another.

    Attributes:
        old: What the first is called.
        new: What the second is called.
        old_version: Its version; None when it names none.
        new_version: Likewise.
        text: The difference of the files, those that are included among them, as lines of a unified diff.
        messages: What a model is shown otherwise, for each example of either whose messages changed.
        changes: What callers may notice, the weightiest first.
        demands: The version number that all of it demands.
    """

    old: str
    new: str
    old_version: str | None
    new_version: str | None
    text: tuple[str, ...]
    messages: tuple[Shown, ...]
    changes: tuple[Change, ...]
    demands: Bump

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "old": {"name": self.old, "version": self.old_version},
            "new": {"name": self.new, "version": self.new_version},
            "demands": str(self.demands),
            "changes": [
                {
                    "section": change.section,
                    "path": change.path,
                    "text": change.text,
                    "demands": str(change.demands),
                }
                for change in self.changes
            ],
            "messages": [{"case": shown.case, "diff": list(shown.lines)} for shown in self.messages],
            "text": list(self.text),
        }


def diff_of(old: Side, new: Side) -> PromptDiff:
    """What changed from ``old`` to ``new``.

    Raises:
        PromptError: When one of them does not hold together.
    """
    messages = tuple(_messages(old.prompt, new.prompt))
    changes = [*promises_changed(old.prompt, new.prompt)]
    seen = any(not _is_refused(shown) for shown in messages)
    if seen or _printed(old.prompt) != _printed(new.prompt):
        changes.append(Change(section="prompt", path="", text="is worded otherwise", demands=Bump.PATCH))
    changes.sort(key=lambda change: -change.demands)
    return PromptDiff(
        old=old.label,
        new=new.label,
        old_version=old.prompt.version,
        new_version=new.prompt.version,
        text=tuple(_texts(old, new)),
        messages=messages,
        changes=tuple(changes),
        demands=max((change.demands for change in changes), default=Bump.NONE),
    )


def promises_changed(old: Prompt[Any], new: Prompt[Any]) -> tuple[Change, ...]:
    """What changed in the contract and in the settings of a prompt, its wording left aside.

    Raises:
        PromptError: When one of them does not hold together.
    """
    return (*contract_changes(surface_of(old), surface_of(new)), *setting_changes(old, new))


def _is_refused(shown: Shown) -> bool:
    return any(line[1:].startswith(_REFUSED) for line in shown.lines)


def _printed(prompt: Prompt[Any]) -> tuple[Any, ...]:
    """All that decides what is printed, without what only people read."""
    declared = prompt.declaration
    blocks = tuple(
        replace(block, line=None, priority=0, max_tokens=None, shrink="never") for block in declared.context
    )
    # A comment leaves blanks outside the messages; those inside them are told of by the body.
    fixed = [" ".join(text.split()) for text in prompt.contract.template.fixed_texts]
    body = formatted_body(_COMMENT.sub("", declared.body))  # which renders the same
    return fixed, body, declared.clarity, blocks


def _texts(old: Side, new: Side) -> Iterator[str]:
    yield from _unified(old.text, new.text, old.label, new.label)
    for path in sorted({*old.fragments, *new.fragments}):
        yield from _unified(
            old.fragments.get(path, ""),
            new.fragments.get(path, ""),
            f"{path} ({old.label})",
            f"{path} ({new.label})",
        )


def _messages(old: Prompt[Any], new: Prompt[Any]) -> Iterator[Shown]:
    for case, inputs in _cases(old, new).items():
        before, after = _rendered(old, inputs), _rendered(new, inputs)
        lines = tuple(_unified(before, after, "before", "after"))[2:]
        if lines:
            yield Shown(case=case, lines=lines)


def _cases(old: Prompt[Any], new: Prompt[Any]) -> dict[str, Mapping[str, Any]]:
    """The inputs of the examples of both, else of their tests, else values made from the schema."""
    for word in ("example", "test"):
        found: list[Mapping[str, Any]] = []
        for prompt in (new, old):
            declared = prompt.declaration
            given = declared.examples if word == "example" else declared.tests
            found += [item.input for item in given if item.input not in found]
        if found:
            return {f"{word} {number}": inputs for number, inputs in enumerate(found[:_MOST_CASES], start=1)}
    made = {
        name: value.value
        for name, item in new.contract.inputs.fields.items()
        if item.kind in ("text", "json")
        and isinstance(value := generate(item.json_schema, seed=None), Generated)
    }
    return {"made-up inputs": made}


def _rendered(prompt: Prompt[Any], inputs: Mapping[str, Any]) -> str:
    """The messages as one text, or why there are none."""
    try:
        messages = prompt.render(**inputs).messages
    except PromptError as error:
        return f"{_REFUSED} {error}\n"
    parts: list[str] = []
    for message in messages:
        shown = "".join(
            part.text
            if isinstance(part, TextPart)
            else f"[{type(part).__name__.removesuffix('Part').lower()}]"
            for part in message.parts
        )
        parts.append(f"[{message.role}]\n{shown}\n")
    return "\n".join(parts)


def _unified(old: str, new: str, old_label: str, new_label: str) -> Iterator[str]:
    return difflib.unified_diff(
        old.splitlines(), new.splitlines(), old_label, new_label, lineterm="", n=_CONTEXT_LINES
    )
