"""Customer messages with their labels, composed from phrasings and drawn from a seed.

The labels follow from the parts that a message is made of, so that no message
is labelled by hand. README.md states the rules of labelling.
"""

import random
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slots import Slots

__all__ = ["Generator", "Message"]

HERE = Path(__file__).parent
# Stands for the order id while noise is applied, so that typos never reach the id.
ID_MARK = "\x01"
# Of a list of at least so many phrasings every tenth is held out, from the fourth on.
HOLDOUT_LEAST, HOLDOUT_FIRST, HOLDOUT_EVERY = 5, 3, 10
KIND_WEIGHTS = {"fault": 0.38, "request": 0.36, "sarcasm": 0.06, "praise": 0.13, "danger": 0.07}
KIND_LABELS = {
    "fault": ("negative", "normal"),
    "sarcasm": ("negative", "normal"),
    "request": ("neutral", "normal"),
    "danger": ("negative", "high"),
    "praise": ("positive", "low"),
}
SHORTHAND = {
    "please": "pls", "you": "u", "your": "ur", "thanks": "thx", "are": "r", "because": "bc",
    "and": "&", "with": "w/", "tomorrow": "tmrw", "people": "ppl", "before": "b4", "message": "msg",
}  # fmt: skip
SMILEYS = {
    "negative": [":(", ":-(", "😡", "😠", "👎", "😞"],
    "neutral": ["🙏", ";)", "🤔", ":-)", ":)"],
    "positive": [":)", ":-)", "🙂", "😊", "👍", "❤️", "😍", "🎉"],
}
SECOND_OPENINGS = [
    "also",
    "and",
    "one more thing:",
    "besides,",
    "PS:",
    "by the way,",
    "another thing:",
    "oh, and",
    "2.",
    "plus",
]
LATER_ORDERS = [
    "(My other order, {}, is fine.)", "Order {} came without any trouble.", "PS: not {}, that one is done.",
    "I also have order {} but that is another story.", "It is not about order {}.", "The same goes for order {}.",
    "And order {} too, please.", "{} was the one before, ignore it.",
]  # fmt: skip
EARLIER_ORDERS = [
    "My earlier order {} went well.", "Not about {}, that is settled.", "Order {} is fine, this is about another one.",
    "I wrote about order {} last month; now there is something new.", "After order {} I ordered again.",
]  # fmt: skip
FUNCTION_WORDS = re.compile(r" (the|a|an|is|are|to|of|have|has|am) ")
QUESTION_START = re.compile(
    r"(why|how|where|when|what|which|who|can|could|would|will|do|does|is|are|has|did|may)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A customer message and the fields that a right answer holds.

    Attributes:
        text: What the customer wrote.
        category: billing, shipping, technical, account or question.
        topic: What the message is about, more closely: an id of `phrases/`.
        kind: fault, sarcasm, request, danger or praise.
        sentiment: negative, neutral or positive.
        urgency: low, normal or high.
        order_id: The order number as written, without a leading "#".
    """

    text: str
    category: str
    topic: str
    kind: str
    sentiment: str
    urgency: str
    order_id: str | None


def parse(text: str) -> list[str | list]:
    """Turn "a (b|c)" into a list of strings and of lists of alternatives."""
    stack: list[list] = [[[]]]
    for piece in re.split(r"([(|)])", text):
        if piece == "(":
            stack.append([[]])
        elif piece == ")":
            alternatives = stack.pop()
            stack[-1][-1].append(alternatives)
        elif piece == "|" and len(stack) > 1:
            stack[-1].append([])
        else:
            stack[-1][-1].append(piece)
    return stack[0][0]


class Generator:
    """Draws messages from a seed.

    Args:
        seed: The same seed gives the same messages.
        split: "train" leaves out every tenth phrasing of each list, "holdout" uses
            only those, "all" uses every phrasing.
    """

    def __init__(self, seed: int, split: str = "train") -> None:
        self.rng = random.Random(seed)
        self.words = tomllib.loads((HERE / "words.toml").read_text("utf-8"))
        tones = tomllib.loads((HERE / "tones.toml").read_text("utf-8"))
        # Phrasings of asides and openings are held out too: a tone that was seen word for word proves nothing.
        self.tones = {
            key: [parse(line) for line in keep(lines, split) or lines] for key, lines in tones.items()
        }
        self.categories: dict[str, str] = {}
        self.phrases: dict[str, dict[str, list]] = {}
        for path in sorted((HERE / "phrases").glob("*.toml")):
            for topic in tomllib.loads(path.read_text("utf-8"))["topic"]:
                kinds = {kind: keep(topic[kind], split) for kind in KIND_LABELS if topic.get(kind)}
                self.phrases[topic["id"]] = {k: [parse(line) for line in v] for k, v in kinds.items() if v}
                self.categories[topic["id"]] = topic["category"]
        self.topics = list(self.phrases)
        self.by_category: dict[str, list[str]] = {}
        for topic, category in self.categories.items():
            self.by_category.setdefault(category, []).append(topic)
        self.makers = Slots(self.rng, self.words)
        self.slots = self.makers.all()

    def message(self, topics: Sequence[str] = (), kinds: Sequence[str] = ()) -> Message:
        """Compose one message, of the topics and kinds given; with none, of every category alike."""
        rng = self.rng
        topic = rng.choice(topics or self.by_category[rng.choice(list(self.by_category))])
        lines = self.phrases[topic]
        allowed = [kind for kind in lines if not kinds or kind in kinds] or list(lines)
        kind = rng.choices(allowed, [KIND_WEIGHTS[k] for k in allowed])[0]
        sentiment, urgency = KIND_LABELS[kind]
        share = self._order_share(self.categories[topic])
        order_id, shown = self.makers.order_id() if rng.random() < share else (None, "")
        core = [self._line(lines[kind])]
        if rng.random() < 0.1:
            core.append(self._line(lines[kind]))
        elif kind == "fault" and "request" in lines and rng.random() < 0.15:
            core.append(self._line(lines["request"]))
        elif rng.random() < 0.08:
            core.append(self._second_matter(kind))
        tone, sentiment = self._tone(kind, sentiment)
        pace, urgency = self._pace(kind, sentiment, urgency)
        text = self._assemble(core, tone + pace, shown, sentiment)
        return Message(
            text=text,
            category=self.categories[topic],
            topic=topic,
            kind=kind,
            sentiment=sentiment,
            urgency=urgency,
            order_id=order_id,
        )

    def _second_matter(self, kind: str) -> str:
        """Return a matter that comes second, so that it does not decide the category."""
        other = self.phrases[self.rng.choice(self.topics)]
        kinds = [
            k for k in ("request", "fault") if k in other and (k == "request" or kind in ("fault", "danger"))
        ]
        if not kinds:
            return self._part("aside")
        opening = self.rng.choice(SECOND_OPENINGS)
        return f"{opening} {self._line(other[self.rng.choice(kinds)])}"

    def _order_share(self, category: str) -> float:
        return {"question": 0.2, "account": 0.3}.get(category, 0.62)

    def _line(self, lines: list) -> str:
        return self._expand(self.rng.choice(lines))

    def _part(self, key: str) -> str:
        return self._line(self.tones[key])

    def _expand(self, tree: list) -> str:
        pieces = []
        for node in tree:
            if isinstance(node, list):
                pieces.append(self._expand(self.rng.choice(node)))
            else:
                pieces.append(node)
        text = "".join(pieces)
        return re.sub(r"\{(\w+)\}", self._fill, text)

    def _fill(self, match: re.Match[str]) -> str:
        slot = self.slots.get(match[1])
        return slot() if slot else match[0]

    def _tone(self, kind: str, sentiment: str) -> tuple[list[str], str]:
        draw = self.rng.random()
        if kind == "sarcasm":
            return ([self._part("angry")] if draw < 0.25 else []), "negative"
        if kind in ("fault", "danger"):
            if draw < 0.36:
                return [self._part("angry") for _ in range(1 + (draw < 0.07))], "negative"
            if draw < 0.40:
                return [self._part("angry_opening")], "negative"
            if kind == "fault" and draw < 0.48:
                return [self._part("calm")], "neutral"
        elif kind == "request":
            if draw < 0.1:
                return [self._part("angry")], "negative"
            if draw < 0.19:
                return [self._part("happy")], "positive"
        elif draw < 0.3:
            return [self._part("happy")], "positive"
        return [], sentiment

    def _pace(self, kind: str, sentiment: str, urgency: str) -> tuple[list[str], str]:
        draw = self.rng.random()
        if kind == "danger":
            return ([self._part("urgent")] if draw < 0.5 else []), "high"
        if kind == "praise":
            return ([self._part("unhurried")] if draw < 0.05 else []), "low"
        if draw < 0.24:
            return [self._part("urgent") for _ in range(1 + (draw < 0.05))], "high"
        if draw < (0.3 if sentiment == "negative" else 0.42):
            return [self._part("unhurried")], "low"
        return [], urgency

    def _assemble(self, core: list[str], after: list[str], shown: str, sentiment: str) -> str:
        """Put the parts in an order, name the order once or twice, then add noise."""
        rng = self.rng
        size = rng.choices(["bare", "usual", "long"], [0.16, 0.76, 0.08])[0]
        heading = ""
        core, named = self._name_inline(core, bool(shown))
        if shown and (not named or rng.random() < 0.06):
            if rng.random() < 0.3:
                heading = rng.choice(self.words["heading"])
            else:
                after.append(rng.choice(self.words["sentence"]))
        before, closing = self._filler(size, after)
        rng.shuffle(after)
        cut = rng.choice([0, 0, 0, 1, len(after)])
        parts = before + after[:cut] + core + after[cut:] + closing
        style = rng.choices(["plain", "sloppy", "foreign", "upper"], [0.6, 0.32, 0.06, 0.02])[0]
        text = heading + self._join(parts, style)
        if size != "bare" and rng.random() < 0.35:
            text = self._part("greeting") + rng.choice([", ", ",\n", "! ", ". ", " ", "\n"]) + text
        text = self._noise(text.replace("{id}", ID_MARK), style)
        if rng.random() < 0.05:
            text += " " + rng.choice(SMILEYS[sentiment])
        text = text.replace(ID_MARK, shown).strip()
        return self._other_order(text, shown) if shown and size != "bare" and rng.random() < 0.06 else text

    def _filler(self, size: str, after: list[str]) -> tuple[list[str], list[str]]:
        """Return parts without effect for the beginning and the end; add others to `after`."""
        rng = self.rng
        if size == "bare":
            return [], []
        many = 2 if size == "long" else 1
        for key, share in (("number", 0.22), ("aside", 0.07)):
            after.extend(self._part(key) for _ in range(many) if rng.random() < share * many)
        before = [self._part("context") for _ in range(many) if rng.random() < 0.28 * many]
        closing = [self._part("thanks")] if rng.random() < 0.15 else []
        if rng.random() < 0.35 or size == "long":
            closing.append(self._part("closing"))
        return before, closing

    def _other_order(self, text: str, shown: str) -> str:
        """Name a second order that the message is not about, or that comes second."""
        other = self.makers.order_id()[1]
        if other == shown:
            return text
        if self.rng.random() < 0.5:
            return f"{text}{self.rng.choice(['', '.']) if text[-1:].isalnum() else ''} " + self.rng.choice(
                LATER_ORDERS
            ).format(other)
        return self.rng.choice(EARLIER_ORDERS).format(other) + " " + text

    def _name_inline(self, core: list[str], has_order: bool) -> tuple[list[str], bool]:
        named = False
        result = []
        for line in core:
            inline = has_order and not named and "{o" in line and self.rng.random() < 0.6
            named = named or inline
            whole = line.replace(
                "{o:Order}", "order {id}" if inline else self.rng.choice(["my order", "the order"])
            )
            result.append(whole.replace("{o}", self.rng.choice(self.words["inline"]) if inline else ""))
        return result, named

    def _join(self, parts: list[str], style: str) -> str:
        rng = self.rng
        glue = rng.choices([" ", "\n", "\n\n", "\n- "], [0.84, 0.09, 0.05, 0.02])[0]
        text = ""
        for raw in parts:
            part = " ".join(raw.split()).replace(" ,", ",")
            if style == "sloppy" and rng.random() < 0.6:
                end = rng.choice(["", "", "", "", ",", "...", " -", "!", ";"])
            elif QUESTION_START.match(part):
                end = rng.choices(["?", "??", "."], [0.9, 0.05, 0.05])[0]
            else:
                end = rng.choices([".", "!", "!!!", " -", ","], [0.76, 0.15, 0.03, 0.03, 0.03])[0]
            if part[-1:] in "!?.":
                end = ""
            capital = style in ("plain", "upper") and not text.endswith((",", "-"))
            shown = part[:1].upper() + part[1:] if capital else part
            text += (glue if text else "") + shown + end
        return text.rstrip(" ,-;")

    def _noise(self, text: str, style: str) -> str:
        rng = self.rng
        if style == "upper":
            return text.upper()
        if style == "foreign":
            text = FUNCTION_WORDS.sub(lambda m: m[0] if rng.random() < 0.35 else " ", text)
        if style == "sloppy":
            words = [SHORTHAND.get(w, w) if rng.random() < 0.3 else w for w in text.split(" ")]
            text = " ".join(words)
            if rng.random() < 0.6:
                text = text.lower()
            if rng.random() < 0.4:
                text = text.replace("'", "")
        elif rng.random() < 0.12:
            text = text.replace("'", "\u2019")
        rate = rng.choice([0, 0, 0, 0, 0.004, 0.01, 0.02]) * (2 if style == "sloppy" else 1)
        return "".join(self._typo(char) if rng.random() < rate else char for char in text)

    def _typo(self, char: str) -> str:
        if not char.isalpha():
            return char
        return self.rng.choice(["", char * 2, self.rng.choice("aeioustrnl"), char.swapcase()])


def keep(lines: list[str], split: str) -> list[str]:
    """Choose the phrasings of a split; a list of under five lines has none to hold out."""
    if split == "all":
        return lines
    held = lines[HOLDOUT_FIRST::HOLDOUT_EVERY] if len(lines) >= HOLDOUT_LEAST else []
    return held if split == "holdout" else [line for line in lines if line not in held]
