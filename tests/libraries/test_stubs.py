"""Stubs: type checkers know each prompt's inputs and its output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.errors import PromptError
from promptkit.libraries.freezing import freeze
from promptkit.libraries.stubs import stub_of

TRIAGE = """\
---
version: {version}
input:
  schema:
    ticket(object):
      subject: string
      tags?(array): string
    product(enum): [router, camera]
    note?: string
    photo?: image
    history?: messages
    limits:
      type: integer
      default: 3
    rows(array):
      n: number
    more(object):
      (*): boolean
    any: any
output:
  schema:
    kind(enum): [{kinds}]
    urgency:
      type: integer
      between: [1, 5]
    quotes(array):
      text: string
      page?: integer
    json?: string
    meta(object):
      (*): integer
---
{{% user %}}{{{{ output_format }}}}{{% enduser %}}
"""
RAW = """\
---
input:
  schema:
    type: object
    $defs:
      Node: {type: object, properties: {next: {$ref: "#/$defs/Node"}}}
    properties:
      when: {type: string, format: date}
      tree: {$ref: "#/$defs/Node"}
      either: {anyOf: [{type: integer}, {type: string}, {type: "null"}]}
      one: {const: 1}
      odd: {enum: [1.5]}
      open: {type: object}
      bare: {type: [string, "null"]}
    required: [when, tree, either, one, odd, open, bare]
output: {json_schema: {type: object}}
---
{% user %}x{% enduser %}
"""
MODEL = (
    "---\ninput: {model: 'stub_models:In'}\noutput: {model: 'stub_models:Out'}\n---\n{% user %}x{% enduser %}"
)
MODELS = """\
from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel

T = TypeVar("T")


class In(BaseModel):
    name: str
    born: date | None = None
    price: Decimal = Decimal(1)
    id: UUID | None = None


class Out(BaseModel):
    total: int


class Shade(Enum):
    RED = "red"
    BLUE = "blue"


class Page(BaseModel, Generic[T]):
    items: list[T]


OutPage = Page[Out]
Pair = tuple[int, ...]
Reds = Literal[Shade.RED]
"""
ODD = """\
---
input:
  schema:
    list(array): string
    a(object):
      list(array): integer
      int: integer
    open(object):
      name: string
      (*): integer
    order:
      type: any
output:
  schema:
    list(array): string
    str: string
    int?: integer
    Literal(enum): [a, "b'c"]
---
{% user %}{{ output_format }}{% enduser %}
"""
KEYS = """\
---
input:
  schema:
    type: object
    properties:
      order:
        type: object
        additionalProperties: false
        properties: {class: {type: string}, "first-name": {type: string}}
        required: [class]
      when: {type: [string, "null"], format: date}
    required: [order, when]
---
{% user %}x{% enduser %}
"""
USE = """\
# pyright: strict, reportUnnecessaryTypeIgnoreComment=true, reportMissingTypeStubs=false, reportMissingModuleSource=false
from typing import Any, Literal

from typing_extensions import assert_type

import promptkit as pk
import stub_models
from dataclasses import dataclass
from decimal import Decimal
from uuid import uuid4

from prompts import TriageOutput, library


@dataclass
class Boxed:
    name: str


triage = library["triage"]
given = {"subject": "Offline"}
result = triage.run(ticket={"subject": "a"}, product="router", rows=[{"n": 1}], more={"a": True}, any=3)
assert_type(result, pk.Result[TriageOutput])
assert_type(result.value.kind, Literal["fault", "wish"])
assert_type(result.value.urgency, int)
assert_type(result.value.quotes[0].page, int | None)
assert_type(result.value.json_, str | None)
assert_type(result.value.meta, dict[str, int])
assert_type(triage.using("mock").render(ticket={"subject": "a"}, product="camera", rows=[], more={}, any=0), pk.Rendered)
triage.run(ticket={"subjct": "a"}, product="router", rows=[], more={}, any=0)  # pyright: ignore[reportArgumentType]
triage.run(ticket={"subject": "a"}, product="fridge", rows=[], more={}, any=0)  # pyright: ignore[reportArgumentType]
triage.run(tikcet={"subject": "a"}, product="router", rows=[], more={}, any=0)  # pyright: ignore[reportCallIssue]
result.value.urgenci  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
library["trage"]  # pyright: ignore[reportCallIssue, reportArgumentType]
assert_type(library["triage@^1"].parse("{}", ticket={"subject": "a"}, product="router", rows=[], more={}, any=0).value.kind, Literal["fault"])
assert_type(library.get("triage@2.0.0").run(ticket={"subject": "a"}, product="router", rows=[], more={}, any=0), pk.Result[TriageOutput])
assert_type(library.get("other", output=int), pk.Prompt[int])
assert_type(library["plain"].run(name="Ann", text="x").value, str)
assert_type(library["model"].run(name="Ann").value, stub_models.Out)
library["model"].run(name="Ann", price=Decimal(3), id=uuid4())
assert_type(library["page"].run(name="Ann").value, stub_models.Page[stub_models.Out])
assert_type(library["pair"].run(name="Ann").value, tuple[int, ...])
assert_type(library["reds"].run(name="Ann").value, Literal[stub_models.Shade.RED])
odd = library["odd"].run(list={"a"}, a={"list": [1], "int": 2}, open={"name": "x", "more": 3}, order=1)
library["odd"].run(list=["a"], a=Boxed("b"), open=Boxed("b"), order=1)
library["odd"].run(list="a", a=Boxed("b"), open=Boxed("b"), order=1)  # pyright: ignore[reportArgumentType]
library["odd"].run(list=["a"], a={"list": [1]}, open=Boxed("b"), order=1)  # pyright: ignore[reportArgumentType]
assert_type(odd.value.list, list[str])
assert_type(odd.value.str, str)
assert_type(odd.value.int, int | None)
assert_type(odd.value.Literal, Literal["a", "b'c"])
library["a-b"].run(q="x")
library["a_b"].run(r="x")
library["a_b"].run(q="x")  # pyright: ignore[reportCallIssue]
library["class"].run(order={"class": "x", "first-name": "Ada"}, when=None)
library["class"].run(order={"clas": "x"}, when=None)  # pyright: ignore[reportArgumentType]
assert_type(library["raw"].run(when="2026-01-01", tree={}, either=None, one=1, odd=1.5, open={}, bare=None).value, Any)


async def awaited() -> None:
    assert_type((await triage.arun(ticket={"subject": "a"}, product="router", rows=[], more={}, any=0)).value, TriageOutput)
    async for event in triage.astream(ticket={"subject": "a"}, product="router", rows=[], more={}, any=0):
        if isinstance(event, pk.events.Finished):
            assert_type(event.result.value, TriageOutput)
"""


def is_python(text: str) -> None:
    """Compiled, since parsing alone takes two parameters of one name."""
    compile(text, "prompts.pyi", "exec")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "triage.prompt.j2").write_text(TRIAGE.format(version="1.0.0", kinds="fault"))
    (folder / "plain.prompt.j2").write_text("{% user %}Hi {{ name }}{{ text }}{% enduser %}")
    (folder / "raw.prompt.j2").write_text(RAW)
    (folder / "model.prompt.j2").write_text(MODEL)
    (folder / "odd.prompt.j2").write_text(ODD)
    (folder / "class.prompt.j2").write_text(KEYS)
    (folder / "a-b.prompt.j2").write_text("{% user %}{{ q }}{% enduser %}")
    (folder / "a_b.prompt.j2").write_text("{% user %}{{ r }}{% enduser %}")
    for name in ("OutPage", "Pair", "Reds"):
        (folder / f"{name.removeprefix('Out').lower()}.prompt.j2").write_text(
            MODEL.replace(":Out", f":{name}")
        )
    freeze(pk.library(folder), "triage")
    (folder / "triage.prompt.j2").write_text(TRIAGE.format(version="2.0.0", kinds="fault, wish"))
    (tmp_path / "stub_models.py").write_text(MODELS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    sys.modules.pop("stub_models", None)
    return tmp_path


def library_of(project: Path) -> pk.Library:
    return pk.library(project / "templates", models=["stub_models"])


def test_pyright_knows_inputs_and_outputs_from_a_stub(project: Path) -> None:
    (project / "prompts.py").write_text('import promptkit as pk\n\nlibrary = pk.library("templates")\n')
    (project / "prompts.pyi").write_text(stub_of(library_of(project)))
    (project / "use.py").write_text(USE)
    root = Path(pk.__file__).parents[1]
    settings = {"include": ["use.py", "prompts.pyi"], "extraPaths": [str(root)], "pythonVersion": "3.11"}
    (project / "pyrightconfig.json").write_text(json.dumps(settings))

    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    found = json.loads(done.stdout)["generalDiagnostics"]
    assert [f"{one['file']}:{one['range']['start']['line'] + 1}: {one['message']}" for one in found] == []


def test_a_stub_is_python_and_the_same_each_time(project: Path) -> None:
    text = stub_of(library_of(project), "prompts")

    is_python(text)
    assert text == stub_of(library_of(project), "prompts")
    assert text.endswith("\nprompts: PromptLibrary\n")
    assert "Literal['triage@^1', 'triage@1.0.0']" in text
    assert "Literal['triage', 'triage@^2', 'triage@2.0.0']" in text
    assert "class TriageOutput2(BaseModel):\n    kind: Literal['fault']" in text
    assert "import stub_models\n" in text


def test_values_at_run_time_are_as_the_stub_says(project: Path) -> None:
    prompt = library_of(project)["triage"]
    answer = '{"kind": "wish", "urgency": 2, "quotes": [{"text": "a"}], "json": "j", "meta": {"a": 1}}'

    value = prompt.parse(
        answer, ticket={"subject": "a"}, product="router", rows=[{"n": 1}], more={"a": True}, any=3
    ).value

    assert (value.kind, value.urgency, value.quotes[0].page, value.json_, value.meta) == (
        "wish",
        2,
        None,
        "j",
        {"a": 1},
    )


def test_an_empty_library_and_one_prompt_have_stubs(tmp_path: Path) -> None:
    is_python(stub_of(pk.library(tmp_path)))
    (tmp_path / "0-one.prompt.j2").write_text(
        "---\nversion: 0.2.0-rc.1\noutput: {schema: {a(array): string}}\n---\n{% user %}x{% enduser %}"
    )
    (tmp_path / "two.prompt.j2").write_text(
        "---\nversion: 0.2.0\noutput: text\n---\n{% user %}x{% enduser %}"
    )

    text = stub_of(pk.library(tmp_path))

    is_python(text)
    assert "class P0OneOutput(BaseModel):\n    a: list[str]" in text
    assert "Literal['0-one', '0-one@0.2.0-rc.1']" in text
    assert "Literal['two', 'two@^0.2', 'two@0.2.0']" in text


def test_a_faulty_prompt_has_no_stub(tmp_path: Path) -> None:
    (tmp_path / "bad.prompt.j2").write_text("{% user %}{{ x | nope }}{% enduser %}")

    with pytest.raises(PromptError, match="nope"):
        stub_of(pk.library(tmp_path))


def test_the_command_writes_checks_and_refuses(
    project: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from promptkit.cli import main

    monkeypatch.chdir(project)
    (project / "promptkit.toml").write_text('models = ["stub_models"]\n')

    assert main(["stubs", "prompts.pyi", "--check"]) == 1
    assert main(["stubs", "prompts.pyi"]) == 0
    assert main(["stubs", "prompts.pyi"]) == 0
    assert main(["stubs", "prompts.pyi", "--check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "prompts.pyi is not what would be written",
        "wrote prompts.pyi",
        "prompts.pyi is as it would be written",
        "prompts.pyi is as it would be written",
    ]
    assert main(["stubs", "prompts.py"]) == 2
    assert "ends in .pyi" in capsys.readouterr().err
