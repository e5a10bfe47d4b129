"""The whole way through a real OpenAI-compatible server on loopback: llama_cpp.server with the demo model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.errors import BackendError, ConnectionFailed, Truncated

TEMPLATES = Path(__file__).parents[2] / "templates"
pytestmark = pytest.mark.network


@pytest.fixture
def triage(server_url: str) -> pk.Prompt[Any]:
    return pk.library(TEMPLATES)["triage"].using(f"openai+{server_url}:demo")


def test_a_validated_value_comes_back_over_http(triage: pk.Prompt[Any]) -> None:
    result = triage.run(message="I was charged twice for order A-1042, refund me.")

    assert (result.value.category, result.value.order_id) == ("billing", "A-1042")
    assert result.usage is not None
    assert result.usage.input_tokens > 100
    assert result.record.request.backend.startswith("openai+http://127.0.0.1:")


def test_the_server_and_the_model_in_process_read_the_same_tokens(triage: pk.Prompt[Any]) -> None:
    message = "My router is broken, please help."
    remote, local = triage.run(message=message), triage.using("llama:demo").run(message=message)

    assert remote.value == local.value
    assert remote.usage is not None
    assert local.usage is not None
    assert remote.usage.input_tokens == local.usage.input_tokens


def test_a_stream_arrives_in_pieces_and_ends_with_the_same_value(triage: pk.Prompt[Any]) -> None:
    whole = triage.run(message="Where is my parcel?")
    *deltas, last = triage.stream(message="Where is my parcel?")

    assert len(deltas) > 3
    assert isinstance(last, pk.events.Finished)
    assert last.result.value == whole.value


def test_sixteen_tasks_at_once_in_two_event_loops_after_one_another(triage: pk.Prompt[Any]) -> None:
    async def many() -> list[str]:
        results = await asyncio.gather(*(triage.arun(message=f"Parcel {n}5123 is late.") for n in range(16)))
        return [result.value.category for result in results]

    assert asyncio.run(many()) == asyncio.run(many())


def test_an_asynchronous_stream_works_too(triage: pk.Prompt[Any]) -> None:
    async def collect() -> Any:
        return [event async for event in triage.astream(message="Where is my parcel?")]

    assert isinstance(asyncio.run(collect())[-1], pk.events.Finished)


def test_a_short_limit_is_truncated_over_http_too(triage: pk.Prompt[Any]) -> None:
    with pytest.raises(Truncated):
        triage.using(generation={"max_tokens": 3}).run(message="Hi")


def test_a_wrong_path_and_a_dead_port_are_typed_errors_that_name_the_address(server_url: str) -> None:
    prompt = pk.library(TEMPLATES)["triage"]

    with pytest.raises(BackendError, match="127.0.0.1"):
        prompt.using(f"openai+{server_url}/nowhere:demo").run(message="Hi")
    with pytest.raises(ConnectionFailed, match="127.0.0.1:9"):
        prompt.using("openai+http://127.0.0.1:9/v1:demo").run(message="Hi")
