"""The deadline in every phase of a call, at the one module that knows the HTTP client."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from promptkit.backends.transport import AsyncConnections, Connections, Reply
from promptkit.backends.wire import Destination, HttpCall, TransportFault, Waits

HERE = Destination(secure=False, loopback=True, key_env="NO_SUCH_KEY")
CALL = HttpCall(path="/", body=b"{}")


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


def send(url: str, waits: Waits) -> None:
    with Connections(HERE).send(url, CALL, waits) as reply:
        list(reply.chunks())


def asend(url: str, waits: Waits) -> None:
    async def whole() -> None:
        async with AsyncConnections(HERE).send(url, CALL, waits) as reply:
            async for _ in reply.chunks():
                pass

    asyncio.run(whole())


class _PassedAfterALook(Waits):
    """A deadline that passes right after it was looked at."""

    __slots__ = ()

    @property
    def passed(self) -> bool:
        return False


@pytest.fixture
def full_backlog() -> Iterator[str]:
    """A listener that takes no more connections: who connects waits for ever."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}/v1"
        for one in waiting:
            one.close()


SENDS = [pytest.param(send, id="sync"), pytest.param(asend, id="async")]


@pytest.mark.network
@pytest.mark.parametrize("send_it", SENDS)
@pytest.mark.parametrize("kind", [Waits, _PassedAfterALook])
def test_a_deadline_that_passes_before_the_connection_is_begun_is_a_timeout(server, send_it, kind) -> None:
    server.will_send("stall")

    with pytest.raises(TransportFault) as caught:
        send_it(server.url, kind(connect_s=5, read_s=60, deadline=time.monotonic()))

    assert caught.value.kind in ("timeout", "connect_timeout")


@pytest.mark.network
@pytest.mark.parametrize("send_it", SENDS)
def test_a_deadline_that_passes_while_a_connection_is_waited_for_is_a_timeout(full_backlog, send_it) -> None:
    waits = Waits(connect_s=60, read_s=60, deadline=time.monotonic() + 0.1)

    with pytest.raises(TransportFault) as caught:
        send_it(full_backlog, waits)

    assert caught.value.kind in ("timeout", "connect_timeout")
    assert waits.passed


@pytest.mark.network
@pytest.mark.parametrize("send_it", SENDS)
def test_a_connection_that_nobody_takes_is_not_waited_for_beyond_its_time(full_backlog, send_it) -> None:
    with pytest.raises(TransportFault) as caught:
        send_it(full_backlog, Waits(connect_s=0.05, read_s=60))

    assert caught.value.kind == "connect_timeout"
