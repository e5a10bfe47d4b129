"""Prints what rendering costs beside one raw compiled Jinja template of the same text, and how memory grows.

Run: python tests/benchmarks/rendering.py
"""

from __future__ import annotations

import gc
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import jinja2

from promptkit.constraints import max_words
from promptkit.declarations import Clarity, ContextBlock, Declaration, Example
from promptkit.errors import TemplateError
from promptkit.rendering import Source, Template, compile_template
from promptkit.requests import OutputSpec
from promptkit.schemas import InputSchema, OutputSchema

BLOCK = 2_000
ROUNDS = 21
LEAK_RENDERS = 10_000

BODY = """{% system %}
{{ clarity }}

{{ constraints }}

{{ output_format }}
{% endsystem %}
{% examples %}
{% user %}
{{ context.message }}
{% enduser %}
"""

OUTPUT = {
    "type": "object",
    "properties": {
        "category": {"enum": ["billing", "shipping", "technical", "account", "question"]},
        "urgency": {"enum": ["low", "normal", "high"]},
        "reply": {"type": "string"},
    },
    "required": ["category", "urgency", "reply"],
    "additionalProperties": False,
}


def triage() -> Template:
    """A prompt like the shipped triage: a constant system message, two examples, one fenced input."""
    declaration = Declaration(
        name="triage",
        clarity=Clarity(
            role="A calm support engineer.",
            task="Decide the category and the urgency of a message, then draft a first reply.",
            audience="A customer without technical knowledge.",
            steps=("Read the message.", "Pick one category.", "Say how urgent it is."),
            done_when="One JSON object matches the form below.",
        ),
        context=(ContextBlock(id="message", source="message"),),
        constraints=(max_words("reply", 60),),
        examples=(
            Example(
                input={"message": "My parcel has not come. Order 4711."},
                output={"category": "shipping", "urgency": "normal", "reply": "We look for it today."},
            ),
            Example(
                input={"message": "I was billed twice and need it back today!"},
                output={"category": "billing", "urgency": "high", "reply": "We pay it back today."},
            ),
        ),
        body=BODY,
    )
    schema = OutputSchema.from_json_schema(OUTPUT, "triage")
    spec = OutputSpec(schema=schema, constraints=declaration.constraints)
    return compile_template(
        declaration, inputs=InputSchema.inferred(["message"]), output=spec, load=_no_files
    )


def _no_files(name: str) -> Source:
    raise TemplateError(f"there is no file {name}")


def raw_template(template: Template) -> jinja2.Template:
    """The same text as one template of stock Jinja, roles written as lines."""
    mark = "MARK OF THE INPUT"
    text = "\n".join(f"{message.role}:\n{message.text}" for message in template.render({"message": mark}))
    return jinja2.Environment().from_string(text.replace(mark, "{{ message }}"))  # noqa: S701 - stock settings, and no HTML


def seconds(act: Callable[[Mapping[str, Any]], Any], values: list[dict[str, str]]) -> float:
    """Processor seconds for one block of renders."""
    start = time.process_time()
    for each in values:
        act(each)
    return time.process_time() - start


def main() -> None:
    """Alternate blocks of both, so that both meet the same weather."""
    template = triage()
    raw = raw_template(template)
    values = [{"message": f"[{index}] Hello, I am Ada and my router is offline."} for index in range(BLOCK)]
    pairs = [(seconds(template.render, values), seconds(raw.render, values)) for _ in range(ROUNDS)][1:]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours = statistics.median(pair[0] for pair in pairs) / BLOCK * 1e6
    theirs = statistics.median(pair[1] for pair in pairs) / BLOCK * 1e6
    write = sys.stdout.write
    write(f"render: {ours:.2f} us, raw compiled jinja2: {theirs:.2f} us, ratio {ratio:.2f}\n")

    start = time.process_time()
    for _ in range(20):
        triage()
    write(f"compile: {(time.process_time() - start) / 20 * 1e3:.2f} ms\n")

    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for index in range(LEAK_RENDERS):
        template.render({"message": f"message {index} " * (index % 50 + 1)})
    gc.collect()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write(f"memory over {LEAK_RENDERS} renders with changing inputs: {after - before} kB more\n")


if __name__ == "__main__":
    main()
