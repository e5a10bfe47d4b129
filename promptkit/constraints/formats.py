"""Texts of a known format, checked by the validator that checks JSON Schemas."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import jsonschema_rs

from promptkit.constraints.arguments import as_string
from promptkit.constraints.rules import Boundary, Scope
from promptkit.schemas.fragments import types_of
from promptkit.schemas.places import shown, type_phrase
from promptkit.spelling import did_you_mean

__all__ = ["FORMATS", "Format"]

# A format's name, how it is said, a text of it, and one that just is none.
FORMATS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "date": ("a date written as YYYY-MM-DD", "2026-01-31", "2026-01-32"),
        "date-time": (
            "a date and time with a time zone, such as 2026-01-31T09:30:00Z",
            "2026-01-31T09:30:00Z",
            "2026-01-31T09:30:00",
        ),
        "duration": ("an ISO 8601 duration such as PT1H30M", "PT1H30M", "1H30M"),
        "email": ("an e-mail address", "ann@example.com", "ann@"),
        "hostname": ("a host name", "www.example.com", "www..example.com"),
        "idn-email": ("an e-mail address of any script", "änne@example.com", "änne@"),
        "idn-hostname": ("a host name of any script", "münchen.example", "münchen..example"),
        "ipv4": ("an IPv4 address", "192.0.2.1", "192.0.2.256"),
        "ipv6": ("an IPv6 address", "2001:db8::1", "2001:db8::1::2"),
        "iri": ("an absolute IRI", "https://example.com/ä", "//example.com/ä"),
        "iri-reference": ("an absolute or relative IRI", "/ä", "\\ä"),
        "json-pointer": ("a JSON Pointer such as /items/0", "/items/0", "items/0"),
        "regex": ("a regular expression", "[a-z]+", "[a-z+"),
        "relative-json-pointer": ("a relative JSON Pointer such as 1/name", "1/name", "/name"),
        "time": ("a time with a time zone, such as 09:30:00Z", "09:30:00Z", "09:30:00"),
        "uri": ("an absolute URI", "https://example.com/a", "//example.com/a"),
        "uri-reference": ("an absolute or relative URI", "/a", "\\a"),
        "uri-template": ("a URI template such as /items/{id}", "/items/{id}", "/items/{id"),
        "url": (
            "a web address that begins with http:// or https://",
            "https://example.com/a",
            "ftp://example.com/a",
        ),
        "uuid": (
            "a UUID",
            "2f1c0e0a-5a9d-4c1b-9d53-1f2e3d4c5b6a",
            "2f1c0e0a-5a9d-4c1b-9d53-1f2e3d4c5b6",
        ),
    }
)

_MAX_LENGTH = 100_000


@dataclass(frozen=True, slots=True)
class Format:
    """A text of a format that JSON Schema knows, or ``url``: an absolute address of http or https with a host."""

    kind = "format"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    name: str

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the name of a format."""
        return cls(as_string("format", "the name of a format", "format: email", argument))

    def __post_init__(self) -> None:
        if self.name not in FORMATS:
            raise ValueError(
                f"format {shown(self.name, 40)} is unknown{did_you_mean(self.name, FORMATS)}; known are "
                f"{', '.join(sorted(FORMATS))}; any other form is described by matches, as in "
                "matches: '[A-Z]{2}[0-9]{4}'"
            )

    def sentence(self, subject: str) -> str:
        """Said by what it is."""
        return f"{subject} is {FORMATS[self.name][0]}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As format, where the field has none; a url is said as uri."""
        if "format" in fragment:
            return fragment
        return {**fragment, "format": _schema_format(self.name)}

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A text of another form, one of more than 100,000 characters, or no text."""
        if not isinstance(value, str):
            return type_phrase(value)
        if len(value) > _MAX_LENGTH:
            return f"a text of {len(value)} characters, more than the {_MAX_LENGTH} that are checked"
        return None if _is_of(self.name, value) else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Shows one."""
        return f"Write {FORMATS[self.name][0]}, in the form of {FORMATS[self.name][1]}."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """A text of the format, and one that just is none."""
        types = types_of(fragment)
        if types and "string" not in types:
            return Boundary()
        return Boundary((FORMATS[self.name][1],), (FORMATS[self.name][2],))

    def fitted(self, value: Any, scope: Scope) -> Any:
        """A text of the format."""
        return FORMATS[self.name][1] if isinstance(value, str) and self.fault(value, scope) else value


def _schema_format(name: str) -> str:
    return "uri" if name == "url" else name


def _is_of(name: str, text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    if not _validator(_schema_format(name)).is_valid(text):
        return False
    return name != "url" or _is_web_address(text)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it raises for a port that is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


@lru_cache(maxsize=32)
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True)
