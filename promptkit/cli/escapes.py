"""Text made safe to print: what a terminal would act on is shown as an escape instead."""

from __future__ import annotations

import json

__all__ = ["json_line", "visible"]

# C0 without tab and line feed, DEL and C1 (ECMA-48) move the cursor, colour or retitle a terminal; the
# bidirectional controls of Unicode 15, section 23.2, reorder what is read; surrogates cannot be encoded.
_CONTROLS = [*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)]
_BIDIRECTIONAL = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_SEPARATORS = [0x2028, 0x2029]
_SHOWN: dict[int, str] = {code: f"\\x{code:02x}" for code in _CONTROLS}
_SHOWN.update({code: f"\\u{code:04x}" for code in (*_BIDIRECTIONAL, *_SEPARATORS)})
_JSON: dict[int, str] = {code: f"\\u{code:04x}" for code in (*_CONTROLS, *_BIDIRECTIONAL, *_SEPARATORS)}


def visible(text: str, encoding: str = "utf-8") -> str:
    r"""The text with control and reordering characters as escapes such as ``\x1b``; tabs and line ends stay.

    Args:
        text: Any text.
        encoding: Where it will be written; what it cannot encode becomes an escape too.
    """
    return _encodable(text.translate(_SHOWN), encoding)


def json_line(data: object, encoding: str = "utf-8") -> str:
    """Data as one line of JSON; what a terminal would act on is a JSON escape, so that the data is the same.

    Args:
        data: JSON-able data.
        encoding: Where it will be written; anything but UTF-8 gets ASCII.
    """
    ascii_only = not encoding.lower().replace("-", "").startswith("utf")
    text = json.dumps(data, ensure_ascii=ascii_only, allow_nan=False)
    # Outside of strings JSON is ASCII, so every character that is replaced here stands in a string.
    return _encodable(text.translate(_JSON), encoding)


def _encodable(text: str, encoding: str) -> str:
    return text.encode(encoding, "backslashreplace").decode(encoding)
