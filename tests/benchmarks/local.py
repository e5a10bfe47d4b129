"""How long local engines take for requests that share a prompt and a schema, and how many answers are valid.

    python tests/benchmarks/random_model.py ... --out build/random.gguf      (see there)
    python -m venv ../.venv-contenders
    export CMAKE_ARGS="$(sed -n 's/^export CMAKE_ARGS ?= //p' Makefile)"
    ../.venv-contenders/bin/pip install llama-cpp-python==0.3.36 'outlines[llamacpp]==1.3.3' guidance==0.3.1
    python tests/benchmarks/local.py --model build/random.gguf --others ../.venv-contenders/bin/python

Run it in the development environment; the other libraries stand in one of their own, because guidance asks for a
llguidance that is older than promptkit's. With the Makefile's CMAKE_ARGS pip takes the llama.cpp that it has built
already. Without `--others` only promptkit and the floors run.

Every contender runs in a process of its own, so that a crash or a slow one takes no other along. Model, threads,
sampling (greedy) and room for answers are the same for all. `ready` is loading and one request with another system
message. `wall` and `cpu` are the requests' own time, the least of `--repeat` rounds, in which contenders take turns,
each with its ratio to promptkit's. On a machine that others use, run with `--threads 1` and compare processor time:
threads that wait for one another count as work, and wall time is anybody's. `valid` is the worst round, judged by
the package jsonschema. The floors replay promptkit's answers on llama.cpp without masks or choices, so they say what
only fewer tokens could undercut.

Exit status 1 when promptkit fails or one of its answers is invalid.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
from llama_cpp import Llama, llama_log_callback, llama_log_set
from local_contenders import CONTENDERS, beginning, prompt

CHILD = Path(__file__).with_name("local_contenders.py")
SILENCE = llama_log_callback(lambda *_: None)  # else it says that a vocabulary alone reads no tokens
OWN = ("promptkit", "promptkit-unified", "promptkit-alone", "floor", "floor-split")
FLOORS = ("floor", "floor-split")
SYSTEM = """Role: A support agent in an online shop for electronics.
Task: Read one customer message and fill in the fields that describe it.
Audience: The support team, who sort messages by these fields.
Steps:
1. Read the whole message.
2. Choose one category, one sentiment and one urgency.
3. Say whether the customer waits for a reply, and how likely it is, from 0 to 100, that the customer leaves.
Done when: One JSON object with the five fields is written.

Answer with one JSON object and nothing else. Its fields, in this order:
- `category`: one of "billing", "shipping", "technical", "account", "question"
- `sentiment`: one of "negative", "neutral", "positive"
- `urgency`: one of "low", "normal", "high"
- `needs_reply`: true or false
- `risk`: an integer from 0 to 100"""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "category": {"enum": ["billing", "shipping", "technical", "account", "question"]},
        "sentiment": {"enum": ["negative", "neutral", "positive"]},
        "urgency": {"enum": ["low", "normal", "high"]},
        "needs_reply": {"type": "boolean"},
        "risk": {"type": "integer", "minimum": 0, "maximum": 100},
    },
    "required": ["category", "sentiment", "urgency", "needs_reply", "risk"],
    "additionalProperties": False,  # without it guidance writes on to the end of the context
}
QUESTIONS = [
    "I was charged twice for my last order and would like one of the two payments back, please.",
    "The parcel was due on Monday, it is Friday now and the tracking page still shows the depot.",
    "My new router loses the connection every evening; I have restarted it ten times already.",
    "I cannot sign in any more: the link for a new password never reaches my mailbox.",
    "Which of your headphones work with two devices at the same time? There is no hurry.",
    "Thank you for the quick repair, the laptop works like new and the case is spotless!",
    "The invoice shows the old address of our company. Can you send us a corrected one?",
    "You sent me the white keyboard, I ordered the black one. How do I return it by post?",
    "Since the update the app closes as soon as I open the camera. This is really annoying.",
    "Please delete my profile and everything that you have stored about me, by tomorrow.",
    "Does the warranty of the monitor cover dead pixels, and how many must there be?",
    "The courier left the box in the rain and the printer inside is ruined. I want a new one!",
    "My discount code was refused at the checkout although it is valid until next week.",
    "How do I change the e-mail address that my receipts are sent to? Thanks in advance.",
    "The battery of the drone lasts four minutes instead of twenty, and nobody answers my mails.",
    "I would like to know whether the new tablet comes with a pen, and what it would cost.",
]


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", required=True, help="a GGUF file whose template is ChatML")
    parser.add_argument("--requests", type=int, default=16, help=f"how many, at most {len(QUESTIONS)}")
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="some of %(default)s")
    parser.add_argument("--others", type=Path, help="the Python that has the other libraries")
    parser.add_argument("--repeat", type=int, default=2, help="rounds, of which the best counts")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--max-tokens", type=int, default=120, help="for each answer")
    parser.add_argument("--timeout-s", type=float, default=1800, help="for one contender in one round")
    options = parser.parse_args()
    options.contenders = options.contenders.split(",")
    if unknown := set(options.contenders) - set(CONTENDERS):
        parser.error(f"no such contender: {', '.join(sorted(unknown))}; there are {', '.join(CONTENDERS)}")
    if not 1 <= options.requests <= len(QUESTIONS):
        parser.error(f"--requests is {options.requests}; it must be 1 to {len(QUESTIONS)}")
    if set(FLOORS) & set(options.contenders) and "promptkit" not in options.contenders:
        parser.error("a floor replays promptkit's answers, so promptkit must be among the contenders")
    if options.others is None:
        options.contenders = [name for name in options.contenders if name in OWN]
    options.contenders.sort(key=list(CONTENDERS).index)  # promptkit first, since the floor needs its answers
    return options


def idle_s() -> float:
    """Seconds that the processors had nothing to do since they started; a constant where that is not told."""
    try:
        return float(Path("/proc/uptime").read_text().split()[1])
    except OSError:
        return 0.0


def run(name: str, work: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """One contender's outcome; where it gave none, `failure` says why."""
    python = sys.executable if name in OWN else str(options.others)
    idle, start = idle_s(), time.perf_counter()
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
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
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    available = (time.perf_counter() - start) * (os.cpu_count() or 1) - (idle_s() - idle)
    used = spent.ru_utime - own.ru_utime + spent.ru_stime - own.ru_stime
    if done.returncode < 0:
        return {"failure": f"killed by signal {-done.returncode}"}
    if done.returncode:
        return {"failure": done.stderr.strip().rpartition("\n")[2][:200] or f"exit status {done.returncode}"}
    outcome: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    outcome["others"] = max(0.0, 1 - used / available)
    return outcome


def told(outcome: dict[str, Any]) -> str:
    """One run in words."""
    if "failure" in outcome:
        return str(outcome["failure"])
    return (
        f"{outcome['run_s']:.2f} s (cpu {outcome['run_cpu_s']:.2f} s) while {outcome['others']:.0%} of the machine's "
        "work was others'"
    )


def is_valid(text: str) -> bool:
    """Whether the independent validator takes an answer."""
    try:
        return jsonschema.Draft202012Validator(SCHEMA).is_valid(json.loads(text))
    except ValueError:
        return False


def rounds(work: dict[str, Any], options: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """Every contender's outcomes; one that failed is not tried again."""
    outcomes: dict[str, list[dict[str, Any]]] = {name: [] for name in options.contenders}
    for _ in range(options.repeat):
        for name, found in outcomes.items():
            if any("failure" in it for it in found):
                continue
            if name in FLOORS and "answers" not in work:
                found.append({"failure": "promptkit gave no answers to replay"})
                continue
            outcome = run(name, work, options)
            found.append(outcome)
            print(f"  {name}: {told(outcome)}", file=sys.stderr)
            if name == "promptkit" and "answers" in outcome:
                work["answers"] = outcome["answers"]
    return outcomes


def row(name: str, outcomes: list[dict[str, Any]], base: list[dict[str, Any]], llm: Llama) -> str:
    """One contender's line of the table."""
    good = [it for it in outcomes if "failure" not in it]
    if len(good) < len(outcomes):
        return f"{name:18} {outcomes[-1]['failure']}"
    wall, cpu = (min(it[key] for it in good) for key in ("run_s", "run_cpu_s"))
    base_wall, base_cpu = (min(it[key] for it in base) for key in ("run_s", "run_cpu_s"))
    answers = min((it["answers"] for it in good), key=lambda texts: sum(map(is_valid, texts)))
    tokens = sum(len(llm.tokenize(text.encode(), add_bos=False)) for text in answers)
    return (
        f"{name:18} {min(it['load_s'] for it in good):8.1f} {wall:8.2f} {wall / base_wall:6.2f}"
        f" {cpu:8.2f} {cpu / base_cpu:6.2f} {sum(map(is_valid, answers)):5}/{len(answers):<2} {tokens:8}"
    )


def main() -> None:
    """Run the rounds and print the table."""
    options = arguments()
    work = {
        "model": str(Path(options.model).resolve()),
        "system": SYSTEM,
        "schema": SCHEMA,
        "questions": QUESTIONS[: options.requests],
        "max_tokens": options.max_tokens,
        "n_ctx": 1024,
        "threads": options.threads,
    }
    llama_log_set(SILENCE, ctypes.c_void_p(0))
    llm = Llama(work["model"], vocab_only=True, verbose=False)
    prompts = [prompt(llm, SYSTEM, question) for question in work["questions"]]
    shared = beginning(prompts)
    print(
        f"{len(prompts)} requests of {sum(map(len, prompts)) / len(prompts):.0f} tokens, {shared} of them shared; "
        f"{options.threads} threads; best of {options.repeat}"
    )
    outcomes = rounds(work, options)
    print(
        f"{'':18} {'ready s':>8} {'wall s':>8} {'ratio':>6} {'cpu s':>8} {'ratio':>6} {'valid':>8} {'tokens':>8}"
    )
    # Without promptkit the ratios are to the first contender that answered.
    bases = [outcomes.get("promptkit", []), *outcomes.values()]
    base = next((it for it in bases if it and "failure" not in it[-1]), [])
    for name, found in outcomes.items():
        print(row(name, found, base, llm))
    raise SystemExit(verdict(outcomes.get("promptkit", [])))


def verdict(own: list[dict[str, Any]]) -> str | None:
    """What is wrong with promptkit's outcomes; None for nothing."""
    for outcome in own:
        if "failure" in outcome:
            return f"promptkit gave no answers: {outcome['failure']}"
        wrong = [text for text in outcome["answers"] if not is_valid(text)]
        if wrong:
            return f"{len(wrong)} answers of promptkit are invalid, for example {wrong[0]!r}"
    return None


if __name__ == "__main__":
    main()
