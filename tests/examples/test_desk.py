"""The example docs/examples/desk with a real server behind it; its own suite is run by its page, in `make docs`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from loopback import answer

DESK = Path(__file__).parents[2] / "docs" / "examples" / "desk"
SORTED = {"category": "question", "urgency": 2, "evidence": "next week"}


def said(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    return answer({"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


@pytest.mark.network
def test_all_tickets_share_a_connection_which_ends_with_the_service(server, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(DESK))
    monkeypatch.setenv("PROMPTKIT_BACKEND", f"openai+{server.url}:m")
    from desk.app import app
    from fastapi.testclient import TestClient

    server.answers = lambda seen: (
        said(json.dumps(SORTED) if "response_format" in seen.json else "It can come along."),
    )
    ticket = {"subject": "Moving", "body": "Can my router come along when I move next week?"}

    with TestClient(app) as client:
        answers = [client.post("/tickets", json=ticket).json() for _ in range(3)]

        assert answers == [{**SORTED, "draft": "It can come along."}] * 3
        assert (server.connections, server.open_connections, len(server.seen)) == (1, 1, 6)
    end = time.monotonic() + 10
    while server.open_connections and time.monotonic() < end:
        time.sleep(0.01)
    assert server.open_connections == 0
