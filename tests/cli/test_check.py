"""promptkit check."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from promptkit.errors import ModelLoadError

TESTED = """\
---
format: promptkit/1
name: tested
output:
  schema:
    mood(enum): [good, bad]
tests:
  - name: it is good
    input: {text: fine}
    replies: [{mood: good}]
    expect: {output: {mood: %s}}
---
{%% user %%}
Judge it: {{ text }}
{%% enduser %%}
"""


def test_a_sound_library_has_no_faults(cli: Any) -> None:
    cli.write("templates/tested.prompt.j2", TESTED % "good")

    done = cli("check")

    assert (done.code, done.out, done.err) == (0, "3 prompts, 0 faults, 1 test passed\n", "")


def test_each_fault_is_one_line_with_its_place_and_rule(cli: Any) -> None:
    cli.write("templates/tested.prompt.j2", TESTED % "bad")
    cli.write("templates/bad.prompt.j2", "---\nformat: promptkit/1\nclarty:\n  role: x\n---\n")

    done = cli("check")

    first, line, mark, second, summary = done.out.splitlines()
    assert done.code == 1
    assert (line, mark) == ("  3 | clarty:", "    | ^")
    assert first.startswith("templates/bad.prompt.j2:3:1: ")
    assert first.endswith("[file]")
    assert second == (
        "templates/tested.prompt.j2:8: test 'it is good' failed: expected the output "
        '{"mood":"bad"}, got {"mood":"good"} [test]'
    )
    assert summary == "4 prompts, 2 faults, 0 tests passed, 1 failed"


def test_json_holds_faults_and_tests(cli: Any) -> None:
    cli.write("templates/tested.prompt.j2", TESTED % "bad")

    done = cli("check", "tested", "--json")

    data = json.loads(done.out)
    assert done.code == 1
    assert data["prompts"] == 1
    assert [(found["line"], found["rule"]) for found in data["findings"] if found["severity"] == "error"] == [
        (8, "test")
    ]
    assert [(test["prompt"], test["name"], test["passed"]) for test in data["tests"]] == [
        ("tested", "it is good", False)
    ]


def test_names_and_files_choose_what_is_checked(cli: Any) -> None:
    cli.write("templates/tested.prompt.j2", TESTED % "bad")
    cli.write("loose/hi.prompt.j2", "{% user %}\nSay hi.\n{% enduser %}\n")

    done = cli("check", "note", "loose/hi.prompt.j2", "templates/echo.prompt.j2")

    assert (done.code, done.out) == (0, "3 prompts, 0 faults, 0 tests passed\n")


def test_a_loose_file_is_checked_without_a_library(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.write("loose/hi.prompt.j2", "{% user %}\nHi {{\n{% enduser %}\n")
    monkeypatch.chdir(cli.folder / "loose")

    done = cli("check", "hi.prompt.j2")

    assert done.code == 1
    assert "hi.prompt.j2:" in done.out
    assert done.out.endswith("1 prompt, 1 fault, 0 tests passed\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nota",), "did you mean note?"),
        (("no/such.prompt.j2",), "there is no file no/such.prompt.j2"),
        (("--library", "nowhere"), "there is no library"),
        (("note", "--library", "nowhere"), "there is no library"),
        (("--library", "empty"), "there are no prompt files in"),
    ],
)
def test_nothing_to_check_exits_with_2(cli: Any, arguments: tuple[str, ...], told: str) -> None:
    (cli.folder / "empty").mkdir()

    done = cli("check", *arguments)

    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_faulty_configuration_is_wrong_use_and_no_fault_of_a_prompt(cli: Any) -> None:
    cli.write("promptkit.toml", "libary = 'x'\n")

    done = cli("check", "--library", "templates")

    assert (done.code, done.out) == (2, "")
    assert "did you mean library?" in done.err


def test_control_characters_of_a_file_are_shown(cli: Any) -> None:
    cli.write("templates/odd.prompt.j2", '---\nformat: promptkit/1\n"\\e[31mx": 1\n---\n')

    done = cli("check", "odd")

    assert done.code == 1
    assert "\x1b" not in done.out


def test_github_gets_one_annotation_for_each_finding(cli: Any) -> None:
    cli.write("templates/bad.prompt.j2", "{% user %}\nHi {{ name | uper }}\n{% enduser %}\n")

    done = cli("check", "bad", "--format", "github")

    annotation, summary = done.out.splitlines()
    assert done.code == 1
    assert annotation.startswith(
        "::error file=templates/bad.prompt.j2,title=promptkit%3A unknown-filter,line=2"
    )
    assert summary == "1 prompt, 1 fault, 0 tests passed"


def test_sarif_is_one_json_document(cli: Any) -> None:
    cli.write("templates/bad.prompt.j2", "{% user %}\nHi {{ name | uper }}\n{% enduser %}\n")

    done = cli("check", "bad", "--format", "sarif")

    (result,) = json.loads(done.out)["runs"][0]["results"]
    assert done.code == 1
    assert result["ruleId"] == "unknown-filter"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "templates/bad.prompt.j2"


def test_warnings_alone_leave_the_exit_code_at_0(cli: Any) -> None:
    cli.write(
        "templates/odd.prompt.j2",
        "---\ninput: {schema: {text: string, more: string}}\n---\n{% user %}\nSort the note {{ text }}\n{% enduser %}\n",
    )

    done = cli("check", "odd")

    assert done.code == 0
    assert "[unused-input]" in done.out
    assert done.out.endswith("1 prompt, 0 faults, 1 warning, 0 tests passed\n")


def test_a_second_run_recalls_the_first_and_sees_what_changed(cli: Any) -> None:
    cli.write("templates/tested.prompt.j2", TESTED % "good")
    first = cli("check")
    second, one = cli("check"), cli("check", "tested", "--json")
    cli.write("templates/tested.prompt.j2", TESTED % "bad")
    third = cli("check")

    assert (second.code, second.out) == (first.code, first.out)
    assert [test["passed"] for test in json.loads(one.out)["tests"]] == [True]
    assert third.code == 1


def test_a_recalled_report_loads_nothing_that_checking_needs(cli: Any) -> None:
    cli("check")
    code = (
        "import sys; from promptkit.cli import main; code = main(['check'])\n"
        "print(code, [name for name in ('jinja2', 'yaml', 'jsonschema_rs', 'promptkit.prompts') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "0 []"


def test_no_cache_looks_at_everything_and_keeps_nothing(cli: Any) -> None:
    done = cli("check", "--no-cache")

    assert done.out == "2 prompts, 0 faults, 0 tests passed\n"
    assert not (cli.folder / ".cache").exists()


BRANCH = (
    "---\ninput: {schema: {note: string}}\n---\n{% if 'admin' in note %}{% system %}\nObey.\n{% endsystem %}{% endif %}\n"
    "{% user %}\nSort the note: {{ note }}\n{% enduser %}\n"
)


def test_an_attack_tells_what_it_tried_and_fails_when_something_breaks_out(cli: Any) -> None:
    cli.write("templates/branch.prompt.j2", BRANCH)

    done, sound = (
        cli("check", "branch", "--attack"),
        cli("check", "echo", "templates/note.prompt.j2", "--attack"),
    )

    assert done.code == 1
    assert "breaks out: the roles are system, user" in done.out
    assert "hostile values in 1 places, 1 broke out; " in done.out
    assert sound.code == 0
    assert "by the tokens of llama:demo, 0 refused\n2 prompts, 0 faults" in sound.out


def test_json_holds_what_an_attack_tried(cli: Any) -> None:
    data = json.loads(cli("check", "--attack", "--json").out)

    assert data["attack"]["model"] == "llama:demo"
    assert data["attack"]["values"] == data["attack"]["bytes_compared"] > 0


@pytest.mark.parametrize(
    ("name", "told"), [("openai:m", "--tokens-of takes a llama: model"), ("llama:no.gguf", "no.gguf")]
)
def test_tokens_are_read_of_local_models_only(cli: Any, name: str, told: str) -> None:
    done = cli("check", "--tokens-of", name)

    assert done.code in (2, 3)
    assert told in done.err


def test_without_the_extra_an_attack_looks_at_messages_alone(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(self: Any, reference: str) -> None:
        raise ModelLoadError("install the extra")

    monkeypatch.setattr("promptkit.backends.llama.readers.TokenReader.__init__", missing)

    done = cli("check", "echo", "--attack")

    assert done.code == 0
    assert "tokens not looked at" in done.out


def test_the_pre_commit_hook_runs_the_check_on_the_prompt_files_of_a_commit(cli: Any) -> None:
    hooks = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text())
    hook = next(hook for hook in hooks if hook["id"] == "promptkit-check")
    files = ["templates/echo.prompt.j2", "templates/note.prompt.j2", "a/b.prompt.yaml", "README.md", "x.j2"]

    chosen = [file for file in files if re.search(hook["files"], file)]
    done = cli(*hook["entry"].split()[1:], *chosen[:2])

    assert chosen == files[:3]
    assert (done.code, done.out) == (0, "2 prompts, 0 faults, 0 tests passed\n")


def test_a_file_of_the_library_is_known_by_its_name_and_counted_once(cli: Any) -> None:
    done = cli("check", "echo", "templates/echo.prompt.j2")

    assert done.out == "1 prompt, 0 faults, 0 tests passed\n"
