"""Whether made-up answers are always valid: over 10,000 of them, judged by a validator that is not promptkit's.

    python tests/benchmarks/fakes.py json_schemas.jsonl.gz [schemas]

The schemas are the outputs of templates/, with the inputs of an example, and 300 of the file (or as many as are asked for), every n-th of it, each as
the output of a prompt. Of each, values are made in the two ways that a test gets them: by seeds, as
``llm.on(...).auto(seed=...)`` does, and by the strategy ``strategies.outputs`` for hypothesis. The judge is the Python
package jsonschema by the draft that the schema names (2020-12 by default), with the checks of formats that this draft
knows. A schema is refused where its prompt cannot be loaded or no value is made; where it is proven that there is
none, that is told apart. The program ends with 1 when a value is invalid or more than 5 % are refused.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation import judged, rows
from hypothesis import HealthCheck, Phase, given, settings

import promptkit as pk
from promptkit.backends.mock import values_of
from promptkit.errors import PromptKitError
from promptkit.schemas import Refused
from promptkit.testing import strategies

TEMPLATES = Path(__file__).parents[2] / "templates"
SCHEMAS = 300
SEEDS = 25
EXAMPLES = 12
MOST_REFUSED = 0.05


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What values are made of.

    Attributes:
        name: The prompt's or the schema's.
        schema: What the judge goes by.
        prompt: The prompt; the error where there is none.
        inputs: Its inputs.
    """

    name: str
    schema: Any
    prompt: pk.Prompt[Any] | PromptKitError
    inputs: Mapping[str, Any]


def subjects(path: Path, count: int) -> Iterator[Subject]:
    """The templates, and schemas of the file."""
    library = pk.library(TEMPLATES)
    for name in library.names():
        prompt = library[name]
        output = prompt.contract.output
        schema = output.schema.json_schema if output.mode == "json" else {"type": "string"}
        known = [*prompt.declaration.examples, *prompt.declaration.tests]
        yield Subject(name=name, schema=schema, prompt=prompt, inputs=known[0].input)
    found = rows(path)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(min(count, len(found))):
            row = found[number * len(found) // min(count, len(found))]
            file = Path(folder) / f"p{number}.prompt.yaml"
            file.write_text(json.dumps({"name": f"p{number}", "output": {"json_schema": row["schema"]}}))
            yield Subject(name=row["id"], schema=row["schema"], prompt=loaded(file), inputs={})


def loaded(file: Path) -> pk.Prompt[Any] | PromptKitError:
    """The prompt of a file with its output, which is looked at on first use."""
    try:
        prompt = pk.load(file)
        assert prompt.contract.output
    except PromptKitError as error:
        return error
    return prompt


def by_seeds(prompt: pk.Prompt[Any], inputs: Mapping[str, Any]) -> list[Any] | Refused:
    """The plainest value and those of some seeds, or why there is none."""
    values = values_of(prompt.render(**inputs).output)
    made = [values.made(seed) for seed in (None, *range(SEEDS - 1))]
    refused = [it for it in made if isinstance(it, Refused)]
    return refused[0] if refused else [it.value for it in made if not isinstance(it, Refused)]


def by_hypothesis(prompt: pk.Prompt[Any], inputs: Mapping[str, Any]) -> list[Any]:
    """What a test with the strategy gets, the same in every run."""
    found: list[Any] = []

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategies.outputs(prompt, **inputs))
    def kept(value: Any) -> None:
        found.append(value)

    kept()
    return found


def main() -> int:
    """Print the figures, and each schema of which something is wrong."""
    count = int(sys.argv[2]) if len(sys.argv) > 2 else SCHEMAS
    schemas: Counter[str] = Counter()
    outputs: Counter[str] = Counter()
    for it in subjects(Path(sys.argv[1]), count):
        prompt = it.prompt
        made = by_seeds(prompt, it.inputs) if isinstance(prompt, pk.Prompt) else prompt
        if not isinstance(made, list):
            proven = isinstance(made, Refused) and made.proven
            schemas["without a value" if proven else "refused"] += 1
            print(
                f"  {'proven' if proven else 'refused'} {it.name}: {str(getattr(made, 'reason', made))[:300]}"
            )
            continue
        assert isinstance(prompt, pk.Prompt)
        schemas["made"] += 1
        for way, values in (("seeds", made), ("hypothesis", by_hypothesis(prompt, it.inputs))):
            for value in values:
                verdict = judged(it.schema, value)
                outputs[f"{verdict.partition(':')[0]} by {way}"] += 1
                if verdict != "valid":
                    print(f"  {it.name} by {way}: {verdict}: {json.dumps(value)[:200]}")
    refused = schemas["refused"] / schemas.total()
    invalid = sum(number for kind, number in outputs.items() if kind.startswith("invalid"))
    print(f"{schemas.total()} schemas: " + ", ".join(f"{number} {kind}" for kind, number in schemas.items()))
    print(f"{outputs.total()} outputs: " + ", ".join(f"{number} {kind}" for kind, number in outputs.items()))
    print(f"refused {refused:.1%} (at most {MOST_REFUSED:.0%}), invalid {invalid} (none)")
    return int(invalid > 0 or refused > MOST_REFUSED)


if __name__ == "__main__":
    sys.exit(main())
