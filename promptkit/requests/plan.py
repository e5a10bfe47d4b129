"""What a backend will do with an output, known before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from promptkit.completions import Enforcement
from promptkit.constraints import Binds, Constraint, Reads
from promptkit.requests.columns import aligned, counted
from promptkit.requests.output_spec import OutputSpec
from promptkit.schemas.keywords import keywords

__all__ = ["Limit", "Placement", "Plan"]

_WORDS = {
    Enforcement.NATIVE: "native",
    Enforcement.GRAMMAR: "by grammar",
    Enforcement.PROMPT: "said only",
    Enforcement.CHECK: "checked",
    Enforcement.IMPOSSIBLE: "impossible",
}
_EARLY = (Enforcement.NATIVE, Enforcement.GRAMMAR)
_SETTING = "generation."
_UNTOLD = "stays unchecked: the backend does not tell how sure the model was"
_THOUGHTS_ARE_READ = "said in the prompt; what stands before the answer is taken for thoughts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one rule is enforced.

    Attributes:
        path: The field; empty for the whole output.
        rule: A JSON Schema keyword, a constraint's kind, or a sampling setting such as ``generation.top_k``.
        where: The earliest place that enforces it.
        note: Why, or what the backend does with it instead; empty when there is nothing to say.
        waived: True for a constraint that its own options leave to the check, so that a prompt's
            ``enforce: require`` asks nothing of the backend for it.
    """

    path: str
    rule: str
    where: Enforcement
    note: str = ""
    waived: bool = False

    @classmethod
    def of(
        cls,
        constraint: Constraint,
        where: Enforcement,
        note: str = "",
        *,
        inputs: Mapping[str, Any] | None = None,
    ) -> Self:
        """The placement of a constraint, with what its options and its rule say of it.

        A rule that only a judge can decide is said and not checked. One that reads inputs is noted as such
        while they are not known.

        Args:
            constraint: The constraint.
            where: The earliest place at which the backend enforces it, by the schema or the grammar alone.
            note: The backend's reason.
            inputs: The inputs that the plan was made with; None when it was made without.
        """
        waived = not constraint.steers
        if where not in _EARLY and _is_judged(constraint):
            where, note = Enforcement.PROMPT, "only a judge can tell"
        elif waived:
            note = _left_to_check(constraint)
        elif constraint.stops and where not in _EARLY:
            note = note or "only where promptkit decodes itself can a text end before its limit"
        elif inputs is None and isinstance(constraint.rule, Reads):
            note = _without_inputs(constraint, where, note)
        return cls(path=constraint.path, rule=constraint.rule.kind, where=where, note=note, waived=waived)

    @classmethod
    def of_setting(cls, name: str, where: Enforcement, note: str = "") -> Self:
        """The placement of a sampling setting, which is about the request and no field.

        Args:
            name: The setting, for example ``top_k``.
            where: IMPOSSIBLE where the backend has no such setting.
            note: The backend's reason.
        """
        return cls(path="", rule=f"{_SETTING}{name}", where=where, note=note)

    @classmethod
    def of_reasoning(cls, spec: OutputSpec, where: Enforcement, note: str = "") -> tuple[Self, ...]:
        """The placement of the output's reasoning; none where the model is to answer at once.

        A backend that can only say it lacks nothing that ``enforce: require`` asks for: the answer is the same.

        Args:
            spec: The output.
            where: GRAMMAR where the decoder separates thoughts and answer, else PROMPT.
            note: What the backend does with it.
        """
        if not spec.reasoning:
            return ()
        return (cls(path="", rule="reasoning", where=where, note=note, waived=where not in _EARLY),)

    @property
    def setting(self) -> str | None:
        """The sampling setting that this is about; None for a rule of the output."""
        return self.rule.removeprefix(_SETTING) if self.rule.startswith(_SETTING) else None


def _is_judged(constraint: Constraint) -> bool:
    """True for a rule that names a judge, whose verdict can only be ``unchecked`` when a prompt runs."""
    return hasattr(constraint.rule, "judge")


def _left_to_check(constraint: Constraint) -> str:
    if constraint.severity == "should":
        return "a wish: severity is should"
    if constraint.on_fail == "warn":
        return "only reported: on_fail is warn"
    if getattr(constraint.rule, "checked_only", False):
        return "checked, so that no text is cut short"
    return "left to the check: enforce is check"


def _without_inputs(constraint: Constraint, where: Enforcement, note: str) -> str:
    if where in _EARLY:
        return "once the inputs are known"
    return (
        "enforced where it can be once the inputs are known" if isinstance(constraint.rule, Binds) else note
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit of a backend on schemas that an output passes.

    Attributes:
        name: What is limited, for example ``properties``.
        allowed: The most that the backend takes.
        actual: What the output's schema has.
    """

    name: str
    allowed: int
    actual: int

    def __str__(self) -> str:
        return f"{self.name}: {self.actual:,}, at most {self.allowed:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a backend will do with an output specification, known before anything is sent.

    ``str(plan)`` is a table that depends on nothing but the prompt and the backend, so that a test can compare
    it with a text.

    Attributes:
        backend: The backend's name.
        placements: One for each rule.
        wire: The schema as this backend will be given it; None when it is given none.
        limits: The limits that the schema passes; empty when it fits.
        binding: False when no model answers, as with a mock: what the plan says is then no promise and no
            lack either, and a prompt that says ``enforce: require`` runs all the same, so that its tests need
            no other wording than its users.
    """

    backend: str
    placements: tuple[Placement, ...] = ()
    wire: Mapping[str, Any] | None = field(default=None, repr=False)
    limits: tuple[Limit, ...] = ()
    binding: bool = True

    @classmethod
    def unenforced(cls, spec: OutputSpec, backend: str, why: str, *, binding: bool = True) -> Self:
        """The plan of a backend that is given no schema: each keyword and constraint is checked afterwards.

        Args:
            spec: The output.
            backend: The backend's name.
            why: The note on each keyword and each constraint that could have been enforced.
            binding: False when no model answers.
        """
        check = Enforcement.CHECK
        rules = [*Placement.of_reasoning(spec, Enforcement.PROMPT, _THOUGHTS_ARE_READ)]
        rules += [
            Placement(path=path, rule=rule, where=check, note=why)
            for path, rule, _ in keywords(spec.json_schema)
        ]
        rules += [Placement.of(constraint, check, why, inputs={}) for constraint in spec.constraints]
        return cls(backend=backend, placements=tuple(dict.fromkeys(rules)), binding=binding)

    def untold(self, spec: OutputSpec) -> Self:
        """The plan where the backend will not tell how sure the model was: rules on that stay unchecked.

        Args:
            spec: What the plan was made of.
        """
        rules = {(it.path, it.rule.kind) for it in spec.constraints if it.asks_confidence}
        return replace(
            self,
            placements=tuple(
                replace(it, waived=False, note=_UNTOLD) if (it.path, it.rule) in rules else it
                for it in self.placements
            ),
        )

    def where(self, path: str, rule: str) -> Enforcement:
        """The place of one rule; CHECK when the plan does not name it, since every answer is checked."""
        for placement in self.placements:
            if placement.path == path and placement.rule == rule:
                return placement.where
        return Enforcement.CHECK

    def by_field(self) -> tuple[Placement, ...]:
        """The placements field by field: the whole output first, then in the order of the schema.

        Constraints stand behind the keywords of their field.
        """
        order = {"": 0}
        for placement in self.placements:
            order.setdefault(placement.path, len(order))
        return tuple(sorted(self.placements, key=lambda placement: order[placement.path]))

    def summary(self) -> str:
        """How many rules are where, for example ``9 rules: 6 native, 2 checked, 1 said only``."""
        counts = {where: sum(it.where is where for it in self.placements) for where in Enforcement}
        parts = [f"{count:,} {_WORDS[where]}" for where, count in counts.items() if count]
        return ": ".join(part for part in (counted(len(self.placements), "rule"), ", ".join(parts)) if part)

    def table(self) -> str:
        """The plan as text: the backend, a line for each rule, the limits that are passed, and a count."""
        lines = [self.backend]
        if self.placements:
            titles = ("path", "rule", "where", "note")
            rows = [
                (it.path or "(output)", it.rule, it.where.value, it.note.replace("\n", " "))
                for it in self.by_field()
            ]
            lines += ["", *aligned([titles, *rows])]
        if self.limits:
            lines += ["", *(f"limit passed: {limit}" for limit in self.limits)]
        return "\n".join([*lines, "", self.summary()])

    def __str__(self) -> str:
        return self.table()

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-able data, for a snapshot."""
        return {
            "backend": self.backend,
            "placements": [
                {
                    "path": it.path,
                    "rule": it.rule,
                    "where": it.where.value,
                    "note": it.note,
                    "waived": it.waived,
                }
                for it in self.placements
            ],
            "limits": [{"name": it.name, "allowed": it.allowed, "actual": it.actual} for it in self.limits],
            "wire": self.wire,
            "binding": self.binding,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The plan of what :meth:`to_dict` gave.

        Raises:
            KeyError: When a part is missing.
            ValueError: When a ``where`` is none that this version knows.
        """
        placements: list[dict[str, Any]] = [
            {**item, "where": Enforcement(item["where"])} for item in data["placements"]
        ]
        return cls(
            backend=data["backend"],
            placements=tuple(Placement(**item) for item in placements),
            limits=tuple(Limit(**item) for item in data["limits"]),
            wire=data["wire"],
            binding=data["binding"],
        )
