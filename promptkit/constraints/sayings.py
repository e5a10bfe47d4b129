"""The sentences of promptkit's rules in any language: which text of a catalogue, and the values in it.

English is said by the rules themselves; what a catalogue of English would say is the same (tested).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from textwrap import indent
from typing import Any

from promptkit.constraints.affixes import Contains, EndsWith, StartsWith
from promptkit.constraints.choices import OneOf, OneOfInput
from promptkit.constraints.conditions import Expr
from promptkit.constraints.confidence import MinConfidence
from promptkit.constraints.dates import DateBetween, NotAfter, NotBefore
from promptkit.constraints.formats import Format
from promptkit.constraints.invention import NoInvented
from promptkit.constraints.judged import Judged, Tone
from promptkit.constraints.languages import Language
from promptkit.constraints.lark import Grammar
from promptkit.constraints.lengths import Length
from promptkit.constraints.lists import Sorted, Unique
from promptkit.constraints.matching import Matches
from promptkit.constraints.mentions import MustMention
from promptkit.constraints.moments import moment_of
from promptkit.constraints.numbers import AtLeast, AtMost, Between
from promptkit.constraints.paths import EACH, Path, Where, parse
from promptkit.constraints.phrases import NeverSays
from promptkit.constraints.quotations import QuotedFrom
from promptkit.constraints.rules import Rule
from promptkit.schemas.places import shown
from promptkit.wordings import ENGLISH, Wording

__all__ = ["said", "subject_in"]


def said(rule: Rule, subject: str, wording: Wording) -> str:
    """The sentence of a rule in a language.

    Args:
        rule: The rule.
        subject: What the sentence begins with, as :func:`subject_in` gives it.
        wording: The language's catalogue.

    Raises:
        ValueError: For a rule of the application's own, of which no catalogue knows, and for a text that the
            catalogue lacks; a full sentence.
    """
    say = _SAY.get(type(rule))
    if say is None:
        raise ValueError(
            f"{rule.kind} is a rule of your own, which no catalogue of the language {wording.language} knows; add "
            f"`say:` with its sentence"
        )
    key, values = say(rule, wording)
    return wording.say(key, subject=subject, **values)


def subject_in(path: Path, wording: Wording) -> str:
    """What a sentence about a place begins with."""
    return _place(path, wording, "subject")


def _place(path: Path, wording: Wording, form: str) -> str:
    """A place in words; ``form`` is ``subject``, or ``inside`` behind the word "of"."""
    steps = path.steps
    if not steps:
        return wording.say(f"{form}.answer")
    several = [index for index, step in enumerate(steps) if step is EACH or isinstance(step, Where)]
    if not several:
        return f"`{path}`"
    last = several[-1]
    step, inner = steps[last], Path(steps[last + 1 :])
    list_of = _place(Path(steps[:last]), wording, "inside")
    own = "inside" if inner.steps else form
    if isinstance(step, Where):
        value = json.dumps(step.value, ensure_ascii=False)
        items = wording.say(f"{own}.each_where", list=list_of, name=str(step.name), value=value)
    else:
        items = wording.say(f"{own}.each", list=list_of)
    return (
        wording.say("subject.field", field=_place(inner, wording, "subject"), items=items)
        if inner.steps
        else items
    )


def _source(path: Path, wording: Wording) -> str:
    """A path of an input in words, its selectors written out."""
    places = [index for index, step in enumerate(path.steps) if isinstance(step, Where)]
    if not places:
        return f"`{path}`"
    step, rest = path.steps[places[-1]], Path(path.steps[places[-1] + 1 :])
    assert isinstance(step, Where)
    value = (
        wording.say("source.own", name=".".join(step.value))
        if isinstance(step.value, tuple)
        else json.dumps(step.value)
    )
    list_of = _source(Path(path.steps[: places[-1]]), wording)
    item = wording.say("source.item", list=list_of, name=str(step.name), value=value)
    return wording.say("source.field", field=str(rest), item=item) if rest.steps else item


_Said = tuple[str, dict[str, str]]


def _quoted(texts: Sequence[str], wording: Wording, word: str) -> str:
    return wording.joined([shown(text) for text in texts], word)


def _marked(names: Sequence[str], wording: Wording) -> str:
    return wording.joined([f"`{name}`" for name in names], "and")


def _length(rule: Length, wording: Wording) -> _Said:
    if rule.least == 1 and rule.most is None and rule.unit in ("characters", "items"):
        return "rule.not_empty", {}
    last = rule.least if rule.most is None else rule.most
    number = wording.counted(rule.unit, last or 0)
    if rule.most is None:
        count = wording.say("count.at_least", number=number)
    elif rule.least == rule.most:
        count = wording.say("count.exactly", number=number)
    elif not rule.least:
        count = wording.say("count.at_most", number=number)
    else:
        count = wording.say("count.range", low=rule.least, number=number)
    return "rule.length", {"count": count}


def _moments(rule: DateBetween, wording: Wording) -> _Said:
    moment = moment_of(rule.low)
    form = moment.form if moment is not None else "date"
    return "rule.between_moments", {
        "moment": wording.say(f"moment.{form}"),
        "low": rule.low,
        "high": rule.high,
    }


def _mentions(rule: MustMention, wording: Wording) -> _Said:
    groups: list[str] = []
    for group in rule.groups:
        names = _quoted(group, wording, "or")
        groups.append(wording.say("rule.must_mention.any", phrases=names) if len(group) > 1 else names)
    return "rule.must_mention", {"phrases": wording.joined(groups, "and")}


def _invented(rule: NoInvented, wording: Wording) -> _Said:
    things = [wording.say(f"thing.{name}") for name in dict.fromkeys(rule.of)]
    sources = _marked(rule.sources, wording) if rule.sources else wording.say("rule.no_invented.input")
    return "rule.no_invented", {"things": wording.joined(things, "and"), "sources": sources}


def _one_of(rule: OneOf, wording: Wording) -> _Said:
    names = [shown(value) for value in rule.values]
    key = "rule.one_of.single" if len(names) == 1 else "rule.one_of"
    return key, {"values": wording.joined(names)}


def _one_of_input(rule: OneOfInput, _wording: Wording) -> _Said:
    each = any(step is EACH or isinstance(step, Where) for step in parse(rule.source).steps)
    what = "names" if rule.names else "values" if each else "items"
    return f"rule.one_of_input.{what}", {"source": rule.source}


def _language(rule: Language, wording: Wording) -> _Said:
    from promptkit.constraints.language_names import LANGUAGES

    if wording is ENGLISH:
        names = [LANGUAGES[code] for code in rule.codes]
    else:
        names = [wording.say(f"language.{code}") for code in rule.codes]
    return "rule.language", {"languages": wording.joined(names)}


def _sorted(rule: Sorted, _wording: Wording) -> _Said:
    return (f"rule.sorted_by.{rule.order}", {"by": rule.by}) if rule.by else (f"rule.sorted.{rule.order}", {})


def _unique(rule: Unique, wording: Wording) -> _Said:
    return ("rule.unique_by", {"fields": _marked(rule.by, wording)}) if rule.by else ("rule.unique", {})


_SAY: Mapping[type[Any], Callable[[Any, Wording], _Said]] = {
    AtLeast: lambda rule, _: ("rule.at_least", {"limit": str(rule.limit)}),
    AtMost: lambda rule, _: ("rule.at_most", {"limit": str(rule.limit)}),
    Between: lambda rule, _: ("rule.between", {"low": str(rule.low), "high": str(rule.high)}),
    Contains: lambda rule, w: ("rule.contains", {"texts": _quoted(rule.texts, w, "and")}),
    DateBetween: _moments,
    EndsWith: lambda rule, w: ("rule.ends_with", {"texts": _quoted(rule.texts, w, "or")}),
    Expr: lambda rule, _: ("rule.expr", {"expression": rule.expression}),
    Format: lambda rule, w: ("rule.format", {"format": w.say(f"kind.{rule.name}")}),
    Grammar: lambda rule, _: ("rule.grammar", {"grammar": indent(rule.text.strip(), "    ")}),
    Judged: lambda rule, _: ("rule.judged", {"text": rule.text}),
    Language: _language,
    Length: _length,
    Matches: lambda rule, _: ("rule.matches", {"pattern": rule.pattern}),
    MinConfidence: lambda rule, _: ("rule.min_confidence", {"share": f"{rule.share:g}"}),
    MustMention: _mentions,
    NeverSays: lambda rule, w: ("rule.never_says", {"phrases": _quoted(rule.phrases, w, "or")}),
    NoInvented: _invented,
    NotAfter: lambda rule, _: ("rule.not_after", {"limit": str(rule.limit)}),
    NotBefore: lambda rule, _: ("rule.not_before", {"limit": str(rule.limit)}),
    OneOf: _one_of,
    OneOfInput: _one_of_input,
    QuotedFrom: lambda rule, w: ("rule.quoted_from", {"source": _source(parse(rule.source), w)}),
    Sorted: _sorted,
    StartsWith: lambda rule, w: ("rule.starts_with", {"texts": _quoted(rule.texts, w, "or")}),
    Tone: lambda rule, _: ("rule.tone", {"tone": rule.tone, "a_tone": rule.with_article}),
    Unique: _unique,
}
