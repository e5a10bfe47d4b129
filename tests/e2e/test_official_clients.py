"""The providers' official clients read what our servers of each dialect say, and take what we send for theirs.

That the fixtures in ``tests/answers`` follow the specifications is so not our word alone.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dialect_answers import DIALECTS, TEXT, by_model, emulation, load
from loopback import LoopbackServer
from pydantic import BaseModel

import promptkit as pk
from promptkit.backends import HttpBackend, open_backend
from promptkit.backends.dialects.openai_chat import openai
from promptkit.completions import FinishReason
from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, Request
from promptkit.schemas import OutputSchema

pytestmark = pytest.mark.network

ROOT = Path(__file__).parents[2]
CLIENTS_PYTHON = ROOT / ".venv-clients" / "bin" / "python"
BASES = {"gemini": "/v1", "ollama": "/api"}
SCHEMES = {
    "anthropic": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
    "openai_chat": "openai",
    "openai_responses": "openai-responses",
}
FINISHES: dict[str, FinishReason] = {
    "MAX_TOKENS": "length",
    "PROHIBITED_CONTENT": "filter",
    "STOP": "stop",
    "completed": "stop",
    "content_filter": "filter",
    "end_turn": "stop",
    "length": "length",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "refusal": "refusal",
    "stop": "stop",
    "tool_calls": "tool",
    "tool_use": "tool",
}


def run_client(*arguments: str, text: str = "") -> str:
    if not CLIENTS_PYTHON.exists():
        raise RuntimeError(f"{CLIENTS_PYTHON} is missing; run `make e2e`, which sets it up")
    script = str(Path(__file__).with_name("clients.py"))
    done = subprocess.run(
        [str(CLIENTS_PYTHON), script, *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


class Find(BaseModel):
    """Find a thing by its colour."""

    q: str


def request_of(*messages: Message, **settings: Any) -> Request:
    schema = OutputSchema.from_json_schema(
        {
            "type": "object",
            "properties": {"colour": {"enum": ["red", "blue"]}},
            "required": ["colour"],
            "additionalProperties": False,
        },
        "colour",
    )
    return Request(
        messages=messages or (Message(role="user", content="x"),),
        output=OutputSpec(schema=schema),
        generation=GenerationConfig(**settings),
        prompt=PromptRef(name="colour"),
        tools=(pk.Tool.of(Find, name="find"),),
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_official_client_reads_every_story_as_promptkit_does(dialect: str) -> None:
    known = load(dialect)
    stories = [name for name in ("answer", "cut", "filtered", "refusal", "calls") if name in known]
    faults = [f"error-{number}" for number, it in enumerate(known["errors"]) if it["status"] >= 400]

    with LoopbackServer.running(answers=by_model(dialect)) as server:
        url = f"{server.origin}{BASES.get(dialect, '/v1')}"
        read = json.loads(run_client(dialect, url, *stories, *faults))
        for story in stories:
            ours = open_backend(f"{SCHEMES[dialect]}+{url}:{story}").complete(request_of())
            for seen in (read[story], read[f"{story} stream"]):
                assert seen.get("error") is None, (story, seen)
                assert seen["text"] == ours.text
                assert seen.get("refusal") == ours.refusal
                assert seen["usage"] == [ours.usage.input_tokens, ours.usage.output_tokens]
                # Not every API has a word for a refusal or for the call of a tool.
                assert FINISHES[seen["finish"]] in {ours.finish_reason, "stop"}
            calls = read[story].get("calls", [])
            assert [tuple(it[:2]) for it in calls] == [(it.id, it.name) for it in ours.tool_calls]
            assert [json.loads(it[2]) for it in calls] == [json.loads(it.arguments) for it in ours.tool_calls]
    for story in faults:
        fault = known["errors"][int(story.removeprefix("error-"))]
        assert read[story]["status"] == fault["status"], (fault, read[story])
    assert read["answer"]["text"] == TEXT


MESSAGES = (
    Message(role="system", content="Be brief."),
    Message(
        role="user",
        content=(
            TextPart(text="Look:"),
            ImagePart(data=b"\x89PNG"),
            ImagePart(url="https://example.org/a.jpg"),
        ),
    ),
    Message(
        role="assistant", content=(TextPart(text="Hm."), ToolCallPart(id="t1", name="find", arguments="{}"))
    ),
    Message(role="tool", content=(ToolResultPart(id="t1", text="A fire engine."),)),
    Message(role="user", content=(TextPart(text="So?"), DocumentPart(data=b"%PDF", name="a.pdf"))),
)
SETTINGS = {
    "anthropic": {"temperature": 0.5, "max_tokens": 9, "stop": ("END",)},
    "ollama": {"temperature": 0.5, "max_tokens": 9, "seed": 1, "top_k": 3, "logprobs": 2},
    "openai_chat": {"temperature": 0.5, "max_tokens": 9, "seed": 1, "logprobs": 2},
    "openai_responses": {"temperature": 0.5, "max_tokens": 9, "top_p": 0.9, "logprobs": 2},
}


@pytest.mark.parametrize("dialect", sorted(SETTINGS))
def test_what_we_send_fits_the_types_of_the_official_client(
    dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTKIT_E2E_KEY", "a-key-for-this-test")
    messages = MESSAGES
    if dialect == "ollama":  # images by their bytes, no documents
        messages = (
            *MESSAGES[:1],
            Message(role="user", content=(ImagePart(data=b"\x89PNG"),)),
            *MESSAGES[2:4],
        )

    with LoopbackServer.running(answers=emulation(dialect)) as server:
        at = f"{SCHEMES[dialect]}+{server.url}:m"
        backend = openai_at(server) if dialect == "openai_chat" else open_backend(at)
        backend.complete(request_of(*messages, **SETTINGS[dialect]))
        body = server.seen[0].body.decode()

    run_client(dialect, "check", text=f"{body}\n")


def camel(data: Any) -> Any:
    """Keys as Google's APIs write them in JSON, which take the other spelling of Protocol Buffers too."""
    if isinstance(data, dict):
        return {
            re.sub(r"_([a-z])", lambda it: it[1].upper(), key): camel(value) for key, value in data.items()
        }
    return [camel(item) for item in data] if isinstance(data, list) else data


def test_what_we_send_to_gemini_is_what_its_official_client_sends() -> None:
    assistant = Message(
        role="assistant",
        content=(TextPart(text="Hm."), ToolCallPart(id="t1", name="find", arguments="{}", signature="c2ln")),
    )
    messages = (*MESSAGES[:2], assistant, *MESSAGES[3:])
    settings = {"temperature": 0.5, "max_tokens": 9, "seed": 1, "top_p": 0.9, "top_k": 3, "logprobs": 2}
    request = request_of(*messages, stop=("END",), **settings)
    (tool,) = request.tools

    with LoopbackServer.running(answers=emulation("gemini")) as server:
        open_backend(f"gemini+{server.url}:m").complete(request)
        ours = server.seen[0]
        given = {**tool.to_dict(), "schema": ours.json["generationConfig"]["responseJsonSchema"]}
        run_client("gemini", server.origin, "all", text=json.dumps(given))
        theirs = server.seen[1]

    expected = camel(theirs.json)
    del expected["systemInstruction"]["role"]  # means nothing there
    assert camel(ours.json) == expected
    assert ours.path == theirs.path


def openai_at(server: LoopbackServer) -> Any:
    """OpenAI's own profile at another address: what compatible servers take besides is not in OpenAI's types."""
    return HttpBackend(
        name="openai:m", base_url=server.url, model="m", key_env="PROMPTKIT_E2E_KEY", dialect=openai()
    )
