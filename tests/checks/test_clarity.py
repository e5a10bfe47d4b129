"""The clarity rules against labelled prompt files: half of them to work on, half kept apart."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from promptkit.authoring import read_text
from promptkit.checks.clarity import clarity_problems
from promptkit.checks.clarity.prose import names_length
from promptkit.checks.clarity.texts import instructions_of, sentences
from promptkit.findings import RULES
from promptkit.libraries import check_file
from promptkit.prompts import Prompt

sys.path.insert(0, str(Path(__file__).parent))
from clarity_cases import cases, score

CLARITY = {rule for rule in RULES if "-" in rule} & {
    "audience-missing",
    "bare-negation",
    "context-absent",
    "context-unmentioned",
    "done-when-missing",
    "format-repeated",
    "length-unnamed",
    "task-missing",
    "task-several",
    "tone-unnamed",
    "vague-word",
}


@pytest.mark.parametrize("half", ["tuning", "kept"])
def test_nine_of_ten_findings_are_right_on_either_half(half: str) -> None:
    found = score(half)

    assert found.precision >= 0.9, found.wrong
    assert found.recall >= 0.8, found.missed


@pytest.mark.parametrize(("half", "good", "faulty"), [("tuning", 133, 101), ("kept", 75, 68)])
def test_each_half_has_all_its_files_and_a_label_for_every_rule(half: str, good: int, faulty: int) -> None:
    each = list(cases(half))

    assert sum(not case.breaks for case in each) == good
    assert sum(bool(case.breaks) for case in each) == faulty
    assert set().union(*(case.breaks for case in each)) == CLARITY


def test_the_files_are_sound_but_for_what_their_labels_say(tmp_path: Path) -> None:
    for number, case in enumerate(cases("tuning")):
        path = tmp_path / f"c{number}.prompt.j2"
        path.write_text(case.text)

        others = [item for item in check_file(path).findings if item.rule not in CLARITY]

        assert [item for item in others if item.severity == "error"] == [], case.title


def found(text: str) -> dict[str, str]:
    prompt = Prompt.declared(read_text(text, file="t.prompt.j2"))
    return {problem.rule: problem.message for problem in clarity_problems(prompt)}


CLARITY_OF = "---\ninput: {{schema: {{text: string}}}}\nclarity:\n{0}\n---\n"


def of_clarity(lines: str) -> dict[str, str]:
    return found(CLARITY_OF.format("\n".join(f"  {line}" for line in lines.split("\n"))))


@pytest.mark.parametrize(
    ("task", "several"),
    [
        ("Summarise the text; translate it into German", True),
        ("Classify the text, then draft a reply", True),
        ("Decide on a category, then draft a reply", False),
        ("Find the errors and correct them", False),
        ("Write one sentence. Write nothing else", False),
        ("Review the text. Answer as JSON", False),
    ],
)
def test_a_task_is_several_when_two_things_are_made(task: str, several: bool) -> None:
    assert ("task-several" in of_clarity(f'task: "{task}."')) is several


@pytest.mark.parametrize(
    ("step", "vague"),
    [
        ("Name some dates.", "some"),
        ("Name several (three to five) dates.", None),
        ("Name the dates that the text calls 'appropriate'.", None),
        ("Sort it as Some Good News does.", None),
        ("Someone wrote it; name them.", None),
        ("Use a tone that is good-natured.", None),
        ("Add dates where necessary.", "where necessary"),
        ("If several dates apply, take the first.", None),
        ("Keep proper nouns.", None),
        ("Mark it as good or bad.", None),
        ("Write as many lines as it has.", None),
    ],
)
def test_vague_words_are_found_where_they_mean_what_they_say(step: str, vague: str | None) -> None:
    told = of_clarity(f'task: Sort it.\nsteps:\n  - "{step}"').get("vague-word", "")

    assert told.startswith(f'"{vague}" can be taken') if vague else not told


@pytest.mark.parametrize(
    ("step", "bare"),
    [
        ("Never guess.", True),
        ("You must not guess.", True),
        ("Please avoid slang.", True),
        ("Never guess, but ask.", False),
        ("Never guess, use null.", False),
        ("Write null; never guess.", False),
        ("The text is not changed.", False),
        ("Do not guess. Do not ask.", True),
        ("Do not translate names.", False),
        ("Never write more than three lines.", False),
        ("Never forget to ask.", False),
    ],
)
def test_a_negation_needs_what_to_do_beside_it(step: str, bare: bool) -> None:
    assert ("bare-negation" in of_clarity(f'task: Sort it.\nsteps:\n  - "{step}"')) is bare


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("in at most 80 words", True),
        ("two to four sentences", True),
        ("a 20-line summary", True),
        ("in one short paragraph", True),
        ("as long as the original", True),
        ("at its length", True),
        ("höchstens 50 Wörtern", True),
        ("in _ words", True),
        ("in three crisp, friendly sentences", True),
        ("in a sentence", True),
        ("at most 20 % longer than the source", True),
        ("one of the steps", False),
        ("a short text", False),
        ("version 3 of the text", False),
    ],
)
def test_a_length_is_a_number_of_something(text: str, named: bool) -> None:
    assert names_length(text) is named


def test_a_vague_length_is_told_as_such_and_found_in_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.prompt.j2"
    path.write_text(
        CLARITY_OF.format(
            "  role: A dry editor.\n  task: Write a brief note.\n  audience: Ada.\n  done_when: x"
        )
    )

    (finding,) = check_file(path).findings

    assert (finding.rule, finding.line, finding.column, finding.width) == ("length-unnamed", 5, 17, 5)
    assert '"brief" is no number' in finding.message


def test_examples_show_length_and_tone() -> None:
    text = (
        "---\ninput: {schema: {text: string}}\nclarity: {task: Draft a reply., audience: The sender., done_when: x}\n"
        "examples: [{input: {text: a}, output: Dear Ann}]\n---\n"
    )

    assert found(text) == {}


def test_fields_of_prose_are_looked_for_at_any_depth() -> None:
    text = (
        "---\ninput: {schema: {text: string}}\nclarity: {role: A dry clerk., task: Judge it., audience: Ann., "
        "done_when: x}\noutput:\n  schema:\n    found(array):\n      reason: string\n      title: string\n"
        "      more?(object):\n        comment: {type: string, max_words: 30}\n---\n"
    )

    assert "`found[].reason`" in found(text)["length-unnamed"]


def test_a_prompt_of_two_sentences_is_not_asked_for_more() -> None:
    assert found("{% user %}\nShorten the note. Keep the names.\n{{ note }}\n{% enduser %}") == {}


def test_instructions_are_the_words_without_jinja_at_their_lines() -> None:
    text = (
        "---\nclarity:\n  task: Sort {{ x }} {% if y %}well{% endif %}.\n---\n{% user %}\nOne. Two; three\n\n"
        "{{ x }} {{ y }}\n\n{% raw %}{{ no }}{% endraw %}\nFour {# no #} five.\n{{ clarity }}\n{% enduser %}\n"
    )

    found = instructions_of(read_text(text, file="t.prompt.j2"))

    assert [(item.part, item.line) for item in found] == [("task", 3), ("body", 6), ("body", 11)]
    assert found[0].text == "Sort  _   well ."
    assert sentences(found[1].text) == ["One.", "Two", "three"]
    assert "no" not in found[2].text


BODY_OF = "{{% system %}}\n{0}\n{{% endsystem %}}\n{{% user %}}\n{{{{ text }}}}\n{{% enduser %}}\n"


def of_body(text: str) -> set[str]:
    return set(found(BODY_OF.format(text)))


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("Write it for administrators.", True),
        ("Address hobby gardeners.", True),
        ("The heads of department must read it today.", True),
        ("It is a record for a property database.", True),
        ("Sort the orders for errors.", False),
    ],
)
def test_a_task_names_its_readers_by_what_they_do(sentence: str, named: bool) -> None:
    told = of_clarity(f"role: A dry editor.\ntask: Explain the text in 20 words. {sentence}\ndone_when: x")

    assert ("audience-missing" not in told) is named


def test_who_reads_is_not_looked_for_in_a_body_alone() -> None:
    assert of_body("Explain the text. Use 20 words. Begin with a verb.") == set()


def test_a_reason_is_read_by_whoever_checks_the_rest() -> None:
    text = (
        "---\ninput: {{schema: {{text: string}}}}\nclarity: {{task: Judge it., done_when: x}}\n"
        "output: {{schema: {{paid: boolean, {0}: {{type: string, max_words: 20}}}}}}\n---\n"
    )

    assert "audience-missing" not in found(text.format("reason"))
    assert "audience-missing" in found(text.format("reply"))


@pytest.mark.parametrize(
    ("body", "bare"),
    [
        ("- Explain the text.\n- Never mention prices.", True),
        ("- Explain the text.\n- Never mention prices; name the shop.", False),
        ("1. Explain the text.\n2. Don't guess.\n3. Use verbs.", True),
        ("Use only the text. Do not guess.", False),
        ("Explain the text. Do not guess; treat it as the whole truth.", False),
        ("Explain the text. Do not guess. If it is silent, say so.", False),
        ("Explain the text. Do not guess. It is from 1921.", True),
    ],
)
def test_an_item_of_a_list_says_itself_what_to_do_in_place_of_what_it_forbids(body: str, bare: bool) -> None:
    assert ("bare-negation" in of_body(body)) is bare


@pytest.mark.parametrize(
    ("sentence", "vague"),
    [("Add some dates.", True), ("- Include interesting dates", True), ("Some dates are given.", False)],
)
def test_vague_words_of_a_body_count_in_what_it_asks_for(sentence: str, vague: bool) -> None:
    assert ("vague-word" in of_body(f"Explain the text.\n{sentence}")) is vague


@pytest.mark.parametrize(
    "body",
    [
        "Write one SQL query that answers the text. Name each table. Begin with a comment.",
        "Write a regular expression for the text. Anchor it. Use PCRE.",
        "Classify the text as spam or ham. Spam asks for money. Reply with only the label.",
        "Return one of: spam, ham. Spam asks for money. Ham is the rest.",
    ],
)
def test_code_and_labels_have_no_reader_and_no_length_to_name(body: str) -> None:
    assert of_body(body) == set()


@pytest.mark.parametrize(
    ("task", "output", "missed"),
    [
        ("Translate the text.", "text", False),
        ("Rewrite the text.", "text", True),
        ("Copy the lines.", "{schema: {lines(array): {text: string}}}", False),
        ("Write the lines.", "{schema: {lines(array): {text: string}}}", True),
        ("Copy the lines.", "{schema: {lines(array): {reason: string}}}", True),
        ("Judge the text.", "{schema: {claims(array): {text: string}}}", False),
        ("Judge the text.", "{schema: {comment: string}}", True),
    ],
)
def test_what_is_copied_or_as_long_as_its_source_has_a_length(task: str, output: str, missed: bool) -> None:
    text = (
        f"---\ninput: {{schema: {{text: string}}}}\nclarity: {{role: A dry clerk., task: {task}, audience: Ann., "
        f"done_when: x}}\noutput: {output}\n---\n"
    )

    assert ("length-unnamed" in found(text)) is missed


def test_of_a_prompt_without_a_task_only_that_is_told() -> None:
    assert of_body(
        "You are Leo, a trainer. You have coached for years. You love food. Your tone is kind."
    ) == {"task-missing"}


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("The order is given as JSON.", False),
        ("The order stands in <order> tags.", False),
        ("Answer as JSON.", True),
        ("Put the answer in <answer> tags.", True),
    ],
)
def test_the_format_of_an_input_is_not_that_of_the_answer(sentence: str, told: bool) -> None:
    text = (
        "---\noutput: {schema: {kind(enum): [a, b]}}\n---\n{% system %}\nSort the order. "
        f"{sentence}\n{{{{ output_format }}}}\n{{% endsystem %}}\n{{% user %}}\n{{{{ order }}}}\n{{% enduser %}}\n"
    )

    assert ("format-repeated" in found(text)) is told


@pytest.mark.parametrize(
    ("step", "absent"),
    [
        ("Check the coverage table below.", True),
        ("Use the following three labels: spam, ham, eggs.", False),
        ("Answer in the following order: date, name.", False),
        ("Work through the steps above.", False),
        ("Follow the postal rules of the country.", False),
        ("Copy the date from the document.", False),
        ("Decide by our guidelines.", True),
    ],
)
def test_a_reference_leads_to_what_the_prompt_holds(step: str, absent: bool) -> None:
    text = (
        "---\ninput: {schema: {claim: string}}\nclarity:\n  task: Judge it.\n  audience: Ann.\n"
        f'  steps:\n    - "{step}"\n  done_when: covered is set.\noutput: {{schema: {{covered: boolean}}}}\n---\n'
    )

    assert ("context-absent" in found(text)) is absent


TWO_BLOCKS = (
    "---\ninput: {{schema: {{left: string, right: string}}}}\nclarity: {{task: Compare both., audience: A queue., "
    "done_when: same is set.}}\ncontext: [{{from: left}}, {{from: right}}]\noutput: {{schema: {{same: boolean}}}}\n---\n"
    "{{% user %}}\n{{{{ clarity }}}}\n{0}\n{{{{ context.left }}}}\n{1}\n{{{{ context.right }}}}\n{{% enduser %}}\n"
)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("First record:", "## Second record", False),
        ("<a>", "<b>", True),
        ("First record:", "", True),
    ],
)
def test_a_label_above_a_block_says_what_it_is_for(first: str, second: str, told: bool) -> None:
    assert ("context-unmentioned" in found(TWO_BLOCKS.format(first, second))) is told


def test_a_word_that_the_role_shares_with_a_block_is_no_reason_for_it() -> None:
    text = (
        "---\ninput: {schema: {claim: string}}\nclarity: {role: A tax officer., task: Judge the claim., audience: A queue., "
        "done_when: paid is set.}\ncontext: [{id: hours, text: The office opens at 8.}, {from: claim}]\n"
        "output: {schema: {paid: boolean}}\n---\n"
    )

    assert "context-unmentioned" in found(text)
