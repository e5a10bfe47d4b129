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

from noise import ID_MARK, Noise
from phrasings import KIND_LABELS, Line, held_texts, plain, tones, topics
from slots import Slots

__all__ = ["KIND_LABELS", "Generator", "Message"]

HERE = Path(__file__).parent
KIND_WEIGHTS = {"fault": 0.37, "request": 0.35, "sarcasm": 0.06, "praise": 0.15, "danger": 0.07}
# Words that begin a question, but not "what a shame", "how rude", "when you have time" or "do something".
QUESTION_START = re.compile(
    r"(?:(?:why|where|which|who|can|could|would|will|does|is|are|did|may|shall|should)\b(?!')"
    r"|has (?!sorted)|what (?!an? )"
    r"|when (?!your? |things |there|it suits|convenient|the )|do (?!something|it|your|let|answer)"
    r"|how (?!rude|kind|nice|lovely|sweet|considerate|original|exciting|modern|festive|thoughtful|generous))",
    re.IGNORECASE,
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


class Generator:
    """Draws messages from a seed.

    Args:
        seed: The same seed gives the same messages.
        split: "train" leaves out about every tenth phrasing of each list and never writes
            what one of those can write, "holdout" uses only those, "all" uses every phrasing.
    """

    def __init__(self, seed: int, split: str = "train") -> None:
        self.rng = random.Random(seed)
        self.words = tomllib.loads((HERE / "words.toml").read_text("utf-8"))
        self.forbidden = held_texts() if split == "train" else set()
        # Phrasings of asides and openings are held out too: a tone that was seen word for word proves nothing.
        self.tones = tones(split, self.forbidden)
        self.phrases, self.categories = topics(split, self.forbidden)
        self.topics = list(self.phrases)
        self.by_category: dict[str, list[str]] = {}
        for topic, category in self.categories.items():
            self.by_category.setdefault(category, []).append(topic)
        self.makers = Slots(self.rng, self.words)
        self.slots = self.makers.all()
        self.noise = Noise(self.rng, self.words["spelling"])

    def message(self, topics: Sequence[str] = (), kinds: Sequence[str] = ()) -> Message:
        """Compose one message, of the topics and kinds given; with none, of every category alike."""
        rng = self.rng
        topic = rng.choice(topics or self.by_category[rng.choice(list(self.by_category))])
        lines = self.phrases[topic]
        allowed = [kind for kind in lines if not kinds or kind in kinds] or list(lines)
        kind = rng.choices(allowed, [KIND_WEIGHTS[k] for k in allowed])[0]
        line = self._pick(lines[kind])
        sentiment, urgency = KIND_LABELS[kind]
        share = self._order_share(self.categories[topic])
        order_id, shown = self.makers.order_id() if rng.random() < share else (None, "")
        core = [self._write(line), *self._more(topic, kind, line)]
        tone, sentiment = self._tone(kind, line.sentiment or sentiment, marked=bool(line.sentiment))
        pace, urgency = self._pace(kind, sentiment, line.urgency or urgency, marked=bool(line.urgency))
        if kind in ("fault", "request") and not line.sentiment and rng.random() < 0.04:
            core[0] = f"{self._settled(topic)} {core[0]}"
            sentiment = "positive" if kind == "request" and sentiment != "negative" else "negative"
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

    def _more(self, topic: str, kind: str, said: Line) -> list[str]:
        """Return what is said besides: more of the same matter, or a matter that comes second."""
        lines, draw = self.phrases[topic], self.rng.random()
        if draw < 0.03:
            free = [
                line for line in lines[kind] if line is not said and not line.sentiment and not line.urgency
            ]
            return [
                self._write(line) for line in self.rng.sample(free, min(len(free), self.rng.randint(2, 5)))
            ]
        if draw < 0.25:
            return self._unmarked([line for line in lines[kind] if line is not said])
        if draw < 0.5:
            follow = {"fault": "request", "sarcasm": "fault", "danger": "fault"}.get(kind, "")
            return self._unmarked(lines.get(follow, []))
        return [self._second_matter(kind)] if draw < 0.56 else []

    def _unmarked(self, lines: Sequence[Line]) -> list[str]:
        """Write out one of the lines that carry no label of their own, if there is one."""
        free = [line for line in lines if not line.sentiment and not line.urgency]
        return [self._line(free)] if free else []

    def _second_matter(self, kind: str) -> str:
        """Return a matter that comes second, so that it does not decide the category."""
        other = self.phrases[self.rng.choice(self.topics)]
        kinds = [
            k for k in ("request", "fault") if k in other and (k == "request" or kind in ("fault", "danger"))
        ]
        written = self._unmarked(other[self.rng.choice(kinds)]) if kinds else []
        return f"{self._part('second_opening')} {written[0]}" if written else self._part("aside")

    def _settled(self, topic: str) -> str:
        """Return praise of another matter and a turn to the one that is to be solved."""
        others = [
            lines["praise"] for name, lines in self.phrases.items() if name != topic and "praise" in lines
        ]
        praise = (
            self._line(self.rng.choice(others)).replace("{o:Order}", "the other order").replace("{o}", "")
        )
        end = "" if praise[-1:] in "!?." else self.rng.choice([".", "!", ",", "..."])
        return f"{praise}{end} {self._part('turn')}"

    def _order_share(self, category: str) -> float:
        return {"question": 0.2, "account": 0.3}.get(category, 0.62)

    def _pick(self, lines: Sequence[Line]) -> Line:
        return self.rng.choices(lines, [line.weight for line in lines])[0]

    def _line(self, lines: Sequence[Line]) -> str:
        return self._write(self._pick(lines))

    def _write(self, line: Line) -> str:
        """Write a phrasing out, but never as a held-out one."""
        while True:
            text = self._words(line.tree)
            filled = re.sub(r"\{(\w+)\}", self._fill, text)
            if plain(text) not in self.forbidden and plain(filled) not in self.forbidden:
                return filled

    def _part(self, key: str) -> str:
        return self._line(self.tones[key])

    def _parts(self, key: str, share: float, many: int) -> list[str]:
        """Return up to so many different parts, each with a chance of its own."""
        count = sum(self.rng.random() < share for _ in range(many))
        lines = self.tones[key]
        return [self._write(line) for line in self.rng.sample(lines, min(count, len(lines)))]

    def _words(self, tree: Sequence[str | list]) -> str:
        """Draw the alternatives of a tree, slots unfilled."""
        return "".join(
            self._words(self.rng.choice(node)) if isinstance(node, list) else node for node in tree
        )

    def _fill(self, match: re.Match[str]) -> str:
        slot = self.slots.get(match[1])
        return slot() if slot else match[0]

    def _tone(self, kind: str, sentiment: str, *, marked: bool) -> tuple[list[str], str]:
        draw = self.rng.random()
        if marked:
            return [], sentiment
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

    def _pace(self, kind: str, sentiment: str, urgency: str, *, marked: bool) -> tuple[list[str], str]:
        draw = self.rng.random()
        if marked:
            return ([self._part("urgent")] if urgency == "high" and draw < 0.2 else []), urgency
        if kind == "danger":
            return ([self._part("urgent")] if draw < 0.5 else []), "high"
        if kind == "praise":
            return ([self._part("unhurried")] if draw < 0.05 else []), "low"
        if draw < 0.22:
            return [self._part("urgent") for _ in range(1 + (draw < 0.05))], "high"
        if draw < (0.28 if sentiment == "negative" else 0.4):
            return [self._part("unhurried")], "low"
        return [], urgency

    def _assemble(self, core: list[str], after: list[str], shown: str, sentiment: str) -> str:
        """Put the parts in an order, name the order once or twice, then add noise."""
        rng = self.rng
        size = rng.choices(["bare", "usual", "long", "story"], [0.2, 0.69, 0.08, 0.03])[0]
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
        style = self.noise.style()
        text = heading + self._join(parts, style)
        if size != "bare" and rng.random() < 0.35:
            text = self._part("greeting") + rng.choice([", ", ",\n", "! ", ". ", " ", "\n"]) + text
        text = self.noise.apply(text.replace("{id}", ID_MARK), style)
        if rng.random() < (0.12 if style in ("sloppy", "chat") else 0.04):
            text += rng.choice([" ", " ", ""]) + self.noise.smiley(sentiment)
        text = text.replace(ID_MARK, shown).strip()
        return self._other_order(text, shown) if shown and size != "bare" and rng.random() < 0.06 else text

    def _filler(self, size: str, after: list[str]) -> tuple[list[str], list[str]]:
        """Return parts without effect for the beginning and the end; add others to `after`."""
        rng = self.rng
        if size == "bare":
            return [], []
        many = {"usual": 1, "long": 2, "story": 4}[size]
        after.extend(self._parts("number", min(0.8, 0.16 * many), min(many, 3)))
        after.extend(self._parts("aside", min(0.7, 0.05 * many), min(many, 2)))
        before = self._parts("context", min(0.8, 0.18 * many), many)
        closing = [self._part("thanks")] if rng.random() < 0.15 else []
        if rng.random() < 0.35 or size in ("long", "story"):
            closing.append(self._part("closing"))
        return before, closing

    def _other_order(self, text: str, shown: str) -> str:
        """Name a second order that the message is not about, or that comes second."""
        other = self.makers.order_id()[1]
        if other == shown:
            return text
        if self.rng.random() < 0.5:
            end = self.rng.choice(["", "."]) if text[-1:].isalnum() else ""
            return f"{text}{end} {self._part('later_order').replace('{other}', other)}"
        return f"{self._part('earlier_order').replace('{other}', other)}. {text}"

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
        if style == "chat":
            glue = rng.choices([" ", "\n", " ... ", "  "], [0.75, 0.15, 0.05, 0.05])[0]
        text = ""
        for raw in parts:
            part = " ".join(raw.split()).replace(" ,", ",")
            if style == "sloppy" and rng.random() < 0.6:
                end = rng.choice(["", "", "", "", ",", "...", " -", "!", ";"])
            elif QUESTION_START.match(part + " "):
                end = rng.choices(["?", "??", "."], [0.9, 0.05, 0.05])[0]
            else:
                end = rng.choices([".", "!", "!!!", " -", ","], [0.8, 0.12, 0.03, 0.02, 0.03])[0]
            if part[-1:] in "!?.":
                end = ""
            capital = style in ("plain", "upper") and not text.endswith((",", "-"))
            shown = part[:1].upper() + part[1:] if capital else part
            text += (glue if text else "") + shown + end
        return text.rstrip(" ,-;")
