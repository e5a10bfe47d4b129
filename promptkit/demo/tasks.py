"""What a prompt asks for: which fields, by what names, with which labels; and the right answer to a message."""

import json
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator import Generator, Message

__all__ = ["STANDARD", "Field", "Label", "Task", "TaskMaker"]

HERE = Path(__file__).parent
NAMES = {
    "category": ["category", "topic", "type", "department", "label", "class", "team", "kind"],
    "sentiment": ["sentiment", "mood", "tone", "feeling"],
    "urgency": ["urgency", "priority", "importance"],
    "order_id": ["order_id", "order_number", "order", "order_no"],
}
CODES = [
    list("ABCDEFG"),
    list("1234567"),
    ["red", "blue", "green", "white", "black", "grey", "pink"],
    ["x1", "x2", "x3", "x4", "x5", "x6", "x7"],
]
# Made-up names are put together of these, so that a name is copied from the prompt and not known by heart.
SYLLABLES = [
    *(
        "ba",
        "be",
        "bo",
        "da",
        "de",
        "do",
        "fa",
        "fi",
        "fu",
        "ga",
        "go",
        "gu",
        "ha",
        "hi",
        "jo",
        "ka",
        "ke",
        "ko",
    ),
    *(
        "la",
        "le",
        "li",
        "lo",
        "lu",
        "ma",
        "me",
        "mi",
        "mo",
        "na",
        "ne",
        "no",
        "pa",
        "pe",
        "po",
        "ra",
        "re",
        "ri",
    ),
    *(
        "ro",
        "sa",
        "se",
        "si",
        "so",
        "ta",
        "te",
        "ti",
        "to",
        "tu",
        "va",
        "ve",
        "vi",
        "vo",
        "wa",
        "we",
        "ya",
        "yo",
    ),
]
REST_NAMES = ["other", "rest", "something else", "none of these", "else", "others"]
REST_GLOSSES = ["anything else", "all the rest", "what fits nowhere else"]


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a category: its name, what it holds, and how it is explained.

    Attributes:
        topics: Topics of `phrases/` that it holds; empty when it goes by kind.
        kinds: Kinds of message that it holds; empty when it goes by topic.
        gloss: The explanation; empty for none.
    """

    name: str
    topics: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    gloss: str = ""

    def holds(self, message: Message) -> bool:
        """Return whether it is the right label of a message."""
        return message.topic in self.topics if self.topics else message.kind in self.kinds


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the answer.

    Attributes:
        source: category, sentiment, urgency or order_id.
        name: What the prompt calls it.
        values: For sentiment and urgency: what the prompt calls the standard values.
        labels: For category: its labels.
    """

    source: str
    name: str
    values: Mapping[str, str]
    labels: tuple[Label, ...] = ()

    @property
    def options(self) -> list[str]:
        """The values to choose from; none for the order number."""
        return [label.name for label in self.labels] or list(dict.fromkeys(self.values.values()))

    def value(self, message: Message) -> str | None:
        """Return the right value for a message."""
        if self.source == "order_id":
            return message.order_id
        if self.source == "category":
            return next(label.name for label in self.labels if label.holds(message))
        return self.values[getattr(message, self.source)]


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for.

    Attributes:
        plain: The answer is the one label alone, without JSON.
    """

    fields: tuple[Field, ...]
    plain: bool = False

    def answer(self, message: Message) -> str:
        """Return what the model is to write."""
        values = {field.name: field.value(message) for field in self.fields}
        if self.plain:
            return str(next(iter(values.values())))
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"))

    def message(self, generator: Generator, rng: random.Random) -> Message:
        """Draw a message that one of the labels holds, each label alike."""
        labels = next((field.labels for field in self.fields if field.labels), ())
        if not labels:
            return generator.message()
        label = rng.choice(labels)
        return generator.message(sorted(label.topics), sorted(label.kinds))


STANDARD_TOPICS = {
    "billing": "charges, refunds, invoices, prices",
    "shipping": "delivery, tracking, parcels, returns by post",
    "technical": "a product or app that does not work",
    "account": "sign-in, password, profile, address, e-mail settings",
    "question": "anything else, such as product advice",
}
SENTIMENT = {value: value for value in ("negative", "neutral", "positive")}
URGENCY = {value: value for value in ("low", "normal", "high")}


def standard(generator: Generator) -> tuple[Field, ...]:
    """The four fields of the shipped prompt."""
    labels = tuple(
        Label(name, frozenset(generator.by_category[name]), gloss=gloss)
        for name, gloss in STANDARD_TOPICS.items()
    )
    return (
        Field("category", "category", {}, labels),
        Field("sentiment", "sentiment", SENTIMENT),
        Field("urgency", "urgency", URGENCY),
        Field("order_id", "order_id", {}),
    )


STANDARD = standard(Generator(0, "all"))


class TaskMaker:
    """Draws tasks.

    Args:
        rng: Where chance comes from.
        held: Draw the names that training leaves out instead of those that it uses.
        made_up: Share of label sets whose names are invented words, which are explained then.
    """

    def __init__(self, rng: random.Random, *, held: bool = False, made_up: float = 0.25) -> None:
        self.rng = rng
        self.held = held
        self.made_up = made_up
        data = tomllib.loads((HERE / "labels.toml").read_text("utf-8"))
        topics = [{"topics": [key], **entry} for key, entry in data["topic"].items()]
        self.single, self.groups, self.intents = topics, data["group"], data["intent"]
        self.scales = {
            source: [entry["values"] for entry in data[source] if entry.get("held", False) == held]
            for source in ("sentiment", "urgency")
        }
        self.everything = frozenset(data["topic"])

    def standard(self) -> Task:
        """Return the shipped prompt's fields, or some of them, in any order."""
        fields = list(STANDARD)
        if self.rng.random() < 0.5:
            fields = self.rng.sample(fields, self.rng.randint(1, 4))
        if self.rng.random() < 0.5:
            fields.sort(key=STANDARD.index)
        return self._finish(fields)

    def custom(self) -> Task:
        """Return free labels for the category, and perhaps more fields by other names."""
        rng = self.rng
        category = Field("category", self._name("category"), {}, self._labels())
        fields = [category]
        for source in ("sentiment", "urgency", "order_id"):
            if rng.random() < 0.4:
                values = rng.choice(self.scales[source]) if source in self.scales else {}
                fields.append(Field(source, self._name(source), values))
        if rng.random() < 0.2:
            rng.shuffle(fields)
        return self._finish(fields)

    def _finish(self, fields: Sequence[Field]) -> Task:
        plain = len(fields) == 1 and fields[0].source != "order_id" and self.rng.random() < 0.5
        return Task(tuple(fields), plain)

    def _name(self, source: str) -> str:
        return NAMES[source][0] if self.rng.random() < 0.4 else self.rng.choice(NAMES[source])

    def _labels(self) -> tuple[Label, ...]:
        rng = self.rng
        drawn = list(self.intents) if rng.random() < 0.1 else self._disjoint(rng.randint(2, 6))
        codes = rng.choice(CODES) if rng.random() < 0.12 else None
        if codes is None and rng.random() < self.made_up:
            codes = self._made_up()
        explained = codes is not None or rng.random() < 0.5
        case = rng.choice(
            [str.lower, str.lower, str.lower, str.title, str.upper, lambda s: s.replace(" ", "_")]
        )
        labels = [
            Label(
                codes[i] if codes else case(self._draw(entry["names"])),
                frozenset(entry.get("topics", ())),
                frozenset(entry.get("kinds", ())),
                rng.choice(entry["glosses"]) if explained else "",
            )
            for i, entry in enumerate(drawn)
        ]
        if len({label.name for label in labels}) < len(labels):
            return self._labels()
        rest = self.everything.difference(*(label.topics for label in labels))
        if drawn[0].get("topics") and not codes and rest and rng.random() < 0.25:
            gloss = rng.choice(REST_GLOSSES) if explained else ""
            labels.append(Label(case(self._draw(REST_NAMES)), rest, gloss=gloss))
        return tuple(labels)

    def _draw(self, names: Sequence[str]) -> str:
        return names[-1] if self.held else self.rng.choice(names[:-1])

    def _made_up(self) -> list[str]:
        """Names that mean nothing: invented words, now and then two, or with a number."""
        rng, form = self.rng, self.rng.choice(["{}", "{}", "{}", "{} {}", "{}-{}", "desk {}", "{} 4"])
        case = rng.choice([str.lower, str.lower, str.title, str.upper])
        words = ["".join(rng.sample(SYLLABLES, rng.randint(2, 3))) for _ in range(14)]
        return [case(form.format(words[2 * i], words[2 * i + 1])) for i in range(7)]

    def _disjoint(self, count: int) -> list[dict]:
        rng, drawn, used = self.rng, [], set()
        pool = self.groups * 2 + self.single
        if rng.random() < 0.3:
            pool = self.groups[:5]
        for entry in rng.sample(pool, len(pool)):
            if len(drawn) < count and not used.intersection(entry["topics"]):
                drawn.append(entry)
                used.update(entry["topics"])
        return drawn
