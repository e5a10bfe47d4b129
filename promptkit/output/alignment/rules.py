"""The rules by which an answer is mended: what each does, how far it goes from what was written, what it loses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from promptkit.spelling import did_you_mean

__all__ = ["LOSSY_RULES", "RULES", "Rule", "allowed_rules"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        cost: How far from what was written; lower is closer.
        meaning: What the rule does, as a phrase.
        lossy: True when something is lost or guessed by it.
    """

    cost: int
    meaning: str
    lossy: bool = False


RULES: Mapping[str, Rule] = {
    # around the value
    "fence": Rule(0, "a Markdown fence around the value was left out"),
    "marker": Rule(0, "a mark of the chat format around the value was left out"),
    "prose": Rule(1, "text around the value was left out"),
    "thoughts": Rule(1, "thoughts before the answer were left out"),
    "repeated": Rule(1, "the same value stood there more than once"),
    "draft": Rule(3, "an earlier value that the text calls a draft or an example was left out"),
    "quoted_input": Rule(3, "a value that the text quotes from the prompt's inputs was left out"),
    "encoded": Rule(2, "JSON stood inside a text and was read from it"),
    "wrapper": Rule(2, "an object around the value was taken off"),
    "labels": Rule(4, "lines of the form `name: value` were read as an object"),
    "tags": Rule(4, "tags named as the fields were read as an object"),
    "table": Rule(4, "a table of Markdown was read as objects"),
    "bullets": Rule(3, "lines with bullets were read as a list"),
    "values_in_row": Rule(2, "several values in a row were read as a list"),
    "sentence": Rule(3, "a value was taken from the end of a sentence that announces it"),
    # how JSON is written
    "comma": Rule(1, "a comma that was missing or too many"),
    "colon": Rule(1, "a colon that was missing or written as another sign"),
    "comment": Rule(1, "a comment was left out"),
    "quotes": Rule(1, "other quotation marks stood for double ones"),
    "unquoted": Rule(1, "a text or name had no quotation marks"),
    "quote_missing": Rule(3, "a quotation mark was missing at one end"),
    "inner_quotes": Rule(2, "quotation marks inside a text were not escaped"),
    "control": Rule(1, "a line break, tab or control character inside a text was not escaped"),
    "escape": Rule(1, "a backslash that escapes nothing in JSON"),
    "bracket": Rule(2, "brackets of another kind stood for those of JSON"),
    "unclosed": Rule(2, "closing brackets were missing behind a value that has all its fields"),
    "constructor": Rule(2, "a call with named arguments was read as an object"),
    # what the schema asks for
    "name": Rule(1, "a name was spelled otherwise"),
    "same_twice": Rule(1, "a name stood there twice with the same value"),
    "undeclared": Rule(2, "a name that the schema does not have was left out; all that it has were there"),
    "number_text": Rule(2, "a number was written as a text or in another notation"),
    "number_unit": Rule(2, "a sign of currency or per cent stood with a number"),
    "whole_number": Rule(1, "a whole number was written with decimals that are zero"),
    "truth_text": Rule(2, "true or false was written in another way"),
    "null_text": Rule(2, "null was written in another way"),
    "null_absent": Rule(2, "null stood for a field that may be left out"),
    "choice": Rule(2, "one of the allowed values was spelled otherwise"),
    "as_text": Rule(3, "a number or word stood where a text is asked for"),
    "lone_item": Rule(2, "a value stood where a list of such values is asked for"),
    "list_of_one": Rule(2, "a list of one value stood where the value is asked for"),
    "list_text": Rule(3, "a list was written as one text"),
    "field_value": Rule(3, "the value of the only field stood for the object"),
    # lossy: only when they are allowed by name or all together
    "rounded": Rule(10, "a number with decimals was rounded to a whole one", lossy=True),
    "approximate": Rule(10, "a word such as about or more than was left out of a number", lossy=True),
    "unit": Rule(10, "a unit of measurement was left out of a number", lossy=True),
    "choice_in_text": Rule(12, "the only allowed value that a text names was taken", lossy=True),
    "text_split": Rule(12, "a text was split at its commas", lossy=True),
    "items_joined": Rule(12, "a list of texts was joined to one text", lossy=True),
    "name_dropped": Rule(
        15, "a name that the schema does not have was left out; a declared one is missing", lossy=True
    ),
    "last_of_name": Rule(15, "of a name that stood there twice the last value was taken", lossy=True),
    "nan_as_null": Rule(15, "NaN or an infinity was taken for null", lossy=True),
    "elided": Rule(15, "an ellipsis that stands for left-out items was ignored", lossy=True),
    "last_value": Rule(20, "of several values that differ the last was taken", lossy=True),
    "cut": Rule(20, "the answer was cut, and what was there was taken", lossy=True),
}
"""Every rule by its name."""

LOSSY_RULES = frozenset(name for name, rule in RULES.items() if rule.lossy)
"""The rules that lose or guess something; none of them is used unless it is allowed."""


def allowed_rules(lenient: bool | Collection[str]) -> frozenset[str]:
    """The lossy rules that may be used.

    Args:
        lenient: True for all, False for none, or their names.

    Raises:
        ValueError: For a name that is no lossy rule.
    """
    if isinstance(lenient, bool):
        return LOSSY_RULES if lenient else frozenset()
    names = [lenient] if isinstance(lenient, str) else list(lenient)
    for name in names:
        if name not in LOSSY_RULES:
            raise ValueError(
                f"lenient names {name!r}, which is no lossy rule{did_you_mean(name, LOSSY_RULES)}; "
                f"there are {', '.join(sorted(LOSSY_RULES))}"
            )
    return frozenset(names)
