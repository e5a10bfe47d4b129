"""What changed in a contract, and the version number that each change demands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from promptkit.constraints import Constraint
from promptkit.libraries.diffs.bumps import Bump
from promptkit.libraries.diffs.rules import compare_rules, same_rule
from promptkit.libraries.surfaces import InputSurface, Surface
from promptkit.schemas.comparison import Effect, changes_of
from promptkit.schemas.fragments import without_null

__all__ = ["Change", "Section", "contract_changes"]

Section: TypeAlias = Literal["input", "output", "constraints", "prompt"]

# What callers give may become less only with a new major version, and what they get may become more only so.
_OF_INPUTS: Mapping[Effect, Bump] = {
    "narrowed": Bump.MAJOR,
    "widened": Bump.MINOR,
    "changed": Bump.MAJOR,
    "added": Bump.MINOR,
    "added_required": Bump.MAJOR,
    "removed": Bump.MAJOR,
    "required": Bump.MAJOR,
    "optional": Bump.MINOR,
    "defaulted": Bump.MINOR,
    "default": Bump.MINOR,
}
_OF_OUTPUTS: Mapping[Effect, Bump] = {
    "narrowed": Bump.MINOR,
    "widened": Bump.MAJOR,
    "changed": Bump.MAJOR,
    "added": Bump.MINOR,
    "added_required": Bump.MINOR,
    "removed": Bump.MAJOR,
    "required": Bump.MINOR,
    "optional": Bump.MAJOR,
    "defaulted": Bump.MAJOR,
    "default": Bump.MINOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change that callers may notice.

    Attributes:
        section: Where it is: an input, the output, a constraint, or the prompt as a whole.
        path: What it is about, for example ``ticket.body`` or a constraint's id.
        text: What changed, as the rest of a sentence.
        demands: The version number that it demands.
    """

    section: Section
    path: str
    text: str
    demands: Bump

    def __str__(self) -> str:
        subject = f"{self.section} {self.path}".rstrip()
        return f"{self.demands}: {subject} {self.text}"


def contract_changes(old: Surface, new: Surface) -> tuple[Change, ...]:
    """What changed from one surface to another, the weightiest first."""
    found = [*_inputs(old.inputs, new.inputs), *_output(old, new), *_constraints(old, new)]
    return tuple(sorted(found, key=lambda change: -change.demands))


def _inputs(old: Mapping[str, InputSurface], new: Mapping[str, InputSurface]) -> Iterator[Change]:
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield Change(section="input", path=name, text="is removed", demands=Bump.MAJOR)
        elif name not in old:
            required = new[name].required
            yield Change(
                section="input",
                path=name,
                text="is added" if required else "is added and may be left out",
                demands=Bump.MAJOR if required else Bump.MINOR,
            )
        else:
            yield from _input(name, old[name], new[name])


def _input(name: str, old: InputSurface, new: InputSurface) -> Iterator[Change]:
    if {old.kind, new.kind} & {"image", "document", "messages"} and old.kind != new.kind:
        yield Change(section="input", path=name, text=f"is {new.kind} and was {old.kind}", demands=Bump.MAJOR)
        return
    if new.required and not old.required:
        yield Change(section="input", path=name, text="may no longer be left out", demands=Bump.MAJOR)
    elif old.required and not new.required:
        yield Change(section="input", path=name, text="may be left out now", demands=Bump.MINOR)
    elif old.default != new.default:
        yield Change(section="input", path=name, text="has another default", demands=Bump.MINOR)
    if old.trusted != new.trusted:
        text = "is trusted now" if new.trusted else "is no longer trusted"
        yield Change(section="input", path=name, text=text, demands=Bump.PATCH)
    left, right = old.schema, new.schema
    if old.required != new.required:
        # What may be left out may be null as well; one of the two is enough to be told.
        left, right = without_null(left), without_null(right)
    for change in changes_of(left, right, name):
        yield Change(section="input", path=change.path, text=change.text, demands=_OF_INPUTS[change.effect])


def _output(old: Surface, new: Surface) -> Iterator[Change]:
    if old.mode != new.mode:
        words = {"text": "plain text", "json": "a value of a schema"}
        text = f"is {words[new.mode]} and was {words[old.mode]}"
        yield Change(section="output", path="", text=text, demands=Bump.MAJOR)
        return
    for change in changes_of(old.output, new.output):
        # Where the value is made with its defaults, callers find the field there as before.
        filled = change.effect == "defaulted" and new.filled
        demands = Bump.MINOR if filled else _OF_OUTPUTS[change.effect]
        yield Change(section="output", path=change.path, text=change.text, demands=demands)


def _constraints(old: Surface, new: Surface) -> Iterator[Change]:
    pairs = _paired(old.constraints, new.constraints)
    for before, after in pairs:
        if before is None and after is not None:
            yield _rule_change(after, "is added", Bump.MINOR if after.fails else Bump.PATCH)
        elif before is not None and after is None:
            yield _rule_change(before, "is removed", Bump.MAJOR if before.fails else Bump.PATCH)
        elif before is not None and after is not None:
            yield from _rule(before, after, old, new)


def _paired(
    old: tuple[Constraint, ...], new: tuple[Constraint, ...]
) -> list[tuple[Constraint | None, Constraint | None]]:
    """Each rule with what became of it: the one of its id, else the one of its place and kind."""
    left = {constraint.id: constraint for constraint in old}
    right = {constraint.id: constraint for constraint in new}
    pairs: list[tuple[Constraint | None, Constraint | None]] = []
    for name, constraint in list(left.items()):
        if name in right:
            pairs.append((left.pop(name), right.pop(name)))
        else:
            alike = (
                one for one in right.values() if one.id not in left and _place(one) == _place(constraint)
            )
            other = next(alike, None)
            if other is not None:
                pairs.append((left.pop(name), right.pop(other.id)))
    return [*pairs, *((one, None) for one in left.values()), *((None, one) for one in right.values())]


def _place(constraint: Constraint) -> tuple[str, str]:
    return constraint.path, constraint.rule.kind


def _rule(before: Constraint, after: Constraint, old: Surface, new: Surface) -> Iterator[Change]:
    if before.id != after.id:
        yield _rule_change(before, f"is called {after.id} now", Bump.MINOR)
    if before.fails and not after.fails:
        yield _rule_change(after, "no longer fails an answer that breaks it", Bump.MAJOR)
    elif after.fails and not before.fails:
        yield _rule_change(after, "fails an answer that breaks it now", Bump.MINOR)
    if before.path != after.path:
        text = (
            f"is about {after.path or 'the whole output'} and was about {before.path or 'the whole output'}"
        )
        yield _rule_change(after, text, Bump.MAJOR if before.fails else Bump.PATCH)
    elif before.rule != after.rule and not same_rule(before.rule, after.rule):
        yield _changed_rule(before, after, old, new)


def _changed_rule(before: Constraint, after: Constraint, old: Surface, new: Surface) -> Change:
    if not (before.fails and after.fails):
        return _rule_change(after, f"{_said(before, after)}; nothing fails by it", Bump.PATCH)
    compared = compare_rules(before, after, old.output, new.output, text=new.mode == "text")
    if compared.taken is not None:
        text = f"is loosened: it takes {compared.taken}, which it refused"
        return _rule_change(after, f"{text}; {_said(before, after)}", Bump.MAJOR)
    if compared.certain:
        text = f"is tightened: it refuses {compared.refused}, which it took"
        return _rule_change(after, f"{text}; {_said(before, after)}", Bump.MINOR)
    return _rule_change(
        after,
        f"{_said(before, after)}; whether it takes more than before cannot be told, so it counts as loosened",
        Bump.MAJOR,
    )


def _said(before: Constraint, after: Constraint) -> str:
    return f"it says {_sentence(after)!r} and said {_sentence(before)!r}"


def _sentence(constraint: Constraint) -> str:
    rule: Any = constraint.rule
    return str(rule.sentence(f"`{constraint.path}`" if constraint.path else "the answer"))


def _rule_change(constraint: Constraint, text: str, demands: Bump) -> Change:
    return Change(section="constraints", path=constraint.id, text=text, demands=demands)
