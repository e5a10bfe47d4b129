"""The wording of every kind of rule is frozen as promptkit/1: a change of one character is promptkit/2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from promptkit.constraints import KINDS, Constraint, from_file, spoken_list

GOLDEN = Path(__file__).parent / "golden"

RULES: tuple[tuple[str, Any], ...] = (
    ("at_least", 1),
    ("at_least", "2026-01-01"),
    ("at_most", 2.5),
    ("at_most", "2026-01-01T12:00:00Z"),
    ("between", [1, 5]),
    ("between", ["2026-01-01", "2026-12-31"]),
    ("between", ["08:00:00Z", "18:00:00Z"]),
    ("characters", [40, 280]),
    ("contains", "{name}"),
    ("contains", ["{name}", "{date}"]),
    ("ends_with", [".", "!", "?"]),
    ("expr", "output.a < output.b"),
    ("format", "email"),
    ("format", "uri"),
    ("format", "url"),
    ("format", "date"),
    ("format", "date-time"),
    ("format", "time"),
    ("format", "duration"),
    ("format", "uuid"),
    ("format", "hostname"),
    ("format", "ipv4"),
    ("format", "ipv6"),
    ("grammar", 'start: SUM\nSUM: /[0-9]+/ ("+" /[0-9]+/)*\n'),
    ("item_count", [2, 5]),
    ("item_count", [1, 1]),
    ("judged", "is polite and gives no medical advice"),
    ("language", "de"),
    ("language", ["de", "en"]),
    ("lines", [1, 1]),
    ("matches", "[A-Z]{2}[0-9]+"),
    ("max_characters", 280),
    ("max_items", 1),
    ("max_lines", 4),
    ("max_sentences", 2),
    ("max_words", 1),
    ("max_words", 120),
    ("min_characters", 1),
    ("min_characters", 40),
    ("min_items", 1),
    ("min_items", 3),
    ("min_lines", 2),
    ("min_sentences", 1),
    ("min_words", 80),
    ("min_confidence", 0.8),
    ("must_mention", "opening hours"),
    ("must_mention", ["refund", {"any": ["14 days", "two weeks"]}]),
    ("never_says", "as an AI"),
    ("never_says", ["refund guaranteed", "we promise"]),
    ("no_invented", True),
    ("no_invented", ["numbers", "urls"]),
    ("no_invented", {"of": ["quotes"], "from": ["ticket", "kb"]}),
    ("not_after", "2026-12-31"),
    ("not_before", "2026-01-01"),
    ("one_of", ["low", "normal", "high"]),
    ("one_of", [1]),
    ("one_of_input", "labels"),
    ("one_of_input", "options[].id"),
    ("quoted_from", "ticket.body"),
    ("quoted_from", "docs[id=.doc].text"),
    ("sentences", [3, 3]),
    ("sorted", "ascending"),
    ("sorted", {"by": "date", "order": "descending"}),
    ("starts_with", "Hi"),
    ("starts_with", ["Dear ", "Hello "]),
    ("tone", "calm"),
    ("unique", True),
    ("unique", "sku"),
    ("unique", ["sku", "size"]),
    ("words", [80, 120]),
)
PATHS = ("", "reply", "tags[]", "citations[].doc.title", 'items[kind="web"].url', "a.b[].c[].d", "[].name")


def made(kind: str, argument: Any, path: str = "x", **options: Any) -> Constraint:
    return from_file(kind, argument, path="" if kind == "expr" else path, options=options)


def test_every_kind_of_rule_has_its_sentence_in_the_golden_file() -> None:
    lines = [
        f"{kind}: {json.dumps(argument)}\n    {made(kind, argument).sentence()}\n" for kind, argument in RULES
    ]

    assert {kind for kind, _ in RULES} == set(KINDS)
    assert "".join(lines) == (GOLDEN / "sentences.txt").read_text()


def test_every_form_of_path_has_its_subject_in_the_golden_file() -> None:
    lines = [f"{path!r}\n    {made('max_words', 3, path).sentence()}\n" for path in PATHS]
    lines.append(f"should\n    {made('max_words', 3, 'items[]', severity='should').sentence()}\n")
    lines.append(f"say\n    {made('max_words', 3, say='Keep it short.', severity='should').sentence()}\n")

    assert "".join(lines) == (GOLDEN / "subjects.txt").read_text()


SCHEMA = {
    "type": "object",
    "properties": {
        "category": {"type": "string"},
        "reply": {"type": "string"},
        "sources": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"doc": {"type": "string"}, "quote": {"type": "string"}},
            },
        },
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


def test_a_long_list_is_grouped_by_field_in_the_order_in_which_a_model_writes() -> None:
    rules = [
        made("max_items", 5, "tags"),
        made("expr", "output.category != 'security' or output.tags", say="A security ticket has tags."),
        made("never_says", ["we promise", "guaranteed"], "reply"),
        made("quoted_from", "docs[id=.doc].text", "sources[].quote"),
        made("max_words", 120, "reply"),
        made("one_of_input", "docs[].id", "sources[].doc"),
        made("tone", "calm", "reply", severity="should"),
        made("language", "en", "reply", say="The reply is in the customer's language."),
        made("unique", True, "tags"),
        made("max_words", 2, "tags[]", severity="should"),
        made("matches", "[a-z]+", "tags[]"),
        made("max_words", 3, "reply", id="brief", severity="should"),
        made("no_invented", True, ""),
        made("expr", "output.reply != ''", id="second"),
    ]

    lines = spoken_list([(rule, rule.sentence()) for rule in rules], SCHEMA)

    assert "".join(f"{mark}{text}\n" for mark, text in lines) == (GOLDEN / "list.txt").read_text()
