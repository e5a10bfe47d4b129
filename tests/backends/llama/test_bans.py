from __future__ import annotations

import random
import unicodedata
from functools import cache

import pytest

from promptkit.backends.llama import letters
from promptkit.backends.llama.bans import ban_terminals
from promptkit.backends.llama.regexes import Unsayable
from promptkit.backends.llama.spellings import JSON, PLAIN
from promptkit.constraints import NeverSays
from promptkit.constraints.folding import folded


@cache
def banning(phrases, spelling):
    quote = '"\\""' if spelling.quote else ""
    lines = ban_terminals(phrases, spelling, "B")
    return "\n".join([f"start: TEXT\nTEXT: {quote} (B_C* & ~B) {quote}", *lines])


def allowed(takes, phrases, text, spelling=JSON):
    return takes(banning(tuple(phrases), spelling), spelling.quote + spelling.spelled(text) + spelling.quote)


SAID = [
    ("we promise", "we promise"),
    ("we promise", "Now: WE  Promise."),
    ("we promise", "we\npromise"),
    ("we promise", "we\t\u00a0\u2003promise!"),
    ("we promise", "we\x1cpromise"),
    ("we promise", "we\u200bpromise"),
    ("we promise", "we pro\u00admise"),
    ("we promise", "we\u2060 pro\u200dmise"),
    ("we promise", "\uff57\uff45 \uff50\uff52\uff4f\uff4d\uff49\uff53\uff45"),
    ("we promise", "\U0001d430\U0001d41e ⓟromise"),
    ("we promise", "\nwe promise"),
    ("office", "oﬃce"),
    ("office", "o\ufb00ice"),
    ("fi", "ﬁ"),
    ("straße", "STRASSE"),
    ("strasse", "straße"),
    ("café", "cafe\u0301"),
    ("café", "CAFE\u00ad\u0301"),
    ("각하", "\u1100\u1161\u11a8하"),
    ("ガス", "カ\u3099ス"),
    ("ガス", "ｶﾞｽ"),
    ("a", "⒜"),
    ("a", "x ℀ y"),
    ("ai", "aİ"),
    ('say "no"', 'say "no"'),
    ("a\\b", "x a\\b"),
    ("!!", "what!!"),
    ("...", "so…"),
    ("C++", "use c++now"),
    ("promise", "e\u0301\u0316 promise"),
    ("refund", "refund\u200bed"),
]
UNSAID = [
    ("we promise", "we compromise"),
    ("we promise", "we promised"),
    ("we promise", "wepromise"),
    ("we promise", "we  are promising"),
    ("promise", "promises_promise\u0660"),
    ("ai", "maintain Aïda mai"),
    ("a", "An ä \U0001f469\u200d\U0001f680 ﬁ ½ über"),
    ("fi", "five wifi ﬁve"),
    ("café", "cafe cafés"),
    ("각하", "가하 각하다"),
    ("C++", "C+"),
    (
        "no",
        "\u043d\u043e \u043d\u0435\u0442 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0939\u093f\u0928\u094d\u0926\u0940 \u0e44\u0e17\u0e22 \u65e5\u672c\u8a9e \u0627\u064e\u0644\u0652\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u064e\u0651\u0629\u064f",
    ),
    ("n", "\n\t\\n x"),
]


@pytest.mark.parametrize(("phrase", "text"), SAID)
@pytest.mark.parametrize("spelling", [PLAIN, JSON])
def test_what_the_check_finds_cannot_be_written(takes, phrase, text, spelling):
    assert NeverSays([phrase]).fault(text, None) is not None
    assert not allowed(takes, [phrase], text, spelling)


@pytest.mark.parametrize(("phrase", "text"), UNSAID)
@pytest.mark.parametrize("spelling", [PLAIN, JSON])
def test_ordinary_text_in_any_language_stays_possible(takes, phrase, text, spelling):
    if phrase == "n":
        text = text.replace("\\n", "\\m")
    assert NeverSays([phrase]).fault(text, None) is None
    assert allowed(takes, [phrase], text, spelling)


@pytest.mark.parametrize(
    "spelled",
    [
        '"p\\u0072omise"',
        '"\\u0070romise"',
        '"\\ud835\\udc29romise"',
        '"pro\\u00admise"',
        '"promise\\/"',
        '"\\u2028"',
    ],
)
def test_escapes_of_printable_characters_cannot_be_written(takes, spelled):
    assert not takes(banning(("promise",), JSON), spelled)


@pytest.mark.parametrize(
    "spelled", ['"\\n\\t\\b\\f\\r"', '"\\u0000\\u001F\\u007f"', '"\\"\\\\/"', '"\\u000a"', '"😀"']
)
def test_escapes_that_are_needed_can_be_written(takes, spelled):
    assert takes(banning(("promise",), JSON), spelled)


@pytest.mark.parametrize(
    "spelled", ['"we\\npromise"', '"we\\u000Apromise"', '"\\\\promise"', '"\\"promise\\""']
)
def test_escapes_are_no_letters(takes, spelled):
    assert not takes(banning(("we promise", "promise"), JSON), spelled)


MARKS = "\u0301\u0316\u0323\u0307\u0308\u0345\u3099\uff9e\u11a8\u1161\u314f\u093c\u0327"
BLANKS = [" ", "\n", "\u00a0", "\u2003", "\x1c", "\u0085", "  ", "\u200b"]
BEFORE = ["x", "x ", "é", "e\u0301", "\n", "(", " ", "5", "_", "ß", "\\n", "\u200b", "\u00ad"]
AFTER = ["x", " x", "\u0301", "\u0316", "\n", ")", "5", "_", "\u00adx", "\u200bx", "\u11a8", "."]
PHRASES = [
    ("we promise",),
    ("refund", "guaranteed refund"),
    ("café", "ne"),
    ("office", "fi"),
    ("straße",),
    ("각하",),
    ("İstanbul", "ai"),
    ('"no"', "a\\b", "C++"),
    ("...", "(a)", "1/2"),
    ("ガス", "ẹ́", "άι"),
    ("हिन्दी", "फ़ल"),
    ("kg", "tm", "ae"),
]


def disguised(phrase, chance):
    """The phrase as somebody would write it who wants it to pass."""
    text = chance.choice(["", "", *BEFORE, chance.choice(list(letters.ligatures()))])
    at = 0
    phrase = folded(phrase)
    while at < len(phrase):
        if chance.random() < 0.1:
            text += chance.choice(["\u200b", "\u00ad", "\u2060"])
        joined = [it for it, fold in letters.ligatures().items() if phrase.startswith(fold, at)]
        if joined and chance.random() < 0.4:
            ligature = chance.choice(joined)
            text += ligature
            at += len(letters.ligatures()[ligature])
            continue
        if phrase[at] == " ":
            text += chance.choice(BLANKS)
        else:
            letter = chance.choice(sorted(letters.unfolded().get(phrase[at], {phrase[at]})))
            text += unicodedata.normalize(chance.choice(["NFC", "NFD"]), letter)
        if chance.random() < 0.03:
            text += chance.choice(MARKS)
        at += 1
    return text + chance.choice(["", "", *AFTER, chance.choice(MARKS)])


@pytest.mark.parametrize("phrases", PHRASES)
def test_no_disguise_gets_a_phrase_past_the_mask_that_the_check_sees(takes, phrases):
    chance = random.Random(3)
    texts = [disguised(chance.choice(phrases), chance) for _ in range(300)]
    rule = NeverSays(phrases)
    said = [text for text in texts if rule.fault(text, None) is not None]

    passed = [text for text in said for spelling in (PLAIN, JSON) if allowed(takes, phrases, text, spelling)]

    assert len(said) > 30
    assert passed == []


@pytest.mark.parametrize("phrase", ["\u0301x", "a \u0301"])
def test_a_phrase_that_begins_with_a_mark_is_left_to_the_check(phrase):
    with pytest.raises(Unsayable, match="combining mark without a letter"):
        ban_terminals([phrase], JSON, "B")


def test_folding_by_tables_is_the_checks_folding_for_every_character():
    apart = "\ue000"
    codes = [*range(0xD800), *range(0xE001, 0x110000)]
    text = apart.join(map(chr, codes))

    whole = folded(apart + text + apart).split(apart)[1:-1]

    table = letters.folds()
    assert [
        code for code, fold in zip(codes, whole, strict=True) if table.get(chr(code), chr(code)) != fold
    ] == []
