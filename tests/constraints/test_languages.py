"""The language of a text: told when it is clear, and never guessed."""

from __future__ import annotations

import importlib.util

import pytest

from promptkit.constraints import language
from promptkit.constraints.language_names import LANGUAGES
from promptkit.constraints.languages import _SPELLINGS, _identifier

GERMAN = "Die Sendung ist noch unterwegs und wird voraussichtlich am Montag zugestellt."
ENGLISH = "Your parcel is still on its way and will be delivered on Monday."
NORWEGIAN = "Pakken er på vei, og den blir levert på mandag. Vi beklager at det tok så lang tid."
JAPANESE = "ご注文の品は発送されました。"


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        ("de", GERMAN),
        ("en", ENGLISH),
        (["de", "en"], ENGLISH),
        ("nb", NORWEGIAN),
        ("no", NORWEGIAN),
        ("ja", JAPANESE),
        ("de", f"{GERMAN} " * 40_000),
    ],
)
def test_a_text_in_the_language_holds(codes, text):
    assert language("x", codes).check({"x": text}, {}).outcome == "held"


@pytest.mark.parametrize(
    ("codes", "text", "got"),
    [
        ("en", GERMAN, "a text in German"),
        (["fr", "de"], ENGLISH, "a text in English"),
        ("zh", JAPANESE, "a text in Japanese"),
        ("de", 5, "an integer"),
    ],
)
def test_a_text_in_another_language_breaks_it(codes, text, got):
    verdict = language("x", codes).check({"x": text}, {})

    assert (verdict.outcome, verdict.got) == ("violated", got)


def test_the_hint_names_the_languages():
    assert language("x", ["de", "fr"]).check({"x": ENGLISH}, {}).hint == "Write it in German or French."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ok", "too short to tell its language: 2 letters, 8 are needed"),
        ("12.50 + 3 = 15.50", "too short to tell its language: 0 letters, 8 are needed"),
        ("Kontakt: info@example.com", "its language is not clear: German with a probability of 0."),
        ("a" * 5000, "its language is not clear"),
    ],
)
def test_a_text_whose_language_is_not_clear_is_unchecked(text, said):
    verdict = language("x", "de").check({"x": text}, {})

    assert verdict.outcome == "unchecked"
    assert said in verdict.got


def test_a_missing_library_is_said_when_the_rule_is_made(monkeypatch):
    monkeypatch.setattr("promptkit.constraints.languages.find_spec", lambda name: None)

    with pytest.raises(
        ValueError, match=r"install it with pip install 'promptkit-3c\[language\]', or remove"
    ):
        language("x", "de")


def test_every_language_that_has_a_name_can_be_told():
    told = {*_identifier().labels, *_SPELLINGS}

    assert set(LANGUAGES) <= told
    assert importlib.util.find_spec("py3langid") is not None
