"""Dates and times as texts write them (ISO 8601's extended form, RFC 3339), read into numbers that compare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, TypeAlias

__all__ = ["Moment", "Written", "moment_of"]

Written: TypeAlias = Literal["date", "date-time", "time"]

_DAY_S = 86_400
_MAX_LENGTH = 64
_MOMENT = re.compile(
    r"""(?:(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d))?
        (?:(?P<between>[Tt\ ])?(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)
           (?::(?P<second>[0-5]\d|60)(?P<fraction>[.,]\d+)?)?
           (?P<zone>[Zz]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?""",
    re.VERBOSE | re.ASCII,
)
_PHRASES = {"date": "a date", "date-time": "a date and time", "time": "a time"}


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time, or both.

    Attributes:
        text: As it was written.
        form: Which of them.
        day: Its calendar day as it is written, counted from 0001-01-01; 0 for a time alone.
        clock_s: Seconds of that day as they are written, without the fraction.
        fraction: The fraction of a second.
        offset_s: Seconds by which its zone is ahead of UTC; None without a zone.
    """

    text: str
    form: Written
    day: int
    clock_s: int
    fraction: Fraction
    offset_s: int | None

    @property
    def zoned(self) -> bool:
        """True when it has a time zone."""
        return self.offset_s is not None

    @property
    def seconds(self) -> Fraction:
        """The instant as seconds; without a zone, the reading of calendar and clock."""
        return self.day * _DAY_S + self.clock_s + self.fraction - (self.offset_s or 0)

    @property
    def phrase(self) -> str:
        """What it is, with its article."""
        return _PHRASES[self.form]

    def shifted(self, units: int) -> str | None:
        """The text of the moment ``units`` days, or for times seconds, later; None where the calendar ends."""
        if self.form == "date":
            return _day_text(self.day + units)
        days, clock_s = divmod(self.clock_s + units, _DAY_S)
        match = _MOMENT.fullmatch(self.text)
        day = _day_text(self.day + days)
        if match is None or (self.form == "time" and days) or (self.form == "date-time" and day is None):
            return None
        clock = f"{clock_s // 3600:02}:{clock_s % 3600 // 60:02}:{clock_s % 60:02}"
        tail = f"{clock}{match['fraction'] or ''}{match['zone'] or ''}"
        return f"{day}{match['between']}{tail}" if self.form == "date-time" else tail


def moment_of(text: str) -> Moment | None:
    """The date, time or both that the whole text is; None when it is none.

    Years are 0001 to 9999; a second 60 counts as the one behind second 59; the zone is ``Z`` or an offset.
    """
    match = _MOMENT.fullmatch(text) if 0 < len(text) <= _MAX_LENGTH else None
    if match is None or bool(match["between"]) != bool(match["year"] and match["hour"]):
        return None
    day = 0
    if match["year"]:
        try:
            day = date(int(match["year"]), int(match["month"]), int(match["day"])).toordinal()
        except ValueError:
            return None
    if not match["hour"]:
        return Moment(text, "date", day, 0, Fraction(0), None)
    clock_s = int(match["hour"]) * 3600 + int(match["minute"]) * 60 + int(match["second"] or 0)
    fraction = Fraction(f"0.{match['fraction'][1:]}") if match["fraction"] else Fraction(0)
    form: Written = "date-time" if match["year"] else "time"
    return Moment(text, form, day, clock_s, fraction, _offset_s(match["zone"]))


def _offset_s(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone in "Zz":
        return 0
    ahead = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -ahead if zone[0] == "-" else ahead


def _day_text(day: int) -> str | None:
    return date.fromordinal(day).isoformat() if 1 <= day <= date.max.toordinal() else None
