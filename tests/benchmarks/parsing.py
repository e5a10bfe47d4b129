"""What is taken from answers that are not quite JSON, right, wrong or not at all, and what reading costs.

    python -m venv ../.venv-parsers
    ../.venv-parsers/bin/pip install pydantic json-repair jsonschema baml-py instructor jiter
    python tests/benchmarks/parsing.py --others ../.venv-parsers/bin/python

Run it in the development environment; the other libraries stand in one of their own. Without `--others` only promptkit
runs. The cases are those of `parsing_cases.py`: by kind, each with the value that a careful reader takes, or none.
`--half held` takes the half that was kept apart while the parser was written, `--half seen` the other one. `--file FILE`
takes cases from JSON lines with `id`, `category`, `schema`, `text`, `expect` (null: none).

A case counts as right when that value is taken, or when none is taken and none should be; as wrong when another value
is taken, or any where none should be; else as refused, as also where a contender crashes. For the others a field that may be left out counts as left out
when it is null or its default, and names that the schema does not have do not count. Inputs, which the cases of the
kind `echo` have, are told to promptkit alone: no other takes any.

Times are processor time of one reading, the least of some, in microseconds. `base` is `pydantic_core.from_json` and the
validation of what it gives; ratios are to that, of the same text or, for broken ones, of the text that was broken.

Exit status 1 when promptkit takes a wrong value, or fewer than 90 of 100 right ones.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic_core
from parsing_cases import ORDER, REFUSE, SCHEMAS, Case, cases
from parsing_contenders import OTHERS
from pydantic import BaseModel, TypeAdapter

from promptkit.errors import OutputError
from promptkit.output import align
from promptkit.schemas import OutputSchema

CHILD = Path(__file__).with_name("parsing_contenders.py")
SIZES = (1, 10, 100, 1_000)
"""Kilobytes; the others read up to 100."""


class Address(BaseModel):
    """As the schema of the cases."""

    street: str
    post_code: str


class Order(BaseModel):
    """As the schema of the cases."""

    status: str
    quantity: int
    note: str
    labels: list[str]
    address: Address
    score: float


def main() -> None:
    """Print both tables."""
    given = _arguments()
    chosen = _from_file(given.file) if given.file else [_plain(case) for case in cases(given.half)]
    texts = _texts()
    results: dict[str, Any] = {"promptkit": {"outcomes": [_taken(case) for case in chosen]}}
    if given.others:
        results |= _others(given.others, chosen, texts if given.speed else [])
    worst = _print_outcomes(chosen, results, details=given.details)
    if given.speed:
        _print_times(texts, results)
    sys.exit(worst)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--others", help="Python of the environment with the other libraries")
    parser.add_argument("--half", choices=["all", "seen", "held"], default="all")
    parser.add_argument("--file", type=Path, help="cases as JSON lines")
    parser.add_argument("--details", action="store_true", help="name promptkit's cases that are not right")
    parser.add_argument("--no-speed", dest="speed", action="store_false", help="leave the times out")
    return parser.parse_args()


def _plain(case: Case) -> dict[str, Any]:
    expect = {} if case.expect is REFUSE else {"expect": case.expect}
    return {
        "id": case.id,
        "category": case.kind,
        "schema": SCHEMAS[case.schema],
        "text": case.text,
        "inputs": list(case.inputs),
        **expect,
    }


def _from_file(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        {key: value for key, value in row.items() if key != "expect" or value is not None} for row in rows
    ]


def _taken(case: Mapping[str, Any]) -> dict[str, Any]:
    try:
        made = align(case["text"], case["schema"], inputs=case.get("inputs", ()))
    except OutputError as error:
        return {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    return {"value": made.value}


def _others(python: str, chosen: Sequence[Any], texts: Sequence[Any]) -> dict[str, Any]:
    """What each of the others makes of the cases; one that crashes goes on behind the case, which it refused."""
    texts = [text for text in texts if text["kb"] <= 100]
    made: dict[str, Any] = {}
    for name in OTHERS:
        version, outcomes, times = "", [], []
        while len(outcomes) < len(chosen) or len(times) < len(texts):
            asked = {"contender": name, "cases": chosen[len(outcomes) :], "texts": texts[len(times) :]}
            lines = _lines(python, asked)
            if not lines:
                break
            version = lines[0]
            found = lines[1:][: len(asked["cases"])]
            outcomes += found
            times += lines[1 + len(found) :] if len(outcomes) == len(chosen) else []
            if len(outcomes) < len(chosen):
                outcomes.append({"error": "crashed"})
            elif len(times) < len(texts):
                times.append(None)
        if version:
            made[name] = {"version": version, "outcomes": outcomes, "times": times}
        else:
            print(f"{name} is not there", file=sys.stderr)
    return made


def _lines(python: str, asked: Mapping[str, Any]) -> list[Any]:
    done = subprocess.run(
        [python, str(CHILD)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def verdict(case: Mapping[str, Any], outcome: Mapping[str, Any], *, own: bool) -> str:
    """``right``, ``wrong`` or ``refused``."""
    if "error" in outcome:
        return "refused" if "expect" in case else "right"
    if "expect" not in case:
        return "wrong"
    got, expect = outcome["value"], case["expect"]
    if not own:
        got, expect = _without_defaults(got, case["schema"]), _without_defaults(expect, case["schema"])
    return (
        "right"
        if json.dumps(got, sort_keys=True) == json.dumps(expect, sort_keys=True) or _equal(got, expect)
        else "wrong"
    )


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _without_defaults(data: Any, schema: Mapping[str, Any]) -> Any:
    if not isinstance(data, dict) or "properties" not in schema:
        return data
    required = schema.get("required", ())
    return {
        key: value
        for key, value in data.items()
        if key in schema["properties"]
        and (key in required or value not in (None, [], schema["properties"][key].get("default")))
    }


def _print_outcomes(chosen: Sequence[Any], results: Mapping[str, Any], *, details: bool) -> int:
    counts: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in results}
    for name, result in results.items():
        for case, outcome in zip(chosen, result["outcomes"], strict=True):
            found = verdict(case, outcome, own=name == "promptkit")
            counts[name][case["category"], found] += 1
            if details and name == "promptkit" and found != "right":
                print(f"{found}: {case['id']}: {case['text'][:120]!r} -> {str(outcome)[:160]}")
    names = list(results)
    print(f"{len(chosen)} cases: right/wrong of each kind\n")
    print(f"{'':16}{'n':>5}" + "".join(f"{name:>20}" for name in names))
    for kind in dict.fromkeys(case["category"] for case in chosen):
        size = sum(case["category"] == kind for case in chosen)
        cells = "".join(
            f"{counts[name][kind, 'right']:>15}/{counts[name][kind, 'wrong']:<4}" for name in names
        )
        print(f"{kind:16}{size:>5}{cells}")
    totals = {
        name: Counter(
            {
                found: sum(n for (_, f), n in counts[name].items() if f == found)
                for found in ("right", "wrong", "refused")
            }
        )
        for name in names
    }
    for found in ("right", "wrong", "refused"):
        print(f"{found:16}{'':>5}" + "".join(f"{totals[name][found]:>15}     " for name in names))
    print(
        f"{'right, %':16}{'':>5}"
        + "".join(f"{100 * totals[name]['right'] / len(chosen):>15.1f}     " for name in names)
    )
    versions = ", ".join(
        f"{name} {result['version']}" for name, result in results.items() if "version" in result
    )
    print(f"\n{versions}" if versions else "")
    own = totals["promptkit"]
    return int(bool(own["wrong"]) or own["right"] < 0.9 * len(chosen))


def _texts() -> list[dict[str, Any]]:
    """Lists of orders of some sizes: as strict JSON, in a fence, with trailing commas."""
    schema = {"type": "array", "items": SCHEMAS["order"]}
    made: list[dict[str, Any]] = []
    for kb in SIZES:
        data = [{**ORDER, "quantity": index} for index in range(max(1, kb * 1_000 // len(json.dumps(ORDER))))]
        text = json.dumps(data)
        for kind, written in (
            ("strict", text),
            ("fenced", f"Here it is:\n```json\n{text}\n```"),
            ("broken", text.replace("]", ",]").replace('"status"', "status")),
        ):
            made.append({"kind": kind, "kb": kb, "schema": schema, "text": written, "strict": text})
    return made


def _least(read: Callable[[], Any], least_s: float = 0.2) -> float:
    best, spent = float("inf"), 0.0
    while spent < least_s:
        start = time.process_time()
        read()
        took = time.process_time() - start
        best, spent = min(best, took), spent + max(took, 1e-6)
    return best * 1e6


def _print_times(texts: Sequence[Any], results: Mapping[str, Any]) -> None:
    typed = TypeAdapter(list[Order])
    of_type, of_schema = (
        OutputSchema[Any].from_type(list[Order]),
        OutputSchema.from_json_schema(texts[0]["schema"], "o"),
    )
    others = [name for name in results if name != "promptkit"]
    print(
        f"\n{'':8}{'kB':>6}{'base':>10}{'promptkit':>12}{'ratio':>7}{'of JSON Schema':>16}"
        + "".join(f"{name:>20}" for name in others)
    )
    for index, text in enumerate(texts):
        strict, written = text["strict"], text["text"]
        base = _least(lambda: typed.validate_python(pydantic_core.from_json(strict)))  # noqa: B023
        own = _least(lambda: align(written, of_type))  # noqa: B023
        raw = _least(lambda: align(written, of_schema))  # noqa: B023
        cells = ""
        for name in others:
            times = results[name]["times"]
            took = times[index] if index < len(times) else None
            cells += f"{'-' if took is None else f'{took:.0f}':>20}"
        print(
            f"{text['kind']:8}{text['kb']:>6}{base:>10.0f}{own:>12.0f}{own / base:>7.2f}{raw:>16.0f}{cells}",
            flush=True,
        )


if __name__ == "__main__":
    main()
