"""The language that a text is written in, told by the library py3langid."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.language_names import LANGUAGES
from promptkit.constraints.rules import Scope, Unjudged, joined
from promptkit.schemas.json_types import is_listed
from promptkit.schemas.places import shown, type_phrase
from promptkit.spelling import did_you_mean

__all__ = ["Language"]

_NO_LANGUAGE = "zxx"  # ISO 639-2 for no linguistic content, as in code and numbers
_LIBRARY = "py3langid"
# With these and py3langid 0.4.0, 5 of 9,000 messages from Django's translations, of 8 letters and more in 34
# languages, were taken for another language, one of them of more than 30 letters. Of those of more than 30 letters
# 86 % held their language and 97 % broke another; the rest was unclear. Below 8 letters nothing was measured.
_SURE = 0.8
_LIKELY = 0.5
_UNLIKELY = 0.01
_FEWEST_LETTERS = 8
# The library's probabilities are calibrated for texts of up to a few pages; in much longer ones they sink.
_JUDGED_CHARS = 2_000
_SPELLINGS: Mapping[str, tuple[str, ...]] = {"nb": ("no",), "no": ("no", "nn")}


@dataclass(frozen=True, slots=True)
class Language:
    """A text written in a language, or in one of several, given by ISO 639-1 codes such as ``de``.

    The first 2,000 characters are judged. A text of fewer than 8 letters, and one whose language is not clear, as
    is often so below 20 letters and between close relatives such as Croatian and Serbian, is unjudged.

    Raises:
        ValueError: For a code that is not known, and when the extra ``language`` is not installed.
    """

    kind = "language"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    codes: Sequence[str]

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a code or a list of codes."""
        return cls(argument)

    def __post_init__(self) -> None:
        codes: Any = [self.codes] if isinstance(self.codes, str) else self.codes
        if not is_listed(codes) or not codes or not all(isinstance(code, str) for code in codes):
            wanted = "an ISO 639-1 code or a list of codes"
            raise wrong_shape("language", wanted, "language: de or language: [de, en]", self.codes)
        for code in codes:
            if code not in LANGUAGES:
                names = {name.casefold(): known for known, name in LANGUAGES.items()}
                meant = names.get(code.casefold(), code.casefold().replace("_", "-").split("-")[0])
                mend = f" (did you mean {meant}?)" if meant in LANGUAGES else did_you_mean(code, LANGUAGES)
                raise ValueError(
                    f"language has the code {shown(code, 40)}, which is not known{mend}; write an ISO 639-1 code "
                    "of two small letters, as in language: de"
                )
        if find_spec(_LIBRARY) is None:
            raise ValueError(
                f"language is judged by {_LIBRARY}, which is not installed; install it with "
                "pip install 'promptkit-3c[language]', or remove the rule"
            )
        object.__setattr__(self, "codes", tuple(dict.fromkeys(codes)))

    def sentence(self, subject: str) -> str:
        """Said with the names of the languages."""
        return f"{subject} is written in {self._names()}."

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A text in another language, with its name.

        Raises:
            Unjudged: When the text is too short to tell, or its language is not clear.
        """
        if not isinstance(value, str):
            return type_phrase(value)
        text = value[:_JUDGED_CHARS]
        letters = sum(map(str.isalpha, text))
        if letters < _FEWEST_LETTERS:
            raise Unjudged(f"too short to tell its language: {letters} letters, {_FEWEST_LETTERS} are needed")
        chances = dict(_identifier().rank(text))
        known = {known for code in self.codes for known in _SPELLINGS.get(code, (code,))}
        wanted = sum(chances.get(code, 0.0) for code in known)
        if wanted >= _SURE:
            return None
        other = max(
            (code for code in chances if code != _NO_LANGUAGE and code not in known), key=chances.__getitem__
        )
        if chances[other] >= _SURE or (chances[other] >= _LIKELY and wanted < _UNLIKELY):
            return f"a text in {LANGUAGES[other]}"
        raise Unjudged(f"its language is not clear: {self._names()} with a probability of {wanted:.2f}")

    def hint(self, value: Any, scope: Scope) -> str:
        """Names the languages."""
        return f"Write it in {self._names()}."

    def _names(self) -> str:
        return joined([LANGUAGES[code] for code in self.codes])


@cache
def _identifier() -> Any:
    """The library's model, restricted to languages with a two-letter code; about 4 MB on disk, 100 in memory."""
    library: Any = import_module(f"{_LIBRARY}.langid")
    identifier = library.LanguageIdentifier.from_model_file(library.MODEL_FILE, norm_probs=True)
    identifier.set_languages([*(code for code in identifier.labels if code in LANGUAGES), _NO_LANGUAGE])
    return identifier
