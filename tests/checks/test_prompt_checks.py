"""What checking finds in prompts and libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit import checks
from promptkit.checks import Finding, Report, Settings, check_prompt
from promptkit.errors import ConfigurationError, PromptError
from promptkit.libraries import check_file

HEAD = "---\nformat: promptkit/1\nname: triage\n"
BODY = "---\n{% user %}\nJudge it: {{ text }}\n{% enduser %}\n"
WHOLE = "---\n{% examples %}\n{% user %}\n{{ constraints }}\nJudge it: {{ text }}\n{% enduser %}\n"
SCHEMAS = (
    "input:\n  schema:\n    text: string\noutput:\n  schema:\n    mood(enum): [good, bad]\n    why:\n"
    "      type: string\n      max_words: 3\n      quoted_from: text\n"
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def faults(folder: Path, text: str) -> tuple[Finding, ...]:
    return check_file(write(folder, "triage.prompt.j2", text)).faults


def test_a_sound_prompt_has_none(tmp_path: Path) -> None:
    text = f"{HEAD}{SCHEMAS}examples:\n  - {{input: {{text: so fine}}, output: {{mood: good, why: fine}}}}\n{WHOLE}"

    assert faults(tmp_path, text) == ()
    assert check_prompt(pk.load(tmp_path / "triage.prompt.j2")) == ()


@pytest.mark.parametrize(
    ("text", "rule", "line", "told"),
    [
        (f"{HEAD}clarty:\n  role: x\n{BODY}", "file", 4, "clarity"),
        (f"{HEAD}a: [\n{BODY}", "file", None, ""),
        (f"{HEAD}{SCHEMAS}---\n{{% user %}}\n{{{{ txt }}}}\n{{% enduser %}}\n", "undefined-name", 16, "text"),
        (f"{HEAD}---\n{{% user %}}\n{{{{ text }}\n{{% enduser %}}\n", "template", 6, ""),
        (f"{HEAD}context:\n  - include: fragments/policy\n{BODY}", "include", 5, "fragments/policy"),
        (f"{HEAD}{SCHEMAS}constraints:\n  - {{field: wy, max_words: 3}}\n{BODY}", "file", 15, "why"),
        (f"{HEAD}output:\n  model: app.schemas:Triage\n{BODY}", "contract", None, "models ="),
    ],
)
def test_a_file_or_contract_that_does_not_hold_is_one_fault_with_its_line(
    tmp_path: Path, text: str, rule: str, line: int | None, told: str
) -> None:
    (fault,) = faults(tmp_path, text)

    assert fault.rule == rule
    assert fault.file == str(tmp_path / "triage.prompt.j2")
    assert line is None or fault.line == line
    assert told in fault.message


@pytest.mark.parametrize(
    ("example", "rule", "told"),
    [
        ("{input: {txt: a}, output: {mood: good, why: a}}", "example", "did you mean text?"),
        ("{input: {text: a}, output: {mood: odd, why: a}}", "example", "mood"),
        ("{input: {text: a}, output: {mood: good}}", "example", "why"),
        ("{input: {text: a}, output: {mood: good, why: b}}", "example", "example 2 breaks why.quoted_from"),
        ("{input: {text: a b c d}, output: {mood: good, why: a b c d}}", "example", "breaks why.max_words"),
    ],
)
def test_an_example_that_does_not_fit_is_a_fault_at_its_line(
    tmp_path: Path, example: str, rule: str, told: str
) -> None:
    first = "{input: {text: a}, output: {mood: good, why: a}}"

    found = faults(tmp_path, f"{HEAD}{SCHEMAS}examples:\n  - {first}\n  - {example}\n{WHOLE}")

    assert [(fault.rule, fault.line) for fault in found] == [(rule, 16)]
    assert told in found[0].message


def test_every_rule_that_an_example_breaks_is_a_fault_of_its_own(tmp_path: Path) -> None:
    text = (
        f"{HEAD}{SCHEMAS}examples:\n  - {{input: {{text: a}}, output: {{mood: good, why: b c d e}}}}\n{WHOLE}"
    )

    found = faults(tmp_path, text)

    assert len(found) == 2
    assert {fault.message.split(":")[0] for fault in found} == {
        "the output of example 1 breaks why.max_words",
        "the output of example 1 breaks why.quoted_from",
    }


def test_a_prompt_built_in_python_is_checked_by_its_name() -> None:
    prompt: pk.Prompt[Any] = pk.Prompt(
        name="inline", template="{% user %}\n{{ text\n{% enduser %}", clarity={"task": "Judge."}
    )

    (fault,) = check_prompt(prompt)

    assert (fault.file, fault.rule) == ("inline", "template")


def test_a_fault_prints_as_place_message_and_rule() -> None:
    fault = Finding(file="a.prompt.j2", line=3, column=7, rule="file", severity="error", message="It is odd.")
    without = Finding(file="a.prompt.j2", rule="unused-input", severity="warning", message="It is odd.")

    assert str(fault) == "a.prompt.j2:3:7: It is odd. [file]"
    assert str(without) == "a.prompt.j2: warning: It is odd. [unused-input]"


def test_a_library_is_checked_whole_and_a_broken_fragment_counts_once(tmp_path: Path) -> None:
    write(tmp_path, "fragments/policy.md", "{{ broken")
    for name in ("one", "two"):
        write(
            tmp_path,
            f"{name}.prompt.j2",
            f"---\nformat: promptkit/1\ncontext:\n  - include: fragments/policy\n{BODY}",
        )
    write(tmp_path, "three.prompt.j2", "{% user %}\nJudge it: {{ text }}\n{% enduser %}\n")

    report = pk.library(tmp_path).check()

    assert report.prompts == 3
    assert [(fault.file, fault.rule) for fault in report.faults] == [
        (str(tmp_path / "fragments" / "policy.md"), "template")
    ]
    assert str(report) == "3 prompts, 1 fault, 0 tests passed"


def test_failed_tests_are_faults_and_are_counted(tmp_path: Path) -> None:
    tests = (
        "tests:\n  - {name: right, input: {text: a}, replies: [b], expect: {output: b}}\n"
        "  - {name: wrong, input: {text: a}, replies: [b], expect: {output: c}}\n"
    )
    write(tmp_path, "say.prompt.j2", f"---\nformat: promptkit/1\n{tests}{BODY}")

    report = pk.library(tmp_path).check(["say"])

    assert [test.passed for test in report.tests] == [True, False]
    assert [(fault.rule, fault.line) for fault in report.faults] == [("test", 5)]
    assert str(report) == "1 prompt, 1 fault, 1 test passed, 1 failed"


def test_reports_add_up() -> None:
    fault = Finding(file="a", line=1, rule="file", severity="error", message="x")
    one = Report(prompts=1, findings=(fault,))

    assert one + one == Report(prompts=2, findings=(fault,))


def test_an_unknown_name_is_the_callers_error_and_no_fault(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="there is no prompt nowhere"):
        pk.library(tmp_path).check(["nowhere"])


def test_a_faulty_configuration_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "promptkit.toml", "libary = 'x'\n")
    write(tmp_path, "say.prompt.j2", "Hi")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError):
        pk.library(tmp_path).check()


def test_the_shipped_templates_are_sound_and_tested() -> None:
    report = pk.library(Path(__file__).parents[2] / "templates").check()

    assert report.findings == ()
    assert report.prompts >= 8
    assert len(report.tests) >= report.prompts


UNUSED = f"{HEAD}%sinput:\n  schema:\n    text: string\n    more: string\n{BODY}"


@pytest.mark.parametrize(
    ("own", "configured", "severity"),
    [
        ("", {}, "warning"),
        ("check: {unused-input: error}\n", {}, "error"),
        ("check: {unused-input: off}\n", {}, None),
        ("", {"unused-input": "error"}, "error"),
        ("", {"unused-input": "off"}, None),
        ("check: {unused-input: warning}\n", {"unused-input": "off"}, "warning"),
    ],
)
def test_a_rule_is_what_the_file_says_else_what_the_configuration_says(
    tmp_path: Path, own: str, configured: dict[str, Any], severity: str | None
) -> None:
    prompt = pk.load(write(tmp_path, "triage.prompt.j2", UNUSED.replace("%s", own)))

    found = check_prompt(prompt, Settings(configured))

    assert [finding.severity for finding in found] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("section", "column", "told"),
    [
        ("check: {unused-inputs: off}", 9, "no rule (did you mean unused-input?)"),
        ("check: {undefined-name: off}", 9, "cannot be set"),
        ("check: {unused-input: of}", 23, "(did you mean off?)"),
        ("check: off", 8, "must be a mapping"),
    ],
)
def test_a_wrong_setting_is_a_fault_of_the_file(tmp_path: Path, section: str, column: int, told: str) -> None:
    (fault,) = faults(tmp_path, UNUSED.replace("%s", f"{section}\n"))

    assert (fault.rule, fault.line, fault.column) == ("file", 4, column)
    assert told in fault.message


def test_the_configuration_sets_rules_for_the_whole_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "promptkit.toml", '[check]\nunused-input = "error"\n')
    path = write(tmp_path, "triage.prompt.j2", UNUSED.replace("%s", ""))
    monkeypatch.chdir(tmp_path)

    assert [finding.severity for finding in check_file(path).findings] == ["error"]


def test_a_test_that_fails_can_be_set_too(tmp_path: Path) -> None:
    tests = "tests:\n  - {name: wrong, input: {text: a}, replies: [b], expect: {output: c}}\n"
    path = write(
        tmp_path, "say.prompt.j2", f"---\nformat: promptkit/1\n{tests}check: {{test: warning}}\n{BODY}"
    )

    report = check_file(path)

    assert [(finding.rule, finding.severity) for finding in report.findings] == [("test", "warning")]
    assert str(report) == "1 prompt, 0 faults, 1 warning, 0 tests passed, 1 failed"


def test_an_input_that_only_a_rule_reads_is_used(tmp_path: Path) -> None:
    rules = (
        "input:\n  schema: {text: string, labels(array): string, most: integer}\noutput:\n  schema:\n"
        "    label: {type: string, one_of_input: labels}\nconstraints:\n"
        "  - {id: size, expr: 'len(output.label) < inputs.most'}\n"
    )
    body = "---\n{% user %}\n{{ constraints }}\nJudge it: {{ text }}\n{% enduser %}\n"

    assert [finding.rule for finding in faults(tmp_path, f"{HEAD}{rules}{body}")] == []


def test_an_example_that_breaks_a_schema_counts_even_when_the_rule_is_off(tmp_path: Path) -> None:
    example = "examples:\n  - {input: {txt: a}, output: {mood: good, why: a}}\ncheck: {example: off}\n"

    assert [fault.rule for fault in faults(tmp_path, f"{HEAD}{SCHEMAS}{example}{WHOLE}")] == ["example"]


def test_labels_for_what_the_model_does_not_have_are_a_fault_of_the_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        tmp_path,
        "say.prompt.j2",
        "---\ninput:\n  model: promptkit.findings:Finding\n  trust: {nobody: trusted}\n---\n",
    )
    write(tmp_path, "promptkit.toml", 'models = ["promptkit.findings"]\n')
    monkeypatch.chdir(tmp_path)

    (fault,) = check_file(path).findings

    assert fault.rule == "contract"
    assert "nobody" in fault.message


def test_the_room_names_what_it_has() -> None:
    assert set(checks.__all__) <= set(dir(checks))
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        checks.chekc  # noqa: B018
