"""What rendering costs beside raw Jinja: instructions of the shipped prompts, loading, and memory.

    python tests/benchmarks/rendering.py [count] [load] [memory]

- `count`: instructions of one render, counted by callgrind, so that a busy machine does not matter; needs valgrind.
  Raw is one compiled template of stock Jinja that gives the same text with the same values, roles as lines:
  `jinja2.Environment().from_string(text).render(values)`. It checks no input, bounds nothing and knows no roles.
  "raw in a sandbox" is the same in an `ImmutableSandboxedEnvironment`. `Prompt.render` is the public call, inputs
  validated and the value built; its bound is 1.3 times raw. "with its map" is the same and
  `rendered.source_map` with its ranges; the bound is 2.
- `load`: processor time to load and compile a prompt.
- `memory`: what 100,000 renders, no two of them alike, leave behind.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from counting import counted, instructions
from jinja2.sandbox import ImmutableSandboxedEnvironment

import promptkit as pk

TEMPLATES = Path(__file__).parents[2] / "templates"
COUNTED_RENDERS = 1_000
WARM_UP = 50
RENDERS_IN_ALL = 100_000


@dataclass(frozen=True)
class Subject:
    """A shipped prompt, values for it, and which parts of its text are Jinja in the raw template."""

    values: Mapping[str, Any]
    written: Mapping[str, str]


SUBJECTS = {
    "triage": Subject({"message": "Hello, I am Ada and my router is offline."}, {}),
    "summarize": Subject({"text": "The trial ran for six weeks.", "reader": "a busy manager of shops"}, {}),
    "classify": Subject(
        {"labels": ["bug report", "wish", "praise", "spam"], "text": "Could the export be scheduled?"},
        {
            "- bug report\n- wish\n- praise\n- spam": (
                "{% for label in labels %}\n- {{ label }}\n{% endfor %}"
                "{% if meanings %}What they mean:\n{{ meanings }}\n{% endif %}"
            )
        },
    ),
    "answer": Subject(
        {
            "question": "When does the library close on Fridays?",
            "passages": [{"id": f"p{n}", "text": f"Hall {n} closes at {n + 8}."} for n in range(6)],
        },
        {
            "\n".join(f"- id: p{n}\n  text: Hall {n} closes at {n + 8}." for n in range(6)) + "\n": (
                "{% for passage in passages %}\n"
                "- id: {{ passage.id }}\n  text: {{ passage.text }}\n"
                "{% endfor %}"
            )
        },
    ),
}


def raw_template(name: str, environment: type[jinja2.Environment]) -> jinja2.Template:
    """The prompt's whole text as one template of stock Jinja, roles written as lines."""
    subject, prompt = SUBJECTS[name], pk.load(TEMPLATES / f"{name}.prompt.j2")
    messages = prompt.render(**subject.values).messages
    whole = text = "\n".join(f"{message.role}:\n{message.text}" for message in messages)
    for said, written in subject.written.items():
        assert said in text, said
        text = text.replace(said, written)
    for key, value in subject.values.items():
        text = text.replace(value, f"{{{{ {key} }}}}") if isinstance(value, str) else text
    made = environment(trim_blocks=True, lstrip_blocks=True).from_string(text)
    assert made.render(subject.values) == whole
    return made


def ways(name: str) -> Mapping[str, Callable[[], Callable[[Mapping[str, Any]], object]]]:
    """How a prompt is rendered, each made ready on request."""
    prompt = pk.load(TEMPLATES / f"{name}.prompt.j2")
    return {
        "raw": lambda: raw_template(name, jinja2.Environment).render,
        "raw in a sandbox": lambda: raw_template(name, ImmutableSandboxedEnvironment).render,
        "Prompt.render": lambda: lambda values: prompt.render(**values),
        "with its map": lambda: lambda values: prompt.render(**values).source_map.ranges,
    }


def changing(values: Mapping[str, Any], count: int) -> Iterator[dict[str, Any]]:
    """The values so many times, one text in them another each time."""
    key = next(key for key, value in values.items() if isinstance(value, str))
    for number in range(count):
        yield {**values, key: f"[{number}] {values[key]}"}


def count(name: str, way: str) -> None:
    """Inside callgrind: so many renders."""
    render = ways(name)[way]()
    given = list(changing(SUBJECTS[name].values, COUNTED_RENDERS))
    for values in given[:WARM_UP]:
        render(values)
    with counted():
        for values in given:
            render(values)


def measure_count() -> None:
    """Print the instructions of each way, and their ratio to raw."""
    ratios: dict[str, list[float]] = {}
    for name in SUBJECTS:
        raw = 0.0
        for way in ways(name):
            each = instructions(__file__, "one", name, way) / COUNTED_RENDERS
            raw = raw or each
            ratios.setdefault(way, []).append(each / raw)
            sys.stdout.write(f"count   {name:10} {way:17} {each:9.0f} instructions, ratio {each / raw:.2f}\n")
            sys.stdout.flush()
    for way, found in ratios.items():
        sys.stdout.write(f"count   all        {way:17} ratio {statistics.geometric_mean(found):.2f}\n")


def measure_load() -> None:
    """Print what it takes to load and compile a prompt."""
    start = time.process_time()
    for _ in range(10):
        pk.load(TEMPLATES / "triage.prompt.j2").check()
    sys.stdout.write(f"load    triage     {(time.process_time() - start) / 10 * 1e3:6.2f} ms\n")


def resident_kb() -> int:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4


def measure_memory() -> None:
    """Print what many different renders leave behind."""
    for name, subject in SUBJECTS.items():
        prompt = pk.load(TEMPLATES / f"{name}.prompt.j2")
        for values in changing(subject.values, RENDERS_IN_ALL // 10):
            _ = prompt.render(**values).source_map.ranges
        gc.collect()
        before, objects = resident_kb(), len(gc.get_objects())
        for number, values in enumerate(changing(subject.values, RENDERS_IN_ALL)):
            rendered = prompt.render(**values)
            if number % 10 == 0:
                _ = rendered.source_map.ranges
        del rendered
        gc.collect()
        sys.stdout.write(
            f"memory  {name:10} {RENDERS_IN_ALL} different renders, every tenth with its map, leave "
            f"{resident_kb() - before} kB, {len(gc.get_objects()) - objects} objects\n"
        )


def main() -> None:
    """Print what was asked for, or all."""
    if sys.argv[1:2] == ["one"]:
        count(*sys.argv[2:4])
        return
    wanted = sys.argv[1:] or ["count", "load", "memory"]
    for name, measure in (("count", measure_count), ("load", measure_load), ("memory", measure_memory)):
        if name in wanted:
            measure()


if __name__ == "__main__":
    main()
