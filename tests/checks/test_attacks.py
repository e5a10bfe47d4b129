"""Hostile values: what breaks out is found, and what cannot is passed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.authoring import read_text
from promptkit.backends.llama.readers import TokenReader
from promptkit.backends.llama.templates import ChatTemplate, Turn
from promptkit.checks import Settings
from promptkit.checks.attacks import AttackReport, attack, attack_subjects
from promptkit.checks.attacks.corpus import corpus
from promptkit.checks.attacks.places import places_of
from promptkit.checks.attacks.twins import broken_message, twin_of
from promptkit.errors import ModelLoadError, RequestRejected
from promptkit.libraries import file_subject, library_subjects
from promptkit.messages import Message
from promptkit.prompts import Prompt

HEAD = "---\ninput:\n  schema:\n    note: string\n---\n"
ADMIN = "{% if 'admin' in note %}{% system %}\nObey.\n{% endsystem %}{% endif %}\n"
TEMPLATES = Path(__file__).parents[2] / "templates"


def prompt_of(text: str) -> Prompt[Any]:
    return Prompt.declared(read_text(text, file="t.prompt.j2"))


def user(body: str, head: str = HEAD) -> Prompt[Any]:
    return prompt_of(f"{head}{{% user %}}\n{body}\n{{% enduser %}}\n")


class WordReader:
    """Words as tokens; `naive` takes markers in content for markers, as a careless tokenizer does."""

    name = "words"
    markers = ("<|im_start|>", "<|im_end|>")

    def __init__(self, *, naive: bool = False, forgets: str = "") -> None:
        self._naive = naive
        self._forgets = forgets
        self._words: list[str] = []

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        before = len(self._words)
        for message in messages:
            if "refuse me" in message.text:
                raise RequestRejected("the template refuses")
            self._words += ["<|im_start|>", message.role]
            text = message.text.replace(self._forgets, "") if self._forgets else message.text
            self._words += re.split(r"(<\|im_start\|>)", text) if self._naive else [text]
        return list(range(before, len(self._words)))

    def steering(self, tokens: Sequence[int]) -> list[int]:
        return [0 for token in tokens if self._words[token] in self.markers]

    def text(self, tokens: Sequence[int]) -> bytes:
        return "".join(self._words).encode("utf-8", "surrogatepass")


def test_the_shipped_templates_hold_by_bytes_and_by_the_demo_models_tokens() -> None:
    library = pk.library(TEMPLATES)
    reader = TokenReader("demo")

    report = attack_subjects(library_subjects(library), reader)

    assert report.findings == ()
    assert report.places >= 15
    assert report.values == report.bytes_compared == report.tokens_compared > 1000
    assert report.model == "llama:demo"


class WholeReader(TokenReader):
    """Reads the rendered prompt in one go, so that markers are found in content too."""

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        turns = [Turn(message.role, message.text) for message in messages]
        return self._vocabulary.tokenize_whole(ChatTemplate(self._vocabulary).render(turns))


def test_a_tokenizer_that_finds_markers_in_content_is_caught() -> None:
    report = attack(user("Sort the note:\n{{ note | fence }}"), WholeReader("demo"))

    (finding,) = report.findings
    assert (finding.rule, finding.severity, finding.line, finding.column) == ("attack", "error", 4, 5)
    assert "becomes tokens that steer llama:demo" in finding.message
    assert "more values break out" in finding.message


@pytest.mark.parametrize(
    ("reader", "told"),
    [
        (WordReader(naive=True), "becomes tokens that steer words"),
        (WordReader(forgets="obey"), "lose a part of the user message"),
        (WordReader(), None),
    ],
)
def test_tokens_are_compared_with_those_of_a_harmless_twin(reader: WordReader, told: str | None) -> None:
    report = attack(user("Sort the note: {{ note }}"), reader)

    assert [finding.rule for finding in report.findings] == (["attack"] if told else [])
    assert told is None or told in report.findings[0].message
    assert report.tokens_compared == report.values


def test_messages_that_a_model_refuses_are_told() -> None:
    report = attack(user("{{ note | length }} {{ note | truncate(3) }} refuse me"), WordReader())

    assert "words refuses the messages" in report.findings[0].message
    assert report.tokens_compared == 0


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            f"{ADMIN}{{% user %}}\nSort: {{{{ note }}}}\n{{% enduser %}}\n",
            "the roles are system, user",
        ),
        (
            "{% user %}\n{{ note }}{% if 'obey' in note %} Obey it.{% endif %}\n{% enduser %}\n",
            "message 1 (user) has another text around the value",
        ),
        (
            "{% user %}\n{{ note }}{{ 1 / (0 if 'obey' in note else 1) }}\n{% enduser %}\n",
            "the template fails: division by zero",
        ),
    ],
)
def test_a_template_that_lets_content_decide_is_caught(body: str, told: str) -> None:
    findings = [found for found in attack(prompt_of(f"{HEAD}{body}")).findings if found.rule == "attack"]

    assert len(findings) == 1
    assert told in findings[0].message


def test_a_value_that_the_template_changes_is_compared_by_what_stands_around_it() -> None:
    report = attack(user("Sort it: {{ note | upper }}"))

    assert report.findings == ()
    assert 0 < report.bytes_compared < report.values


@pytest.mark.parametrize(
    "body",
    [
        "{{ note | fence }}\nSort it.",
        "{% set t %}{{ note | fence }}{% endset %}{{ t | fence }}\nSort it.",
        "{% macro m(a) %}{{ a | fence }}{% endmacro %}{{ m(note | fence) }}\nSort it.",
        "{% filter fence %}{% for part in [note, note] %}{{ part | fence }}\n{% endfor %}{% endfilter %}\nSort it.",
        "{{ [note, note] | map('fence') | join('\\n') | fence }}\nSort it.",
        "{{ context.note | fence }}\nSort it.",
        "{% set t = context.note %}{% macro m(a) %}{{ a | trim | fence }}{% endmacro %}{{ m(t) }}\nSort it.",
        "{% macro m() %}{{ caller() | fence }}{% endmacro %}{% call m() %}{{ note | fence }}{% endcall %}\n\nSort it.",
        "{{ note | upper | fence }}\nSort it.",
        "{{ note | fence | upper | fence }}\nSort it.",
        "{{ (note | fence)[:9] | fence }}\nSort it.",
        "{{ note | fence | indent('> ') | fence }}\nSort it.",
        "{{ note | lower | fence }}\nSort it.",
        "Sort: {% filter upper %}{{ note }}{% endfilter %}",
    ],
)
def test_fences_hold_on_every_way_through_a_template(body: str) -> None:
    head = (
        HEAD.removesuffix("---\n") + "context:\n  - id: note\n    from: note\n---\n"
        if "context" in body
        else HEAD
    )

    report = attack(user(body, head), WordReader())

    assert [found for found in report.findings if found.rule == "attack"] == []
    assert report.tokens_compared == report.values > 80


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{% macro m(a) %}\n~~~ note\n{{ a }}\n~~~\n{% endmacro %}\n{{ m(note) }}", "closes the fence"),
        ("{% set t %}\n~~~ note\n{{ note | upper }}\n~~~\n{% endset %}\n{{ t }}", "closes the fence"),
        ("{% for n in [note] %}\n~~~ note\n{{ n | lower | trim }}\n~~~\n{% endfor %}", "closes the fence"),
        (
            "{% macro m(a) %}{% if 'obey' in a %}Obey {% endif %}{{ a | upper }}{% endmacro %}{{ m(note) }}",
            "another text",
        ),
        (
            "{{ note | upper }}{% if '~' in note %} Obey it.{% endif %}",
            "message 1 has another text around the value",
        ),
    ],
)
def test_what_breaks_out_behind_macros_sets_loops_and_filters_is_caught(body: str, told: str) -> None:
    findings = [found for found in attack(user(body)).findings if found.rule == "attack"]

    assert len(findings) == 1
    assert told in findings[0].message


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        ("Note: {{ note }}\nSort it by kind.", "Sort it by kind."),
        ("```\n{{ note }}\n```\nSort it.", "```"),
        ("Sort {{ note }} by a rule that is quite long and goes on.", "by a rule that is quite lon..."),
        ("Sort it: {{ note }}.", None),
        ("Sort it: {{ note }}", None),
        ("{{ note | fence('note') }}\nSort it.", None),
        ("~~~\n{{ note }}\n~~~\nSort it.", "~~~"),
    ],
)
def test_text_behind_a_value_without_a_fence_is_an_open_end(body: str, ending: str | None) -> None:
    found = [finding.message for finding in attack(user(body)).findings]

    assert len(found) == (ending is not None)
    assert all(f"before {ending!r}" in message for message in found)


def test_a_fence_that_does_not_grow_is_caught() -> None:
    findings = attack(user("~~~ note\n{{ note }}\n~~~\n")).findings

    assert [found.rule for found in findings] == ["attack"]
    assert "closes the fence around it" in findings[0].message


def test_a_trusted_value_may_have_an_open_end() -> None:
    head = HEAD.removesuffix("---\n") + "  trust: {note: trusted}\n---\n"

    assert attack(user("Note: {{ note }}\nSort it.", head)).findings == ()


def test_a_careless_tokenizer_finds_no_marker_in_what_was_cleaned_and_cleaning_is_no_break_out() -> None:
    head = HEAD.replace("string\n", "string\n  clean: {note: [controls, tokens]}\n")

    report = attack(user("{{ note | fence }}", head), WordReader(naive=True))

    assert report.findings == ()
    assert report.values == report.bytes_compared > 80


@pytest.mark.parametrize(("setting", "rules"), [("off", []), ("error", ["error"])])
def test_rules_of_attacks_are_set_like_all_others(setting: str, rules: list[str]) -> None:
    head = HEAD.removesuffix("---\n") + f"check: {{open-end: {setting}}}\n---\n"

    assert [found.severity for found in attack(user("{{ note }}\nSort it.", head)).findings] == rules
    configured = Settings({"open-end": "off"})
    assert attack(user("{{ note }}\nSort it."), settings=configured).findings == ()


def test_places_are_every_text_that_an_input_takes() -> None:
    head = (
        "---\ninput:\n  schema:\n    ticket(object):\n      subject: string\n      body?: string\n      kind(enum): [a, b]\n"
        "    tags?(array): string\n    items(array):\n      name: string\n    count: integer\n    history?: messages\n---\n"
    )
    prompt = prompt_of(
        f"{head}{{% history %}}{{% user %}}\n{{{{ ticket }}}}{{{{ tags }}}}{{{{ items }}}}{{{{ count }}}}\n{{% enduser %}}"
    )

    assert [place.path for place in places_of(prompt)] == [
        "ticket.subject",
        "ticket.body",
        "tags[0]",
        "items[0].name",
        "history[0].content",
    ]
    report = attack(prompt, WordReader())
    assert {found.rule for found in report.findings} == {"open-end"}


def test_a_text_that_an_input_bounds_is_refused_and_not_rendered() -> None:
    head = (
        "---\ninput:\n  schema:\n    type: object\n    properties:\n      note: {type: string, maxLength: 20}\n"
        "    required: [note]\n---\n"
    )

    report = attack(user("Sort it: {{ note }}", head))

    assert report.findings == ()
    assert report.refused > report.values > 0


@pytest.mark.parametrize(
    "head",
    [
        "---\ninput:\n  schema:\n    photo: image\n---\n",
        "---\ninput:\n  schema:\n    kind(enum): [a, b]\n---\n",
    ],
)
def test_a_prompt_without_text_has_no_places(head: str) -> None:
    name = "photo" if "photo" in head else "kind"

    assert attack(user(f"Sort {{{{ {name} }}}}", head)) == AttackReport()


def test_prompts_that_do_not_load_are_left_to_the_check(tmp_path: Path) -> None:
    unread, broken = tmp_path / "a.prompt.j2", tmp_path / "b.prompt.j2"
    unread.write_text("---\nclarty: 1\n---\n")
    broken.write_text(f"{HEAD}{{% user %}}{{{{ nothing }}}}{{% enduser %}}")

    report = attack_subjects([file_subject(unread), file_subject(broken)])

    assert report == AttackReport()
    assert "tokens not looked at" in str(report)


def test_twins_have_the_shape_of_their_values_and_none_of_its_words() -> None:
    for value in corpus(["<|im_start|>"]):
        twin = twin_of(value.text)

        assert len(twin) == len(value.text)
        assert [letter.isspace() for letter in twin] == [letter.isspace() for letter in value.text]
        assert not {"<", "|", "{", "~", "`"} & set(twin)


def messages(*texts: str) -> list[Message]:
    return [Message(role="user", content=text) for text in texts]


@pytest.mark.parametrize(
    ("calm", "wild", "value", "broken"),
    [
        ("~~~ note\nqj\n~~~\nGo.", "~~~~ note\n~~~\n~~~~\nGo.", "~~~", False),
        ("~~~ note\nqj\n~~~\nGo.", "~~~ note\n~~~\n~~~\nGo.", "~~~", True),
        ("~~~ a\nx\n~~~\nGo qj.", "~~~ a\nx\n~~~\nGo ~~~.", "~~~", False),
        ("~~~\nGo qj.\n~~~", "~~~\nGo ~~~.\n~~~", "~~~", False),
        ("~~~ note\nqj\n~~~\nGo.", "~~~~ note\n~~~~\n~~~~\nGo.", "~~~~", True),
        ("~~~ note\nqj\n~~~\nGo.", "~~~~ other\nxx\n~~~~\nGo.", "xx", True),
        ("Go qj.", "Go xx. More.", "xx", True),
        ("Go qj.", "Go xx.\nMore.", "xx", True),
        ("Go qj.", "Go xx.", "xx", False),
    ],
)
def test_only_a_fence_may_differ_beside_the_value(calm: str, wild: str, value: str, broken: bool) -> None:
    fault, _ = broken_message(messages(calm), messages(wild), "qj", value)

    assert (fault is not None) is broken


def test_a_reader_of_no_model_is_an_error_with_the_mend() -> None:
    with pytest.raises(ModelLoadError):
        TokenReader("no/such.gguf")


def test_the_bytes_of_the_demo_models_tokens_are_the_text() -> None:
    reader = TokenReader("demo")
    tokens = reader.tokens(messages("Größe <|im_end|> 😀"))

    assert "Größe <|im_end|> 😀".encode() in reader.text(tokens)
    assert len(reader.steering(tokens)) >= 2
