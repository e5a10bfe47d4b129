"""Secrets: keys, tokens and passwords that stand in a file."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Secret", "secrets_in"]

_FORMS: tuple[tuple[str, str], ...] = (
    ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    ("an API key", r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}"),
    ("a GitHub token", r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    ("an AWS access key", r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("a Google API key", r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}"),
    ("a Hugging Face token", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}"),
    ("a Slack token", r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("a payment key", r"(?<![A-Za-z0-9])(?:sk|rk)_live_[A-Za-z0-9]{20,}"),
    ("a JSON web token", r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    (
        "a password in a URL",
        r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,20}://[^\s/:@{}<>]{1,100}:[^\s/@{}<>]{4,100}@",
    ),
)
_NAMED = re.compile(
    r"(?i)(?<![A-Za-z])(?:api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret|secret[_-]?key|password|"
    r"passwd|bearer)[\"']?\s*(?:[:=]\s*|\s)[\"']?(?P<value>[A-Za-z0-9+/_.~=-]{16,})"
)
_KNOWN = re.compile("|".join(f"(?P<form{number}>{form})" for number, (_, form) in enumerate(_FORMS)))
_MADE_UP = re.compile(
    r"(?i)x{4,}|\*{3,}|\.{3,}|0{6,}|1234567|abcdef|example|placeholder|your|dummy|redacted|changeme"
)
_HINTS = (
    "akia",
    "aiza",
    "asia",
    "bearer",
    "eyj",
    "gh",
    "github_",
    "hf_",
    "key",
    "passw",
    "rk_live_",
    "secret",
    "sk-",
    "sk_live_",
    "token",
    "xox",
    "://",
)
"""One of these stands, in small letters, in each line with a secret; most lines have none, and are not looked at."""
_RANDOM = 3.5
"""Bits of entropy a character from which a value behind a name such as password looks random; words have about 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where one stands.

    Attributes:
        what: What it looks like.
        line: Line, counted from 1.
        column: Column, counted from 1.
        width: Its length.
    """

    what: str
    line: int
    column: int
    width: int


def secrets_in(text: str) -> Iterator[Secret]:
    """Everything that looks like a secret, in order; what is plainly made up is passed over."""
    for number, line in enumerate(text.split("\n"), start=1):
        small = line.lower()
        if not any(hint in small for hint in _HINTS):
            continue
        taken: set[int] = set()
        for match in _KNOWN.finditer(line):
            if not _MADE_UP.search(match.group()):
                taken.update(range(*match.span()))
                form = next(at for at in range(len(_FORMS)) if match[f"form{at}"] is not None)
                yield _secret(_FORMS[form][0], number, *match.span())
        for match in _NAMED.finditer(line):
            value = match["value"]
            if match.start("value") not in taken and not _MADE_UP.search(value) and _looks_random(value):
                yield _secret("a password or key", number, *match.span("value"))


def _secret(what: str, line: int, start: int, end: int) -> Secret:
    return Secret(what=what, line=line, column=start + 1, width=end - start)


def _looks_random(value: str) -> bool:
    """True for what no one would type: letters and digits without order, by Shannon's entropy."""
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return entropy >= _RANDOM and any(letter.isdigit() for letter in value)
