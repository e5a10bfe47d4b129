"""One constraint: a rule at a place, with what follows when it is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from promptkit.completions import Enforcement, Verdict
from promptkit.constraints.paths import EACH, Path, parse
from promptkit.constraints.rules import Rule, Scope, Unjudged
from promptkit.schemas.places import path_text, shorten

__all__ = ["Constraint", "OnFail", "Severity"]

Severity: TypeAlias = Literal["must", "should"]
OnFail: TypeAlias = Literal["error", "reask", "warn"]

_SEVERITIES = ("must", "should")
_ON_FAIL = ("error", "reask", "warn")
_SHOWN_FAULTS = 3
_SMALL_WORDS = frozenset(
    {"A", "All", "An", "Any", "Each", "Every", "If", "In", "It", "No", "The", "This", "When"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A rule about one place of the output, declared once: said, narrowed, checked and hinted from here.

    Attributes:
        path: The place, for example ``citations[].doc``; empty for the whole output.
        rule: The rule.
        id: Its name; the default is path and kind, for example ``reply.max_words``.
        severity: A broken ``must`` fails the output, a broken ``should`` is only reported.
        on_fail: What a broken ``must`` leads to: an error, a re-ask while attempts are left, or a warning.
        say: The sentence to say in place of the rule's own.
        line: Line in the prompt file, counted from 1.

    Raises:
        ValueError: When the path, severity or on_fail is not one.
    """

    path: str
    rule: Rule
    id: str = ""
    severity: Severity = "must"
    on_fail: OnFail = "reask"
    say: str | None = None
    line: int | None = None

    def __post_init__(self) -> None:
        parse(self.path)
        if self.severity not in _SEVERITIES:
            raise ValueError(f"severity is {self.severity!r}; it is must or should")
        if self.on_fail not in _ON_FAIL:
            raise ValueError(f"on_fail is {self.on_fail!r}; it is error, reask or warn")
        if not self.id:
            object.__setattr__(self, "id", f"{self.path}.{self.rule.kind}" if self.path else self.rule.kind)

    @property
    def fails(self) -> bool:
        """True when a violation fails the output."""
        return self.severity == "must" and self.on_fail != "warn"

    def sentence(self) -> str:
        """The constraint as one sentence for the model; its wording is frozen as ``promptkit/1``."""
        text = self.say or _capital(self.rule.sentence(_subject(parse(self.path))))
        return text if self.severity == "must" else f"Preferably, {_small(text)}"

    def check(
        self, output_data: Any, inputs: Mapping[str, Any], *, enforced: Enforcement = Enforcement.CHECK
    ) -> Verdict:
        """The verdict over every place that the path matches; a place that is absent or null holds.

        A rule that raises Unjudged at a place, as ``expr`` does that orders by null, leaves the verdict
        ``unchecked`` unless another place is broken.

        Args:
            output_data: The output as plain JSON data; a string for text outputs.
            inputs: The inputs by name as plain data.
            enforced: The earliest place that enforced the rule, for the verdict.
        """
        scope = Scope(output=output_data, inputs=inputs)
        broken: list[tuple[str, str]] = []
        unjudged: list[tuple[str, str]] = []
        hint: str | None = None
        for place, value in parse(self.path).values(output_data):
            if value is None and self.rule.kind != "expr":
                continue
            try:
                fault = self.rule.fault(value, scope)
            except Unjudged as reason:
                unjudged.append((place, str(reason)))
                continue
            if fault is not None:
                hint = hint or self.rule.hint(value, scope)
                broken.append((place, fault))
        told = broken or unjudged
        unbroken: Literal["held", "unchecked"] = "unchecked" if unjudged else "held"
        return Verdict(
            constraint=self.id,
            path=told[0][0] if len(told) == 1 else self.path,
            rule=self.rule.kind,
            outcome="violated" if broken else unbroken,
            severity=self.severity,
            enforced=enforced,
            expected=self.sentence(),
            got=_got(told) if told else None,
            hint=hint,
            on_fail=self.on_fail,
        )


def _got(broken: list[tuple[str, str]]) -> str:
    if len(broken) == 1:
        return shorten(broken[0][1])
    first = "; ".join(f"{place}: {shorten(fault, 60)}" for place, fault in broken[:_SHOWN_FAULTS])
    more = len(broken) - _SHOWN_FAULTS
    return f"{first}; and {more} more" if more > 0 else first


def _subject(path: Path) -> str:
    """What a sentence begins with: ``each item of `tags` ``, `` `doc` of each item of `citations` ``."""
    steps = path.steps
    if not steps:
        return "the answer"
    if EACH not in steps:
        return f"`{path_text(step for step in steps if step is not EACH)}`"
    last = len(steps) - 1 - steps[::-1].index(EACH)
    outer = steps[:last]
    items = f"each item of {_subject(Path(outer))}"
    inner = steps[last + 1 :]
    return f"{_subject(Path(inner))} of {items}" if inner else items


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    word = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if word in _SMALL_WORDS else text
