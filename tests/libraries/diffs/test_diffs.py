"""What changed between two versions of a prompt, and the version that it demands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.libraries.diffs import Bump, PromptDiff, diff_of
from promptkit.libraries.sides import side_of

BASE = """\
---
version: 1.0.0
input:
  schema:
    text: string
    product(enum): [router, camera]
    note?: string
output:
  schema:
    kind(enum): [fault, wish]
    reply:
      type: string
      max_words: 40
      never_says: [sorry, sadly]
    score:
      type: integer
      between: [1, 5]
    why?: string
constraints:
  - id: open
    expr: "output.score >= 1"
    say: A score is given.
---
{% system %}
{{ constraints }} {{ output_format }}
{% endsystem %}
{% user %}
{{ text }} {{ product }}
{% enduser %}
"""

EXAMPLE = BASE.replace(
    "---\n{% system",
    "examples:\n  - input: {text: It is dead., product: camera}\n    output: {kind: fault, reply: Hold reset., score: 4}\n---\n{% system",
).replace("{% user", "{% examples %}\n{% user")


@pytest.fixture
def diff(tmp_path: Path) -> Any:
    """Compares BASE with what replacing one text in it makes."""

    def compared(*edits: tuple[str, str], base: str = BASE) -> PromptDiff:
        text = base
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        (tmp_path / "old.prompt.j2").write_text(base)
        (tmp_path / "new.prompt.j2").write_text(text)
        library = pk.library(tmp_path)
        return diff_of(*(side_of(library, library.entry(name)) for name in ("old", "new")))

    return compared


@pytest.mark.parametrize(
    ("old", "new", "told", "demands"),
    [
        ("    note?: string\n", "", "input note is removed", Bump.MAJOR),
        ("    note?: string\n", "    note?: string\n    tone: string\n", "input tone is added", Bump.MAJOR),
        (
            "    note?: string\n",
            "    note?: string\n    tone?: string\n",
            "input tone is added and may be left out",
            Bump.MINOR,
        ),
        ("note?: string", "note: string", "input note may no longer be left out", Bump.MAJOR),
        ("    text: string", "    text?: string", "input text may be left out now", Bump.MINOR),
        ("[router, camera]", "[router, camera, app]", 'input product takes "app" as well', Bump.MINOR),
        ("[router, camera]", "[camera]", 'input product no longer takes "router"', Bump.MAJOR),
        ("    text: string", "    text: image", "input text is image and was text", Bump.MAJOR),
        ("    text: string", "    text: integer", "input text is integer and was string", Bump.MAJOR),
        ("    why?: string\n", "", "output why is removed", Bump.MAJOR),
        (
            "    why?: string\n",
            "    why?: string\n    page?: integer\n",
            "output page is added and may be left out",
            Bump.MINOR,
        ),
        ("[fault, wish]", "[fault, wish, other]", 'output kind takes "other" as well', Bump.MAJOR),
        ("[fault, wish]", "[fault]", 'output kind no longer takes "wish"', Bump.MINOR),
        ("why?: string", "why: string", "output why may no longer be left out", Bump.MINOR),
        ("      max_words: 40\n", "", "constraints reply.max_words is removed", Bump.MAJOR),
        ("max_words: 40", "max_words: 30", "is tightened: it refuses a text of 40 words", Bump.MINOR),
        ("max_words: 40", "max_words: 50", "is loosened: it takes a text of 41 words", Bump.MAJOR),
        ("between: [1, 5]", "between: [1, 4]", "is tightened: it refuses 5, which it took", Bump.MINOR),
        ("between: [1, 5]", "between: [0, 4]", "is loosened: it takes 0, which it refused", Bump.MAJOR),
        ("[sorry, sadly]", "[sorry]", "is loosened: it takes", Bump.MAJOR),
        ("[sorry, sadly]", "[sorry, sadly, alas]", "is tightened: it refuses", Bump.MINOR),
        ("output.score >= 1", "output.score >= 2", "cannot be told, so it counts as loosened", Bump.MAJOR),
        ("max_words: 40", "min_words: 3", "constraints reply.min_words is added", Bump.MAJOR),
        ("  - id: open\n", "  - id: given\n", "constraints open is called given now", Bump.MINOR),
        (
            "    say: A score",
            "    severity: should\n    say: A score",
            "constraints open no longer fails an answer",
            Bump.MAJOR,
        ),
        (
            "output:\n",
            "generation: {temperature: 0}\noutput:\n",
            "prompt generation is {'temperature': 0} and was {}",
            Bump.PATCH,
        ),
        ("version: 1.0.0", "version: 1.0.0\nattempts: 3", "prompt attempts is 3 and was 1", Bump.PATCH),
        (
            "version: 1.0.0",
            "version: 1.0.0\ndeprecated: use other",
            "prompt is deprecated: use other",
            Bump.MINOR,
        ),
        ("{{ text }} {{", "Text: {{ text }} {{", "prompt is worded otherwise", Bump.PATCH),
        ("input:\n", "input:\n  trust: {text: trusted}\n", "input text is trusted now", Bump.PATCH),
    ],
)
def test_each_change_is_told_and_weighed(diff: Any, old: str, new: str, told: str, demands: Bump) -> None:
    found = diff((old, new))

    assert [change for change in found.changes if told in str(change)], [
        str(change) for change in found.changes
    ]
    assert found.demands is demands


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1.0.0", "version: 1.0.1"),
        ("version: 1.0.0", "description: Sort.\nversion: 1.0.0"),
        ("{% system %}", "{# for people #}\n{% system %}"),
        ("input:\n", "# a comment\ninput:\n"),
    ],
)
def test_what_neither_callers_nor_models_see_demands_nothing(diff: Any, old: str, new: str) -> None:
    found = diff((old, new))

    assert (found.demands, found.changes, found.messages) == (Bump.NONE, (), ())
    assert found.text


def test_weightier_changes_come_first_and_the_weightiest_counts(diff: Any) -> None:
    found = diff(("max_words: 40", "max_words: 30"), ("    note?: string\n", ""))

    weights = [change.demands for change in found.changes]
    assert weights == sorted(weights, reverse=True)
    assert found.demands is Bump.MAJOR


def test_rules_that_only_warn_weigh_little(diff: Any) -> None:
    soft = BASE.replace("max_words: 40", "max_words: 40\n      severity: should")

    assert diff(("max_words: 40", "max_words: 50"), base=soft).demands is Bump.PATCH
    assert diff(("      max_words: 40\n", ""), base=soft).demands is Bump.PATCH
    tightened = diff(("      severity: should\n", ""), base=soft)
    assert "fails an answer that breaks it now" in str([str(change) for change in tightened.changes])


def test_a_rule_that_moved_to_another_field_is_told(diff: Any) -> None:
    moved = BASE.replace(
        "  - id: open\n", "  - {id: short, field: reply, max_characters: 90}\n  - id: open\n"
    )

    found = diff(("{id: short, field: reply", "{id: short, field: why"), base=moved)

    assert "constraints short is about why and was about reply" in str(found.changes[0])
    assert found.demands is Bump.MAJOR


def test_messages_are_compared_on_the_examples_of_both(diff: Any) -> None:
    found = diff(("{{ text }} {{", "Text: {{ text }} {{"), base=EXAMPLE)

    assert [shown.case for shown in found.messages] == ["example 1"]
    assert "-It is dead. camera" in found.messages[0].lines
    assert "+Text: It is dead. camera" in found.messages[0].lines


def test_an_example_that_one_side_refuses_says_so(diff: Any) -> None:
    found = diff(
        ("note?: string", "tone?: string"),
        ("product: camera}", "product: camera, tone: calm}"),
        base=EXAMPLE,
    )

    told = [line for shown in found.messages for line in shown.lines]
    assert any(line.startswith("-these inputs are refused") and "tone" in line for line in told)


def test_without_examples_tests_or_made_up_inputs_are_rendered(diff: Any) -> None:
    bare = "---\ninput:\n  schema:\n    text: string\n    pic?: image\n---\n{% user %}A {{ text }}{{ pic }}{% enduser %}\n"
    tested = bare.replace(
        "---\n{%", "tests:\n  - {name: a, input: {text: one}, expect: {contains: one}}\n---\n{%"
    )

    assert diff(("A {{", "B {{"), base=bare).messages[0].case == "made-up inputs"
    assert diff(("A {{", "B {{"), base=tested).messages[0].lines[-1].startswith("+B one")


def test_pictures_are_shown_by_their_kind(diff: Any) -> None:
    base = "{% user %}A{% enduser %}"

    assert diff(("A", "B"), base=base).demands is Bump.PATCH


def test_text_output_instead_of_a_value_is_major(diff: Any) -> None:
    base = "---\noutput: text\n---\n{% user %}A{% enduser %}"

    found = diff(("output: text", "output: {schema: {a: string}}"), base=base)

    assert "output is a value of a schema and was plain text" in str(found.changes[0])


def test_rules_that_read_inputs_cannot_be_weighed(diff: Any) -> None:
    base = BASE.replace("max_words: 40", "quoted_from: text")

    found = diff(("quoted_from: text", "quoted_from: note"), base=base)

    assert "counts as loosened" in str(found.changes[0])


def test_a_rule_on_plain_text_is_weighed(diff: Any) -> None:
    base = (
        "---\noutput: text\nconstraints:\n  - max_words: 5\n---\n{% user %}A {{ constraints }}{% enduser %}"
    )

    assert diff(("max_words: 5", "max_words: 4"), base=base).demands is Bump.MINOR


def test_a_fragment_that_changed_is_part_of_the_text(tmp_path: Path) -> None:
    from promptkit.libraries.freezing import freeze

    (tmp_path / "a.prompt.j2").write_text(
        "---\nversion: 1.0.0\n---\n{% user %}{% include 'tone' %}{% enduser %}"
    )
    (tmp_path / "tone.md").write_text("Stay calm.\n")
    library = pk.library(tmp_path)
    freeze(library, "a")
    (tmp_path / "tone.md").write_text("Be quick.\n")

    found = diff_of(side_of(library, library.entry("a@1.0.0")), side_of(library, library.entry("a")))

    assert found.text == (
        "--- tone.md (a@1.0.0)",
        "+++ tone.md (a)",
        "@@ -1 +1 @@",
        "-Stay calm.",
        "+Be quick.",
    )
    assert found.demands is Bump.PATCH
    assert found.to_dict()["demands"] == "patch"


def test_a_default_that_changed_is_told(diff: Any) -> None:
    base = BASE.replace("note?: string", "note: {type: string, default: none}")

    found = diff(("default: none", "default: empty"), base=base)

    assert [str(change) for change in found.changes] == ["minor: input note has another default"]


def test_lists_are_told_of_by_their_length(diff: Any) -> None:
    base = BASE.replace("    why?: string", "    tags(array): string").replace(
        "constraints:", "constraints:\n  - {field: tags, max_items: 3}"
    )

    found = diff(("max_items: 3", "max_items: 2"), base=base)

    assert "it refuses a list of 3, which it took" in str(found.changes[0])


def test_rules_that_nobody_can_judge_are_not_weighed(diff: Any) -> None:
    base = BASE.replace("max_words: 40", "tone: calm")

    assert "counts as loosened" in str(diff(("tone: calm", "tone: warm"), base=base).changes[0])


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("never_says: [sorry, sadly]", "never_says: [Sadly, sorry, SORRY]"),
        ("one_of: [a, b]", "one_of: [b, a]"),
        ("starts_with: [Hi, Dear]", "starts_with: [Dear, Hi]"),
        ("must_mention: [order, refund]", "must_mention: [refund, order]"),
        ("contains: [order, refund]", "contains: [refund, order]"),
    ],
)
def test_the_order_in_which_a_rule_lists_things_is_wording(diff: Any, was: str, now: str) -> None:
    found = diff((was, now), base=BASE.replace("never_says: [sorry, sadly]", was))

    assert [str(change) for change in found.changes] == ["patch: prompt is worded otherwise"]


def test_a_default_that_the_value_is_made_with_takes_nothing_from_callers(diff: Any) -> None:
    made = diff(("kind(enum): [fault, wish]", "kind: {type: [fault, wish], default: wish}"))
    plain = diff(
        ("required: [a]", "required: []"),
        base="---\noutput: {json_schema: {type: object, properties: {a: {type: string, default: x}}, required: [a]}}\n"
        "---\n{% user %}Go.{% enduser %}",
    )

    assert made.demands is Bump.MINOR
    assert plain.demands is Bump.MAJOR


def test_blanks_inside_the_delimiters_of_a_template_demand_nothing(diff: Any) -> None:
    found = diff(("{{ text }} {{ product }}", "{{text}} {{  product}}"), ("{% user %}", "{%user %}"))

    assert found.demands is Bump.NONE
