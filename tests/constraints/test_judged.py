"""Rules that a judge decides."""

from __future__ import annotations

import pytest

from promptkit.authoring import read_text
from promptkit.constraints import from_file, judged, tone
from promptkit.errors import TemplateError


@pytest.mark.parametrize(
    ("constraint", "sentence", "hint"),
    [
        (tone("reply", "calm"), "`reply` has a calm tone.", "Rewrite it in a calm tone."),
        (tone("", "urgent but kind."), "The answer has an urgent but kind tone.", None),
        (tone("reply", "unique"), "`reply` has a unique tone.", None),
        (tone("reply", "unimpressed"), "`reply` has an unimpressed tone.", None),
        (tone("reply", "honest"), "`reply` has an honest tone.", None),
        (
            judged("reply", "is polite and  gives no\nmedical advice."),
            "`reply` is polite and gives no medical advice.",
            "Rewrite it so that it is polite and gives no medical advice.",
        ),
    ],
)
def test_a_judged_rule_is_said_as_it_is_written(constraint, sentence, hint):
    assert constraint.sentence() == sentence
    if hint:
        assert constraint.rule.hint("x", None) == hint


@pytest.mark.parametrize(
    ("constraint", "got"),
    [
        (tone("x", "calm", judge="judges/tone@^1"), "judged in evaluation by judges/tone@^1"),
        (tone("x", "calm"), "judged in evaluation"),
        (judged("x", "is polite", judge="polite", when="run"), "judged in the run by polite"),
    ],
)
def test_no_code_judges_it(constraint, got):
    verdict = constraint.check({"x": "Hi."}, {})

    assert (verdict.outcome, verdict.got, verdict.hint) == ("unchecked", got, None)
    assert constraint.check({"x": None}, {}).outcome == "held"


@pytest.mark.parametrize(
    ("kind", "argument", "options", "same"),
    [
        ("tone", "calm", {}, tone("x", "calm")),
        ("tone", "calm", {"judge": "judges/tone@^1"}, tone("x", "calm", judge="judges/tone@^1")),
        ("tone", {"is": "calm", "judge": "t", "when": "run"}, {}, tone("x", "calm", judge="t", when="run")),
        ("tone", {"is": "calm", "judge": "t"}, {"when": "run"}, tone("x", "calm", judge="t", when="run")),
        ("judged", "is kind", {"severity": "should"}, judged("x", "is kind", severity="should")),
        ("judged", {"that": "is kind", "judge": "a/b@1.2"}, {}, judged("x", "is kind", judge="a/b@1.2")),
    ],
)
def test_a_file_writes_the_judge_inside_or_beside(kind, argument, options, same):
    assert from_file(kind, argument, path="x", options=options) == same


@pytest.mark.parametrize(
    ("kind", "argument", "options", "said"),
    [
        ("tone", "", {}, 'tone takes a text of 1 to 500 characters, as in tone: calm; got ""'),
        ("tone", 3, {}, "tone takes a text of 1 to 500 characters"),
        ("judged", "x" * 501, {}, "judged takes a text of 1 to 500 characters, as in judged: is polite"),
        ("tone", {"judge": "t"}, {}, "tone takes a text, or a mapping with `is`, as in tone: calm"),
        ("tone", {"is": "calm", "juge": "t"}, {}, r"tone has no juge \(did you mean judge\?\); it has is, judge, when"),
        ("tone", "calm", {"judge": "a b"}, 'judge of tone is the name of a prompt, as in judge: judges/tone@\\^1; got "a b"'),
        ("tone", "calm", {"judge": 3}, "judge of tone is the name of a prompt"),
        ("tone", "calm", {"when": "runn"}, r'when of tone is "runn" \(did you mean run\?\); it is eval or run'),
        ("tone", "calm", {"when": "run"}, "tone is judged in every call, but by nobody; add judge: judges/tone@"),
        ("tone", {"is": "calm", "judge": "t"}, {"judge": "t"}, "judge is given twice, inside of tone and beside it"),
        ("max_words", 3, {"judge": "t"}, "judge is an option of judged or tone, which a judge decides; max_words is checked by code. Remove judge"),
        ("between", [1, 2], {"when": "run"}, "when is an option of judged or tone"),
    ],
)  # fmt: skip
def test_a_mistake_about_a_judge_is_a_full_sentence(kind, argument, options, said):
    with pytest.raises(ValueError, match=said):
        from_file(kind, argument, path="x", options=options)


FIELD = """---
output:
  schema:
    reply:
      type: string
      tone: calm
      max_words: 9
      judge: judges/tone@^1
constraints:
  - field: reply
    id: kind
    judged: is kind
    severity: should
    when: eval
---
Hi"""


def test_a_prompt_file_writes_judge_and_when_beside_the_rule():
    declaration = read_text(FIELD, file="f.prompt.j2")

    rules = {constraint.id: constraint.rule for constraint in declaration.constraints}
    assert rules["reply.tone"] == tone("reply", "calm", judge="judges/tone@^1").rule
    assert rules["reply.max_words"].kind == "max_words"
    assert rules["kind"] == judged("reply", "is kind").rule


@pytest.mark.parametrize("option", ["judge: judges/tone@^1", "when: run"])
def test_a_judge_beside_a_rule_that_code_checks_is_refused_at_its_line(option):
    text = f"---\noutput:\n  schema:\n    reply:\n      type: string\n      max_words: 9\n      {option}\n---\nHi"

    with pytest.raises(
        TemplateError, match="is an option of judged or tone, which a judge decides"
    ) as caught:
        read_text(text, file="f.prompt.j2")

    assert "f.prompt.j2:6" in str(caught.value)
