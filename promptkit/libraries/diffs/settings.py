"""What changed beside schemas and rules: what a prompt file settles for those who call it, and how it asks."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from promptkit.constraints import Constraint, parse
from promptkit.constraints.reading import inputs_named
from promptkit.declarations import ContextBlock, Declaration, OutputDeclaration
from promptkit.libraries.diffs.bumps import Bump
from promptkit.libraries.diffs.contracts import Change, Section
from promptkit.prompts import Prompt

__all__ = ["setting_changes"]

_REPAIRS = ("off", "lossless", "lenient")
"""What is taken of an answer that is no strict JSON, the least first."""
_NO_LIMIT = 1 << 62


def setting_changes(old: Prompt[Any], new: Prompt[Any]) -> tuple[Change, ...]:
    """What changed from one prompt to another in its settings.

    What refuses inputs, backends or callers that were taken before is major. What takes more of them is minor. What
    changes the way to an answer, and not what it is, is a patch.
    """
    before, after = old.declaration, new.declaration
    # An input that is new or gone is told of as such.
    both = old.contract.declared_inputs.fields.keys() & new.contract.declared_inputs.fields.keys()
    return (
        *_told(before, after),
        *_cleaning(before, after, both),
        *_lengths(before, after, both),
        *_form(before.output, after.output),
        *_enforcement(before, after),
        *_asking(before, after),
    )


def _change(path: str, text: str, demands: Bump, section: Section = "prompt") -> Change:
    return Change(section=section, path=path, text=text, demands=demands)


def _told(before: Declaration, after: Declaration) -> Iterator[Change]:
    spoke, speaks = (side.wording.language if side.wording else "en" for side in (before, after))
    if spoke != speaks:
        yield _change("language", f"is {speaks} and was {spoke}", Bump.PATCH)
    if before.deprecated == after.deprecated:
        return
    if after.deprecated is None:
        yield _change("", "is no longer deprecated", Bump.PATCH)
    else:
        demands = Bump.MINOR if before.deprecated is None else Bump.PATCH
        yield _change("", f"is deprecated: {after.deprecated}", demands)


def _cleaning(before: Declaration, after: Declaration, inputs: AbstractSet[str]) -> Iterator[Change]:
    """A model is shown other texts, and a rule that compares with an input compares with the cleaned one."""
    for name in sorted(inputs & {*before.input.clean, *after.input.clean}):
        was, now = (set[str](side.input.clean.get(name, ())) for side in (before, after))
        compared = any(_compares(rule, name) for rule in before.constraints)
        if now - was:
            text = f"is cleaned of {_listed(now - was)} now"
            if compared:
                text += ", so that a rule that reads it compares with another text than callers give"
            yield _change(name, text, Bump.MAJOR if compared else Bump.PATCH, "input")
        if was - now:
            text = f"is no longer cleaned of {_listed(was - now)}"
            yield _change(name, text, Bump.MINOR if compared else Bump.PATCH, "input")


def _compares(constraint: Constraint, name: str) -> bool:
    named = inputs_named(constraint.rule)
    return constraint.fails and (named is None or name in named)


def _lengths(before: Declaration, after: Declaration, inputs: AbstractSet[str]) -> Iterator[Change]:
    was, now = before.input.max_tokens, after.input.max_tokens
    if was != now:
        yield _limit("input.max_tokens", was, now)
    if before.input.history != after.input.history:
        yield _change("input.history", "limits the history otherwise", Bump.PATCH)
    blocks = {block.source: block for block in before.context if block.source is not None}
    for block in after.context:
        if block.source in blocks and str(parse(block.source).steps[0]) in inputs:
            yield from _block(blocks[block.source], block)


def _limit(path: str, was: int | None, now: int | None) -> Change:
    """A limit above which inputs are refused."""
    lower = (_NO_LIMIT if now is None else now) < (_NO_LIMIT if was is None else was)
    values = f"is {now or 'not set'} and was {was or 'not set'}"
    if lower:
        return _change(path, f"{values}: longer inputs are refused, which were taken", Bump.MAJOR)
    return _change(path, values, Bump.MINOR)


def _block(was: ContextBlock, now: ContextBlock) -> Iterator[Change]:
    path = f"context.{now.id}"
    if (was.shrink == "never") != (now.shrink == "never"):
        if now.shrink == "never":
            text = "no longer shrinks: inputs for which there is no room are refused, which were shortened"
            yield _change(path, text, Bump.MAJOR)
        else:
            yield _change(path, "shrinks now, where inputs were refused", Bump.MINOR)
    elif was.max_tokens != now.max_tokens and now.shrink == "never":
        yield _limit(f"{path}.max_tokens", was.max_tokens, now.max_tokens)
    elif (was.max_tokens, was.shrink, was.priority) != (now.max_tokens, now.shrink, now.priority):
        yield _change(path, "is shortened otherwise", Bump.PATCH)


def _form(before: OutputDeclaration, after: OutputDeclaration) -> Iterator[Change]:
    """What a value is in Python, and how much an answer may be mended to become one."""
    was, now = _value(before), _value(after)
    if before.kind == after.kind == "json" and was != now:
        yield _change("", f"is {now} in Python and was {was}", Bump.MAJOR, "output")
    if before.repair == after.repair or after.kind == "text":
        return
    text = f"is {after.repair} and was {before.repair}"
    if _REPAIRS.index(after.repair) < _REPAIRS.index(before.repair):
        yield _change("output.repair", f"{text}: fewer answers are taken", Bump.MINOR)
    elif after.repair == "lenient":
        yield _change("output.repair", f"{text}: values are taken that lost something", Bump.MAJOR)
    else:
        yield _change("output.repair", f"{text}: answers are taken that had to be mended", Bump.MINOR)


def _value(declared: OutputDeclaration) -> str:
    if declared.model is not None:
        return f"an instance of {declared.model}"
    return "an object of a generated class" if declared.generated else "plain data"


def _enforcement(before: Declaration, after: Declaration) -> Iterator[Change]:
    """Which backends are refused: with ``enforce: require`` all that do not enforce what must be."""
    was, now = before.enforce, after.enforce
    text = f"is {now} and was {was}"
    if now == "require" != was:
        refused = f"{text}: a backend that does not enforce all of the output is refused"
        yield _change("enforce", refused, Bump.MAJOR)
    elif was == "require" != now:
        yield _change("enforce", text, Bump.MINOR)
    elif was != now:
        yield _change("enforce", text, Bump.PATCH)
    demanded = {rule.id for rule in before.constraints if rule.steers}
    for rule in after.constraints if now == was == "require" else ():
        if rule.steers and rule.id not in demanded:
            refused = "must be enforced while the model writes: a backend that does not is refused"
            yield _change(rule.id, refused, Bump.MAJOR, "constraints")


def _asking(before: Declaration, after: Declaration) -> Iterator[Change]:
    was, now = dict(before.generation), dict(after.generation)
    if was != now:
        yield _change("generation", f"is {now} and was {was}", _of_confidence(before, after))
    for key, left, right in (
        ("attempts", before.attempts, after.attempts),
        ("output.reasoning", before.output.reasoning, after.output.reasoning),
    ):
        if left != right:
            yield _change(key, f"is {right} and was {left}", Bump.PATCH)
    rules = {rule.id: rule for rule in before.constraints}
    for rule in after.constraints:
        if rule.id in rules:
            yield from _handling(rules[rule.id], rule)


def _of_confidence(before: Declaration, after: Declaration) -> Bump:
    """Without log-probabilities ``result.confidence`` is None; all else of generation is sampling."""
    was, now = (
        side.generation.get("logprobs") is not None or any(it.asks_confidence for it in side.constraints)
        for side in (before, after)
    )
    if was == now:
        return Bump.PATCH
    return Bump.MINOR if now else Bump.MAJOR


def _handling(was: Constraint, now: Constraint) -> Iterator[Change]:
    if was.fails and now.fails and was.on_fail != now.on_fail:
        text = "is asked for again where it is broken" if now.on_fail == "reask" else "is not asked for again"
        yield _change(now.id, text, Bump.PATCH, "constraints")
    if was.fails and now.fails and was.enforce != now.enforce:
        text = f"has enforce: {now.enforce} and had enforce: {was.enforce}"
        yield _change(now.id, text, Bump.PATCH, "constraints")


def _listed(words: AbstractSet[str]) -> str:
    return " and ".join(sorted(words))
