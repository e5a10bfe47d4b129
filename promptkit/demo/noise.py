"""How customers really type: registers, shorthand, slips of the keyboard, and no punctuation at all."""

import random
import re
from collections.abc import Mapping, Sequence

__all__ = ["ID_MARK", "STYLES", "Noise"]

# Stands for the order id while noise is applied, so that slips never reach the id.
ID_MARK = "\x01"
# Registers and their shares.
STYLES = {"plain": 0.5, "sloppy": 0.26, "chat": 0.14, "foreign": 0.07, "upper": 0.03}
SHORTHAND = {
    "please": "pls", "you": "u", "your": "ur", "thanks": "thx", "are": "r", "because": "bc",
    "and": "&", "with": "w/", "tomorrow": "tmrw", "people": "ppl", "before": "b4", "message": "msg",
    "to": "2", "for": "4", "going to": "gonna", "want to": "wanna", "something": "smth", "about": "abt",
    "don't know": "dunno", "what": "wat", "okay": "k", "really": "rly", "this": "dis", "minutes": "mins",
    "password": "pw", "delivery": "dlvry", "account": "acct", "received": "rcvd", "number": "nr",
    "yesterday": "yday", "today": "2day", "great": "gr8", "though": "tho", "through": "thru", "weeks": "wks",
    "months": "mths", "information": "info", "confirmation": "conf", "picture": "pic", "christmas": "xmas",
}  # fmt: skip
SMILEYS = {
    "negative": [":(", ":-(", "😡", "😠", "👎", "😞", "🤬", "😤", "🙄", "💀", "😭", "😩", "🤦", ":/", "😒", "💔"],
    "neutral": ["🙏", ";)", "🤔", ":-)", ":)", "👋", "📦", "🙂", "❓", "🤷", "👀", "😅", "📱", "✌️"],
    "positive": [":)", ":-)", "🙂", "😊", "👍", "❤️", "😍", "🎉", "🥰", "👏", "💯", "⭐⭐⭐⭐⭐", "🙌", "😁",
                 "✨", ":D", "<3", "🥳"],
}  # fmt: skip
# Neighbours on a keyboard, row by row.
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = {
    key: "".join(
        row[place]
        for row in ROWS[max(0, number - 1) : number + 2]
        for place in (i - 1, i, i + 1)
        if 0 <= place < len(row) and row[place] != key
    )
    for number, keys in enumerate(ROWS)
    for i, key in enumerate(keys)
}
FUNCTION_WORDS = re.compile(r" (the|a|an|is|are|to|of|have|has|am|it|do|does|been|be|my) (?=\w)")
SWAPS = {"v": "w", "w": "v", "th": "d", "j": "y", "c": "k"}
PUNCTUATION = re.compile(r"(?<!\d)[.,;:!?]+(?= |\n|$)")


class Noise:
    """Writes a finished text as somebody types it.

    Args:
        rng: Where chance comes from.
        spellings: Pairs of spellings or words of which either is used, as "colour" and "color".
    """

    def __init__(self, rng: random.Random, spellings: Mapping[str, Sequence[str]]) -> None:
        self.rng = rng
        self.spellings = spellings
        self.varied = re.compile(r"\b(" + "|".join(map(re.escape, spellings)) + r")\b")

    def style(self) -> str:
        """Draw a register."""
        return self.rng.choices(list(STYLES), list(STYLES.values()))[0]

    def apply(self, text: str, style: str) -> str:
        """Return the text in a register, with its slips."""
        rng = self.rng
        if rng.random() < 0.5:
            text = self.varied.sub(lambda m: rng.choice([m[0], *self.spellings[m[0]]]), text)
        if style == "upper":
            return self._slips(text.upper(), 0.5)
        if style == "foreign":
            text = FUNCTION_WORDS.sub(lambda m: m[0] if rng.random() < 0.5 else " ", text)
        if style in ("sloppy", "chat"):
            text = self._shortened(text)
        if style == "chat":
            text = PUNCTUATION.sub("", text).lower()
        elif style == "plain" and rng.random() < 0.05:
            text = self._stressed(text)
        if style in ("plain", "foreign") and rng.random() < 0.15:
            text = text.replace("'", "\u2019")
        return self._slips(text, 1.5 if style in ("sloppy", "chat") else 1)

    def smiley(self, sentiment: str) -> str:
        """Return one or more of the smileys that go with a sentiment."""
        one = self.rng.choice(SMILEYS[sentiment])
        return one * self.rng.choices([1, 2, 3], [0.8, 0.1, 0.1])[0] if len(one) < 3 else one

    def _shortened(self, text: str) -> str:
        rng = self.rng
        share = rng.choice([0, 0, 0.2, 0.5])
        words = [SHORTHAND.get(word, word) if rng.random() < share else word for word in text.split(" ")]
        text = " ".join(words)
        if rng.random() < 0.6:
            text = text.lower()
        return text.replace("'", "") if rng.random() < 0.5 else text

    def _stressed(self, text: str) -> str:
        """Put one or two words in capitals."""
        words = text.split(" ")
        for _ in range(self.rng.choice([1, 1, 2])):
            place = self.rng.randrange(len(words))
            words[place] = words[place].upper()
        return " ".join(words)

    def _slips(self, text: str, times: float) -> str:
        rate = self.rng.choice([0, 0, 0, 0, 0, 0.004, 0.01, 0.02]) * times
        return "".join(self._slip(char) if self.rng.random() < rate else char for char in text)

    def _slip(self, char: str) -> str:
        """Return what is typed in place of a letter or blank."""
        rng = self.rng
        if char == " ":
            return rng.choice(["", "", "  ", " "])
        if not char.isalpha():
            return char
        near = rng.choice(NEIGHBOURS.get(char.lower(), char))
        return rng.choice(["", "", char * 2, near, near + char, near if char.islower() else char.lower()])
