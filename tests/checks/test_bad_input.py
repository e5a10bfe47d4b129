"""Files that are broken or hostile: each is a finding with its place, and nothing in it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import promptkit as pk
from promptkit.checks import Finding
from promptkit.checks.attacks import attack
from promptkit.errors import PromptError
from promptkit.libraries import check_file

BODY = "{% user %}\nSort the note: {{ note }}\n{% enduser %}\n"


def found(folder: Path, data: bytes, name: str = "t.prompt.j2") -> tuple[Finding, ...]:
    path = folder / name
    path.write_bytes(data)
    return check_file(path).findings


@pytest.mark.parametrize(
    ("data", "rule", "line", "column", "told"),
    [
        (b"---\nclarity:\n\ttask: x\n---\n", "file", 3, 1, "tab"),
        (b"---\na: [\n---\n", "file", 3, None, ""),
        (b"---\na: &x [1]\nb: [*x, *x]\n---\n", "file", 2, None, ""),
        (b"---\nname: x\nname: y\n---\n", "file", 3, 1, "name"),
        (b"\xff\xfe-\x00", "file", 1, 1, "UTF-16"),
        (b"Sort \xe9 {{ note }}", "file", 1, 6, "not UTF-8"),
        (b"", "file", 1, None, "empty"),
        (b"a\x00b", "file", 1, 2, "NUL"),
        (b"x" * 5_000_000, "file", None, None, "5,000,000 bytes"),
        (b"{% user %}\n{{ ''.__class__.__mro__ }}\n{% enduser %}", "undefined-field", 2, 7, "__class__"),
        (b"{% user %}\n{{ note.__class__ }}\n{% enduser %}", "undefined-field", 2, 9, "__class__"),
        (b"{% user %}\n{{ note | attr('__class__') }}\n{% enduser %}", "unknown-filter", 2, None, "attr"),
        (b"{% user %}\n{{ cycler.__init__ }}\n{% enduser %}", "undefined-field", 2, 11, "__init__"),
        (b"{% extends 'base' %}\n{% user %}x{% enduser %}", "template", 1, None, "do not extend"),
        (b"{% user %}{% include '../secret' %}{% enduser %}", "include", 1, None, "without .."),
        (b"{% user %}{% include 't.prompt.j2' %}{% enduser %}", "include", 1, None, "loop"),
    ],
)
def test_a_broken_or_hostile_file_is_one_finding_with_its_place(
    tmp_path: Path, data: bytes, rule: str, line: int | None, column: int | None, told: str
) -> None:
    findings = [finding for finding in found(tmp_path, data) if finding.severity == "error"]

    assert findings, "nothing was found"
    assert findings[0].file == str(tmp_path / "t.prompt.j2")
    assert (findings[0].rule, findings[0].line) == (rule, line)
    assert column is None or findings[0].column == column
    assert told in findings[0].message


def test_windows_line_ends_and_a_byte_order_mark_leave_places_as_they_are(tmp_path: Path) -> None:
    text = f"---\ninput: {{schema: {{note: string}}}}\n---\n{BODY.replace('note }}', 'nota }}')}"

    (plain,) = found(tmp_path, text.encode())
    (windows,) = found(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    assert windows == plain
    assert (plain.line, plain.column, plain.rule) == (5, 19, "undefined-name")


def test_files_that_include_one_another_are_told_with_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text('{% include "b" %}')
    (tmp_path / "b.md").write_text('{% include "a" %}')

    (fault,) = found(tmp_path, b"{% user %}\nSort it. {% include 'a' %}\n{% enduser %}")

    assert fault.rule == "include"
    assert "loop" in fault.message


def test_a_link_out_of_the_library_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("secret")
    library = tmp_path / "library"
    library.mkdir()
    (library / "inside.md").symlink_to(tmp_path / "outside.md")
    (library / "t.prompt.j2").write_text('{% user %}\nSort it. {% include "inside" %}\n{% enduser %}')
    (library / "linked.prompt.j2").symlink_to(tmp_path / "outside.md")

    report = pk.library(library).check()

    assert {finding.rule for finding in report.faults} == {"include", "file"}
    assert all("leads out of the library" in finding.message for finding in report.faults)


def test_two_files_of_one_name_are_the_callers_error_before_anything_is_checked(tmp_path: Path) -> None:
    (tmp_path / "a.prompt.j2").write_text(BODY)
    (tmp_path / "a.prompt.yaml").write_text("template: |\n  x\n")

    with pytest.raises(PromptError, match="both named a"):
        pk.library(tmp_path).check()


def test_deep_nesting_is_a_finding_and_no_crash(tmp_path: Path) -> None:
    deep = b"{% user %}" + b"{% if note %}" * 300 + b"x" + b"{% endif %}" * 300 + b"{% enduser %}"

    assert {finding.rule for finding in found(tmp_path, deep) if finding.severity == "error"} <= {
        "template",
        "contract",
    }


@pytest.mark.parametrize(
    "body",
    [
        "x" * 900_000,
        "{{ note }} " * 3_000,
        "sk-" * 100_000,
        '"' * 300_001 + "{{ note }}",
        "the " * 200_000,
        "{% macro m(a) %}"
        + "".join(f"{{{{ m(a.f{n}) }}}}" for n in range(9))
        + "{% endmacro %}{{ m(note) }}",
        "{{ " + "+".join(["note"] * 400) + " }}",
        "{{ " + "-" * 400 + "1 }}",
        "{{ " + "[" * 150 + "]" * 150 + " }}",
        "{{ note" + " | upper" * 60 + " }}",
    ],
    ids=[
        "long word",
        "many expressions",
        "many starts",
        "quotes",
        "many words",
        "macros",
        "sum",
        "signs",
        "lists",
        "filters",
    ],
)
def test_a_file_that_is_made_to_take_long_is_checked_all_the_same(tmp_path: Path, body: str) -> None:
    findings = found(tmp_path, f"{{% user %}}\nSort it: {body}\n{{% enduser %}}".encode())

    assert all(finding.line is None or finding.line <= 3 for finding in findings)


def test_a_schema_that_refers_to_itself_many_times_is_walked_once(tmp_path: Path) -> None:
    fields = ", ".join(f"f{number}: {{$ref: '#/$defs/node'}}" for number in range(12))
    schema = f"{{type: object, properties: {{reason: {{type: string}}, {fields}}}}}"
    text = (
        f"---\ninput:\n  schema:\n    type: object\n    properties: {{node: {{$ref: '#/$defs/node'}}}}\n"
        f"    $defs: {{node: {schema}}}\noutput:\n  json_schema:\n    $ref: '#/$defs/node'\n    $defs: {{node: {schema}}}\n"
        "clarity: {task: Judge it., audience: Ada, done_when: x}\n---\n"
    )

    assert "length-unnamed" in {finding.rule for finding in found(tmp_path, text.encode())}
    assert attack(pk.load(tmp_path / "t.prompt.j2")).places >= 1


@pytest.mark.parametrize(
    "front",
    [
        "clarity:\n  task: |\n" + "    some words here\n" * 5_000,
        'clarity: {task: "' + "some words " * 10_000 + '"}\n',
        "clarity:\n  task: |\n" + "    Do not shout.\n" * 5_000,
        "clarity:\n  task: |\n" + "".join(f"    {{{{ note.f{n} }}}}\n" for n in range(500)),
    ],
    ids=["lines", "one line", "negations", "fields"],
)
def test_a_fault_that_is_repeated_thousands_of_times_is_looked_up_once(tmp_path: Path, front: str) -> None:
    findings = found(tmp_path, f"---\ninput: {{schema: {{note: string}}}}\n{front}---\n{BODY}".encode())

    assert findings
    assert len(findings) < 600


@pytest.mark.parametrize(
    ("front", "line"),
    [
        ("attempts: " + "9" * 900_000, 2),
        ("generation: {seed: " + "9" * 3_000 + "}", 2),
        ("input:\n  schema:\n" + "".join(f"    k{n}: string\n" for n in range(3_000)), 3_007),
    ],
    ids=["number", "seed", "names"],
)
def test_a_message_stays_readable_whatever_it_quotes(tmp_path: Path, front: str, line: int) -> None:
    (fault,) = [
        one for one in found(tmp_path, f"---\n{front}\n---\n{BODY}".encode()) if one.severity == "error"
    ]

    assert len(fault.message) <= 2_000
    assert (fault.line, fault.column is None) == (line, False)
