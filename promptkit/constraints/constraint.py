"""One constraint: a rule at a place, with what follows when it is broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from promptkit.completions import Enforcement, Quotation, Verdict
from promptkit.constraints.confidence import MinConfidence
from promptkit.constraints.paths import Found, Path, Where, parse
from promptkit.constraints.rules import Hints, Quotes, Rule, Scope, Unjudged
from promptkit.constraints.sayings import said, subject_in
from promptkit.schemas.places import shorten
from promptkit.wordings import ENGLISH, Wording

__all__ = ["Constraint", "Enforce", "Findings", "OnFail", "Severity", "predicate_of", "subject_of"]

Severity: TypeAlias = Literal["must", "should"]
OnFail: TypeAlias = Literal["error", "reask", "warn"]
Enforce: TypeAlias = Literal["prefer", "hard", "check"]

_SEVERITIES = ("must", "should")
_ON_FAIL = ("error", "reask", "warn")
_ENFORCE = ("prefer", "hard", "check")
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
        enforce: ``prefer`` has the rule enforced as early as the backend can; ``check`` leaves it to the check
            of the finished answer, and exempts it from a prompt's ``enforce: require``; ``hard`` is for the most of
            a text's length: a backend that decodes itself ends the text before it, at a sentence or a word. The
            default is ``prefer``, and ``check`` for rules that say ``checked_only``, as lengths of texts do.
        line: Line in the prompt file, counted from 1.
        wording: The catalogue of the language in which the rule is said; None for English. It changes no meaning,
            so it does not count where two constraints are compared.

    Raises:
        ValueError: When the path, severity, on_fail or enforce is not one.
    """

    path: str
    rule: Rule
    id: str = ""
    severity: Severity = "must"
    on_fail: OnFail = "reask"
    say: str | None = None
    enforce: Enforce | None = None
    line: int | None = None
    wording: Wording | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        steps = parse(self.path).steps
        if any(isinstance(step, Where) and step.relative for step in steps):
            raise ValueError(
                f"the path {self.path!r} has a selector that begins with a dot; such a one stands in the path of "
                "an input, as in quoted_from: docs[id=.doc].text"
            )
        if self.severity not in _SEVERITIES:
            raise ValueError(f"severity is {self.severity!r}; it is must or should")
        if self.on_fail not in _ON_FAIL:
            raise ValueError(f"on_fail is {self.on_fail!r}; it is error, reask or warn")
        if self.enforce is None:
            object.__setattr__(
                self, "enforce", "check" if getattr(self.rule, "checked_only", False) else "prefer"
            )
        if self.enforce not in _ENFORCE:
            raise ValueError(f"enforce of a constraint is {self.enforce!r}; it is prefer, hard or check")
        if self.enforce == "hard" and not getattr(self.rule, "stops", False):
            raise ValueError(
                f"enforce: hard ends a text before its most words, characters, sentences or lines, and "
                f"{self.rule.kind} has no such limit; write enforce: prefer"
            )
        if not self.id:
            object.__setattr__(self, "id", f"{self.path}.{self.rule.kind}" if self.path else self.rule.kind)

    @property
    def fails(self) -> bool:
        """True when a violation fails the output."""
        return self.severity == "must" and self.on_fail != "warn"

    @property
    def steers(self) -> bool:
        """True when a backend may hold the model to the rule while it writes."""
        return self.fails and self.enforce != "check"

    @property
    def asks_confidence(self) -> bool:
        """True when it is judged by how sure the model was, which not every backend tells."""
        return isinstance(self.rule, MinConfidence)

    @property
    def is_said(self) -> bool:
        """True when the model is told of it; a rule on how sure it was is not, unless ``say`` is given."""
        return self.say is not None or not getattr(self.rule, "unsaid", False)

    @property
    def stops(self) -> bool:
        """True when a backend shall count while the model writes, and end the text before the limit."""
        return self.fails and self.enforce == "hard"

    def sentence(self) -> str:
        """The constraint as one sentence for the model; its wording is frozen as ``promptkit/1``."""
        text = self.say or _capital(self._own_sentence())
        if self.severity == "must":
            return text
        if self.wording is None:
            return ENGLISH.say("wish", sentence=_small(text))
        return self.wording.say("wish", sentence=text)

    def _own_sentence(self) -> str:
        """The rule's sentence in the language of the prompt."""
        if self.wording is None:
            return self.rule.sentence(subject_of(parse(self.path)))
        return said(self.rule, subject_of(parse(self.path), self.wording), self.wording)

    def without_wish(self, sentence: str) -> str:
        """A sentence of this constraint as it stands under a heading that says "preferably" for all."""
        if self.severity == "must":
            return sentence
        before = (self.wording or ENGLISH).say("wish").partition("{sentence}")[0]
        return _capital(sentence.removeprefix(before))

    def check(
        self,
        output_data: Any,
        inputs: Mapping[str, Any],
        *,
        shown: tuple[str, ...] | None = None,
        enforced: Enforcement = Enforcement.CHECK,
        confidence: Mapping[str, float] | None = None,
    ) -> Verdict:
        """The verdict over every place that the path matches; a place that is absent or null holds.

        A rule that raises Unjudged at a place, as ``expr`` does that orders by null, leaves the verdict
        ``unchecked`` unless another place is broken.

        Args:
            output_data: The output as plain JSON data; a string for text outputs.
            inputs: The inputs by name as plain data.
            shown: The texts that the model was shown; None when they are not known.
            enforced: The earliest place that enforced the rule, for the verdict.
            confidence: How sure the model was of each field, by its path; None where that is not known.
        """
        findings = Findings()
        for found in self.judged_places(output_data):
            scope = Scope(
                output=output_data,
                inputs=inputs,
                parent=found.parent,
                shown=shown,
                path=found.path,
                confidence=confidence,
            )
            findings.judge(self.rule, found, scope)
        return self.verdict(findings, enforced)

    def judged_places(self, output_data: Any) -> Iterator[Found]:
        """The places that the rule is about: absent ones and nulls are left out."""
        for found in parse(self.path).found(output_data):
            if found.value is not None or self.rule.kind == "expr":
                yield found

    def verdict(self, findings: Findings, enforced: Enforcement) -> Verdict:
        """The verdict that follows from what was found at all places."""
        told = findings.broken or findings.unjudged
        unbroken: Literal["held", "unchecked"] = "unchecked" if findings.unjudged else "held"
        return Verdict(
            constraint=self.id,
            path=told[0][0] if len(told) == 1 else self.path,
            rule=self.rule.kind,
            outcome="violated" if findings.broken else unbroken,
            severity=self.severity,
            enforced=enforced,
            expected=self.sentence(),
            got=_got(told) if told else None,
            hint=findings.hint,
            on_fail=self.on_fail,
            places=tuple(place for place, _ in findings.broken),
            quotations=tuple(findings.quotations),
        )


class Findings:
    """What a rule found at the places of its path."""

    def __init__(self) -> None:
        self.broken: list[tuple[str, str]] = []
        self.unjudged: list[tuple[str, str]] = []
        self.quotations: list[Quotation] = []
        self.hint: str | None = None

    def judge(self, rule: Rule, found: Found, scope: Scope) -> None:
        """Hold the value at one place to the rule."""
        try:
            fault = rule.fault(found.value, scope)
        except Unjudged as reason:
            self.unjudged.append((found.path, str(reason)))
            return
        if fault is not None:
            if self.hint is None and isinstance(rule, Hints):
                self.hint = rule.hint(found.value, scope)
            self.broken.append((found.path, fault))
        elif isinstance(rule, Quotes):
            quotations = rule.quotations(found.value, scope)
            self.quotations.extend(replace(quotation, path=found.path) for quotation in quotations)


def _got(broken: list[tuple[str, str]]) -> str:
    if len(broken) == 1:
        return shorten(broken[0][1])
    first = "; ".join(f"{place}: {shorten(fault, 60)}" for place, fault in broken[:_SHOWN_FAULTS])
    more = len(broken) - _SHOWN_FAULTS
    return f"{first}; and {more} more" if more > 0 else first


def subject_of(path: Path, wording: Wording | None = None) -> str:
    """What a sentence begins with: ``each item of `tags` ``, `` `doc` of each item of `citations` ``."""
    return subject_in(path, wording or ENGLISH)


def predicate_of(sentence: str, subject: str) -> str:
    """The sentence less its subject and its full stop, to stand below the subject; whole where it has another."""
    start = f"{subject} "
    if not sentence.lower().startswith(start.lower()):
        return sentence
    return sentence[len(start) :].removesuffix(".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    word = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if word in _SMALL_WORDS else text
