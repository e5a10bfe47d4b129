"""What checking finds in prompts and libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.checks import Fault, Report, check_file, check_library, check_prompt
from promptkit.errors import ConfigurationError, PromptError

HEAD = "---\nformat: promptkit/1\nname: triage\n"
BODY = "---\n{% user %}\n{{ text }}\n{% enduser %}\n"
WHOLE = "---\n{% examples %}\n{% user %}\n{{ constraints }}\n{{ text }}\n{% enduser %}\n"
SCHEMAS = (
    "input:\n  schema:\n    text: string\noutput:\n  schema:\n    mood(enum): [good, bad]\n    why:\n"
    "      type: string\n      max_words: 3\n      quoted_from: text\n"
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def faults(folder: Path, text: str) -> tuple[Fault, ...]:
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
        (f"{HEAD}{SCHEMAS}---\n{{% user %}}\n{{{{ txt }}}}\n{{% enduser %}}\n", "contract", 16, "text"),
        (f"{HEAD}---\n{{% user %}}\n{{{{ text }}\n{{% enduser %}}\n", "contract", 6, ""),
        (f"{HEAD}context:\n  - include: fragments/policy\n{BODY}", "contract", 5, "fragments/policy"),
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
        ("{input: {txt: a}, output: {mood: good, why: a}}", "contract", "did you mean text?"),
        ("{input: {text: a}, output: {mood: odd, why: a}}", "contract", "mood"),
        ("{input: {text: a}, output: {mood: good}}", "contract", "why"),
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

    assert (fault.file, fault.rule) == ("inline", "contract")


def test_a_fault_prints_as_place_message_and_rule() -> None:
    fault = Fault(file="a.prompt.j2", line=3, column=7, rule="file", message="It is odd.")
    without = Fault(file="a.prompt.j2", line=None, column=None, rule="file", message="It is odd.")

    assert str(fault) == "a.prompt.j2:3:7: It is odd. [file]"
    assert str(without) == "a.prompt.j2: It is odd. [file]"


def test_a_library_is_checked_whole_and_a_broken_fragment_counts_once(tmp_path: Path) -> None:
    write(tmp_path, "fragments/policy.md", "{{ broken")
    for name in ("one", "two"):
        write(
            tmp_path,
            f"{name}.prompt.j2",
            f"---\nformat: promptkit/1\ncontext:\n  - include: fragments/policy\n{BODY}",
        )
    write(tmp_path, "three.prompt.j2", "{% user %}\n{{ text }}\n{% enduser %}\n")

    report = check_library(pk.library(tmp_path))

    assert report.prompts == 3
    assert [(fault.file, fault.rule) for fault in report.faults] == [
        (str(tmp_path / "fragments" / "policy.md"), "contract")
    ]
    assert str(report) == "3 prompts, 1 fault, 0 tests passed"


def test_failed_tests_are_faults_and_are_counted(tmp_path: Path) -> None:
    tests = (
        "tests:\n  - {name: right, input: {text: a}, replies: [b], expect: {output: b}}\n"
        "  - {name: wrong, input: {text: a}, replies: [b], expect: {output: c}}\n"
    )
    write(tmp_path, "say.prompt.j2", f"---\nformat: promptkit/1\n{tests}{BODY}")

    report = check_library(pk.library(tmp_path), ["say"])

    assert [test.passed for test in report.tests] == [True, False]
    assert [(fault.rule, fault.line) for fault in report.faults] == [("test", 5)]
    assert str(report) == "1 prompt, 1 fault, 1 test passed, 1 failed"


def test_reports_add_up() -> None:
    fault = Fault(file="a", line=1, column=None, rule="file", message="x")
    one = Report(prompts=1, faults=(fault,))

    assert one + one == Report(prompts=2, faults=(fault,))


def test_an_unknown_name_is_the_callers_error_and_no_fault(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="there is no prompt nowhere"):
        check_library(pk.library(tmp_path), ["nowhere"])


def test_a_faulty_configuration_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "promptkit.toml", "libary = 'x'\n")
    write(tmp_path, "say.prompt.j2", "Hi")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError):
        check_library(pk.library(tmp_path))


def test_the_shipped_templates_are_sound_and_tested() -> None:
    report = check_library(pk.library(Path(__file__).parents[2] / "templates"))

    assert report.faults == ()
    assert report.prompts >= 8
    assert len(report.tests) >= report.prompts
