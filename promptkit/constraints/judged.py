"""What only a reader can judge: tone, and predicates in plain words; a judge's prompt decides them in evaluation."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, TypeAlias

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.rules import Scope, Unjudged
from promptkit.schemas.json_types import is_object
from promptkit.schemas.places import shown
from promptkit.spelling import did_you_mean

__all__ = ["JUDGED_KINDS", "JUDGED_OPTIONS", "Judged", "Tone", "When"]

When: TypeAlias = Literal["eval", "run"]

JUDGED_KINDS = ("judged", "tone")
JUDGED_OPTIONS = ("judge", "when")
"""What a judged rule takes besides its words; in a file they may stand beside it."""

_WHEN = ("eval", "run")
_JUDGE = re.compile(r"[^\W_][\w.-]*(?:/[^\W_][\w.-]*)*(?:@\S+)?")
_MAX_LENGTH = 500
# Words that begin with a vowel's letter and another sound, and the other way round.
_CONSONANT = re.compile(r"uni(?![dmn])|use|usu|eu|one\b|once", re.IGNORECASE)
_VOWEL = re.compile(r"[aeiou]|hono|hones|hour|heir", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Judged:
    """A predicate in plain words.

    Attributes:
        text: What the value does or is, as the rest of a sentence: ``is polite and gives no medical advice``.
        judge: Name of the prompt that judges it, for example ``judges/advice@^1``; empty while none is named.
        when: ``eval`` has it judged in evaluation, ``run`` in every call.
    """

    kind = "judged"
    takes: ClassVar[frozenset[str]] = frozenset()
    text: str
    judge: str = ""
    when: When = "eval"

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the predicate, or from ``{that: predicate, judge: judges/advice@^1, when: run}``."""
        return cls(**_given("judged", "that", "judged: is polite and gives no medical advice", argument))

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _words("judged", "is polite and gives no medical advice", self.text))
        _require_judge("judged", self.judge, self.when)

    def sentence(self, subject: str) -> str:
        """Said as it is written."""
        return f"{subject} {self.text}."

    def fault(self, value: Any, scope: Scope) -> str | None:
        """Nothing that code can find.

        Raises:
            Unjudged: Always, with who judges it when.
        """
        raise Unjudged(_who(self.judge, self.when))

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the predicate."""
        return f"Rewrite it so that it {self.text}."


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone, such as ``calm`` or ``warm and plain``.

    Attributes:
        tone: Words that stand before "tone".
        judge: Name of the prompt that judges it, for example ``judges/tone@^1``; empty while none is named.
        when: ``eval`` has it judged in evaluation, ``run`` in every call.
    """

    kind = "tone"
    takes: ClassVar[frozenset[str]] = frozenset()
    tone: str
    judge: str = ""
    when: When = "eval"

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the words, or from ``{is: calm, judge: judges/tone@^1, when: run}``."""
        given = _given("tone", "is", "tone: calm", argument)
        return cls(given["text"], given["judge"], given["when"])

    def __post_init__(self) -> None:
        object.__setattr__(self, "tone", _words("tone", "calm", self.tone))
        _require_judge("tone", self.judge, self.when)

    def sentence(self, subject: str) -> str:
        """Said with its article."""
        return f"{subject} has {self._tone()}."

    def fault(self, value: Any, scope: Scope) -> str | None:
        """Nothing that code can find.

        Raises:
            Unjudged: Always, with who judges it when.
        """
        raise Unjudged(_who(self.judge, self.when))

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the tone."""
        return f"Rewrite it in {self._tone()}."

    @property
    def with_article(self) -> str:
        """The words with the English article before them: ``a calm``."""
        vowel = _VOWEL.match(self.tone) is not None and _CONSONANT.match(self.tone) is None
        return f"{'an' if vowel else 'a'} {self.tone}"

    def _tone(self) -> str:
        return f"{self.with_article} tone"


def _given(kind: str, name: str, example: str, argument: Any) -> dict[str, Any]:
    """The fields of a judged rule from the argument in the file."""
    given: Mapping[str, Any] = argument if is_object(argument) else {name: argument}
    known = (name, *JUDGED_OPTIONS)
    for key in given:
        if key not in known:
            raise ValueError(
                f"{kind} has no {key}{did_you_mean(key, known)}; it has {', '.join(known)}, as in {example}"
            )
    if name not in given:
        raise wrong_shape(kind, f"a text, or a mapping with `{name}`", example, argument)
    return {"text": given[name], "judge": given.get("judge", ""), "when": given.get("when", "eval")}


def _words(kind: str, example: str, text: Any) -> str:
    words = " ".join(text.split()).rstrip(".") if isinstance(text, str) else ""
    if not words or len(words) > _MAX_LENGTH:
        raise wrong_shape(kind, f"a text of 1 to {_MAX_LENGTH} characters", f"{kind}: {example}", text)
    return words


def _require_judge(kind: str, judge: Any, when: Any) -> None:
    if not isinstance(judge, str) or (judge and _JUDGE.fullmatch(judge) is None):
        raise ValueError(
            f"judge of {kind} is the name of a prompt, as in judge: judges/{kind}@^1; got {shown(judge, 60)}"
        )
    if when not in _WHEN:
        near = did_you_mean(str(when), _WHEN)
        raise ValueError(f"when of {kind} is {shown(when, 40)}{near}; it is eval or run, as in when: run")
    if when == "run" and not judge:
        raise ValueError(f"{kind} is judged in every call, but by nobody; add judge: judges/{kind}@^1")


def _who(judge: str, when: When) -> str:
    return f"judged in {'evaluation' if when == 'eval' else 'the run'}{f' by {judge}' if judge else ''}"
