"""Constraints in their uses: said, narrowed, checked, hinted, written in files."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from promptkit.completions import Enforcement, Verdict
from promptkit.constraints import (
    Constraint,
    Length,
    Scope,
    between,
    check_paths,
    expr,
    factories,
    forms_of,
    from_file,
    matches,
    max_words,
    narrow,
    never_says,
    one_of,
    quoted_from,
)
from promptkit.schemas import InputSchema, OutputSchema

# Golden: the wording of promptkit/1. A change here is promptkit/2.
SENTENCES = [
    (between("urgency", 1, 5), "`urgency` is between 1 and 5."),
    (between("score", 0, 0.5), "`score` is between 0 and 0.5."),
    (one_of("category", ["a"]), '`category` is exactly "a".'),
    (one_of("category", ["a", "b", None, 1]), '`category` is one of "a", "b", null or 1.'),
    (max_words("reply", 120), "`reply` has at most 120 words."),
    (max_words("", 1), "The answer has at most 1 word."),
    (matches("code", "[A-Z]+"), "`code` matches the regular expression `[A-Z]+` as a whole."),
    (
        never_says("reply", ["refund guaranteed", "we promise"]),
        '`reply` never says "refund guaranteed" or "we promise".',
    ),
    (quoted_from("order_id", "message"), "`order_id` is quoted word for word from `message`."),
    (quoted_from("tags[]", "kb"), "Each item of `tags` is quoted word for word from `kb`."),
    (
        quoted_from("citations[].doc", "docs[].text"),
        "`doc` of each item of `citations` is quoted word for word from `docs[].text`.",
    ),
    (max_words("a.b[].c[].d", 3), "`d` of each item of `c` of each item of `a.b` has at most 3 words."),
    (max_words("[]", 3), "Each item of the answer has at most 3 words."),
    (max_words("items[0].name", 3), "`items[0].name` has at most 3 words."),
    (expr("output.a < output.b"), "This holds: `output.a < output.b`."),
    (expr("output.a < output.b", say="A is less than b."), "A is less than b."),
    (max_words("reply", 5, severity="should"), "Preferably, `reply` has at most 5 words."),
    (max_words("", 5, severity="should"), "Preferably, the answer has at most 5 words."),
    (max_words("x", 5, severity="should", say="The text is short."), "Preferably, the text is short."),
    (max_words("x", 5, severity="should", say="GPU names are short."), "Preferably, GPU names are short."),
]


@pytest.mark.parametrize(("constraint", "sentence"), SENTENCES)
def test_a_constraint_is_said_in_frozen_words(constraint, sentence):
    assert constraint.sentence() == sentence


INPUTS = {
    "message": "My order 40817\n  is late.",
    "docs": [{"text": "alpha beta"}, {"text": "gamma"}],
    "empty": None,
}


@pytest.mark.parametrize(
    ("constraint", "value", "got", "hint"),
    [
        (between("x", 1, 5), 9, "9", "Give a number from 1 to 5."),
        (between("x", 1, 5), "3", '"3"', "Give a number from 1 to 5."),
        (between("x", 0, 5), True, "true", "Give a number from 0 to 5."),
        (one_of("x", ["a", 1]), True, "true", 'Write one of "a" or 1, letter for letter.'),
        (one_of("x", ["a", "b"]), "A", '"A"', 'Write one of "a" or "b", letter for letter.'),
        (max_words("x", 2), "a b\nc  d", "4 words", "Shorten it by 2 words."),
        (max_words("x", 2), 3, "an integer", "Write a text of at most 2 words."),
        (matches("x", "a+"), "aab", '"aab"', "Write a text that the whole of `a+` matches."),
        (matches("x", "a+"), 3, "an integer", "Write a text that the whole of `a+` matches."),
        (
            matches("x", "a+"),
            "a" * 100_001,
            "a text of 100001 characters, more than the 100000 that are checked",
            "Write a text that the whole of `a+` matches.",
        ),
        (
            never_says("x", ["we promise"]),
            "So  WE\n\uff30romise you",
            '"we promise"',
            'Leave out "we promise" and say it in another way, or not at all.',
        ),
        (
            never_says("x", ["straße", "wow!"]),
            {"a": ["WOW!!"]},
            '"wow!"',
            'Leave out "wow!" and say it in another way, or not at all.',
        ),
        (
            never_says("x", ["straße"]),
            "Die STRASSE.",
            '"straße"',
            'Leave out "straße" and say it in another way, or not at all.',
        ),
        (
            quoted_from("x", "message"),
            "40818",
            '"40818"',
            "Copy a passage of `message` exactly as it is written there.",
        ),
        (
            quoted_from("x", "message"),
            " ",
            "an empty quote",
            "Copy a passage of `message` exactly as it is written there.",
        ),
        (
            quoted_from("x", "message"),
            4,
            "an integer",
            "Copy a passage of `message` exactly as it is written there.",
        ),
        (
            quoted_from("x", "empty"),
            "a",
            '"a"',
            "Copy a passage of `empty` exactly as it is written there.",
        ),
        (
            quoted_from("x", "docs[].text"),
            "beta gamma",
            '"beta gamma"',
            "Copy a passage of `docs[].text` exactly as it is written there.",
        ),
        (
            expr("output.x > 3"),
            2,
            "x is 2",
            "Change the fields so that `output.x > 3` holds.",
        ),
        (
            expr("output.x > 3"),
            "a",
            "it cannot be computed: a string and an integer have no order",
            "Change the fields so that `output.x > 3` holds.",
        ),
        (expr("inputs.empty == 1"), 2, "it is false", "Change the fields so that `inputs.empty == 1` holds."),
    ],
)
def test_a_broken_rule_says_what_was_found_and_what_to_do(constraint, value, got, hint):
    verdict = constraint.check({"x": value}, INPUTS)

    assert (verdict.outcome, verdict.got, verdict.hint) == ("violated", got, hint)


@pytest.mark.parametrize(
    ("constraint", "value"),
    [
        (between("x", 1, 5), 1),
        (between("x", 1, 5), 5.0),
        (one_of("x", ["a", 1]), 1.0),
        (max_words("x", 2), "a b"),
        (matches("x", "a+"), "aaa"),
        (never_says("x", ["promise"]), "We promised and compromise."),
        (never_says("x", ["a b"]), "a-b"),
        (quoted_from("x", "message"), "order 40817"),
        (quoted_from("x", "message"), "40817 is  late."),
        (quoted_from("x", "docs[].text"), "gamma"),
        (quoted_from("x", "docs"), "gamma"),
        (expr("output.x == 'a'"), "a"),
        (between("x", 1, 5), None),
        (quoted_from("x", "message"), None),
        (max_words("absent", 1), "a b"),
        (max_words("x[].y", 1), [{"y": None}, {}]),
    ],
)
def test_a_rule_holds_and_a_place_that_is_absent_or_null_holds_too(constraint, value):
    verdict = constraint.check({"x": value}, INPUTS)

    assert verdict.outcome == "held"
    assert (verdict.got, verdict.hint) == (None, None)


@pytest.mark.parametrize(
    ("expression", "got"),
    [
        ("output.x > 3", "null has no order: x is null"),
        ("output.x + 1 == 2", "null cannot be calculated with: x is null"),
        ("-output.x == 2", "null has no negative: x is null"),
        ("len(output.x) < 5", "len cannot take null: x is null"),
        ("output.y in output.x", 'nothing can be in null: y is "a", x is null'),
        ("inputs.empty > 3", "null has no order"),
    ],
)
def test_an_expression_that_cannot_be_applied_to_null_is_unchecked(expression, got):
    verdict = expr(expression).check({"x": None, "y": "a"}, INPUTS)

    assert (verdict.outcome, verdict.got, verdict.hint) == ("unchecked", got, None)


@pytest.mark.parametrize(
    "text",
    [
        "We prom\u00adise you",
        "we\u2060 pro\u200bmise",
        "we\ufeff p\u200dromise",
        "we pro\ufe0fmise",
        "we\u200bpromise",
        "I say:\u200bwe promise\u200byou",
    ],
)
@pytest.mark.parametrize("phrase", ["we promise", "we prom\u00adise"])
def test_invisible_characters_hide_no_phrase(text, phrase):
    verdict = never_says("x", [phrase]).check({"x": text}, {})

    assert verdict.outcome == "violated"


def test_a_phrase_of_invisible_characters_alone_is_empty():
    with pytest.raises(ValueError, match="none of them empty"):
        never_says("x", ["\u200b\u00ad"])


def test_a_verdict_carries_all_of_the_constraint():
    constraint = max_words("items[].name", 1, id="short", severity="should", on_fail="warn")

    verdict = constraint.check({"items": [{"name": "a"}, {"name": "b c"}]}, {}, enforced=Enforcement.PROMPT)

    assert verdict == Verdict(
        constraint="short",
        path="items[1].name",
        rule="max_words",
        outcome="violated",
        severity="should",
        enforced=Enforcement.PROMPT,
        expected="Preferably, `name` of each item of `items` has at most 1 word.",
        got="2 words",
        hint="Shorten it by 1 word.",
        on_fail="warn",
        places=("items[1].name",),
    )


def test_several_broken_places_are_named_and_the_rest_counted():
    verdict = between("[]", 1, 5).check([9, 8, 3, 7, 6, 0], {})
    words = max_words("[]", 1).check(["a b c", "a b"], {})

    assert words.hint == "Shorten it by 2 words."
    assert verdict.path == "[]"
    assert verdict.got == "[0]: 9; [1]: 8; [3]: 7; and 2 more"


def test_what_was_found_is_at_most_120_characters():
    verdict = one_of("x", ["a"]).check({"x": "y" * 5000}, {})

    assert verdict.got is not None
    assert len(verdict.got) == 120


@pytest.mark.parametrize(
    ("constraint", "name"),
    [
        (max_words("reply", 1), "reply.max_words"),
        (max_words("", 1), "max_words"),
        (expr("output"), "expr"),
        (max_words("reply", 1, id="short"), "short"),
    ],
)
def test_the_default_id_is_path_and_kind(constraint, name):
    assert constraint.id == name


@pytest.mark.parametrize(("constraint", "_sentence"), SENTENCES)
def test_a_constraint_pickles(constraint, _sentence):
    assert pickle.loads(pickle.dumps(constraint)) == constraint


def test_a_must_that_warns_and_a_should_do_not_fail_the_output():
    assert between("x", 1, 2).fails
    assert not between("x", 1, 2, on_fail="warn").fails
    assert not between("x", 1, 2, severity="should").fails


@dataclass(frozen=True, slots=True)
class Shouts:
    kind: ClassVar[str] = "shouts"

    def sentence(self, subject: str) -> str:
        return f"{subject} is in capitals."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**fragment, "pattern": "^[^a-z]*$"}

    def fault(self, value: Any, scope: Scope) -> str | None:
        return None if str(value).isupper() else str(value)

    def hint(self, value: Any, scope: Scope) -> str:
        return f"Write {str(value).upper()}."


def test_a_users_own_rule_is_first_class():
    constraint = Constraint(path="x", rule=Shouts())
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}

    assert constraint.sentence() == "`x` is in capitals."
    assert constraint.check({"x": "ab"}, {}).hint == "Write AB."
    assert narrow(schema, [constraint])["properties"]["x"]["pattern"] == "^[^a-z]*$"


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: between("x", 5, 1), r"between has 5 above 1; write the smaller number first: \[1, 5\]"),
        (lambda: between("x", "1", 2), "between takes two finite numbers"),
        (lambda: between("x", True, 2), "between takes two finite numbers"),
        (lambda: one_of("x", []), "one_of takes at least one value"),
        (lambda: max_words("x", 0), "max_words takes a whole number from 1, as in max_words: 120; got 0"),
        (lambda: max_words("x", True), "max_words takes a whole number"),
        (lambda: matches("x", "("), "matches has a pattern that is no regular expression"),
        (lambda: matches("x", "a" * 1001), "matches has a pattern of 1001 characters; at most 1000"),
        (lambda: never_says("x", "promise"), "never_says takes a list of phrases"),
        (lambda: never_says("x", []), "never_says takes at least one phrase"),
        (lambda: never_says("x", ["a", " "]), "none of them empty"),
        (lambda: quoted_from("x", ""), "quoted_from takes the path of an input"),
        (lambda: quoted_from("x", "a..b"), "cannot be read at column 2"),
        (lambda: quoted_from("a b", "x"), "cannot be read at column 2"),
        (lambda: expr("os.system"), "the name os is unknown"),
        (lambda: max_words("x", 1, severity="may"), "severity is 'may'; it is must or should"),
        (lambda: max_words("x", 1, on_fail="fix"), "on_fail is 'fix'; it is error, reask or warn"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_when_it_is_built(build, said):
    with pytest.raises(ValueError, match=said):
        build()


@pytest.mark.parametrize(
    ("kind", "argument", "same"),
    [
        ("between", [1, 5], between("x", 1, 5)),
        ("one_of", ["a", None], one_of("x", ["a", None])),
        ("max_words", 3, max_words("x", 3)),
        ("matches", "a+", matches("x", "a+")),
        ("never_says", ["a"], never_says("x", ["a"])),
        ("never_says", "a", never_says("x", ["a"])),
        ("quoted_from", "ticket.body", quoted_from("x", "ticket.body")),
    ],
)
def test_a_file_writes_the_same_constraints(kind, argument, same):
    assert from_file(kind, argument, path="x", options={}) == same


def test_an_expression_in_a_file_is_a_string():
    with pytest.raises(ValueError, match="expr takes an expression as a string"):
        from_file("expr", True, path="", options={})


def test_a_file_gives_options():
    constraint = from_file(
        "expr",
        "output.a",
        path="",
        options={"id": "i", "severity": "should", "on_fail": "warn", "say": "s", "line": 7},
    )

    assert constraint == Constraint(
        path="", rule=expr("output.a").rule, id="i", severity="should", on_fail="warn", say="s", line=7
    )


@pytest.mark.parametrize(
    ("kind", "argument", "options", "said"),
    [
        ("max_word", 3, {}, r"the rule max_word is unknown \(did you mean max_words\?\); known are "),
        ("between", 3, {}, r"between takes a list of two numbers, as in between: \[1, 5\]; got 3"),
        ("between", [1], {}, "between takes a list of two numbers"),
        ("one_of", "a", {}, "one_of takes a list of plain values"),
        ("one_of", [[1]], {}, "one_of takes a list of plain values"),
        ("max_words", "3", {}, "max_words takes a whole number from 1, as in max_words: 120; got '3'"),
        ("matches", 3, {}, "matches takes a regular expression as a string"),
        ("never_says", [1], {}, "never_says takes a list of phrases"),
        ("quoted_from", ["a"], {}, "quoted_from takes the path of an input"),
        ("expr", "output.a", {}, "expr names its fields itself, as in output.x"),
        (
            "max_words",
            3,
            {"severty": "must"},
            r"severty is no option of max_words \(did you mean severity\?\)",
        ),
        ("max_words", 3, {"say": 3}, "say is text; got an integer"),
    ],
)
def test_a_mistake_in_a_file_is_a_full_sentence(kind, argument, options, said):
    with pytest.raises(ValueError, match=said):
        from_file(kind, argument, path="x", options=options)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "urgency": {"type": "integer", "minimum": 2},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "label": {"type": ["string", "null"]},
        "kind": {"enum": ["a", "b", "c"]},
        "fixed": {"const": "a"},
        "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "number"}}}},
        "shared": {"$ref": "#/$defs/n"},
        "either": {"anyOf": [{"type": "integer"}, {"type": "number"}]},
    },
    "$defs": {"n": {"type": "integer"}},
}


@pytest.mark.parametrize(
    ("constraint", "name", "fragment"),
    [
        (between("urgency", 1, 5), "urgency", {"type": "integer", "minimum": 2, "maximum": 5}),
        (
            between("maybe", 1, 5),
            "maybe",
            {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 5}, {"type": "null"}]},
        ),
        (one_of("label", ["x", "y"]), "label", {"type": ["string", "null"], "enum": ["x", "y", None]}),
        (one_of("kind", ["b", "c", "d"]), "kind", {"enum": ["b", "c"]}),
        (one_of("kind", ["d"]), "kind", {"enum": ["a", "b", "c"]}),
        (one_of("fixed", ["a", "b"]), "fixed", {"enum": ["a"]}),
        (
            between("items[].n", 0, 1),
            "items",
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"n": {"type": "number", "minimum": 0, "maximum": 1}},
                },
            },
        ),
        (between("items[0].n", 0, 1), "items", SCHEMA["properties"]["items"]),
        (between("shared", 0, 1), "shared", {"type": "integer", "minimum": 0, "maximum": 1}),
        (between("either", 0, 1), "either", SCHEMA["properties"]["either"]),
        (between("urgency", 1, 5, severity="should"), "urgency", {"type": "integer", "minimum": 2}),
        (max_words("label", 3), "label", {"type": ["string", "null"]}),
        (matches("label", "a"), "label", {"type": ["string", "null"], "pattern": "^(?:a)$"}),
        (never_says("label", ["a"]), "label", {"type": ["string", "null"]}),
        (quoted_from("label", "a"), "label", {"type": ["string", "null"]}),
        (between("label[]", 1, 2), "label", {"type": ["string", "null"]}),
    ],
)
def test_a_schema_is_narrowed_where_json_schema_can_say_it(constraint, name, fragment):
    before = copy.deepcopy(SCHEMA)

    narrowed = narrow(SCHEMA, [constraint])

    assert narrowed["properties"][name] == fragment
    assert list(narrowed["properties"]) == list(before["properties"])
    assert before == SCHEMA


def test_other_roots_are_narrowed_too():
    assert narrow({"type": "integer"}, [between("", 1, 5)]) == {"type": "integer", "minimum": 1, "maximum": 5}
    assert narrow({}, [max_words("", 5), between("", 1, 2)]) == {}
    assert narrow(SCHEMA, [expr("output.urgency"), between("nothing.here", 1, 2)]) == SCHEMA


OUTPUT = OutputSchema.from_json_schema(
    {
        "type": "object",
        "properties": {
            "reply": {"type": "string"},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
            "free": {"type": "object"},
            "any": {},
            "either": {"anyOf": [{"$ref": "#/$defs/item"}, {"type": "null"}]},
        },
        "additionalProperties": False,
        "$defs": {"item": {"type": "object", "properties": {"name": {}}, "additionalProperties": False}},
    },
    "x",
).json_schema
IN = {
    name: field.json_schema
    for name, field in InputSchema.from_declared(
        {
            "type": "object",
            "properties": {
                "ticket": {
                    "type": "object",
                    "properties": {"body": {"type": "string"}},
                    "additionalProperties": False,
                },
                "docs": {"type": "array", "items": {"type": "object", "properties": {"text": {}}}},
            },
        }
    ).fields.items()
}


@pytest.mark.parametrize(
    "constraint",
    [
        max_words("reply", 1),
        max_words("items[].name", 1),
        max_words("items[0].name", 1),
        max_words("free.anything.at.all", 1),
        max_words("any[].x", 1),
        max_words("either.name", 1),
        quoted_from("reply", "ticket.body"),
        quoted_from("reply", "ticket"),
        quoted_from("reply", "docs[].text"),
        expr("output.reply == inputs.ticket.body or output.items[0].name or output and inputs"),
    ],
)
def test_constraints_on_what_exists_are_fine(constraint):
    assert check_paths([constraint], OUTPUT, IN) == ()


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        (
            max_words("repyl", 1),
            (
                "repyl.max_words is about repyl, but the output has no repyl (did you mean reply?); "
                "it has reply, items, free, any, either"
            ),
        ),
        (
            max_words("items[].nmae", 1),
            (
                "items[].nmae.max_words is about items[].nmae, but the output has no nmae at items[] "
                "(did you mean name?); it has name"
            ),
        ),
        (max_words("reply[]", 1), "reply[].max_words is about reply[], but the output is no list at reply"),
        (max_words("reply.x", 1), "reply.x.max_words is about reply.x, but the output has no x at reply"),
        (
            quoted_from("reply", "tiket.body"),
            (
                "reply.quoted_from names the input tiket.body, but there is no tiket (did you mean ticket?); "
                "the inputs are ticket, docs"
            ),
        ),
        (
            quoted_from("reply", "ticket.bdy"),
            (
                "reply.quoted_from names the input ticket.bdy, but ticket has no bdy (did you mean body?); "
                "it has body"
            ),
        ),
        (
            expr("output.replly == 1"),
            (
                "expr is about replly, but the output has no replly (did you mean reply?); "
                "it has reply, items, free, any, either"
            ),
        ),
        (
            expr("inputs.docs.text == 1"),
            "expr names the input docs.text, but docs has no text; docs is a list: write docs[0].text",
        ),
    ],
)
def test_a_constraint_on_what_does_not_exist_is_found(constraint, said):
    assert check_paths([constraint], OUTPUT, IN) == ((constraint, said),)


def test_a_text_output_has_no_fields_and_inputs_may_be_unknown():
    assert check_paths([max_words("reply", 1), quoted_from("", "x")], {}) == (
        (
            max_words("reply", 1),
            "reply.max_words is about the field reply, but the output is plain text; leave out the field",
        ),
    )


@pytest.mark.parametrize(
    ("schema", "constraint", "said"),
    [
        (
            {"type": "string"},
            between("x", 1, 5),
            "x.between: between judges integer or number values, but x is string",
        ),
        ({"type": "integer"}, matches("x", "a"), "x.matches: matches judges string values, but x is integer"),
        ({"enum": [1, 2]}, never_says("x", ["a"]), "never_says judges string values, but x is integer"),
        (
            {"type": "array", "items": {"type": "string"}},
            max_words("x", 3),
            "max_words judges string values, but x is array; write x[] for the items of the list",
        ),
    ],
)
def test_a_rule_that_no_value_of_its_field_can_hold_is_a_mistake(schema, constraint, said):
    output = {"type": "object", "properties": {"x": schema}}

    [(found, message)] = check_paths([constraint], output)

    assert found is constraint
    assert said in message


@pytest.mark.parametrize(
    "schema", [{}, {"type": ["string", "null"]}, {"enum": ["a", None]}, {"anyOf": [{}, {"type": "null"}]}]
)
def test_a_rule_fits_a_field_that_may_be_of_its_type(schema):
    output = {"type": "object", "properties": {"x": schema}}

    assert check_paths([max_words("x", 3)], output) == ()


@pytest.mark.parametrize(
    ("constraint", "enforce"),
    [
        (max_words("x", 3), "check"),
        (max_words("x", 3, enforce="prefer"), "prefer"),
        (factories.max_items("x", 3), "prefer"),
        (never_says("x", ["a"]), "prefer"),
    ],
)
def test_a_length_of_a_text_is_left_to_the_check_unless_it_says_otherwise(constraint, enforce):
    assert constraint.enforce == enforce
    assert constraint.steers is (enforce == "prefer")


def test_an_unknown_way_to_enforce_is_refused():
    with pytest.raises(ValueError, match="enforce of a constraint is 'soft'; it is prefer, hard or check"):
        max_words("x", 3, enforce="soft")


@pytest.mark.parametrize(
    ("unit", "least", "most", "stops"),
    [
        ("words", None, 3, True),
        ("sentences", 1, 3, True),
        ("words", 3, None, False),
        ("items", None, 3, False),
    ],
)
def test_only_the_most_of_a_text_can_be_kept_while_it_is_written(unit, least, most, stops):
    rule = Length(unit, least, most)
    if stops:
        constraint = Constraint(path="x", rule=rule, enforce="hard")
        assert constraint.stops
        assert constraint.steers
    else:
        with pytest.raises(ValueError, match=f"and {rule.kind} has no such limit; write enforce: prefer"):
            Constraint(path="x", rule=rule, enforce="hard")


def test_a_length_that_is_counted_while_it_is_written_is_no_part_of_schema_and_grammar():
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}
    counted = factories.max_characters("x", 9, enforce="hard")

    assert narrow(schema, [counted]) == schema
    assert forms_of([counted]) == ()
    assert narrow(schema, [factories.max_characters("x", 9, enforce="prefer")]) != schema


def test_a_wish_is_never_kept_by_force():
    assert not max_words("x", 3, enforce="hard", severity="should").stops
