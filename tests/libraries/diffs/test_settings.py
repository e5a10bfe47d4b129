"""What settings of a prompt demand when they change: each key of the file format that is no schema and no rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import promptkit as pk
from promptkit.errors import TemplateError
from promptkit.libraries.diffs import Bump, PromptDiff, diff_of
from promptkit.libraries.sides import side_of

BASE = """\
---
version: 1.0.0
input:
  schema:
    text: string
    other: string
    history?: messages
  # input
output:
  schema:
    reply: string
    quote:
      type: string
      quoted_from: text
constraints:
  - id: fits
    expr: "output.reply != output.quote"
  - id: code
    field: reply
    matches: "[0-9]{2}"
context:
  - from: text
  - from: other
# settings
---
{% system %}
{{ constraints }} {{ output_format }}
{% endsystem %}
{% history %}
{% user %}
{{ context.text }} {{ context.other }}
{% enduser %}
"""
Compared = Callable[..., PromptDiff]
SCHEMA = "output:\n  schema:\n"
SHOWN = "  - from: other\n"
CODE = '    matches: "[0-9]{2}"\n'
FITS = '    expr: "output.reply'
EXAMPLE = "examples:\n  - {input: {text: '12', other: b}, output: {reply: '12', quote: '1'}}\n"


@pytest.fixture
def diff(tmp_path: Path) -> Compared:
    """Compares BASE in which one text is replaced with BASE in which it is replaced by another."""

    def compared(at: str, old: str, new: str) -> PromptDiff:
        assert at in BASE
        for name, text in (("old", old), ("new", new)):
            (tmp_path / f"{name}.prompt.j2").write_text(BASE.replace(at, text))
        library = pk.library(tmp_path)
        return diff_of(*(side_of(library, library.entry(name)) for name in ("old", "new")))

    return compared


def in_input(old: str, new: str) -> tuple[str, str, str]:
    return "  # input\n", f"  {old}\n", f"  {new}\n"


def in_output(old: str, new: str) -> tuple[str, str, str]:
    return SCHEMA, SCHEMA.replace("\n", f"\n  {old}\n", 1), SCHEMA.replace("\n", f"\n  {new}\n", 1)


def in_prompt(old: str, new: str) -> tuple[str, str, str]:
    return "# settings\n", f"{old}\n", f"{new}\n"


NONE, PATCH, MINOR, MAJOR = Bump


@pytest.mark.parametrize(
    ("edit", "told", "there_and_back"),
    [
        (
            in_input("", "clean: {text: tokens}"),
            "input text is cleaned of tokens now, so that a rule that reads it compares with another text",
            (MAJOR, MINOR),
        ),
        (
            in_input("", "clean: {other: controls}"),
            "input other is cleaned of controls now",
            (PATCH, PATCH),
        ),
        (
            in_input("clean: {other: [controls, tokens]}", "clean: {other: controls}"),
            "input other is no longer cleaned of tokens",
            (PATCH, PATCH),
        ),
        (
            in_input("max_tokens: 900", "max_tokens: 500"),
            "input.max_tokens is 500 and was 900: longer inputs are refused, which were taken",
            (MAJOR, MINOR),
        ),
        (in_input("", "max_tokens: 500"), "input.max_tokens is 500 and was not set", (MAJOR, MINOR)),
        (
            in_input("", "history: {keep_last: 4}"),
            "input.history limits the history otherwise",
            (PATCH, PATCH),
        ),
        (
            (SHOWN, SHOWN, "  - {from: other, max_tokens: 90}\n"),
            "context.other.max_tokens is 90 and was not set: longer inputs are refused",
            (MAJOR, MINOR),
        ),
        (
            (SHOWN, SHOWN, "  - {from: other, max_tokens: 90, shrink: drop_last}\n"),
            "context.other shrinks now, where inputs were refused",
            (MINOR, MAJOR),
        ),
        (
            (
                SHOWN,
                "  - {from: other, max_tokens: 90, shrink: middle}\n",
                "  - {from: other, max_tokens: 80, shrink: drop_last, priority: 3}\n",
            ),
            "context.other is shortened otherwise",
            (PATCH, PATCH),
        ),
        (
            in_output("", "repair: lenient"),
            "output.repair is lenient and was lossless: values are taken that lost something",
            (MAJOR, MINOR),
        ),
        (
            in_output("repair: off", ""),
            "output.repair is lossless and was off: answers are taken that had to be mended",
            (MINOR, MINOR),
        ),
        (in_output("", "reasoning: 100"), "output.reasoning is 100 and was 0", (PATCH, PATCH)),
        (
            in_prompt("", "enforce: require"),
            "enforce is require and was prefer: a backend that does not enforce all of the output is refused",
            (MAJOR, MINOR),
        ),
        (in_prompt("", "enforce: off"), "enforce is off and was prefer", (PATCH, PATCH)),
        (
            (CODE, CODE, f"{CODE}    enforce: check\n"),
            "constraints code has enforce: check and had enforce: prefer",
            (PATCH, PATCH),
        ),
        (
            (FITS, FITS, f"    on_fail: error\n{FITS}"),
            "constraints fits is not asked for again",
            (PATCH, PATCH),
        ),
        (
            in_prompt("", "generation: {logprobs: 2}"),
            "generation is {'logprobs': 2} and was {}",
            (MINOR, MAJOR),
        ),
        (in_prompt("", "generation: {max_tokens: 9}"), "generation is", (PATCH, PATCH)),
        (in_prompt("", "attempts: 2"), "attempts is 2 and was 1", (PATCH, PATCH)),
        (in_prompt("", "language: de"), "language is de and was en", (PATCH, PATCH)),
        (in_prompt("", "deprecated: use b"), "is deprecated: use b", (MINOR, PATCH)),
        (in_prompt("deprecated: use b", "deprecated: use c"), "is deprecated: use c", (PATCH, PATCH)),
        (
            (
                "# settings\n---\n{% system %}",
                "# settings\n---\n{% system %}",
                f"{EXAMPLE}---\n{{% examples %}}{{% system %}}",
            ),
            "prompt is worded otherwise",
            (PATCH, PATCH),
        ),
        (in_prompt("", "check: {vague-word: off}\ndescription: A.\nformat: promptkit/1"), "", (NONE, NONE)),
    ],
)
def test_a_setting_that_changes_is_told_and_weighed_in_both_directions(
    diff: Compared, edit: tuple[str, str, str], told: str, there_and_back: tuple[Bump, Bump]
) -> None:
    at, old, new = edit

    there, back = diff(at, old, new), diff(at, new, old)

    assert told in "; ".join(str(change) for change in there.changes)
    assert (there.demands, back.demands) == there_and_back


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"output.reply != output.quote"', '"(output.reply)  !=  output.quote"'),
        ('"[0-9]{2}"', r"'^\d{2}$'"),
        ('"[0-9]{2}"', r"'(([0-9]{2}))'"),
    ],
)
def test_a_rule_that_is_written_otherwise_and_means_the_same_is_wording(
    diff: Compared, old: str, new: str
) -> None:
    found = diff(old, old, new)

    assert [str(change) for change in found.changes] == ["patch: prompt is worded otherwise"]


@pytest.mark.parametrize("pattern", [r"'\d{3}'", r"'[0-9]{2}|x'", r"'^\d{2}\$'", r"'[\[0-9]{2}'"])
def test_a_pattern_that_matches_other_texts_counts_as_loosened(diff: Compared, pattern: str) -> None:
    found = diff('"[0-9]{2}"', '"[0-9]{2}"', pattern)

    assert found.demands is Bump.MAJOR
    assert "constraints code" in str(found.changes[0])


def test_under_require_a_rule_that_must_be_enforced_now_refuses_backends(diff: Compared) -> None:
    demanded = f"{CODE}enforce: require\n"

    found = diff(CODE, f"{CODE}    enforce: check\nenforce: require\n", demanded)

    assert "major: constraints code must be enforced while the model writes" in str(found.changes[0])


def test_plain_data_instead_of_an_object_is_major(diff: Compared) -> None:
    schema = (
        "output:\n  json_schema:\n    type: object\n    additionalProperties: false\n"
        "    properties: {reply: {type: string}, quote: {type: string}}\n    required: [reply, quote]\n"
    )
    at = BASE[BASE.index("output:") : BASE.index("constraints:")]

    found = diff(at, at.replace("\n      type: string\n      quoted_from: text", " string"), schema)

    assert [str(change) for change in found.changes if change.demands is Bump.MAJOR] == [
        "major: output is plain data in Python and was an object of a generated class"
    ]


def test_a_field_that_is_left_out_has_another_default(diff: Compared) -> None:
    def with_default(word: str) -> str:
        return f"    reply: string\n    mood: {{type: string, default: {word}}}\n"

    found = diff("    reply: string\n", with_default("calm"), with_default("gay"))

    assert str(found.changes[0]) == "minor: output mood has another default"


def test_a_variant_may_not_refuse_what_its_base_takes(tmp_path: Path) -> None:
    (tmp_path / "base.prompt.j2").write_text(BASE)
    (tmp_path / "strict.prompt.j2").write_text("---\nextends: base\nenforce: require\n---\n")

    with pytest.raises(
        TemplateError, match=r"strict.prompt.j2:3: .*a backend that does not enforce all"
    ) as caught:
        pk.library(tmp_path)["strict"].check()
    assert "breaks its contract" in str(caught.value)
