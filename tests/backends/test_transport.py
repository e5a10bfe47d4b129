from __future__ import annotations

import time

import httpx
import pytest

from promptkit.backends.transport import Reply
from promptkit.backends.wire import TransportFault, Waits


def reply_to(waits: Waits) -> tuple[Reply, httpx.Request]:
    extensions = {"timeout": {"connect": 5.0, "read": 60.0, "write": 60.0, "pool": 5.0}}
    request = httpx.Request("POST", "http://host/", extensions=extensions)
    return Reply(httpx.Response(200, request=request, content=b"text"), waits), request


def test_when_the_body_begins_its_waits_are_bounded_by_what_is_left_to_the_deadline() -> None:
    reply, request = reply_to(Waits(connect_s=5, read_s=60, deadline=time.monotonic() + 30))

    assert list(reply.chunks()) == [b"text"]
    assert request.extensions["timeout"]["read"] <= 30


def test_bytes_that_come_after_the_deadline_are_not_waited_for() -> None:
    reply, _ = reply_to(Waits(connect_s=5, read_s=60, deadline=time.monotonic()))

    with pytest.raises(TransportFault, match="the deadline has passed"):
        list(reply.chunks())
