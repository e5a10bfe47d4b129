"""Attacks: hostile values through a prompt's inputs, and whether anything but their own text comes of them.

Each value is rendered beside a harmless twin of the same shape. Roles, the bytes around the value and the tokens
that steer a model must be those of the twin. What a model makes of a value is not tried: none is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from promptkit.checks.attacks.corpus import HostileValue, corpus
from promptkit.checks.attacks.ends import open_end
from promptkit.checks.attacks.places import Place, places_of
from promptkit.checks.attacks.twins import broken_message, broken_surroundings, twin_of
from promptkit.checks.places import lines_of, placed
from promptkit.checks.settings import Settings
from promptkit.checks.subjects import Subject
from promptkit.cleaning import clean
from promptkit.errors import InputError, PlanError, PromptError, RequestRejected, TemplateError
from promptkit.findings import RULES, Finding
from promptkit.messages import Message
from promptkit.prompts import Prompt
from promptkit.rendering import Problem

__all__ = ["AttackReport", "Reader", "attack", "attack_subjects"]


class Reader(Protocol):
    """Messages as the tokens of a model; `backends.llama.readers.TokenReader` is one."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    @property
    def markers(self) -> Sequence[str]:
        """Texts of the tokens that steer it."""
        ...

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """The ids of all tokens."""
        ...

    def steering(self, tokens: Sequence[int]) -> list[int]:
        """Those that steer the model."""
        ...

    def text(self, tokens: Sequence[int]) -> bytes:
        """The bytes that the tokens stand for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackReport:
    """What was tried and what broke.

    Attributes:
        findings: What broke.
        places: How many places of inputs take text.
        values: How many values were rendered.
        refused: How many values an input does not take.
        bytes_compared: How many of those rendered were compared byte for byte; of the others, which the
            template itself changes, the roles and all that stands around the value.
        tokens_compared: Of how many the token ids were compared.
        model: Whose tokens; None when none were looked at.
    """

    findings: tuple[Finding, ...] = ()
    places: int = 0
    values: int = 0
    refused: int = 0
    bytes_compared: int = 0
    tokens_compared: int = 0
    model: str | None = None

    def __add__(self, other: AttackReport) -> AttackReport:
        return AttackReport(
            findings=tuple(dict.fromkeys(self.findings + other.findings)),
            places=self.places + other.places,
            values=self.values + other.values,
            refused=self.refused + other.refused,
            bytes_compared=self.bytes_compared + other.bytes_compared,
            tokens_compared=self.tokens_compared + other.tokens_compared,
            model=self.model or other.model,
        )

    def __str__(self) -> str:
        broke = sum(finding.rule == "attack" for finding in self.findings)
        tokens = (
            f"{self.tokens_compared} by the tokens of {self.model}" if self.model else "tokens not looked at"
        )
        return (
            f"attack: {self.values} hostile values in {self.places} places, {broke} broke out; "
            f"{self.bytes_compared} compared byte for byte, {tokens}, {self.refused} refused"
        )


def attack(
    prompt: Prompt[Any], reader: Reader | None = None, settings: Settings | None = None
) -> AttackReport:
    """Render hostile values at every place of a prompt's inputs; no model is called.

    Args:
        prompt: The prompt.
        reader: Whose tokens are looked at; None looks at messages alone.
        settings: What rules are set to by the configuration; the file's own ``check:`` is added.
    """
    try:
        places = places_of(prompt)
    except (PromptError, PlanError):  # what keeps it from rendering is found by check_prompt
        return AttackReport(model=reader.name if reader else None)
    run = _Run(prompt, reader)
    for place in places:
        run.attack(place)
    lines, declared = lines_of(prompt.declaration), prompt.declaration
    own = Settings(settings.configured if settings else {}, declared.check)
    findings = own.applied(placed(problem, RULES[problem.rule].severity, lines) for problem in run.problems)
    return AttackReport(
        findings=tuple(findings),
        places=len(places),
        values=run.values,
        refused=run.refused,
        bytes_compared=run.bytes_compared,
        tokens_compared=run.tokens_compared,
        model=reader.name if reader else None,
    )


def attack_subjects(
    subjects: Iterable[Subject], reader: Reader | None = None, settings: Settings | None = None
) -> AttackReport:
    """Attack prompts one after the other; those that cannot be read are passed over, since checking finds them.

    Args:
        subjects: The prompts.
        reader: Whose tokens are looked at.
        settings: What rules are set to by the configuration.
    """
    report = AttackReport(model=reader.name if reader else None)
    for subject in subjects:
        try:
            prompt = subject.open()
        except (PromptError, PlanError):
            continue
        report += attack(prompt, reader, settings)
    return report


class _Run:
    """The attack on one prompt."""

    def __init__(self, prompt: Prompt[Any], reader: Reader | None) -> None:
        self._prompt = prompt
        self._reader = reader
        self._corpus = list(corpus(reader.markers if reader else ()))
        self.problems: list[Problem] = []
        self.values = self.refused = self.bytes_compared = self.tokens_compared = 0

    def attack(self, place: Place) -> None:
        broken = [(value, what) for value in self._corpus for what in self._faults(place, value)]
        if broken:
            value, what = broken[0]
            more = f", and {len(broken) - 1} more values break out" if len(broken) > 1 else ""
            self._note(
                place, "attack", f"a hostile value in {place.path} ({value.name}) breaks out: {what}{more}"
            )
        ending = open_end(self._prompt, place)
        if ending is not None and not place.trusted:
            self._note(
                place,
                "open-end",
                f"{place.path} is printed without a fence before {ending!r}, which a stranger can write as well, "
                "so that the rest of the value reads as yours; fence it, or print it last",
            )

    def _note(self, place: Place, rule: str, message: str) -> None:
        declared, root = self._prompt.declaration, str(place.way[0])
        self.problems.append(
            Problem(
                rule=rule,
                message=message,
                file=declared.place,
                line=declared.input.lines.get(root) or declared.lines.get("input") or declared.body_line,
                word=root,
            )
        )

    def _faults(self, place: Place, value: HostileValue) -> Iterator[str]:
        """What this value breaks; the first thing alone."""
        ways = self._prompt.declaration.input.clean.get(str(place.way[0]), ())
        shown = str(clean(value.text, ways))
        twin = twin_of(shown)
        try:
            wild = self._prompt.render(**place.filled(value.text))
            tame = self._prompt.render(**place.filled(twin))
        except InputError:
            self.refused += 1
            return
        except TemplateError as error:
            yield f"the template fails: {error.problem}"
            return
        self.values += 1
        calm, hostile = tame.messages, wild.messages
        fault, compared = broken_message(calm, hostile, twin, shown)
        if fault is None and compared < len(hostile):
            fault = broken_surroundings(tame.source_map, wild.source_map)
        self.bytes_compared += compared == len(hostile)
        fault = fault or self._token_fault(calm, hostile)
        if fault is not None:
            yield fault

    def _token_fault(self, calm: Sequence[Message], hostile: Sequence[Message]) -> str | None:
        reader = self._reader
        if reader is None or not all(isinstance(message.content, str) for message in (*calm, *hostile)):
            return None
        try:
            tokens, others = reader.tokens(hostile), reader.tokens(calm)
        except RequestRejected as error:  # refused as a whole, before anything is sent
            self.refused += 1
            return None if "no Unicode" in str(error) else f"{reader.name} refuses the messages: {error}"
        self.tokens_compared += 1
        if reader.steering(tokens) != reader.steering(others):
            return f"it becomes tokens that steer {reader.name}"
        text = reader.text(tokens)
        lost = next((message for message in hostile if message.text.strip().encode() not in text), None)
        return None if lost is None else f"the tokens of {reader.name} lose a part of the {lost.role} message"
