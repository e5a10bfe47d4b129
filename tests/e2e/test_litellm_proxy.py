"""Our dialects against servers that others wrote: the litellm proxy speaks four of them, its model is a mock."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import promptkit as pk
from promptkit.engine import Finished
from promptkit.errors import BackendError

pytestmark = pytest.mark.network

ROOT = Path(__file__).parents[2]
PROXY = ROOT / ".venv-litellm" / "bin" / "litellm"
START_LIMIT_S = 180.0
CONFIGURATION = """
model_list:
  - model_name: mocked
    litellm_params:
      model: openai/mocked
      api_key: none
      mock_response: '{"colour":"red"}'
  - model_name: busy
    litellm_params:
      model: openai/busy
      api_key: none
      mock_response: litellm.RateLimitError
litellm_settings:
  telemetry: false
  num_retries: 0
"""
BASES = {
    "openai": "/v1",
    "openai-responses": "/v1",
    "openrouter": "/v1",
    "vllm": "/v1",
    "anthropic": "/v1",
    "gemini": "/v1beta",
}
# Its mock of responses does not stream.
STREAMING = [name for name in BASES if name != "openai-responses"]


class Answer(BaseModel):
    colour: Literal["red", "blue"]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The proxy, from an environment of its own; ends with the module."""
    if not PROXY.exists():
        raise RuntimeError(f"{PROXY} is missing; run `make e2e`, which sets it up")
    folder = tmp_path_factory.mktemp("litellm")
    (folder / "config.yaml").write_text(CONFIGURATION, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches a list of prices
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",  # it is asked from this machine alone
    }
    environment.pop("PYTHONPATH", None)
    with (folder / "log").open("w+") as log:
        command = [str(PROXY), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            wait_for(process, port, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the proxy ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError(f"the proxy did not answer within {START_LIMIT_S} s:\n{log.read_text()[-3000:]}")


def asking(name: str, proxy: str, model: str = "mocked") -> pk.Prompt[Answer]:
    prompt = pk.Prompt(
        template="{% system %}You name colours.{% endsystem %}{% user %}{{ thing }}{% enduser %}",
        output=Answer,
        generation={"max_tokens": 50},
    )
    return prompt.using(f"{name}+{proxy}{BASES[name]}:{model}")


@pytest.mark.parametrize("name", sorted(BASES))
def test_a_value_comes_back_in_every_dialect(name: str, proxy: str) -> None:
    result = asking(name, proxy).run(thing="A fire engine")

    assert result.value == Answer(colour="red")
    assert result.usage is not None
    assert result.usage.input_tokens > 0
    assert asyncio.run(asking(name, proxy).arun(thing="A fire engine")).value == result.value


@pytest.mark.parametrize("name", STREAMING)
def test_a_stream_ends_with_the_same_value(name: str, proxy: str) -> None:
    *events, last = asking(name, proxy).stream(thing="A fire engine")

    assert isinstance(last, Finished)
    assert last.result.value == Answer(colour="red")
    assert "".join(text_of(event) for event in events) == '{"colour":"red"}'


def text_of(event: Any) -> str:
    return event.text if type(event).__name__ == "TextDelta" else ""


@pytest.mark.parametrize("name", ["anthropic", "openai"])  # its mock of Gemini raises nothing
def test_an_error_of_the_proxy_is_typed(name: str, proxy: str) -> None:
    with pytest.raises(BackendError) as caught:
        asking(name, proxy, "busy").run(thing="A fire engine")

    assert caught.value.status in (429, 500)
    with pytest.raises(BackendError, match=r"127\.0\.0\.1"):
        asking(name, proxy, "nobody").run(thing="A fire engine")
