"""Texts of the formats that JSON Schema names, lengthened where the format has room."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from promptkit.schemas.generation.choices import Choices

__all__ = ["KNOWN_FORMATS", "format_text"]

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_HEX = "0123456789abcdef"

# `{}` marks where letters may be added. The first form is the plainest; the shorter ones are for short fields.
_FORMS: Mapping[str, tuple[str, ...]] = {
    "email": ("a{}@example.org", "grace.hopper{}@example.com", "info+news{}@mail.example.net", "a{}@b.co"),
    "idn-email": ("a{}@example.org", "zoë{}@example.com", "a{}@b.co"),
    "uri": (
        "https://example.org/{}",
        "https://example.com/a/b?c=d{}#e",
        "mailto:a{}@example.org",
        "urn:a:b{}",
        "a:b",
    ),
    "uri-reference": ("https://example.org/{}", "/a/b{}", "../c?d=e{}", "#f{}", "g{}"),
    "uri-template": ("https://example.org/{{name}}{}", "/a/{{b}}{}", "a{}"),
    "iri": ("https://example.org/{}", "https://example.com/straße{}", "urn:a:b{}", "a:b"),
    "iri-reference": ("https://example.org/{}", "/straße{}", "#f{}", "g{}"),
    "json-pointer": ("/a{}", "", "/a/0/b{}", "/a~1b{}"),
    "relative-json-pointer": ("0", "1/a{}", "0#", "2/0/b{}"),
    "regex": ("^a{}$", "[0-9]+{}", "a|b{}", "a"),
}


def format_text(name: str, choices: Choices, least: int, most: int) -> str | None:
    """A text of the format, of ``least`` to ``most`` characters where that is possible; None for others."""
    compute = _COMPUTED.get(name)
    if compute is not None:
        return compute(choices, least, most)
    forms = _FORMS.get(name)
    if forms is None:
        return None
    fitting = [it for it in forms if _fits(it, least, most)] or forms
    form = choices.pick(fitting)
    bare = form.format("")
    return form.format("x" * max(0, least - len(bare)))


def _fits(form: str, least: int, most: int) -> bool:
    length = len(form.format(""))
    return length <= most and (length >= least or form.replace("{{", "").count("{}") == 1)


def _date(choices: Choices, _least: int, _most: int) -> str:
    year = 2000 + choices.pick((0, 24, 1, 99, -1, 12))
    month = choices.draw(12)
    day = choices.draw(_DAYS[month])
    if month == 1 and year % 4 == 0 and choices.rarely(4):
        day = 28
    return f"{year}-{month + 1:02}-{day + 1:02}"


def _time(choices: Choices, least: int, most: int) -> str:
    clock = f"{choices.draw(24):02}:{choices.draw(60):02}:{choices.draw(60):02}"
    zone = choices.pick(("Z", "+00:00", "-08:00", "+05:30"))
    fraction = choices.pick(("", ".5", ".123456"))
    missing = least - len(clock) - len(fraction) - len(zone)
    if missing > 0:
        fraction = f"{fraction or '.'}{'0' * (missing if fraction else missing - 1)}"
        fraction = ".0" if fraction == "." else fraction
    text = f"{clock}{fraction}{zone}"
    return text if len(text) <= most else f"{clock}Z"


def _date_time(choices: Choices, least: int, most: int) -> str:
    return f"{_date(choices, 0, 0)}T{_time(choices, least - 11, most - 11)}"


def _duration(choices: Choices, least: int, most: int) -> str:
    text = choices.pick(("P1D", "PT1H", "P1Y2M3DT4H5M6S", "P4W", "PT30S"))
    if most < len(text):
        text = "P1D"
    return f"P{'1' * (least - 2)}D" if least > len(text) else text


def _hostname(choices: Choices, least: int, most: int) -> str:
    names = ("example.org", "a.example.com", "db-1.internal.example.net", "localhost", "a")
    fitting = [name for name in names if len(name) <= most] or ["a"]
    text = choices.pick(fitting)
    while len(text) < least:
        # A label holds 63 characters at most.
        text = f"{'x' * min(60, max(1, least - len(text) - 1))}.{text}"
    return text if len(text) <= most else f"{'x' * most}"


def _ipv4(choices: Choices, least: int, most: int) -> str:
    text = ".".join(str(choices.draw(256)) for _ in range(4))
    if len(text) < least:
        return "192.168.100.200" if least > len("10.10.10.10") else "10.10.10.10"
    return text if len(text) <= most else "1.1.1.1"


def _ipv6(choices: Choices, least: int, most: int) -> str:
    text = choices.pick(("::1", "2001:db8::1", "fe80::1:2:3", "::"))
    if len(text) < least:
        return "2001:0db8:0000:0000:0000:0000:0000:0001"[: max(39, least)]
    return text if len(text) <= most else "::"


def _uuid(choices: Choices, _least: int, _most: int) -> str:
    digits = "".join(_HEX[choices.draw(16)] for _ in range(30))
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-8{digits[15:18]}-{digits[18:30]}"


_COMPUTED: Mapping[str, Callable[[Choices, int, int], str]] = {
    "date": _date,
    "date-time": _date_time,
    "duration": _duration,
    "hostname": _hostname,
    "idn-hostname": _hostname,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "time": _time,
    "uuid": _uuid,
}

KNOWN_FORMATS = frozenset({*_COMPUTED, *_FORMS})
"""The formats of which texts can be made; the others are annotations."""
