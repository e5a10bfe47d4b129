"""Numbers as people write them: currencies, per cent, groups of digits, decimal commas."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Number", "number_of"]

_JSON = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_CURRENCIES = "USD|EUR|GBP|JPY|CHF|INR|CAD|AUD|NZD|CNY|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|TRY"
_SIGN = rf"(?:[$€£¥₹₩]|(?:US|A|C)\$|(?:{_CURRENCIES})\b)"
_DIGITS = r"(?:\d[\d.,'’_\u00a0\u202f ]*|[.,]\d+)(?:[eE][+-]?\d+)?"
_WRITTEN = re.compile(
    rf"(?P<minus>[+-]?)\s?(?P<before>{_SIGN})?\s?(?P<minus_after>[+-]?)\s?(?P<digits>{_DIGITS})"
    rf"\s?(?P<behind>{_SIGN}|%)?"
)
_ABOUT = re.compile(
    r"(?:about|approx(?:imately|\.)?|around|circa|ca\.?|roughly|nearly|almost|over|under|at (?:least|most)|"
    r"(?:more|less|fewer) than|up to|~|≈|[<>]=?|≥|≤)\s*(?P<rest>.+)|(?P<plus>.*\d)\s*(?:\+|or so|or more)",
    re.IGNORECASE,
)
_UNIT = re.compile(rf"(?P<number>[+-]?{_DIGITS})\s*(?P<unit>[^\W\d_][^\d]{{0,40}}|°[CF]?)")
_SCALE = re.compile(
    r"(?:k|m|mm|mn|b|bn|t|hundred|thousand|million|billion|trillion|dozen|lakh|crore)\b", re.IGNORECASE
)
"""Words that change the number; what they make of it is not guessed."""
_MOST_CHARS = 400


@dataclass(frozen=True, slots=True)
class Number:
    """A number that a text is.

    Attributes:
        value: The number; of a percentage the number before the sign.
        plain: True when it is written as JSON writes it.
        sign: A sign of currency or per cent that stood with it; empty when there is none.
        lossy: The lossy rule that it takes, and what it loses; None when nothing is lost.
    """

    value: int | float
    plain: bool = False
    sign: str = ""
    lossy: str | None = None


def number_of(text: str) -> Number | None:
    """The one number that the whole text is; None where it is none, or where it may be several."""
    text = text.strip()
    if _JSON.fullmatch(text):
        value = _value(text)
        return None if value is None else Number(value, plain=True)
    text = text.strip("*_`'\"“”").strip().replace("\u2212", "-")
    if not text or len(text) > _MOST_CHARS:
        return None
    written = _WRITTEN.fullmatch(text) or _WRITTEN.fullmatch(text.removesuffix("."))
    if written is not None:
        return _of_written(written)
    about = _ABOUT.fullmatch(text)
    if about is not None:
        inner = number_of(about["rest"] or about["plus"])
        return (
            None
            if inner is None
            else Number(inner.value, sign=inner.sign, lossy=inner.lossy or "approximate")
        )
    unit = _UNIT.fullmatch(text)
    if unit is not None and not _SCALE.match(unit["unit"]):
        inner = number_of(unit["number"])
        return None if inner is None else Number(inner.value, lossy="unit")
    return None


def _of_written(written: re.Match[str]) -> Number | None:
    if written["minus"] and written["minus_after"]:
        return None
    digits, exponent = re.fullmatch(r"(.*?)([eE][+-]?\d+)?", written["digits"]).groups("")  # type: ignore[union-attr]
    plain = _plain_digits(digits.rstrip(" \u00a0\u202f"))
    value = None if plain is None else _value(plain + exponent)
    if value is None or (written["before"] and written["behind"] not in (None, written["before"])):
        return None
    if "-" in (written["minus"], written["minus_after"]):
        value = -value
    return Number(value, sign=written["behind"] or written["before"] or "")


def _plain_digits(digits: str) -> str | None:
    """The digits as JSON writes them; None where groups and decimals do not fit together."""
    if re.fullmatch(r"\d+(?:_\d+)+(?:\.\d+)?", digits):
        return digits.replace("_", "")
    digits = digits.replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ")
    groups = [mark for mark in ",.' _" if mark in digits]
    if not groups:
        return digits
    last = max(digits.rfind(","), digits.rfind("."))
    decimal = digits[last] if last >= 0 and digits.count(digits[last]) == 1 else ""
    if decimal == "," and len(groups) == 1 and re.fullmatch(r"[1-9]\d{0,2},\d{3}", digits):
        decimal = ""  # 1,234: JSON and English write decimals with a point
    grouping = [mark for mark in groups if mark != decimal]
    if len(grouping) > 1:
        return None
    whole, _, rest = digits.partition(decimal) if decimal else (digits, "", "")
    if grouping:
        mark = re.escape(grouping[0])
        if not re.fullmatch(rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+", whole) or (rest and not rest.isdigit()):
            return None
        whole = whole.replace(grouping[0], "")
    if not (whole or rest) or (rest and not rest.isdigit()):
        return None
    return f"{whole or '0'}.{rest}" if rest else whole


def _value(text: str) -> int | float | None:
    try:
        value: int | float = float(text) if re.search(r"[.eE]", text) else int(text)
    except ValueError:  # more digits than sys.get_int_max_str_digits() allows
        return None
    return None if value in (float("inf"), float("-inf")) else value
