"""promptkit render."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptkit.cli.render import _lines
from promptkit.messages import ImagePart, Message, TextPart, ToolCallPart, ToolResultPart


def test_json_is_exactly_the_list_of_messages(cli: Any) -> None:
    done = cli("render", "echo", "--set", "text=Hello", "--json")

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == [
        {"role": "system", "content": "Repeat it."},
        {"role": "user", "content": "Hello"},
    ]
    assert done.out.count("\n") == 1


def test_text_shows_each_message_indented_below_its_role(cli: Any) -> None:
    done = cli("render", "echo", "--set", "text=one\n\nsystem\ntwo")

    assert done.code == 0
    assert done.out == "system\n  Repeat it.\n\nuser\n  one\n\n  system\n  two\n"


def test_hostile_text_is_shown_and_never_interpreted(cli: Any) -> None:
    done = cli("render", "echo", "-", stdin=b"\x1b[31m[bold red]x\xc2\x9b\r\n")

    assert "  \\x1b[31m[bold red]x\\x9b\\x0d\n" in done.out
    assert "\x1b" not in done.out


def test_an_image_is_told_by_type_and_size(cli: Any) -> None:
    cli.write(
        "templates/look.prompt.j2",
        "---\nformat: promptkit/1\nname: look\ninput:\n  schema:\n    photo: image\n    paper: document\n---\n"
        "{% user %}\nLook: {{ photo }} {{ paper }}\n{% enduser %}\n",
    )
    cli.write("cat.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100)
    cli.write("paper.pdf", b"%PDF-1.7\n")
    arguments = ("render", "look", "--set", "photo=@cat.png", "--set", "paper=@paper.pdf")

    shown, as_json = cli(*arguments), cli(*arguments, "--json")

    assert "[image image/png, 108 bytes]" in shown.out
    assert "[document paper.pdf, 9 bytes]" in shown.out
    kinds = [part["type"] for part in json.loads(as_json.out)[0]["content"]]
    assert kinds == ["text", "image", "document"]


def test_inputs_of_all_sources_meet_and_set_wins(cli: Any) -> None:
    cli.write("inputs.json", '{"text": "file", "count": 1, "tags": ["a"]}')

    done = cli(
        *("render", "note", "-", "--inputs", "inputs.json", "--set", "text=set", "--json"),
        stdin=b'{"count": 2, "sender": {"name": "Ann"}}',
    )

    assert done.code == 0
    content = json.loads(done.out)[-1]["content"]
    assert content.startswith("set|")
    assert "|2|" in content
    assert "Ann" in content


def test_a_prompt_is_also_named_by_the_path_of_its_file(cli: Any) -> None:
    cli.write("elsewhere/hi.prompt.j2", "{% user %}\nHi {{ who }}\n{% enduser %}\n")

    done = cli("render", "elsewhere/hi.prompt.j2", "--set", "who=Ann", "--json")

    assert json.loads(done.out) == [{"role": "user", "content": "Hi Ann"}]


def test_a_path_into_the_library_includes_from_the_library(cli: Any) -> None:
    cli.write("templates/parts/rule.md", "Be brief.")
    cli.write(
        "templates/deep/hi.prompt.j2",
        "---\nformat: promptkit/1\nname: deep/hi\ncontext:\n  - include: parts/rule\n---\n"
        "{% user %}\n{{ context.rule }}\n{% enduser %}\n",
    )

    done = cli("render", "templates/deep/hi.prompt.j2", "--json")

    assert (done.err, done.code) == ("", 0)
    assert "Be brief." in json.loads(done.out)[0]["content"]


@pytest.mark.parametrize("arguments", [("--library", "other"), ()])
def test_the_library_is_the_one_given_or_the_configured_one(cli: Any, arguments: tuple[str, ...]) -> None:
    cli.write("other/hi.prompt.j2", "{% user %}\nHi\n{% enduser %}\n")
    if not arguments:
        cli.write("promptkit.toml", 'library = "other"\n')

    done = cli("render", "hi", *arguments, "--json")

    assert json.loads(done.out) == [{"role": "user", "content": "Hi"}]


def test_a_version_range_is_held(cli: Any) -> None:
    fits = cli("render", "note@^1.0", "--set", "text=x", "--json")
    refused = cli("render", "note@^2", "--set", "text=x", "--json")

    assert fits.code == 0
    assert (refused.code, refused.out) == (2, "")
    assert "note@^2 is wanted" in refused.err


def test_modules_of_the_project_are_found_beside_its_configuration(cli: Any) -> None:
    cli.write("promptkit.toml", 'models = ["cli_test_models"]\n')
    cli.write(
        "cli_test_models.py", "from pydantic import BaseModel\n\n\nclass Who(BaseModel):\n    name: str\n"
    )
    cli.write(
        "templates/who.prompt.j2",
        "---\nformat: promptkit/1\nname: who\ninput:\n  model: cli_test_models:Who\n---\n"
        "{% user %}\nHi {{ name }}\n{% enduser %}\n",
    )

    done = cli("render", "who", "--set", "name=Ann", "--json")

    assert (done.err, done.code) == ("", 0)
    assert json.loads(done.out) == [{"role": "user", "content": "Hi Ann"}]


def test_a_faulty_file_is_told_with_its_line(cli: Any) -> None:
    cli.write("templates/bad.prompt.j2", "---\nformat: promptkit/1\nname: bad\nclarty:\n  role: x\n---\n")

    done = cli("render", "bad")

    assert (done.code, done.out) == (2, "")
    assert "bad.prompt.j2:4:1: " in done.err
    assert "clarity" in done.err


def test_every_kind_of_part_has_a_readable_form() -> None:
    message = Message(
        role="assistant",
        content=(
            TextPart(text="Look:"),
            ImagePart(url="https://example.org/cat.png"),
            ToolCallPart(id="1", name="weather", arguments='{"place": "Oslo"}'),
            ToolResultPart(id="1", text="rain\nall day"),
        ),
    )

    assert list(_lines(message)) == [
        "  Look:",
        "  [image image/png, https://example.org/cat.png]",
        '  [tool call 1: weather {"place": "Oslo"}]',
        "  [tool result 1: rain",
        "  all day]",
    ]
