"""What typed streaming costs beside reading the raw stream, and beside libraries that give partial objects.

    python -m venv ../.venv-contenders
    ../.venv-contenders/bin/pip install instructor==1.17.0 baml-py==0.226.3 jiter partial-json-parser httpx
    python tests/benchmarks/streaming.py --others ../.venv-contenders/bin/python

An answer of 2,000 tokens (an object of 8 kB with a list of objects) comes over HTTP as OpenAI's chat completions
stream it, one event a token, and one of half the length. A server of its own on loopback sends it; its work is not
counted. Every contender runs in a process of its own, in which it takes turns with `raw`: reading the stream with httpx
and parsing each event, and nothing else. `ratio` is the median of processor time to that of `raw` before and after;
`cpu ms` the least; `growth` what twice the tokens take (2 is linear, 4 the square); `given` how many partial objects
or typed events came; `right` says whether the object at the end was right. `promptkit-fields` and `baml` parse
without a network.

Exit status 1 when promptkit fails or gives a wrong object.
"""

from __future__ import annotations

import argparse
import itertools
import json
import socket
import statistics
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from streaming_contenders import CONTENDERS, SLOW_S

CHILD = Path(__file__).with_name("streaming_contenders.py")
OWN = ("raw", "promptkit", "promptkit-text", "promptkit-fields", "from_json", "pydantic-partial")
TOKENS = {"report": 2_000, "half": 1_000}
SEVERITIES = ("low", "medium", "high")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--others", type=Path, help="the Python that has the other libraries")
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="some of %(default)s")
    parser.add_argument("--repeat", type=int, default=2, help="processes for each contender, in turns")
    parser.add_argument("--rounds", type=int, default=9, help="answers in each process")
    parser.add_argument("--timeout-s", type=float, default=300, help="for one process")
    options = parser.parse_args()
    options.contenders = options.contenders.split(",")
    if unknown := set(options.contenders) - set(CONTENDERS):
        parser.error(f"no such contender: {', '.join(sorted(unknown))}; there are {', '.join(CONTENDERS)}")
    if options.others is None:
        options.contenders = [name for name in options.contenders if name in OWN]
    return options


def report(tokens: int) -> list[str]:
    """A report of about four characters a token, cut into this many tokens."""
    rows: list[dict[str, Any]] = []
    text = ""
    while len(text) < 4 * tokens:
        text = json.dumps({"title": "Quarterly incident report", "items": rows, "done": True})
        index = len(rows)
        rows.append(
            {
                "id": index,
                "name": f"incident number {index}",
                "severity": SEVERITIES[index % 3],
                "minutes": 7 * index + 3,
                "note": f"restarted worker {index} after it stopped answering probes",
            }
        )
    cuts = [round(number * len(text) / tokens) for number in range(tokens + 1)]
    return [text[start:end] for start, end in itertools.pairwise(cuts)]


def stream_of(texts: list[str]) -> bytes:
    """A chunked HTTP answer with an event for each token."""
    frame = {
        "id": "chatcmpl-B9MBs8Cj",
        "object": "chat.completion.chunk",
        "created": 1741569952,
        "model": "m",
    }
    deltas: list[Any] = [
        ({"role": "assistant", "content": ""}, None),
        *(({"content": it}, None) for it in texts),
    ]
    events: list[Any] = [
        {**frame, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": end}]}
        for delta, end in [*deltas, ({}, "stop")]
    ]
    usage = {"prompt_tokens": 9, "completion_tokens": len(texts), "total_tokens": 9 + len(texts)}
    events.append({**frame, "choices": [], "usage": usage})
    lines = [*(f"data: {json.dumps(event)}\n\n" for event in events), "data: [DONE]\n\n"]
    chunks = b"".join(f"{len(line):x}\r\n{line}\r\n".encode() for line in lines)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + chunks + b"0\r\n\r\n"


def serve(listener: socket.socket, answers: dict[str, bytes]) -> None:
    """Answer requests until the listener closes; the model's name says with which text."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=talk, args=(connection, answers), daemon=True).start()


def talk(connection: socket.socket, answers: dict[str, bytes]) -> None:
    """Answer the requests of one connection."""
    with connection, connection.makefile("rb") as incoming:
        while incoming.readline():
            length = 0
            while (line := incoming.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            connection.sendall(answers[json.loads(incoming.read(length))["model"]])


def run(name: str, work: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """One process of a contender; where it gave nothing, `failure` says why."""
    python = sys.executable if name in OWN else str(options.others)
    try:
        done = subprocess.run(
            [python, str(CHILD), name],
            input=json.dumps(work),
            capture_output=True,
            text=True,
            timeout=options.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"not done after {options.timeout_s:.0f} s"}
    if done.returncode:
        return {"failure": done.stderr.strip().rpartition("\n")[2][:200] or f"exit status {done.returncode}"}
    outcome: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return outcome


def row(name: str, outcomes: list[dict[str, Any]]) -> str:
    """One contender's line of the table."""
    if "failure" in outcomes[-1]:
        return f"{name:20} {outcomes[-1]['failure']}"
    whole, half = (min(min(it["cpu_s"][text]) for it in outcomes) for text in TOKENS)
    ratio = statistics.median(ratio for it in outcomes for ratio in it["ratios"])
    last = outcomes[-1]
    return (
        f"{name:20} {whole * 1e3:9.1f} {ratio:7.2f} {whole / half:7.2f} {last['given']:7} "
        f"{'yes' if last['right'] else 'no':>6}"
    )


def main() -> None:
    """Run the rounds and print the table."""
    options = arguments()
    texts = {name: report(tokens) for name, tokens in TOKENS.items()}
    answers = {name: stream_of(pieces) for name, pieces in texts.items()}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, answers), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        work = {"url": url, "texts": texts, "rounds": options.rounds}
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in options.contenders}
        for number in range(options.repeat):
            for name, outcomes in found.items():
                slow = outcomes and (
                    "failure" in outcomes[-1] or min(outcomes[-1]["cpu_s"]["report"]) > SLOW_S
                )
                if not (number and slow):  # a slow one is told from the others by one process
                    outcomes.append(run(name, work, options))
    sizes = ", ".join(f"{len(it):,} tokens of {sum(map(len, it)) / 1e3:.1f} kB" for it in texts.values())
    print(f"{sizes}; {options.repeat} processes with {options.rounds} answers each")
    print(f"{'':20} {'cpu ms':>9} {'ratio':>7} {'growth':>7} {'given':>7} {'right':>6}")
    for name, outcomes in found.items():
        print(row(name, outcomes))
    own = [it for name, outcomes in found.items() if name.startswith("promptkit") for it in outcomes]
    raise SystemExit(1 if any("failure" in it or not it["right"] for it in own) else 0)


if __name__ == "__main__":
    main()
