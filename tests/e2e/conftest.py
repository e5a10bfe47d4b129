"""Real parts for the end-to-end tests: the demo model and a third-party server that serves it on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from promptkit.demo import model_path

ROOT = Path(__file__).parents[2]
SERVER_PYTHON = ROOT / ".venv-server" / "bin" / "python"
START_LIMIT_S = 90.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``llama_cpp.server`` with the demo model, from an environment of its own; ends with the session."""
    if not SERVER_PYTHON.exists():
        raise RuntimeError(f"{SERVER_PYTHON} is missing; run `make e2e`, which sets it up")
    port = _free_port()
    log = (tmp_path_factory.mktemp("server") / "log").open("w+")
    command = [
        str(SERVER_PYTHON), str(Path(__file__).with_name("serve.py")), "--model", str(model_path()), "--model_alias", "demo",
        "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "2048",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/v1"
    try:
        _wait(process, url, log.name)
        yield url
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _wait(process: subprocess.Popen[bytes], url: str, log: str) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(
                f"the server ended with {process.returncode}:\n{Path(log).read_text()[-3000:]}"
            )
        try:
            with urllib.request.urlopen(f"{url}/models", timeout=2) as answer:
                assert json.load(answer)["data"]
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError(
        f"the server did not answer within {START_LIMIT_S} s:\n{Path(log).read_text()[-3000:]}"
    )
