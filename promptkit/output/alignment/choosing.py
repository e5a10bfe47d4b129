"""Which value of an answer is meant: one, or an error that says why none is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from promptkit.completions import Repair
from promptkit.errors import (
    Ambiguous,
    Echoed,
    LossyRepair,
    OutputError,
    Refused,
    Truncated,
    Unparseable,
)
from promptkit.output.alignment.aligned import Aligned, Candidate
from promptkit.output.alignment.attempts import Attempt
from promptkit.output.alignment.echoes import Echoes, canonical
from promptkit.output.alignment.nodes import Fix
from promptkit.output.alignment.rules import LOSSY_RULES, RULES
from promptkit.output.alignment.surroundings import (
    Standing,
    goes_on,
    is_html,
    is_noise,
    is_refusal,
    offers_alternatives,
    standing,
    takes_back,
)
from promptkit.schemas import path_text

__all__ = ["choose"]

_SHOWN = 200
_MOST_CANDIDATES = 20


@dataclass(frozen=True, eq=False)
class _Rated:
    """An attempt, and what the words before it call it."""

    attempt: Attempt
    standing: Standing

    @property
    def fits(self) -> bool:
        return self.attempt.valid is not None

    @cached_property
    def key(self) -> str:
        assert self.attempt.valid is not None
        return canonical(self.attempt.valid.data)

    @property
    def stands_apart(self) -> bool:
        return self.standing in (Standing.SAMPLE, Standing.QUOTED, Standing.DRAFT)


def choose(
    text: str, attempts: Sequence[Attempt], echoes: Echoes, allowed: frozenset[str], *, thinks_on: bool
) -> Aligned[Any]:
    """The value that the answer means.

    Args:
        text: The answer.
        attempts: What each value in it gives, in their order.
        echoes: The values of the inputs.
        allowed: Lossy rules that may be used.
        thinks_on: True when the answer ends in thoughts.

    Raises:
        OutputError: Of the kind that says why no value is taken.
    """
    return _Choice(text, attempts, echoes, allowed, thinks_on=thinks_on).made()


class _Choice:
    """One choice, step by step."""

    def __init__(
        self,
        text: str,
        attempts: Sequence[Attempt],
        echoes: Echoes,
        allowed: frozenset[str],
        *,
        thinks_on: bool,
    ) -> None:
        self._text = text
        self._echoes = echoes
        self._allowed = allowed
        self._thinks_on = thinks_on
        self._rated = self._rate(attempts)
        self._left_out: list[Repair] = []

    def _rate(self, attempts: Sequence[Attempt]) -> list[_Rated]:
        rated: list[_Rated] = []
        end = 0
        for attempt in attempts:
            rated.append(_Rated(attempt, standing(self._text[end : attempt.start])))
            end = attempt.end
        return rated

    def made(self) -> Aligned[Any]:
        """The value, or the error."""
        fitting = [each for each in self._rated if each.fits]
        if not fitting:
            raise self._nothing()
        chosen = self._one_of(self._own(fitting))
        self._heed_what_follows(chosen)
        if not chosen.attempt.valid:
            raise AssertionError("only values that fit are chosen")  # pragma: no cover
        repairs = (*self._around(chosen, fitting), *map(_repair, chosen.attempt.fixes))
        self._refuse_losses(repairs)
        return Aligned(
            value=chosen.attempt.valid.value,
            data=chosen.attempt.valid.data,
            repairs=repairs,
            candidates=self._candidates(chosen),
        )

    # which one

    def _own(self, fitting: list[_Rated]) -> list[_Rated]:
        """The values that the model gives as its own: not those of the inputs, no samples, no quotations."""
        alone = _distinct(fitting) == 1
        own = [each for each in fitting if not self._is_copy(each, alone=alone)]
        if not own:
            raise self._error(
                Echoed,
                "the answer's value is JSON that stands in a text of the prompt's inputs, so it may be copied rather "
                "than given; ask again, or give such data as an input of its own",
            )
        kept = [each for each in own if not each.stands_apart]
        if not kept and _distinct(own) == 1 and own[-1].standing is Standing.DRAFT:
            kept = own
        if not kept:
            quoted = own[-1].standing is Standing.QUOTED
            raise self._error(
                Echoed if quoted else Unparseable,
                "the only value in the answer is one that its words call "
                + ("a quotation of what was given" if quoted else "a sample or a draft")
                + "; ask again for the answer itself",
            )
        left_in = set(kept)
        self._left_out += [
            _around("draft" if each.standing is Standing.DRAFT else "quoted_input", self._written(each), "")
            for each in fitting
            if each not in left_in
        ]
        return kept

    def _is_copy(self, each: _Rated, *, alone: bool) -> bool:
        assert each.attempt.valid is not None
        data = each.attempt.valid.data
        return self._echoes.is_echo(data) or (not alone and self._echoes.is_input(data))

    def _one_of(self, kept: list[_Rated]) -> _Rated:
        """The value, when all agree or when the last one is called final.

        Raises:
            Ambiguous: When they differ.
        """
        last = kept[-1]
        if _distinct(kept) == 1:
            return min(kept, key=lambda each: sum(RULES[fix.rule].cost for fix in each.attempt.fixes))
        final = [each for each in kept if each.standing is Standing.FINAL]
        agreed = bool(final) and _distinct(final) == 1 and final[-1] is last
        if agreed and not offers_alternatives(self._gaps(kept)):
            self._left_out += [
                _around("draft", self._written(each), "")
                for each in kept
                if each.standing is not Standing.FINAL
            ]
            return last
        if "last_value" in self._allowed:
            return _Rated(
                replace(
                    last.attempt,
                    fixes=(*last.attempt.fixes, Fix((), "last_value", f"{len(kept)} values", "the last")),
                ),
                last.standing,
            )
        raise self._error(
            Ambiguous,
            f"the answer holds {_distinct(kept)} values that differ, and no word says which is meant; "
            "ask for one value alone",
        )

    def _gaps(self, rated: list[_Rated]) -> str:
        pieces: list[str] = []
        end = 0
        for each in rated:
            pieces.append(self._text[end : each.attempt.start][-_SHOWN:])
            end = each.attempt.end
        return "\n".join(pieces)

    def _heed_what_follows(self, chosen: _Rated) -> None:
        """A later attempt at the same value that fails, or words that take it back, are not passed over.

        Raises:
            OutputError: For either.
        """
        attempt = chosen.attempt
        for each in self._rated:
            later = each.attempt.start >= attempt.end and each.attempt.speaks and not each.fits
            if later and each.standing not in (Standing.SAMPLE, Standing.QUOTED):
                raise self._nothing(each)
        after = self._text[attempt.end :]
        if any(each.fits and each.attempt.start >= attempt.end for each in self._rated):
            return
        misplaced = any(fix.rule == "bracket" for fix in attempt.fixes) and not is_noise(after)
        if misplaced or goes_on(after):
            raise self._error(
                Unparseable,
                "the value ends where more of it seems to follow, so a bracket may stand in a wrong place; "
                "one more attempt lets the model correct itself",
            )
        if takes_back(after):
            raise self._error(
                Ambiguous, "words behind the value take it back; ask for the corrected value alone"
            )
        if is_refusal(self._prose()) and not attempt.cut:
            raise self._refused()

    # receipts

    def _around(self, chosen: _Rated, fitting: list[_Rated]) -> list[Repair]:
        """What was left out around the value."""
        made = list(self._left_out)
        start, end = chosen.attempt.start, chosen.attempt.end
        before, after = self._text[:start], self._text[end:]
        if len(fitting) - len(self._left_out) > 1:
            made.append(_around("repeated", self._written(chosen), ""))
        made += [
            _around(_rule_around(piece), _short(piece), "") for piece in (before, after) if piece.strip()
        ]
        return made

    def _refuse_losses(self, repairs: Sequence[Repair]) -> None:
        """Raise when the value can only be had by a lossy rule that is not allowed."""
        lossy = [repair for repair in repairs if repair.lossy and repair.rule not in self._allowed]
        if not lossy:
            return
        said = "; ".join(_loss(repair) for repair in lossy[:3])
        if any(repair.rule == "cut" for repair in lossy):
            raise self._error(
                Truncated,
                "the answer ends before its value does, and a cut value is never taken as whole; ask again, with more "
                "room for the answer",
                repairs,
            )
        if any(repair.rule == "last_of_name" for repair in lossy):
            raise self._error(
                Ambiguous, f"a name stands twice with values that differ: {said}; ask for one value", repairs
            )
        raise self._error(
            LossyRepair,
            f"a value could be taken only by losing or guessing something: {said}. Ask again, or allow "
            f"{', '.join(dict.fromkeys(repair.rule for repair in lossy))}",
            repairs,
        )

    # errors

    def _nothing(self, blamed: _Rated | None = None) -> OutputError:
        """The error where nothing fits, or where the last attempt does not."""
        spoke = (
            [blamed] if blamed else [each for each in self._rated if each.attempt.speaks and not each.fits]
        )
        cut = [each for each in spoke if each.attempt.cut]
        if self._thinks_on and not spoke:
            return self._error(
                Truncated,
                "the answer ends within its thoughts; give it more room, or ask for shorter thoughts",
            )
        if cut and cut[-1] is spoke[-1]:
            return self._error(
                Truncated,
                "the answer ends before its value does, and a cut value is never taken as whole; ask again, with more "
                "room for the answer",
            )
        several = [each for each in spoke if each.attempt.several]
        if several:
            return self._error(
                Ambiguous, f"the answer may mean several values: {several[-1].attempt.problem}; ask for one"
            )
        if is_html(self._text):
            return self._error(
                Unparseable,
                "the answer is a page of HTML, as a proxy or gateway writes one; look at the backend's address",
            )
        if not spoke and is_refusal(self._text):
            return self._refused()
        reasons = "; ".join(dict.fromkeys(each.attempt.problem or "" for each in spoke[-3:]))
        if reasons:
            return self._error(
                Unparseable,
                f"the answer does not fit the schema: {reasons}; one more attempt lets the model correct itself",
            )
        return self._error(
            Unparseable,
            "there is no value of the schema in the answer; a backend that enforces the schema, or one more attempt, "
            "mends this most often",
        )

    def _refused(self) -> OutputError:
        return self._error(Refused, "the model's words decline to answer; change the prompt or its inputs")

    def _error(self, kind: type[OutputError], message: str, repairs: Sequence[Repair] = ()) -> OutputError:
        start = self._text.strip()
        quoted = f". It wrote: {_short(start)}" if start else ""
        return kind(f"{message}{quoted}", text=self._text, candidates=self._candidates(None), repairs=repairs)

    def _candidates(self, chosen: _Rated | None) -> tuple[Candidate, ...]:
        made: list[Candidate] = []
        for each in self._rated[-_MOST_CANDIDATES:]:
            attempt = each.attempt
            taken = chosen is not None and attempt.start == chosen.attempt.start
            problem = attempt.problem or (
                "it was not the one that was meant" if chosen else "nothing says that it is meant"
            )
            made.append(
                Candidate(
                    text=self._written(each),
                    start=attempt.start,
                    end=attempt.end,
                    data=None if attempt.valid is None else attempt.valid.data,
                    problem=None if taken else problem,
                )
            )
        return tuple(made)

    def _written(self, each: _Rated) -> str:
        return _short(self._text[each.attempt.start : each.attempt.end])

    def _prose(self) -> str:
        """The text without the values in it."""
        pieces: list[str] = []
        end = 0
        for each in self._rated:
            pieces.append(self._text[end : each.attempt.start])
            end = max(end, each.attempt.end)
        return " ".join([*pieces, self._text[end:]])


def _distinct(rated: Sequence[_Rated]) -> int:
    """How many values there are, equal ones counted once."""
    return len(rated) if len(rated) < 2 else len({each.key for each in rated})  # noqa: PLR2004


def _rule_around(piece: str) -> str:
    if "</think" in piece or "<|channel|>analysis" in piece:
        return "thoughts"
    if not is_noise(piece):
        return "prose"
    return "fence" if "`" in piece or "~" in piece else "marker"


def _loss(repair: Repair) -> str:
    place = f"{repair.path}: " if repair.path else ""
    return f"{place}{RULES[repair.rule].meaning} ({_short(str(repair.before))})"


def _repair(fix: Fix) -> Repair:
    rule = RULES[fix.rule]
    return Repair(
        path=path_text(fix.place),
        rule=fix.rule,
        before=fix.before,
        after=fix.after,
        cost=rule.cost,
        lossy=fix.rule in LOSSY_RULES,
    )


def _around(rule: str, before: str, after: str) -> Repair:
    return Repair(path="", rule=rule, before=before, after=after, cost=RULES[rule].cost, lossy=False)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
