"""promptkit diff, release and review."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest


@pytest.fixture
def project(cli: Any) -> Any:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(cli.folder), *who, *arguments], check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "x", "--no-verify")
    return cli


def change(cli: Any, old: str, new: str) -> None:
    path = cli.library / "note.prompt.j2"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_diff_shows_contract_messages_and_text(project: Any) -> None:
    project("freeze", "note")
    change(project, "[task, idea]", "[task, idea, other]")
    change(project, "{{ text }}|", "Text: {{ text }}|")

    done = project("diff", "note")

    assert done.code == 0
    assert done.out.startswith(
        'note@1.2.0 -> note\n\nwhat callers and answers notice\n  major: output kind takes "other" as well\n'
    )
    assert "\nmessages of made-up inputs\n" in done.out
    assert "\ntext\n  --- note@1.2.0\n  +++ note\n" in done.out
    assert done.out.endswith("\ndemands major: 2.0.0 or higher after 1.2.0\n")


def test_a_diff_says_whether_the_version_is_enough(project: Any) -> None:
    project("freeze", "note")
    change(project, "[task, idea]", "[task, idea, other]")
    change(project, "version: 1.2.0", "version: 1.3.0")
    assert project("diff", "note").out.endswith("or higher after 1.2.0; 1.3.0 is too small\n")
    change(project, "version: 1.3.0", "version: 2.0.0")
    assert project("diff", "note").out.endswith("or higher after 1.2.0; it is 2.0.0\n")


def test_a_diff_takes_two_sides_of_any_kind_and_prints_json(project: Any) -> None:
    change(project, "count?: integer", "count: integer")

    data = json.loads(project("diff", "HEAD:note", "templates/note.prompt.j2", "--json").out)

    assert data["demands"] == "major"
    assert data["changes"][0] == {
        "section": "input",
        "path": "count",
        "text": "may no longer be left out",
        "demands": "major",
    }


def test_a_diff_of_prompts_without_versions_or_changes(project: Any) -> None:
    assert project("diff", "echo", "HEAD:echo").out == "echo -> HEAD:echo\n\ndemands no new version\n"
    project.write("templates/echo.prompt.j2", "{% user %}{{ text }}{% enduser %}")
    assert project("diff", "HEAD:echo", "echo").out.endswith("\ndemands patch\n")
    assert project("diff", "HEAD:echo").out == project("diff", "HEAD:echo", "echo").out


def test_a_diff_needs_something_to_compare_with(project: Any) -> None:
    done = project("diff", "note")

    assert done.code == 2
    assert "promptkit diff HEAD:note note" in done.err


def test_a_release_writes_the_version_and_freezes_it(project: Any) -> None:
    project("freeze", "note")
    change(project, "[task, idea]", "[task]")

    done = project("release", "note", "--freeze")

    assert done.code == 0
    assert done.out.splitlines() == [
        'minor: output kind no longer takes "idea"',
        "patch: prompt is worded otherwise",
        "templates/note.prompt.j2: wrote version 1.3.0 after 1.2.0",
        "wrote templates/versions/note@1.3.0.prompt.j2",
    ]
    again = project("release", "note", "--freeze")
    assert "the file names version 1.3.0 after 1.3.0" in again.out
    assert "frozen already: templates/versions/note@1.3.0.prompt.j2" in again.out


def test_a_release_that_is_too_small_is_refused(project: Any) -> None:
    project("freeze", "note")
    change(project, "[task, idea]", "[task, idea, other]")

    done = project("release", "note", "--version", "minor")

    assert done.code == 2
    assert "note cannot be 1.3.0 after 1.2.0: what changed demands 2.0.0 or higher (major)" in done.err


def test_a_release_since_a_revision_says_what_to_compare_with(project: Any) -> None:
    change(project, "[task, idea]", "[task, idea, other]")

    done = project("release", "note", "--base", "HEAD", "--version", "minor")

    assert done.code == 2
    assert done.err.endswith("promptkit diff HEAD:note shows all of it\n")
    assert project("diff", "HEAD:note").code == 0


def test_a_diff_of_a_named_version_is_with_the_working_copy(project: Any) -> None:
    project("freeze", "note")
    change(project, "version: 1.2.0", "version: 1.3.0")
    project("freeze", "note")
    change(project, "[task, idea]", "[task, idea, other]")

    old, newest = project("diff", "note@1.2.0"), project("diff", "note@^1.2")

    assert old.out.startswith("note@1.2.0 -> note\n")
    assert newest.out.startswith("note@1.3.0 -> note\n")
    assert old.code == newest.code == 0


def test_a_review_says_where_a_faulty_prompt_is_faulty(project: Any) -> None:
    project.write("templates/broken.prompt.j2", "---\na: [\n---\n")

    done = project("review", "--base", "HEAD")

    assert done.code == 1
    assert done.out.startswith(
        "broken: does not hold together: broken.prompt.j2:3:1: The YAML ends here inside"
    )


def test_a_first_release_names_no_version_before(project: Any) -> None:
    assert project("release", "echo").out == "templates/echo.prompt.j2: wrote version 1.0.0\n"


def test_a_review_fails_while_a_version_is_too_small(project: Any) -> None:
    assert project("review", "--base", "HEAD").out == "no prompt changed since HEAD\n"
    change(project, "[task, idea]", "[task, idea, other]")
    project.write("templates/new.prompt.j2", "{% user %}x{% enduser %}")

    done = project("review", "--base", "HEAD")

    assert done.code == 1
    assert done.out.splitlines()[:3] == [
        "new: is new",
        "note: is still 1.2.0, and what changed demands 2.0.0 or higher (major)",
        '  major: output kind takes "other" as well',
    ]
    change(project, "version: 1.2.0", "version: 2.0.0")
    passed = project("review", "--base", "HEAD")
    assert (passed.code, passed.out.splitlines()[1]) == (0, "note: 1.2.0 -> 2.0.0, demands major")


def test_a_review_for_github_is_one_comment_that_nothing_in_it_breaks(project: Any) -> None:
    change(project, "{{ text }}|", "```\n</details>\n{{ text }}|")

    done = project("review", "--base", "HEAD", "--format", "github")

    lines = done.out.splitlines()
    assert lines[0] == "### Prompts: 1 changed since `HEAD`"
    assert (
        lines[4]
        == "| ❌ | `note` | 1.2.0 | patch | is still 1.2.0, and what changed demands 1.2.1 or higher (patch) |"
    )
    assert lines.count("````diff") == lines.count("````") == 2
    assert done.out.endswith("\n</details>\n")
    data = json.loads(project("review", "--base", "HEAD", "--json").out)
    assert (data[0]["name"], data[0]["diff"]["demands"]) == ("note", "patch")


def test_a_review_without_changes_is_a_comment_too(project: Any) -> None:
    assert "No prompt changed since `HEAD`." in project("review", "--base", "HEAD", "--format", "github").out


def test_a_review_that_is_too_long_for_a_comment_ends_early(project: Any) -> None:
    long = "\n".join(f"{{% user %}}{'x' * 900} {number}{{% enduser %}}" for number in range(80))
    project.write("templates/echo.prompt.j2", long)
    change(project, "{{ text }}|", "Text: {{ text }}|")

    done = project("review", "--base", "HEAD", "--format", "github")

    assert len(done.out) < 65_000
    assert "The rest is too long for a comment: `promptkit review --base HEAD` shows it." in done.out


def test_a_prompt_whose_version_alone_rose_needs_none(project: Any) -> None:
    change(project, "version: 1.2.0", "version: 1.2.1")

    assert project("review", "--base", "HEAD").out == "note: no new version needed\n"


def test_unversioned_prompts_and_removed_ones_are_listed(project: Any) -> None:
    project.write("templates/echo.prompt.j2", "{% user %}{{ text }}{% enduser %}")
    (project.library / "note.prompt.j2").unlink()

    done = project("review", "--base", "HEAD")

    assert [line for line in done.out.splitlines() if line[0] != " "] == [
        "echo: no version, demands patch",
        "note: is removed",
    ]
    assert (
        "| ✅ | `note` |  |  | is removed |" in project("review", "--base", "HEAD", "--format", "github").out
    )


def test_a_wording_is_printed_to_be_translated(cli: Any) -> None:
    done = cli("wording", "de")

    assert done.code == 0
    assert '[section]\n"audience" = "Zielgruppe:"\n' in done.out
    assert "There is no" not in done.err
    assert cli("wording", "xx").code == 2


@pytest.mark.parametrize(("options", "has_template"), [((), True), (("--front-matter",), False)])
def test_the_schema_of_files_is_printed_for_editors(
    cli: Any, options: tuple[str, ...], has_template: bool
) -> None:
    data = json.loads(cli("schema", *options).out)

    assert ("template" in data["properties"]) is has_template


def test_the_schema_names_the_rules_that_the_configuration_names(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys, "path", [*sys.path])
    cli.write("schema_rules.py", "class Rhymes:\n    kind = 'rhymes'\n")
    cli.write("promptkit.toml", 'rules = ["schema_rules:Rhymes"]\n')

    rules = json.loads(cli("schema").out)["$defs"]["listedRule"]["properties"]

    assert "rhymes" in rules
    assert "max_words" in rules
