"""What rendering the shipped triage prompt costs beside one raw compiled Jinja template of the same text.

    python tests/benchmarks/rendering.py

`Prompt.render` is the public call: inputs validated, messages rendered, the value built. `Template.render` is
the part that Jinja does in the raw template. The bound for both is 1.5. Blocks alternate, so that both meet the
same weather; memory is what 10,000 renders with changing inputs leave behind.
"""

from __future__ import annotations

import gc
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

import promptkit as pk

TRIAGE = Path(__file__).parents[2] / "templates" / "triage.prompt.j2"
BLOCK = 2_000
ROUNDS = 21
LEAK_RENDERS = 10_000
MARK = "MARK OF THE INPUT"


def raw_template(prompt: pk.Prompt[Any]) -> jinja2.Template:
    """The same text as one template of stock Jinja, roles written as lines."""
    rendered = prompt.render(message=MARK)
    text = "\n".join(f"{message.role}:\n{message.text}" for message in rendered.messages)
    return jinja2.Environment().from_string(text.replace(MARK, "{{ message }}"))  # noqa: S701 - no HTML here


def seconds(act: Callable[[Mapping[str, Any]], Any], values: list[dict[str, str]]) -> float:
    """Processor seconds for one block of renders."""
    start = time.process_time()
    for each in values:
        act(each)
    return time.process_time() - start


def main() -> None:
    """Print the ratios of one run, what loading costs, and the growth of memory."""
    prompt = pk.load(TRIAGE)
    raw = raw_template(prompt)
    ways: dict[str, Callable[[Mapping[str, Any]], Any]] = {
        "raw compiled jinja2": raw.render,
        "Template.render": prompt.contract.template.render,
        "Prompt.render": lambda values: prompt.render(**values),
    }
    values = [{"message": f"[{index}] Hello, I am Ada and my router is offline."} for index in range(BLOCK)]
    rounds = [{name: seconds(act, values) for name, act in ways.items()} for _ in range(ROUNDS)][1:]
    for name in ways:
        micros = statistics.median(each[name] for each in rounds) / BLOCK * 1e6
        ratio = statistics.median(each[name] / each["raw compiled jinja2"] for each in rounds)
        sys.stdout.write(f"{name:20} {micros:6.2f} us, ratio {ratio:.2f}\n")

    start = time.process_time()
    for _ in range(10):
        pk.load(TRIAGE).check()
    sys.stdout.write(f"load and compile     {(time.process_time() - start) / 10 * 1e3:6.2f} ms\n")

    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for index in range(LEAK_RENDERS):
        prompt.render(message=f"message {index} " * (index % 50 + 1))
    gc.collect()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    sys.stdout.write(f"memory over {LEAK_RENDERS} renders with changing inputs: {grown} kB more\n")


if __name__ == "__main__":
    main()
