"""Reports as text, data, annotations and SARIF."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft4Validator

from promptkit.checks import Report
from promptkit.checks.formats import github_lines, report_data, sarif_log, text_lines
from promptkit.findings import Finding

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-2.1.0.json").read_text())
ROOT = Path("/repo")
FAULT = Finding(
    file="/repo/prompts/a b.prompt.j2",
    line=2,
    column=4,
    width=5,
    rule="undefined-name",
    severity="error",
    message="nothing: 100 %\nat all, really",
)
WARNING = Finding(file="fragments.md", rule="unused-input", severity="warning", message="It is odd.")


def test_text_shows_the_line_and_marks_the_word(tmp_path: Path) -> None:
    file = tmp_path / "a.prompt.j2"
    file.write_text("{% user %}\n{{ conut }}\t{{ x }}\n")
    found = Finding(
        file=str(file), line=2, column=4, width=5, rule="undefined-name", severity="error", message="no conut"
    )

    assert list(text_lines([found, WARNING])) == [
        f"{file}:2:4: no conut [undefined-name]",
        "  2 | {{ conut }} {{ x }}",
        "    |    ^^^^^",
        "fragments.md: warning: It is odd. [unused-input]",
    ]


def test_text_shows_the_part_of_a_long_line_around_the_word(tmp_path: Path) -> None:
    file = tmp_path / "a.prompt.j2"
    file.write_text("x" * 300 + "{{ conut }}" + "y" * 300)
    found = Finding(
        file=str(file),
        line=1,
        column=304,
        width=5,
        rule="undefined-name",
        severity="error",
        message="no conut",
    )

    _, line, mark = text_lines([found])

    assert len(line) <= 110
    assert line[mark.index("^") : mark.rindex("^") + 1] == "conut"


def test_text_of_a_file_that_cannot_be_read_is_the_finding_alone() -> None:
    assert list(text_lines([FAULT])) == [str(FAULT)]


def test_annotations_escape_what_ends_them_and_are_relative() -> None:
    fault, warning = github_lines([FAULT, WARNING], ROOT)

    place = "file=prompts/a b.prompt.j2,title=promptkit%3A undefined-name,line=2,col=4,endColumn=9"
    assert fault == f"::error {place}::nothing: 100 %25%0Aat all, really"
    assert warning == "::warning file=fragments.md,title=promptkit%3A unused-input::It is odd."


def test_data_holds_all_that_a_finding_says() -> None:
    data = report_data(Report(prompts=3, findings=(FAULT, WARNING)))

    assert json.loads(json.dumps(data)) == {
        "prompts": 3,
        "findings": [
            {
                "file": "/repo/prompts/a b.prompt.j2",
                "line": 2,
                "column": 4,
                "width": 5,
                "rule": "undefined-name",
                "severity": "error",
                "message": "nothing: 100 %\nat all, really",
            },
            {
                "file": "fragments.md",
                "line": None,
                "column": None,
                "width": 1,
                "rule": "unused-input",
                "severity": "warning",
                "message": "It is odd.",
            },
        ],
        "tests": [],
    }


def test_a_sarif_log_holds_the_published_schema() -> None:
    log = sarif_log([FAULT, WARNING], ROOT, version="1.2.3")

    Draft4Validator(SCHEMA).validate(log)
    Draft4Validator(SCHEMA).validate(sarif_log([], ROOT, version="1.2.3"))
    (run,) = log["runs"]
    first, second = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "prompts/a%20b.prompt.j2"},
        "region": {"startLine": 2, "startColumn": 4, "endColumn": 9},
    }
    assert [rules[result["ruleIndex"]]["id"] for result in (first, second)] == [
        "undefined-name",
        "unused-input",
    ]
    assert [result["level"] for result in (first, second)] == ["error", "warning"]


def test_a_file_outside_of_the_repository_is_a_uri_of_its_own() -> None:
    log = sarif_log([FAULT], Path("/elsewhere"), version="1.2.3")

    Draft4Validator(SCHEMA).validate(log)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "file:///repo/prompts/a%20b.prompt.j2"}


def test_text_names_files_as_seen_from_a_folder() -> None:
    (line,) = text_lines([FAULT], Path("/repo"))

    assert line.startswith("prompts/a b.prompt.j2:2:4: ")


def test_a_broken_sarif_log_breaks_the_schema() -> None:
    log = sarif_log([FAULT], ROOT, version="1.2.3")
    log["runs"][0]["results"][0]["level"] = "fatal"

    assert not Draft4Validator(SCHEMA).is_valid(log)


def test_a_finding_is_known_again_when_its_line_moves() -> None:
    moved = Finding(file=FAULT.file, line=9, rule=FAULT.rule, severity="error", message=FAULT.message)

    before, after = (
        sarif_log([finding], ROOT, version="1")["runs"][0]["results"][0]["partialFingerprints"]
        for finding in (FAULT, moved)
    )

    assert before == after
