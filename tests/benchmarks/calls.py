"""What a call to a server costs beside httpx, Jinja and pydantic put together by hand, and whether it grows.

    python tests/benchmarks/calls.py [sync] [async] [stream] [memory]

Needs httpx; `sync` needs valgrind too. The server is a process of its own on loopback that ends with this one.

- `sync`: instructions of one call from inputs to validated value, counted by callgrind, so that a busy machine
  does not matter. The bound is 1.0 times raw, the aim 0.75.
- `async`: processor time of a call at several concurrencies, beside one shared `httpx.AsyncClient`, in alternating
  blocks. The bound is 0.5 at 64, the aim 0.4; and no more at 256 than at 1.
- `stream`: processor time of a text of 2,000 pieces, beside reading its raw lines. The bound is 1.1.
- `memory`: what 20,000 calls leave behind after 2,000 for warming up.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import jinja2
from counting import counted, instructions
from pydantic import BaseModel

sys.path.insert(0, str(Path(__file__).parents[1]))
from loopback import LAST_CHUNK, LoopbackServer, Seen, Step, answer, chunk, chunked_head, event

import promptkit as pk

COUNTED_CALLS = 40
PIECES = 2_000
CALLS_IN_ALL = 20_000
WARM_UP = 2_000
CONCURRENCIES = {1: 100, 16: 320, 64: 640, 256: 1024}  # and calls in a block
ROUNDS = 5
KEY_ENV = "OPENAI_COMPATIBLE_API_KEY"


class Customer(BaseModel):
    full_name: str
    email: str


class Ticket(BaseModel):
    category: Literal["billing", "technical", "account", "other"]
    priority: int
    summary: str
    tags: list[str]
    customer: Customer
    confidence: float


class Case(BaseModel):
    said: str
    judged: str


class Inputs(BaseModel):
    product: str
    language: str
    cases: list[Case]
    message: str


RULES = "Read the whole message before you decide, choose one category, invent nothing. " * 20
SYSTEM = (
    f"{RULES}\nThe product is {{{{ product }}}}. Answer in {{{{ language }}}}.\n"
    "{% for case in cases %}\nInput: {{ case.said }}\nOutput: {{ case.judged }}\n{% endfor %}\n"
)
USER = "Classify this message:\n{{ message }}\n"
VALUES = {
    "product": "Ledgerly, accounting for small firms",
    "language": "English",
    "cases": [
        {"said": f"Example {n}: the export stops at {n * 13} percent.", "judged": f'{{"priority": {n}}}'}
        for n in range(1, 6)
    ],
}
MESSAGE = (
    "Hello, I am Ada Lovelace (ada@example.com). You charged me twice for March. I want one payment back."
)
TICKET = {
    "category": "billing",
    "priority": 2,
    "summary": "Charged twice for the March invoice; wants one payment back.",
    "tags": ["refund", "duplicate-charge"],
    "customer": {"full_name": "Ada Lovelace", "email": "ada@example.com"},
    "confidence": 0.93,
}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "tiny",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": json.dumps(TICKET), "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 619, "completion_tokens": 87, "total_tokens": 706},
}


def pieces() -> Iterator[Any]:
    for number in range(PIECES):
        delta = {"index": 0, "delta": {"content": f"word{number} "}, "logprobs": None, "finish_reason": None}
        yield {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "tiny", "choices": [delta]}
    yield {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield "[DONE]"


def serve() -> None:
    """The server's process: it says its port, and ends when the one that started it does."""
    whole = (answer(ANSWER, x_request_id="req-1"),)
    streamed = (
        chunked_head("text/event-stream"),
        b"".join(chunk(event(piece)) for piece in pieces()),
        LAST_CHUNK,
    )

    def answers(seen: Seen) -> tuple[Step, ...]:
        server.seen.clear()
        return streamed if b'"stream":true' in seen.body.replace(b" ", b"") else whole

    with LoopbackServer.running(answers=answers) as server:
        print(server.url, flush=True)
        sys.stdin.read()


@contextmanager
def served() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(20)


# The two ways


class Raw:
    """What a careful programmer writes: compiled templates, one client, the schema made once."""

    def __init__(self, url: str) -> None:
        environment = jinja2.Environment()  # noqa: S701 - no HTML here
        self._templates = [environment.from_string(text) for text in (SYSTEM, USER)]
        schema = {"name": "Ticket", "schema": Ticket.model_json_schema(), "strict": True}
        self._format = {"type": "json_schema", "json_schema": schema}
        self._url = f"{url}/chat/completions"
        head = {"authorization": f"Bearer {os.environ[KEY_ENV]}"}
        limits = httpx.Limits(max_connections=1000, max_keepalive_connections=1000)
        self._client = httpx.Client(headers=head, limits=limits)
        self._async_client = httpx.AsyncClient(headers=head, limits=limits, timeout=60)

    def _body(self, number: int) -> dict[str, Any]:
        values = {**VALUES, "message": f"[{number}] {MESSAGE}"}
        texts = [template.render(values) for template in self._templates]
        messages = [
            {"role": role, "content": text} for role, text in zip(("system", "user"), texts, strict=True)
        ]
        return {"model": "tiny", "messages": messages, "response_format": self._format}

    def call(self, number: int) -> Any:
        reply = self._client.post(self._url, json=self._body(number)).raise_for_status()
        return Ticket.model_validate_json(reply.json()["choices"][0]["message"]["content"])

    async def acall(self, number: int) -> Any:
        reply = (await self._async_client.post(self._url, json=self._body(number))).raise_for_status()
        return Ticket.model_validate_json(reply.json()["choices"][0]["message"]["content"])

    def stream(self) -> str:
        body = {"model": "tiny", "messages": [{"role": "user", "content": "Write."}], "stream": True}
        texts = []
        with self._client.stream("POST", self._url, json=body) as reply:
            for line in reply.iter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    text = json.loads(line[6:])["choices"][0]["delta"].get("content")
                    if text:
                        texts.append(text)
        return "".join(texts)


class Ours:
    """The same by promptkit."""

    def __init__(self, url: str) -> None:
        template = f"{{% system %}}\n{SYSTEM}{{% endsystem %}}\n{{% user %}}\n{USER}{{% enduser %}}\n"
        backend = f"openai+{url}:tiny"
        self._prompt = pk.Prompt(template=template, input=Inputs, output=Ticket).using(backend)
        self._text = pk.Prompt(template="{% user %}Write.{% enduser %}").using(backend)

    def call(self, number: int) -> Any:
        return self._prompt.run(**VALUES, message=f"[{number}] {MESSAGE}").value

    async def acall(self, number: int) -> Any:
        return (await self._prompt.arun(**VALUES, message=f"[{number}] {MESSAGE}")).value

    def stream(self) -> str:
        return "".join(each.text for each in self._text.stream() if isinstance(each, pk.events.TextDelta))


WAYS: dict[str, Callable[[str], Raw | Ours]] = {"raw": Raw, "promptkit": Ours}


# What is measured


def count(name: str, url: str) -> None:
    """Inside callgrind: so many calls, instrumentation on around them alone."""
    call = WAYS[name](url).call
    for number in range(20):
        assert isinstance(call(number), Ticket)
    with counted():
        for number in range(COUNTED_CALLS):
            call(number)


def measure_sync(url: str) -> None:
    counts = {}
    for name in WAYS:
        counts[name] = instructions(__file__, "count", name, url) / COUNTED_CALLS
        print(f"sync        {name:10} {counts[name] / 1e6:8.3f} million instructions")
    print(f"sync        ratio      {counts['promptkit'] / counts['raw']:8.2f}")


async def in_parallel(call: Callable[[int], Awaitable[Any]], calls: int, concurrency: int) -> float:
    """Processor seconds of a call, the connections opened before."""
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            await call(number)

    await asyncio.gather(*(call(number) for number in range(concurrency)))
    start = time.process_time()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return (time.process_time() - start) / calls


async def measure_async(url: str) -> None:
    ways = {name: make(url) for name, make in WAYS.items()}
    for concurrency, calls in CONCURRENCIES.items():
        rounds = [
            {name: await in_parallel(way.acall, calls, concurrency) for name, way in ways.items()}
            for _ in range(ROUNDS)
        ]
        ratio = statistics.median(each["promptkit"] / each["raw"] for each in rounds)
        micros = {name: statistics.median(each[name] for each in rounds) * 1e6 for name in ways}
        shown = "  ".join(f"{name} {value:6.0f} us" for name, value in micros.items())
        print(f"async {concurrency:5} {shown}  ratio {ratio:.2f}")


def measure_stream(url: str) -> None:
    ways = {name: make(url) for name, make in WAYS.items()}
    rounds: list[dict[str, float]] = []
    for _ in range(2 * ROUNDS + 1):
        rounds.append({})
        for name, way in ways.items():
            start = time.process_time()
            assert way.stream().count("word") == PIECES
            rounds[-1][name] = time.process_time() - start
    ratio = statistics.median(each["promptkit"] / each["raw"] for each in rounds[1:])
    millis = {name: statistics.median(each[name] for each in rounds[1:]) * 1e3 for name in ways}
    print(
        "stream      "
        + "  ".join(f"{name} {value:.1f} ms" for name, value in millis.items())
        + f"  ratio {ratio:.2f}"
    )


def resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def measure_memory(url: str) -> None:
    call = Ours(url).call
    for number in range(WARM_UP):
        call(number)
    gc.collect()
    before, objects = resident_kb(), len(gc.get_objects())
    for number in range(CALLS_IN_ALL):
        call(number)
    gc.collect()
    print(
        f"memory      {CALLS_IN_ALL} calls leave {resident_kb() - before} kB, "
        f"{len(gc.get_objects()) - objects} objects"
    )


def main() -> None:
    """Print the figures that were asked for, or all."""
    os.environ.setdefault(KEY_ENV, "sk-of-a-usual-length-0123456789abcdef0123456789")
    if sys.argv[1:2] == ["serve"]:
        serve()
        return
    if sys.argv[1:2] == ["count"]:
        count(*sys.argv[2:4])
        return
    wanted = sys.argv[1:] or ["sync", "async", "stream", "memory"]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"Python {sys.version.split()[0]}, httpx {httpx.__version__}, {os.cpu_count()} cores, load {load}")
    with served() as url:
        if "sync" in wanted:
            measure_sync(url)
        if "async" in wanted:
            asyncio.run(measure_async(url))
        if "stream" in wanted:
            measure_stream(url)
        if "memory" in wanted:
            measure_memory(url)


if __name__ == "__main__":
    main()
