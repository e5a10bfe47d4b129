"""What compiling gave is kept for later processes, and used only where it is certain to be the same."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import pytest

import promptkit as pk
from promptkit.errors import TemplateError
from promptkit.rendering import bytecode
from promptkit.rendering.bytecode import Bytecode
from promptkit.rendering.environment import Sandbox
from promptkit.rendering.units import names_read

TEXT = """---
input: {schema: {note: string, kind: string}}
clarity: {task: "Sort a note of {{ kind }}.", done_when: It is sorted.}
output: {schema: {answer: string}}
---
{% system %}{{ clarity }}{{ output_format }}{% endsystem %}
{% system %}Always the same. {% include "tone" %}{% endsystem %}
{% system %}{% if true %}One.{% endif %}{% endsystem %}
{% system %}Two.{% endsystem %}
{% user %}{% if kind == "a" %}{{ note }}{% else %}{% include "tone" %}{% endif %}{% enduser %}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMPTKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "library" / "sort.prompt.j2"
    path.parent.mkdir()
    path.write_text(TEXT)
    path.with_name("tone.md").write_text("Be calm.")
    return path


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of what Jinja really compiles."""
    keys: list[str] = []
    compiling = Sandbox.compile

    def noting(self: Any, source: Any, name: Any = None, *rest: Any) -> Any:
        keys.append(name)
        return compiling(self, source, name, *rest)

    monkeypatch.setattr(Sandbox, "compile", noting)
    return keys


def said(file: Path, **inputs: str) -> list[str]:
    return [message.text for message in pk.load(file).render(**{"note": "N", "kind": "a", **inputs}).messages]


def kept(file: Path) -> list[Path]:
    return sorted((file.parents[1] / "cache" / "bytecode").glob("*"))


def test_a_prompt_that_was_compiled_before_is_not_compiled_again(file: Path, compiled: list[str]) -> None:
    first = [said(file), said(file, kind="b")]
    count = len(compiled)
    compiled.clear()

    assert [said(file), said(file, kind="b")] == first
    assert count > 2
    assert compiled == []
    assert len(kept(file)) == 1


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("sort.prompt.j2", "Always the same", "Always another"),
        ("sort.prompt.j2", "Sort a note", "Keep a note"),
        ("sort.prompt.j2", "It is sorted", "It is kept"),
        ("sort.prompt.j2", "answer: string", "reply: string"),
        ("sort.prompt.j2", 'kind == "a"', 'kind == "b"'),
        ("tone.md", "calm", "warm"),
    ],
)
def test_what_changed_is_compiled_anew(file: Path, name: str, old: str, new: str) -> None:
    before = said(file)
    changed = file.with_name(name)
    changed.write_text(changed.read_text().replace(old, new))

    after = said(file)

    os.environ["PROMPTKIT_CACHE_DIR"] = str(file.parents[1] / "other")
    assert after == said(file) != before


def test_an_include_that_leads_to_another_file_now_is_followed(file: Path) -> None:
    before = said(file)
    file.with_name("tone").write_text("Be odd.")  # a file of exactly this name comes first

    assert [text.replace("Be odd.", "Be calm.") for text in said(file)] == before != said(file)


def test_a_fault_is_told_as_the_first_time(file: Path) -> None:
    file.write_text(TEXT.replace("{{ note }}", "{{ note[7].x }}"))
    told = []
    for _ in range(2):
        with pytest.raises(TemplateError) as caught:
            said(file)
        told.append((caught.value.problem, caught.value.line, caught.value.file))

    assert told[0] == told[1]
    assert told[0][1:] == (10, str(file))


def spoiled(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(change(path.read_bytes())) and None


CRASH = "raise SystemExit('the cache was run')"


@pytest.mark.parametrize(
    "spoil",
    [
        spoiled(lambda _: b""),
        spoiled(lambda data: data[:-7]),
        spoiled(lambda data: data[:99] + bytes([data[99] ^ 1]) + data[100:]),
        spoiled(lambda _: bytes(16) + marshal.dumps({b"x": compile(CRASH, "x", "exec")})),
        lambda path: path.chmod(0o666),
        lambda path: path.parent.chmod(0o777),
    ],
    ids=["empty", "cut", "a bit", "no digest", "file of all", "folder of all"],
)
def test_a_file_that_is_damaged_or_open_to_others_is_not_used(
    file: Path, compiled: list[str], spoil: Callable[[Path], None]
) -> None:
    first, count = said(file), len(compiled)
    compiled.clear()

    spoil(kept(file)[0])

    assert said(file) == first
    assert len(compiled) == count


def test_it_holds_for_one_jinja_and_one_promptkit(
    file: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said(file)
    compiled.clear()
    (tmp_path / "jinja").mkdir()
    (tmp_path / "jinja" / "compiler.py").write_text("")
    monkeypatch.setattr(jinja2, "__file__", str(tmp_path / "jinja" / "__init__.py"))
    bytecode._program.cache_clear()

    said(file)

    bytecode._program.cache_clear()
    assert compiled
    assert len(kept(file)) == 2


def test_where_jinja_lies_in_an_archive_nothing_is_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jinja2, "__file__", "/app.zip/jinja2/__init__.py")
    bytecode._program.cache_clear()

    said(file)

    bytecode._program.cache_clear()
    assert kept(file) == []


def test_a_python_that_writes_no_bytecode_writes_none_here(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    said(file)

    assert kept(file) == []


def test_a_cache_that_cannot_be_written_is_no_error(file: Path) -> None:
    (file.parents[1] / "cache").write_text("a file where the folder should be")

    assert said(file)[2:] == ["One.", "Two.", "N"]


def test_a_prompt_that_changes_over_and_over_keeps_a_bounded_number(file: Path) -> None:
    place = str(file)
    for number in range(100):
        notes = Bytecode(place)
        notes.kept((str(number),), lambda number=number: number)
        notes.save()

    (found,) = kept(file)

    assert len(marshal.loads(found.read_bytes()[16:])) == 64  # noqa: S302
    assert Bytecode(place).kept(("99",), lambda: -1) == 99
    assert Bytecode(place).kept(("0",), lambda: -1) == -1


def test_keys_are_told_apart_by_where_their_parts_end(file: Path) -> None:
    notes = Bytecode(str(file))

    assert [notes.kept(key, lambda key=key: repr(key)) for key in (("ab", "c"), ("a", "bc"), ("abc",))] == [
        "('ab', 'c')",
        "('a', 'bc')",
        "('abc',)",
    ]


def test_many_processes_may_keep_one_prompt_at_once(file: Path) -> None:
    code = (
        f"import promptkit as pk; print(pk.load({str(file)!r}).render(note='N', kind='a').messages[4].text)"
    )
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}

    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env)
        for _ in range(3)
    ]

    assert [process.communicate()[0].strip() for process in running] == ["N"] * 3
    assert len(kept(file)) == 1


BODIES = [
    "{{ a }}",
    "{% if a %}{{ b.c[d] }}{% elif e is defined %}{{ f | join(g) }}{% else %}{{ range(h) }}{% endif %}",
    "{% filter upper %}{{ a }}{% endfilter %}{% if false %}{{ b }}{% endif %}{{ 1 if c else d ~ 'x' }}",
    "{% call a() %}{{ b }}{% endcall %}{% with %}{{ c }}{% endwith %}{{ namespace().d }}",
    "{% for a in b %}{{ a }}{{ loop.index }}{% endfor %}{{ c }}",
    "{% set a = b %}{{ a }}{% macro m(x, y=z) %}{{ x }}{{ caller() }}{{ w }}{% endmacro %}{{ m(v) }}",
    "{{ [a, {'b': c}, (d, e)] }}{{ f(g, h=i, *j, **k) }}{{ not l < m + n // o }}",
    "no names",
]


@pytest.mark.parametrize("body", BODIES)
def test_the_names_that_a_text_reads_are_those_that_jinja_finds(body: str) -> None:
    env = Sandbox()
    tree = env.parse(body)

    assert names_read(tree) == jinja2.meta.find_undeclared_variables(tree)


@pytest.mark.parametrize("path", sorted(Path("templates").glob("*.j2")), ids=lambda path: path.stem)
def test_the_names_of_the_shipped_prompts_are_those_that_jinja_finds(path: Path) -> None:
    template = Sandbox().parse(path.read_text().split("---\n", 2)[2])
    for node in (template, *template.find_all(jinja2.nodes.FilterBlock)):
        alone = jinja2.nodes.Template([node] if node is not template else template.body, lineno=1)
        alone.set_environment(Sandbox())

        assert names_read(alone) == jinja2.meta.find_undeclared_variables(alone)
