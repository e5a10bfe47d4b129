"""What fills the slots of a phrasing: products, dates, and numbers that are no order number."""

import random
from collections.abc import Callable

__all__ = ["Slots"]

# Slots that are filled from the list of their name.
PLAIN = (
    *("name", "city", "street", "email", "os", "browser", "carrier", "weekday"),
    *("part", "extra", "colour", "event", "who", "spot"),
)


class Slots:
    """Draws words and numbers.

    Args:
        rng: Where chance comes from.
        words: The lists of `words.toml`.
    """

    def __init__(self, rng: random.Random, words: dict[str, list[str]]) -> None:
        self.rng = rng
        self.words = words

    def _digits(self, count: int) -> str:
        return self.rng.choice("123456789") + "".join(self.rng.choices("0123456789", k=count - 1))

    def order_id(self) -> tuple[str, str]:
        """Return an order id and how the customer writes it, with or without "#"."""
        rng = self.rng
        digits = "".join(rng.choices("0123456789", k=rng.choices(range(4, 9), [3, 5, 4, 2, 2])[0]))
        form = rng.random()
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        if form < 0.45:
            return digits, rng.choices(["", "#", "# "], [0.5, 0.46, 0.04])[0] + digits
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
        order_id = prefix + ("" if rng.random() < 0.12 else "-") + digits
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

    def _size(self) -> str:
        rng, pick = self.rng, self.rng.choice
        unit = pick(
            ["GB", " GB", "TB", " inch", '"', " cm", " m", "W", " watt", "mAh", " litres", " kg", "V", " Hz"]
        )
        return f"{pick([rng.randint(2, 64), pick([128, 256, 512]), 100 * rng.randint(1, 50)])}{unit}"

    def _moment(self, key: str) -> str:
        """Return a time from a list whose entries have slots of their own."""
        text = self.rng.choice(self.words[key])
        for slot, fill in (
            ("weekday", self.rng.choice(self.words["weekday"])),
            ("date", self._date()),
            ("time", self._time()),
            ("n", str(self.rng.randint(2, 12))),
        ):
            text = text.replace("{" + slot + "}", fill)
        return text

    def _time(self) -> str:
        minute = self.rng.choice([":30", " pm", " am", ":15", " o'clock", ":00", "pm", ".45"])
        return f"{self.rng.randint(1, 12)}{minute}"

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

    def all(self) -> dict[str, Callable[[], str]]:
        """Return what fills each slot."""
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
            "time": self._time,
        }
        slots["size"] = self._size
        slots["version"] = lambda: pick(
            [f"{d(1)}.{self.rng.randint(0, 20)}", f"v{d(1)}.{d(1)}.{d(2)}", f"{d(4)}.{d(1)}"]
        )
        for key in ("deadline", "when"):
            slots[key] = lambda key=key: self._moment(key)
        for key in PLAIN:
            slots[key] = lambda key=key: pick(words[key])
        return slots
