"""Compiled templates as values: what they read, faults with lines, threads, memory."""

from __future__ import annotations

import gc
import importlib.util
import sys
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jinja2
import pytest

import promptkit as pk
from promptkit.declarations import Clarity, ContextBlock
from promptkit.errors import PromptKitError, TemplateError
from promptkit.messages import Message
from promptkit.rendering import Template


def test_used_inputs_are_those_of_body_sections_and_history(compiled: Callable[..., Template]) -> None:
    template = compiled(
        "{% set a = n %}{% history %}{% user %}{{ a }}{{ clarity }}{{ context.c }}{% include 'f' %}{% enduser %}",
        clarity=Clarity(role="{{ kb }}"),
        context=(ContextBlock(id="c", source="ticket.body"),),
        files={"f": "{{ tags }}"},
    )

    assert template.used_inputs == {"n", "kb", "ticket", "tags", "turns"}


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("\n{{ tickt }}", 12, "tickt is no input of this prompt (did you mean ticket?); the inputs are "),
        ("{{ ticket.bdy }}", 11, "the object has no field bdy (did you mean body?); it has subject, body"),
        ("{{ ticket['bdy'] }}", 11, "the object has no field bdy"),
        ("{{ {}.a }}", 11, "the object has no field a; it is empty"),
        ("{{ kb.title }}", 11, "an optional input that was not given is None, so ask {% if %} first"),
        ("{{ x.titel }}", 11, "text has no field titel (did you mean title?)"),
        ("{{ n.x }}", 11, "a number has no field x"),
        ("{{ tags[7] }}", 11, "the list has no item 7; it has 1"),
        ("{{ n['a'] }}", 11, "a number has no field a"),
        ("{{ (range(2) | map('string'))[0] }}", 11, "generator has no field 0"),
        ("{{ nothing.a }}", 11, "nothing is no input"),
        ("{{ ticket.nothing['a'] }}", 11, "the object has no field nothing"),
        (
            "{% for t in x %}{% if n == 4 %}{% set y = 1 %}{% endif %}{{ y.a }}{% endfor %}",
            11,
            "y has no value here",
        ),
        ("{% if n == 4 %}{% set y = 1 %}{% endif %}{{ y['a'] }}", 11, "y has no value here"),
        ("{{ n[0] }}", 11, "a number has no field 0"),
        ("\n\n{% if x %}\n{{ 1 / 0 }}{% endif %}", 14, "division by zero"),
        ("{{ n + x }}", 11, "unsupported operand type(s) for +: 'int' and 'str'"),
        ("{% for a in n %}{% endfor %}", 11, "'int' object is not iterable"),
        ("{% for a in ticket.nothing %}{% endfor %}", 11, "the object has no field nothing"),
        ("{% if kb %}{% set y = 1 %}{% endif %}{{ y }}", 11, "y has no value here"),
        ("{{ ticket.nothing | json }}", 11, "the object has no field nothing"),
        ("{{ ticket.nothing.more }}", 11, "the object has no field nothing"),
        ("{{ x | uper }}", 11, "there is no filter uper (did you mean upper?)"),
        ("{{ x | zzz }}", 11, "there is no filter zzz; there are abs, "),
        ("{% if n is evn %}{% endif %}", 11, "there is no test evn (did you mean even?)"),
        ("{{ tags | map('uper') | list }}", 11, "there is no filter uper (did you mean upper?)"),
        ("{{ output }}", 11, "output is a reserved name"),
        ("{{ x | fence('a\nb') }}", 11, "cannot label a fence"),
        ("{{ x }", 11, "an expression ends in one brace"),
        ("{% set %}", 11, "Expected an expression"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", 10, "nested too deeply"),
        ("{{ " + "9" * 5000 + " }}", 10, "the template cannot be compiled"),
        ("{% for i in tags %}" * 25 + "{% endfor %}" * 25, 10, "nested too deeply"),
    ],
)
def test_every_fault_is_a_template_error_with_the_line_of_the_file(
    content: str, line: int, problem: str, text: Callable[..., str]
) -> None:
    values = {"x": "X", "n": 3, "tags": ["a"], "ticket": {"subject": "s", "body": "b"}}

    with pytest.raises(PromptKitError) as caught:
        text(content, values)

    assert type(caught.value) is TemplateError
    assert problem in caught.value.problem
    assert (caught.value.file, caught.value.line) == ("t.prompt.j2", line)


def test_a_prompt_without_a_file_is_named_instead(text: Callable[..., str]) -> None:
    with pytest.raises(TemplateError, match=r"^t:11:4: division by zero"):
        text("{{ 1 / 0 }}", file=None)


def test_a_prompt_without_inputs_says_so(render: Callable[..., tuple[Message, ...]]) -> None:
    with pytest.raises(TemplateError, match="the prompt declares no inputs"):
        render("{% user %}{{ y }}{% enduser %}", inputs={})


def test_a_loop_over_a_missing_optional_input_takes_no_turn(text: Callable[..., str]) -> None:
    assert text("[{% for t in tags %}{{ t }}{% else %}none{% endfor %}]") == "[none]"


def test_a_block_that_never_changes_gives_the_same_message_object_each_time(
    compiled: Callable[..., Template],
) -> None:
    template = compiled(
        "{% system %}{{ clarity }}{% for i in range(3) %}{{ i }}{% endfor %}{% endsystem %}{% user %}{{ x }}{% enduser %}",
        clarity=Clarity(task="{{ 'Decide.' }}"),
    )

    first, second = template.render({"x": "a"}), template.render({"x": "b"})

    assert first[0].content == "Task: Decide.012"
    assert first[0] is second[0]
    assert (first[1].content, second[1].content) == ("a", "b")


@pytest.mark.parametrize(
    "body",
    [
        "{% set y = x %}{% user %}{{ y }}{% enduser %}",
        "{% macro m() %}{{ x }}{% endmacro %}{% user %}{{ m() }}{% enduser %}",
        "{% user %}{% include 'f' %}{% enduser %}",
        "{% user %}{% from 'm' import m with context %}{{ m() }}{% enduser %}",
        "{% user %}{{ clarity }}{% enduser %}",
        "{% user %}{{ context.c }}{% enduser %}",
        "{% with y = x %}{% user %}{{ y }}{% enduser %}{% endwith %}",
    ],
)
def test_a_block_that_reads_an_input_by_any_way_is_rendered_each_time(
    body: str, compiled: Callable[..., Template]
) -> None:
    files = {"f": "{{ x }}", "m": "{% macro m() %}{{ x }}{% endmacro %}"}
    context = (ContextBlock(id="c", text="{{ x }}"),) if "context.c" in body else ()
    clarity = Clarity(role="{{ x }}") if "clarity" in body else Clarity()
    template = compiled(body, files=files, clarity=clarity, context=context)

    texts = [template.render({"x": value})[0].text.removeprefix("Role: ") for value in ("a", "b")]

    assert texts == ["a", "b"]


def test_one_template_serves_many_threads(compiled: Callable[..., Template]) -> None:
    template = compiled(
        "{% import 'm' as m %}{% user %}{% for t in tags %}{{ m.f(t) }}{% endfor %}{{ x }}{% enduser %}",
        files={"m": "{% macro f(a) %}<{{ a }}>{% endmacro %}"},
    )

    def one(n: int) -> bool:
        [message] = template.render({"x": str(n), "tags": [str(n)] * 5})
        return message.content == f"<{n}>" * 5 + str(n)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(400)))


def test_memory_does_not_grow_over_renders_with_changing_inputs(compiled: Callable[..., Template]) -> None:
    template = compiled(
        "{% system %}{{ clarity }}{% endsystem %}{% import 'm' as m %}"
        "{% user %}{{ context.c }}{{ ticket }}{{ m.f(x) }}{% for t in tags %}{{ t }}{% endfor %}{% enduser %}",
        files={"m": "{% macro f(a) %}<{{ a }}>{% endmacro %}"},
        clarity=Clarity(role="{{ x }}"),
        context=(ContextBlock(id="c", source="x"),),
    )

    def several(start: int, count: int) -> None:
        for n in range(start, start + count):
            template.render({"x": f"value {n}", "ticket": {"body": str(n)}, "tags": [str(n)]})

    several(0, 200)
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    several(200, 3_000)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    # A leak of one short string for each render would be above 150 kB.
    assert after - before < 50_000


@pytest.mark.parametrize("name", ["triage", "summarize", "classify", "answer"])
def test_the_benchmark_measures_the_same_text_on_both_sides(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(__file__).parents[1] / "benchmarks" / "rendering.py"
    monkeypatch.syspath_prepend(path.parent)
    spec = importlib.util.spec_from_file_location("benchmark_rendering", path)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, benchmark)  # data classes look their module up
    spec.loader.exec_module(benchmark)

    raw = benchmark.raw_template(name, jinja2.Environment)

    prompt = pk.load(benchmark.TEMPLATES / f"{name}.prompt.j2")
    for values in benchmark.changing(benchmark.SUBJECTS[name].values, 3):
        ours = prompt.render(**values).messages
        assert "\n".join(f"{message.role}:\n{message.text}" for message in ours) == raw.render(values)
    assert set(benchmark.SUBJECTS) == {"triage", "summarize", "classify", "answer"}
