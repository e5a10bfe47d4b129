from __future__ import annotations

import json
import re

import gguf
import numpy as np
import pytest

from promptkit.backends.llama.guides import guide_of
from promptkit.backends.llama.limits import LengthWatch, limits_of
from promptkit.backends.llama.models import LoadedModel, ModelKey
from promptkit.backends.llama.outputs import compile_output
from promptkit.backends.llama.planning import plan
from promptkit.completions import Enforcement
from promptkit.constraints import (
    grammar,
    matches,
    max_characters,
    max_lines,
    max_sentences,
    max_words,
    starts_with,
)
from promptkit.requests import OutputSpec
from promptkit.schemas import OutputSchema

USER_DEFINED = int(gguf.TokenType.USER_DEFINED)
CONTROL = int(gguf.TokenType.CONTROL)
THINKING = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
)
TAGS = dict.fromkeys(("<think>", "</think>"), USER_DEFINED)
REPLY = {
    "type": "object",
    "properties": {"reply": {"type": "string"}, "done": {"type": "boolean"}},
    "required": ["reply", "done"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def load(write_model):
    """Loads made models; the options are those of ``write_gguf``."""
    models = []

    def made(**options):
        models.append(LoadedModel(ModelKey(write_model(**options), None, 1), threads=1))
        return models[-1]

    yield made
    for model in models:
        model.free()


@pytest.fixture(scope="module")
def plain(load):
    """A byte-level model that knows no tags to think between."""
    return load()


@pytest.fixture(scope="module")
def thinker(load):
    """A model that was made to think between tags."""
    return load(
        template=THINKING,
        markers={"<|endoftext|>": CONTROL, **TAGS, "<|im_start|>": CONTROL, "<|im_end|>": CONTROL},
    )


def json_spec(*constraints, schema=REPLY, **more):
    return OutputSpec(schema=OutputSchema.from_json_schema(schema, "answer"), constraints=constraints, **more)


def text_spec(*constraints, **more):
    return OutputSpec(schema=OutputSchema.text(), constraints=constraints, **more)


def replied(model, *constraints):
    """A JSON answer that is at the beginning of its reply."""
    return Written(model, json_spec(*constraints)).spell('"')


class Written:
    """An answer that was decoded under a guide: what a model wished for, and what came of it."""

    def __init__(self, model, spec, *, prompt=(), room=2_000):
        self.vocabulary = model.vocabulary
        self.guide = guide_of(spec, compile_output(spec), model.masks, model.vocabulary, tuple(prompt), room)
        self.answer = b""
        self.tokens = []
        self.ended = False
        self._write(self.guide.forced())

    @property
    def text(self):
        return self.answer.decode("utf-8", "replace")

    @property
    def all_text(self):
        return b"".join(self.vocabulary.pieces[token] for token in self.tokens).decode("utf-8", "replace")

    def wish(self, *tokens):
        """Let the model choose these tokens as far as they are allowed and the answer goes on."""
        for token in tokens:
            if self.ended:
                return self
            assert self.guide.allowed()[token], f"{self.vocabulary.pieces[token]} is not allowed here"
            self._take(token)
        return self

    def say(self, text):
        """Let the model choose the tokens of a text."""
        return self.wish(*self.vocabulary.tokenize(text))

    def spell(self, text):
        """Let the model choose one token for each byte of a text."""
        return self.wish(*(self.vocabulary.letters[bytes([byte])] for byte in text.encode()))

    def end(self):
        """Let the model choose to end its text."""
        return self.wish(self.vocabulary.ends[0])

    def at_random(self, seed, liked=b"", most=3_000):
        """Let chance choose, with a liking for tokens of some bytes."""
        random = np.random.default_rng(seed)
        likings = np.array(
            [8.0 * bool(piece and set(piece) <= set(liked)) for piece in self.vocabulary.pieces]
        )
        while not self.ended and len(self.tokens) < most:
            scores = random.standard_normal(self.vocabulary.size) * 3 + likings
            self._take(int(np.where(self.guide.allowed(), scores, -np.inf).argmax()))
        return self

    def _take(self, token):
        settled = self.guide.settled(token)
        self.ended = not settled
        self._write(settled)
        if not self.ended:
            self._write(self.guide.forced())

    def _write(self, tokens):
        for token in tokens:
            self.answer += self.guide.consume(token)
            self.tokens.append(token)
        self.ended = self.ended or self.guide.finished


# --- lengths that are kept while the answer is written


def test_a_text_ends_where_its_next_word_would_be_one_too_many(plain):
    written = replied(plain, max_words("reply", 3, enforce="hard"))

    written.say("one two").say(" three").spell(" ")

    assert written.text.startswith('{"reply":"one two three","done":')


def test_a_word_that_is_begun_is_written_to_its_end(plain):
    written = replied(plain, max_words("reply", 2, enforce="hard"))

    written.say("one tw").spell("enty").spell(" ")

    assert written.text.startswith('{"reply":"one twenty","done":')


def test_a_sentence_is_begun_only_where_one_of_the_usual_length_still_fits(plain):
    written = replied(plain, max_words("reply", 10, enforce="hard"))

    written.say("One two three four. Five six seven eight.").spell(" ")

    assert written.text.startswith('{"reply":"One two three four. Five six seven eight.","done":')


def test_a_sentence_that_fits_is_begun(plain):
    written = replied(plain, max_words("reply", 12, enforce="hard"))

    written.say("One two three four. Five six seven eight.").say(" Nine")

    assert written.text.endswith("eight. Nine")


def test_an_abbreviation_is_no_end_of_a_sentence(plain):
    written = replied(plain, max_words("reply", 5, enforce="hard"))

    written.say("We called Dr.").say(" Smith")

    assert written.text.endswith("Dr. Smith")


def test_a_text_of_few_characters_ends_between_words(plain):
    written = replied(plain, max_characters("reply", 30, enforce="hard"))

    written.say("one two thr").spell(" ")

    assert written.text.startswith('{"reply":"one two thr","done":')


def test_escapes_count_as_the_characters_that_they_are(plain):
    written = replied(plain, max_characters("reply", 3, enforce="hard"))

    written.spell('\\"\\\\\\n').spell("x")

    assert written.text.startswith('{"reply":"\\"\\\\\\n","done":')
    assert json.loads(written.text + "true}")["reply"] == '"\\\n'


def test_an_escape_that_is_begun_is_ended_by_no_more_than_itself(plain):
    written = replied(plain, max_characters("reply", 3, enforce="hard"))
    written.spell("ab\\")
    long = [token for token, piece in enumerate(plain.vocabulary.pieces) if piece in (b"th", b"re")]

    allowed = written.guide.allowed()

    assert allowed[plain.vocabulary.letters[b"n"]]
    assert not allowed[long].any()


def test_sentences_and_lines_end_before_the_next_one(plain):
    sentences = Written(plain, text_spec(max_sentences("", 2, enforce="hard")))
    sentences.say("One. Two.").say(" Three")
    lines = Written(plain, text_spec(max_lines("", 2, enforce="hard")))
    lines.say("a").spell("\n").say("b").spell("\n")

    assert (sentences.text, sentences.ended) == ("One. Two.", True)
    assert (lines.text, lines.ended) == ("a\nb", True)


@pytest.mark.parametrize(
    ("before", "ends"),
    [
        ('{"items":[{"b":"1', True),
        ('{"items":[{"a":"1 2 3","b":"1', True),
        ('{"items":[{"a":"1 2 3","b":"1"},{"a":"{\\"b\\":[","b":"1', True),
        ('{"items":[],"x":[[{"b":"1', False),
        ('{"items":[{"a":"1', False),
        ('{"items":[{"b":{"b":"1', False),
        ('{"items":[{"a":[1,{}],"b', False),
        ('{"items":[{"b":["1', False),
        ('{"b":"1', False),
    ],
)
def test_a_limit_holds_for_its_own_field_alone(plain, before, ends):
    spec = json_spec(max_words("items[].b", 1, enforce="hard"), schema={"type": "object"})
    watch = LengthWatch(limits_of(spec), plain.vocabulary, is_json=True)
    for byte in before.encode():
        watch.follow(bytes([byte]))
    blank, quote = (plain.vocabulary.letters[piece] for piece in (b" ", b'"'))

    written = watch.settled(blank, np.ones(plain.vocabulary.size, dtype=bool))

    assert written == (quote if ends else blank)


def test_a_name_inside_a_field_is_no_text_of_it(plain):
    spec = json_spec(max_words("a", 1, enforce="hard"), schema={"type": "object"})
    watch = LengthWatch(limits_of(spec), plain.vocabulary, is_json=True)
    watch.follow(b'{"a":{"one')
    blank = plain.vocabulary.letters[b" "]

    assert watch.settled(blank, np.ones(plain.vocabulary.size, dtype=bool)) == blank


def test_a_limit_of_one_item_holds_for_that_item(plain):
    spec = json_spec(max_words("items[1]", 1, enforce="hard"), schema={"type": "object"})
    places = {}
    for before in ('{"items":["1', '{"items":["1","2', '{"items":["1",["2'):
        watch = LengthWatch(limits_of(spec), plain.vocabulary, is_json=True)
        watch.follow(before.encode())
        token = watch.settled(plain.vocabulary.letters[b" "], plain.vocabulary.writable)
        places[before] = plain.vocabulary.pieces[token]

    assert list(places.values()) == [b" ", b'"', b" "]


def test_a_grammar_that_wants_more_wins_and_the_check_tells(plain):
    rules = [starts_with("reply", "one two three"), max_words("reply", 2, enforce="hard")]

    written = Written(plain, json_spec(*rules)).at_random(1, b"ab ")

    found = json.loads(written.text)["reply"]
    assert found.startswith("one two three")
    assert rules[1].check({"reply": found}, {}).outcome == "violated"


@pytest.mark.parametrize("liked", [b"", b"abcd .,A", b'ab \\n".'])
@pytest.mark.parametrize("seed", range(12))
def test_no_random_answer_passes_its_limits(plain, liked, seed):
    rules = [
        max_words("reply", 12, enforce="hard"),
        max_characters("reply", 60, enforce="hard"),
        max_sentences("reply", 3, enforce="hard"),
    ]

    written = Written(plain, json_spec(*rules)).at_random(seed, liked)

    answer = json.loads(written.text)
    assert [rule.check(answer, {}).outcome for rule in rules] == ["held"] * 3


@pytest.mark.parametrize("seed", range(12))
def test_no_random_text_passes_its_limits(plain, seed):
    rules = [max_words("", 15, enforce="hard"), max_lines("", 2, enforce="hard")]

    written = Written(plain, text_spec(*rules)).at_random(seed, b"abcd .,A\n")

    assert written.ended
    assert [rule.check(written.text, {}).outcome for rule in rules] == ["held"] * 2


def test_nothing_is_counted_where_enforce_is_off(plain):
    written = Written(plain, text_spec(max_words("", 1, enforce="hard"), enforce="off"))

    assert written.say("one two three").text == "one two three"


# --- thoughts before the answer


def test_the_answer_begins_behind_the_line_that_says_so(plain):
    written = Written(plain, json_spec(reasoning=50)).say("It is late.\nAnswer:").spell('"ok')

    assert written.guide.thoughts.reasoning == "It is late."
    assert written.all_text.startswith('It is late.\nAnswer:\n{"reply":"ok')
    assert written.text == '{"reply":"ok'


@pytest.mark.parametrize("way", ["letters", "words"])
def test_thoughts_may_name_the_mark_anywhere_but_at_the_beginning_of_a_line(plain, way):
    written = Written(plain, json_spec(reasoning=80))

    (written.spell if way == "letters" else written.say)("My Answer: no.\nAnswers: two")

    assert written.guide.thinks
    assert written.guide.thoughts.reasoning == "My Answer: no.\nAnswers: two"


def test_nothing_need_be_thought(plain):
    written = Written(plain, json_spec(reasoning=50)).say("Answer:")

    assert written.all_text == 'Answer:\n{"reply":'
    assert written.guide.thoughts.reasoning == ""


def test_thoughts_end_at_their_bound(plain):
    written = Written(plain, json_spec(reasoning=10)).spell("0123456789").spell('"x')

    assert written.guide.thoughts.reasoning == "0123456789"
    assert written.all_text == '0123456789\n\nAnswer:\n{"reply":"x'
    thoughts = written.tokens[: written.guide.thoughts.tokens]
    assert b"".join(plain.vocabulary.pieces[token] for token in thoughts) == b"0123456789\n\nAnswer:\n"


def test_thoughts_take_at_most_half_of_the_room(plain):
    written = Written(plain, json_spec(reasoning=500), room=12).spell("012345")

    assert not written.guide.thinks


def test_a_model_that_wants_to_end_its_text_is_led_to_the_answer(plain):
    written = Written(plain, text_spec(reasoning=50)).say("Hm.").end().say("Yes").end()

    assert (written.guide.thoughts.reasoning, written.text, written.ended) == ("Hm.", "Yes", True)
    assert written.all_text == "Hm.\n\nAnswer:\nYes"


def test_the_answer_is_held_to_its_rules_and_the_thoughts_are_not(plain):
    spec = text_spec(matches("", "y+es|no"), starts_with("", "y"), reasoning=50)

    written = Written(plain, spec).say("no no no").end().at_random(3)

    assert re.fullmatch("y+es", written.text)


def test_a_model_that_thinks_in_tags_ends_by_its_own(thinker):
    opened, closed = (thinker.vocabulary.markers.get(tag) for tag in TAGS)
    assert None not in (opened, closed)

    written = Written(thinker, json_spec(reasoning=50)).say("Answer: not yet.").wish(closed).spell('"ok')

    assert written.tokens[0] == opened
    assert written.guide.thoughts.reasoning == "Answer: not yet."
    assert written.all_text == '<think>Answer: not yet.</think>\n\nAnswer:\n{"reply":"ok'


def test_tags_that_thoughts_spell_are_no_end_of_them(thinker):
    written = Written(thinker, json_spec(reasoning=90)).spell("</think>\n{}")

    assert written.guide.thinks
    assert written.text == ""


def test_thoughts_that_the_template_opened_are_not_opened_twice(thinker):
    opened = thinker.vocabulary.markers["<think>"]

    written = Written(thinker, json_spec(reasoning=50), prompt=[opened, 5, 6])

    assert written.tokens == []


def test_the_template_is_told_whether_the_model_shall_think(thinker, ask):
    messages = ask("Hi").messages
    closed = thinker.vocabulary.markers["</think>"]

    assert closed in thinker.tokenizer.tokens(messages)
    assert closed not in thinker.tokenizer.tokens(messages, thinks=True)


def test_a_vocabulary_that_puts_blanks_before_texts_puts_none_before_the_mark(load):
    model = load(kind="spm", markers=dict.fromkeys(("<s>", "</s>"), CONTROL), template=None)

    written = (
        Written(model, text_spec(reasoning=50)).spell("Hm").end().wish(*model.vocabulary.tokenize("the a"))
    )

    assert written.guide.thoughts.reasoning == "Hm"
    assert written.text == "the a"


@pytest.mark.parametrize("seed", range(10))
def test_random_thoughts_and_answers_come_apart(plain, thinker, seed):
    for model in (plain, thinker):
        written = Written(model, json_spec(max_words("reply", 9, enforce="hard"), reasoning=20)).at_random(
            seed, b"Answer: \n"
        )

        assert set(json.loads(written.text)) == {"reply", "done"}
        assert written.guide.thoughts.tokens <= 20 + 12
        assert "\nAnswer:" not in f"\n{written.guide.thoughts.reasoning}" or model is thinker


# --- texts under a pattern or a grammar


SUM = 'start: NUMBER ("+" NUMBER)*\nNUMBER: /[0-9]{1,3}/\n'


@pytest.mark.parametrize("seed", range(8))
def test_a_pattern_binds_the_whole_text(plain, seed):
    rule = matches("", r"[A-Z]{2}-\d{1,4}(, [a-zé]{0,9})?")
    spec = text_spec(rule)

    written = Written(plain, spec).at_random(seed)

    assert written.ended
    assert rule.check(written.text, {}).outcome == "held"
    assert plan(spec, "llama:x").where("", "matches") is Enforcement.GRAMMAR


@pytest.mark.parametrize("text", [SUM, 'start: "(" start* ")" | "()"', 'start: %json {"enum": ["a", 5]} "é"'])
@pytest.mark.parametrize("seed", range(6))
def test_a_grammar_binds_the_whole_text(plain, text, seed):
    rule = grammar("", text)
    spec = text_spec(rule)

    written = Written(plain, spec).at_random(seed, b")12")

    assert written.ended
    assert rule.check(written.text, {}).outcome == "held"
    assert plan(spec, "llama:x").where("", "grammar") is Enforcement.GRAMMAR


def test_a_grammar_goes_with_thoughts_and_with_a_limit(plain):
    spec = text_spec(
        grammar("", 'start: /[a-z]+/ (" " /[a-z]+/)*'), max_words("", 2, enforce="hard"), reasoning=9
    )

    written = Written(plain, spec).say("Hm").end().spell("ab cd").spell(" ")

    assert (written.text, written.ended) == ("ab cd", True)


@pytest.mark.parametrize(
    ("spec", "rule", "why"),
    [
        (
            text_spec(grammar("", SUM), starts_with("", "1")),
            "starts_with",
            "cannot be combined with another rule",
        ),
        (json_spec(grammar("reply", SUM)), "grammar", "a grammar binds a whole text, not a string of JSON"),
    ],
)
def test_what_goes_not_with_a_grammar_is_checked(spec, rule, why):
    (placement,) = [it for it in plan(spec, "llama:x").placements if it.rule == rule]

    assert placement.where is Enforcement.CHECK
    assert why in placement.note
