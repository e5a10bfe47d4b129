"""Customer messages with their labels, composed from phrasings and drawn from a seed.

The labels follow from the parts that a message is made of, so that no message
is labelled by hand. README.md states the rules of labelling.
"""

import random
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Generator", "Message"]

HERE = Path(__file__).parent
# Stands for the order id while noise is applied, so that typos never reach the id.
ID_MARK = "\x01"
HOLDOUT_EVERY = 10
KIND_WEIGHTS = {"fault": 0.42, "request": 0.38, "praise": 0.12, "danger": 0.08}
KIND_LABELS = {
    "fault": ("negative", "normal"),
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
QUESTION_START = re.compile(
    r"(why|how|where|when|what|which|who|can|could|would|will|do|does|is|are|has|did|may)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A customer message and the fields that a right answer holds.

    Attributes:
        text: What the customer wrote.
        category: billing, shipping, technical, account or question.
        sentiment: negative, neutral or positive.
        urgency: low, normal or high.
        order_id: The order number as written, without a leading "#".
    """

    text: str
    category: str
    sentiment: str
    urgency: str
    order_id: str | None

    def answer(self) -> str:
        """Return the compact JSON that the model is to write."""
        order = "null" if self.order_id is None else f'"{self.order_id}"'
        return (
            f'{{"category":"{self.category}","sentiment":"{self.sentiment}",'
            f'"urgency":"{self.urgency}","order_id":{order}}}'
        )


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
        split: "train" leaves out every tenth phrasing of the longer lists,
            "holdout" uses only those, "all" uses every phrasing.
    """

    def __init__(self, seed: int, split: str = "train") -> None:
        self.rng = random.Random(seed)
        self.words = tomllib.loads((HERE / "words.toml").read_text("utf-8"))
        tones = tomllib.loads((HERE / "tones.toml").read_text("utf-8"))
        self.tones = {key: [parse(line) for line in lines] for key, lines in tones.items()}
        self.topics: dict[str, dict[str, list]] = {}
        topics = tomllib.loads((HERE / "topics.toml").read_text("utf-8"))["topic"]
        for topic in topics:
            group = self.topics.setdefault(topic["category"], {}).setdefault(topic["kind"], [])
            group.extend(parse(line) for line in keep(topic["lines"], split))
        # Kinds too small to hold anything out are the same in every split.
        whole = [t for t in topics if not self.topics[t["category"]][t["kind"]]]
        for topic in whole:
            self.topics[topic["category"]][topic["kind"]].extend(parse(line) for line in topic["lines"])
        self.slots = self._slots()

    def message(self) -> Message:
        """Compose one message."""
        rng = self.rng
        category = rng.choice(list(self.topics))
        kinds = self.topics[category]
        kind = rng.choices(list(kinds), [KIND_WEIGHTS[k] for k in kinds])[0]
        sentiment, urgency = KIND_LABELS[kind]
        order_id, shown = self._order_id() if rng.random() < self._order_share(category) else (None, "")
        core = [self._line(kinds[kind])]
        if rng.random() < 0.15:
            core.append(self._line(kinds[kind]))
        elif kind == "fault" and rng.random() < 0.15:
            core.append(self._line(kinds["request"]))
        tone, sentiment = self._tone(kind, sentiment)
        pace, urgency = self._pace(kind, sentiment, urgency)
        text = self._assemble(core, tone + pace, shown, sentiment)
        return Message(text=text, category=category, sentiment=sentiment, urgency=urgency, order_id=order_id)

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
        heading = ""
        core, named = self._name_inline(core, bool(shown))
        if shown and (not named or rng.random() < 0.06):
            if rng.random() < 0.3:
                heading = rng.choice(self.words["heading"])
            else:
                after.append(rng.choice(self.words["sentence"]))
        if rng.random() < 0.22:
            after.append(self._part("number"))
        before = [self._part("context")] if rng.random() < 0.28 else []
        rng.shuffle(after)
        cut = rng.choice([0, 0, 0, 1, len(after)])
        parts = before + after[:cut] + core + after[cut:]
        if rng.random() < 0.4:
            parts.append(self._part("closing"))
        style = rng.choices(["plain", "sloppy", "upper"], [0.66, 0.32, 0.02])[0]
        text = heading + self._join(parts, style)
        if rng.random() < 0.35:
            text = self._part("greeting") + rng.choice([", ", ",\n", "! ", ". ", " ", "\n"]) + text
        text = self._noise(text.replace("{id}", ID_MARK), style)
        if rng.random() < 0.05:
            text += " " + rng.choice(SMILEYS[sentiment])
        return text.replace(ID_MARK, shown).strip()

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
        glue = rng.choices([" ", "\n", "\n\n"], [0.84, 0.1, 0.06])[0]
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
            capital = style != "sloppy" and not text.endswith((",", "-"))
            shown = part[:1].upper() + part[1:] if capital else part
            text += (glue if text else "") + shown + end
        return text.rstrip(" ,-;")

    def _noise(self, text: str, style: str) -> str:
        rng = self.rng
        if style == "upper":
            return text.upper()
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

    def _digits(self, count: int) -> str:
        return self.rng.choice("123456789") + "".join(self.rng.choices("0123456789", k=count - 1))

    def _order_id(self) -> tuple[str, str]:
        """Return an order id and how the customer writes it, with or without "#"."""
        rng = self.rng
        digits = "".join(rng.choices("0123456789", k=rng.choices(range(4, 9), [3, 5, 4, 2, 2])[0]))
        form = rng.random()
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        if form < 0.45:
            return digits, ("#" if rng.random() < 0.5 else "") + digits
        if form < 0.72:
            prefix = rng.choice(letters)
        elif form < 0.86:
            prefix = rng.choice(
                ["ORD", "ORD", "EU", "UK", "US", "DE", "PO", "SO", "WEB", "NL", "FR", "AB", "CO"]
            )
        else:
            prefix = "".join(rng.choices(letters, k=rng.choice([2, 3])))
        if rng.random() < 0.12:
            prefix = prefix.lower()
        order_id = prefix + ("" if rng.random() < 0.04 else "-") + digits
        return order_id, ("#" if rng.random() < 0.12 else "") + order_id

    def _product(self) -> str:
        rng = self.rng
        name = rng.choice(self.words["product"])
        draw = rng.random()
        if draw < 0.1:
            return f"{rng.choice(self.words['adjective'])} {name}"
        if draw < 0.2:
            return f"{self._brand()} {name}"
        if draw < 0.25:
            return f"{self._model()} {name}"
        return name

    def _brand(self) -> str:
        return "".join(self.rng.choices(self.words["syllable"], k=self.rng.choice([2, 2, 3]))).capitalize()

    def _model(self) -> str:
        rng = self.rng
        series = rng.choice(["X", "S", "Pro ", "V", "Mini ", "XR-", "G", "T-", "Z", "Air ", "M"])
        return f"{self._brand()} {series}{rng.choice([rng.randint(1, 20), 100 * rng.randint(1, 30)])}"

    def _money(self) -> str:
        rng = self.rng
        whole = rng.choice([rng.randint(2, 99), rng.randint(100, 1999)])
        amount = f"{whole}{rng.choice(['', '', '.99', '.90', '.00', f'.{rng.randint(10, 99)}', ',50'])}"
        return rng.choice(
            ["${}", "€{}", "£{}", "{} euros", "{} dollars", "{} EUR", "{} €", "{} pounds", "{}"]
        ).format(amount)

    def _date(self) -> str:
        rng = self.rng
        day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2023, 2027)
        name = self.words["month"][month - 1]
        return rng.choice(
            [f"{day} {name}", f"{name} {day}", f"{day:02}.{month:02}.{year}", f"{year}-{month:02}-{day:02}",
             f"{month}/{day}/{year}", f"{day}.{month}.", f"{name} {day}, {year}", f"the {day}th"]
        )  # fmt: skip

    def _phone(self) -> str:
        d = self._digits
        return self.rng.choice(
            [
                f"0{d(3)} {d(7)}",
                f"+{d(2)} {d(3)} {d(6)}",
                f"({d(3)}) {d(3)}-{d(4)}",
                f"0{d(4)}/{d(6)}",
                f"0{d(9)}",
            ]
        )

    def _code(self) -> str:
        d, pick = self._digits, self.rng.choice
        return pick(
            [f"E{d(2)}", f"E-{d(2)}", f"0x{d(4)}", d(3), d(4), f"F{d(1)}", f"ERR_{d(3)}", f"{d(2)}-{d(3)}"]
        )

    def _slots(self) -> dict[str, Callable[[], str]]:
        pick, words, d = self.rng.choice, self.words, self._digits
        slots: dict[str, Callable[[], str]] = {
            "p": self._product,
            "money": self._money,
            "date": self._date,
            "phone": self._phone,
            "model": self._model,
            "days": lambda: f"{pick(words['count'])} {pick(words['duration'])}",
            "n": lambda: str(pick([self.rng.randint(2, 12), self.rng.randint(10, 90)])),
            "code": lambda: pick([self._code(), self._code(), pick(words["voucher"])]),
            "zip": lambda: pick([d(5), d(4), f"{pick('ABELNSW')}{d(1)} {d(1)}{pick('ABDE')}{pick('FGHT')}"]),
            "client": lambda: pick([d(5), d(6), d(8), f"C{d(5)}", f"KD-{d(4)}", d(4)]),
            "serial": lambda: pick([f"SN{d(8)}", d(12), f"{d(3)}-{d(4)}-{d(3)}", f"{pick('XYZ')}{d(6)}"]),
            "tracking": lambda: pick([d(12), d(14), d(20), f"1Z{d(10)}", f"JD{d(16)}"]),
            "invoice": lambda: pick([f"INV-{d(5)}", f"RE{d(6)}", f"2025-{d(4)}", d(6)]),
            "year": lambda: str(self.rng.randint(1950, 2024)),
            "time": lambda: f"{self.rng.randint(1, 12)}{pick([':30', ' pm', ' am', ':15', ' o clock'])}",
        }
        for key in ("name", "city", "street", "email", "os", "browser", "carrier", "weekday"):
            slots[key] = lambda key=key: pick(words[key])
        return slots


def keep(lines: list[str], split: str) -> list[str]:
    """Choose the phrasings of a split; a list of under ten lines has none to hold out."""
    if split == "all":
        return lines
    held = lines[HOLDOUT_EVERY // 2 :: HOLDOUT_EVERY] if len(lines) >= HOLDOUT_EVERY else []
    return held if split == "holdout" else [line for line in lines if line not in held]
