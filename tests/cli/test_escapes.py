"""Text that a terminal would act on is shown, not obeyed."""

from __future__ import annotations

import json

import pytest

from promptkit.cli.escapes import json_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("gone\rback", "gone\\x0dback"),
        ("\x9b2J", "\\x9b2J"),
        ("abc\u202edef", "abc\\u202edef"),
        ("a\u2028b", "a\\u2028b"),
        ("lone \ud800", "lone \\ud800"),
        ("kept:\ttab\nand line, Grüße, 日本, [red]", "kept:\ttab\nand line, Grüße, 日本, [red]"),
    ],
)
def test_control_characters_are_shown_as_escapes_and_text_stays(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_what_an_encoding_lacks_becomes_an_escape() -> None:
    assert visible("Grüße 日", "latin-1") == "Grüße \\u65e5"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize(
    "text", ["\x1b[2J", "\x9b\x7f", "\u202e", "Grüße 日本 😀", "\ud83d", 'quote " and \\']
)
def test_json_says_the_same_with_no_control_character_in_it(encoding: str, text: str) -> None:
    line = json_line({"text": text}, encoding)

    assert json.loads(line) == {"text": text}
    assert all(character.isprintable() for character in line)
    line.encode(encoding)


def test_json_keeps_letters_readable_where_they_can_be_written() -> None:
    assert json_line(["Grüße"]) == '["Grüße"]'
    assert json_line(["Grüße"], "ascii") == '["Gr\\u00fc\\u00dfe"]'
