"""promptkit explain."""

from __future__ import annotations

import json
from typing import Any


def test_each_range_is_a_line_with_its_place(cli: Any) -> None:
    done = cli("explain", "echo", "--set", "text=Hello")

    assert (done.code, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines() if line]
    assert ["system"] in lines
    assert any(line[0] == "0-5" and line[1] == "text" and line[-1] == "Hello" for line in lines)
    assert "tokens, about" in done.out


def test_as_json_it_is_data(cli: Any) -> None:
    done = cli("explain", "echo", "--set", "text=Hello", "--json", "--backend", "llama:demo")

    data = json.loads(done.out)
    assert data["messages"][1]["content"] == "Hello"
    assert data["ranges"][-1]["name"] == "text"
    assert data["tokens"]["exact"]
    assert data["tokens"]["values"]["text"] > 0
    assert data["fit"] is None


def test_what_was_cut_is_told(cli: Any) -> None:
    cli.write(
        "templates/log.prompt.j2",
        "---\nname: log\ninput:\n  schema: {log: string}\n  max_tokens: 80\n"
        "context:\n  - {from: log, shrink: drop_last}\n---\n",
    )

    done = cli("explain", "log", "--set", "log=" + "line\n" * 90)

    assert "lines kept, cut by room" in done.out


def test_wrong_inputs_are_a_sentence(cli: Any) -> None:
    done = cli("explain", "echo", "--set", "txt=Hello")

    assert done.code == 2
    assert "did you mean text" in done.err
