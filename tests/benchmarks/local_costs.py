"""What a kept prefix saves, whether memory grows, and what masks and bookkeeping cost beside llama.cpp itself.

    python tests/benchmarks/local_costs.py --model build/random.gguf [--only prefix,share,memory]

`build/random.gguf` is made by random_model.py. Figures are the library's own: the public backend is asked.

* prefix: seconds to the first token of a request that begins with the 1,000 tokens of an earlier one and goes on with
  at most 50 of its own, against those of the earlier one; wall and processor time, best of `--repeat` pairs, each
  with a beginning of its own. The aim is 15 %.
* share: of the processor time of 16 answers decoded together, what was not spent within `llama_decode`.
* memory: resident memory after an eighth of `--requests` answers of the demo model and after all of them, asked by
  eight threads with messages of many lengths and four schemas. The rest is growth that does not stop.

Exit status 1 when an answer is invalid or the kept prefix was not used. Shares are of processor time with one
thread: threads that wait for one another would count as work.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import llama_cpp
from local import QUESTIONS, SCHEMA, SYSTEM

from promptkit.backends.llama import LlamaBackend
from promptkit.completions import Completion
from promptkit.messages import Message
from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, Request
from promptkit.schemas import OutputSchema

PREFIX_TOKENS, SUFFIX_TOKENS, AIM = 1_000, 50, 0.15
ROUNDS = 8  # after which memory is read
ASKING = 8  # threads that ask at once while memory is watched
SMALL_SCHEMAS: list[dict[str, Any]] = [
    {**SCHEMA, "properties": {name: SCHEMA["properties"][name]}, "required": [name]}
    for name in ("category", "sentiment", "urgency", "needs_reply")
]


def request(system: str, question: str, schema: Any = None, max_tokens: int = 120) -> Request:
    """A greedy request of two messages; without a schema for plain text."""
    output = OutputSchema.text() if schema is None else OutputSchema.from_json_schema(schema, "answer")
    return Request(
        messages=(Message(role="system", content=system), Message(role="user", content=question)),
        output=OutputSpec(schema=output),
        generation=GenerationConfig(temperature=0, max_tokens=max_tokens),
        prompt=PromptRef(name="benchmark"),
    )


def check(completion: Completion, schema: Any) -> None:
    """End with an error when an answer is not of its schema."""
    try:
        jsonschema.Draft202012Validator(schema).validate(json.loads(completion.text))
    except (ValueError, jsonschema.ValidationError) as error:
        raise SystemExit(f"the answer {completion.text!r} is invalid: {error}") from None


def long_system(backend: LlamaBackend, number: int) -> str:
    """A system message whose prompt is about 1,000 tokens, unlike those of other numbers from its beginning on."""
    text = f"Rules, edition {number}."
    for rule in itertools.count(1):
        text += f"\n{rule}. A message about item {rule * 37 % 101} goes to desk {rule * 11 % 23} before noon."
        messages = request(text, "").messages
        if backend.count_tokens(messages).n >= PREFIX_TOKENS:
            return text
    raise AssertionError


def timed(backend: LlamaBackend, asked: Request) -> tuple[float, float, Completion]:
    """Wall and processor seconds of a request, and its answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    completion = backend.complete(asked)
    return time.perf_counter() - wall, time.process_time() - cpu, completion


def prefix(options: argparse.Namespace) -> None:
    """Print how the first token's time falls when the beginning is kept."""
    backend = LlamaBackend(options.model, n_ctx=2048, threads=options.threads)
    backend.complete(request("Be brief.", "Hello!", max_tokens=1))
    pairs: list[tuple[float, float, float, float]] = []
    for number in range(options.repeat):
        system = long_system(backend, number)
        wall, cpu, first = timed(backend, request(system, QUESTIONS[number], max_tokens=1))
        kept_wall, kept_cpu, second = timed(backend, request(system, QUESTIONS[number + 1], max_tokens=1))
        own = second.usage.input_tokens - second.usage.cached_tokens
        if second.usage.cached_tokens < PREFIX_TOKENS - SUFFIX_TOKENS or own > SUFFIX_TOKENS:
            raise SystemExit(
                f"of {second.usage.input_tokens} tokens {second.usage.cached_tokens} came from the cache; "
                f"expected all but {SUFFIX_TOKENS} at most"
            )
        print(
            f"  {first.usage.input_tokens} tokens in {wall:.2f} s (cpu {cpu:.2f} s); then {own} of "
            f"{second.usage.input_tokens} in {kept_wall:.2f} s (cpu {kept_cpu:.2f} s)",
            file=sys.stderr,
        )
        pairs.append((wall, cpu, kept_wall, kept_cpu))
    backend.close()
    wall, cpu, kept_wall, kept_cpu = (min(column) for column in zip(*pairs, strict=True))
    print(
        f"first token after a kept prefix: {kept_wall:.2f} s of {wall:.2f} s, {kept_wall / wall:.1%}; "
        f"cpu {kept_cpu:.2f} s of {cpu:.2f} s, {kept_cpu / cpu:.1%} (aim {AIM:.0%})"
    )


class DecodingTime:
    """Stands in for llama_decode and adds up the processor time that it takes."""

    def __init__(self) -> None:
        self._decode: Callable[..., int] = llama_cpp.llama_decode
        self.cpu_s = 0.0
        self.calls = 0

    def __call__(self, *arguments: Any) -> int:
        start = time.thread_time()
        code = self._decode(*arguments)
        self.cpu_s += time.thread_time() - start
        self.calls += 1
        return code


def share(options: argparse.Namespace) -> None:
    """Print what masks, choices and bookkeeping take of the processor time."""
    llama_cpp.llama_decode = decoding = DecodingTime()
    backend = LlamaBackend(options.model, n_ctx=1024, threads=1, n_parallel=len(QUESTIONS))
    backend.complete(request("Fill in the fields.", "Hello!", SCHEMA))
    decoding.cpu_s, decoding.calls, start = 0.0, 0, time.process_time()
    with ThreadPoolExecutor(len(QUESTIONS)) as pool:
        completions = list(pool.map(lambda it: backend.complete(request(SYSTEM, it, SCHEMA)), QUESTIONS))
    spent = time.process_time() - start
    backend.close()
    for completion in completions:
        check(completion, SCHEMA)
    tokens = sum(completion.usage.output_tokens for completion in completions)
    print(
        f"{tokens} tokens of {len(QUESTIONS)} answers: cpu {spent:.2f} s, of which {decoding.cpu_s:.2f} s in "
        f"{decoding.calls} calls of llama_decode; the rest is {1 - decoding.cpu_s / spent:.1%}, "
        f"{(spent - decoding.cpu_s) / tokens * 1e3:.2f} ms a token"
    )


def resident_mib() -> float:
    """Memory of this process that is in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def asked_for_memory(count: int) -> Iterator[tuple[str, Any]]:
    """Messages, none like another, and the schemas of their answers."""
    for number in range(count):
        text = f"[{number}] {QUESTIONS[number % len(QUESTIONS)]} " * (1 + number % 4)
        yield text, SMALL_SCHEMAS[number // len(QUESTIONS) % len(SMALL_SCHEMAS)]


def memory(options: argparse.Namespace) -> None:
    """Print how much more memory the later requests took."""
    backend = LlamaBackend("demo", n_ctx=1024)

    def ask(given: tuple[str, Any]) -> None:
        question, schema = given
        check(backend.complete(request("Sort the message.", question, schema)), schema)

    everything = list(asked_for_memory(options.requests))
    early = options.requests // ROUNDS
    found: list[float] = []
    with ThreadPoolExecutor(ASKING) as pool:
        # Rounds of one size, as what waits in the pool takes room as well.
        for start in range(0, early * ROUNDS, early):
            list(pool.map(ask, everything[start : start + early]))
            found.append(resident_mib())
    before, after = found[0], found[-1]
    backend.close()
    print(
        f"resident memory after {early} requests {before:.1f} MiB, after {options.requests} {after:.1f} MiB: "
        f"{after - before:+.1f} MiB"
    )


WAYS: dict[str, Callable[[argparse.Namespace], None]] = {"prefix": prefix, "share": share, "memory": memory}


def main() -> None:
    """Print the figures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", required=True, help="for prefix and share; a GGUF file")
    parser.add_argument("--only", default=",".join(WAYS), help="some of %(default)s")
    parser.add_argument("--repeat", type=int, default=3, help="pairs of requests for prefix")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="for prefix")
    parser.add_argument("--requests", type=int, default=2_000, help="for memory")
    options = parser.parse_args()
    chosen = options.only.split(",")
    if unknown := set(chosen) - set(WAYS):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(WAYS)}")
    if not 1 <= options.repeat < len(QUESTIONS):
        parser.error(f"--repeat is {options.repeat}; it must be 1 to {len(QUESTIONS) - 1}")
    for name in chosen:
        WAYS[name](options)


if __name__ == "__main__":
    main()
