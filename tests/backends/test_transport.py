"""Connections as they are made, kept, bounded in time and broken, for a thread and for an event loop."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from loopback import Drip, Endless, answer, chunk, chunked_head

from promptkit.backends.sockets import MAX_UNREAD_BYTES, AsyncWire
from promptkit.backends.transport import AsyncConnections, Connections
from promptkit.backends.wire import Destination, HttpCall, TransportFault, Waits
from promptkit.errors import ConfigurationError

pytestmark = pytest.mark.network

HERE = Destination(secure=False, loopback=True, key_env="NO_SUCH_KEY")
CALL = HttpCall(path="/", body=b"{}")
LARGE_CALL = HttpCall(path="/", body=b"x" * (32 * 2**20))
PATIENT = Waits(connect_s=60, first_s=60)


class SyncCaller:
    def __init__(self, there: Destination) -> None:
        self._connections = Connections(there)

    def ask(self, url: str, call: HttpCall = CALL, waits: Waits = PATIENT) -> tuple[int, bytes]:
        with self._connections.send(url, call, waits) as reply:
            return reply.status, b"".join(reply.chunks())

    def close(self) -> None:
        self._connections.close()


class AsyncCaller:
    def __init__(self, there: Destination) -> None:
        self._connections = AsyncConnections(there)
        self._runner = asyncio.Runner()

    def ask(self, url: str, call: HttpCall = CALL, waits: Waits = PATIENT) -> tuple[int, bytes]:
        return self._runner.run(self._ask(url, call, waits))

    async def _ask(self, url: str, call: HttpCall, waits: Waits) -> tuple[int, bytes]:
        async with self._connections.send(url, call, waits) as reply:
            return reply.status, b"".join([piece async for piece in reply.chunks()])

    def close(self) -> None:
        self._runner.close()


Caller = SyncCaller | AsyncCaller
Open = Callable[..., Caller]


@pytest.fixture(params=[SyncCaller, AsyncCaller], ids=["sync", "async"])
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Makes callers, in turn of both kinds, that are closed with the test."""
    with ExitStack() as stack:

        def make(there: Destination = HERE) -> Caller:
            caller: Caller = request.param(there)
            stack.callback(caller.close)
            return caller

        yield make


@pytest.fixture
def caller(opened: Open) -> Caller:
    return opened()


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


def soon() -> Waits:
    """Waits that a deadline ends before anything else does."""
    return Waits(connect_s=60, first_s=60, deadline=time.monotonic() + 0.1)


class _PassedAfterALook(Waits):
    """A deadline that passes right after it was looked at."""

    __slots__ = ()

    @property
    def passed(self) -> bool:
        return False


# In time


@pytest.mark.parametrize("kind", [Waits, _PassedAfterALook])
def test_a_deadline_that_passes_before_the_connection_is_begun_is_a_timeout(server, caller, kind) -> None:
    server.will_send("stall")

    with pytest.raises(TransportFault) as caught:
        caller.ask(server.url, waits=kind(connect_s=5, first_s=60, deadline=time.monotonic()))

    assert caught.value.kind in ("timeout", "connect_timeout")


def test_a_deadline_that_passes_while_a_connection_is_waited_for_is_a_timeout(full_backlog, caller) -> None:
    waits = soon()

    with pytest.raises(TransportFault) as caught:
        caller.ask(full_backlog, waits=waits)

    assert caught.value.kind in ("timeout", "connect_timeout")
    assert waits.passed


def test_a_connection_that_nobody_takes_is_not_waited_for_beyond_its_time(full_backlog, caller) -> None:
    with pytest.raises(TransportFault) as caught:
        caller.ask(full_backlog, waits=Waits(connect_s=0.05, first_s=60))

    assert caught.value.kind == "connect_timeout"


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    full_backlog, server, caller, monkeypatch
) -> None:
    server.will_answer(b"here")
    ports = (int(full_backlog.rpartition(":")[2].partition("/")[0]), server.port)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    assert caller.ask("http://two.test/", waits=Waits(connect_s=1, first_s=60)) == (200, b"here")


HEAD = b"HTTP/1.1 200 OK\r\nx-slow: " + b"s" * 60_000
SLOW = {
    "in the status line": (Drip(b"HTTP/1.1 200 " + b"O" * 60_000),),
    "in a header": (Drip(HEAD),),
    "in a body": (answer(b"", content_length="60000"), Drip(b"x" * 60_000)),
    "in the size of a chunk": (chunked_head("text/plain"), Drip(b"1;" + b"e" * 60_000)),
    "in endless chunks": (chunked_head("text/plain"), Endless(chunk(b"x" * 1000))),
    "in a body that grows": (
        answer(b"", content_length="9" * 15, content_encoding="gzip"),
        Endless(gzip.compress(b"")),
    ),
}


@pytest.mark.parametrize("steps", SLOW.values(), ids=SLOW.keys())
def test_the_deadline_ends_an_answer_that_comes_byte_by_byte(server, caller, steps) -> None:
    server.will_send(*steps)
    waits = soon()

    with pytest.raises(TransportFault) as caught:
        caller.ask(server.url, waits=waits)

    assert caught.value.kind == "timeout"
    assert waits.passed


def test_a_server_that_takes_no_bytes_is_not_waited_for_beyond_its_time(server, caller) -> None:
    server.will_greet("stall")

    with pytest.raises(TransportFault) as caught:
        caller.ask(server.url, LARGE_CALL, Waits(connect_s=60, first_s=0.1))

    assert caught.value.kind == "timeout"


# Kept connections


def test_one_connection_serves_call_after_call(server, caller) -> None:
    for number in range(3):
        server.will_answer(str(number).encode())

    assert [caller.ask(server.url)[1] for _ in range(3)] == [b"0", b"1", b"2"]
    assert server.connections == 1


def test_a_connection_that_the_server_closed_is_not_used_again(server, caller) -> None:
    server.will_send(answer(b"first"), "close")
    server.will_answer(b"second")

    first = caller.ask(server.url)
    until(lambda: server.open_connections == 0)

    assert (first, caller.ask(server.url)) == ((200, b"first"), (200, b"second"))
    assert server.connections == 2


@pytest.mark.parametrize(
    "cut", [answer(b"half", content_length="9"), chunked_head("text/plain") + b"4\r\nha"]
)
def test_a_connection_is_not_kept_when_an_answer_is_cut(server, caller, cut) -> None:
    server.will_send(cut, "close")
    server.will_answer(b"second")

    with pytest.raises(TransportFault) as caught:
        caller.ask(server.url)

    assert caught.value.kind == "lost"
    assert caller.ask(server.url) == (200, b"second")


def test_idle_connections_that_the_server_closed_are_given_up_in_their_turn(server) -> None:
    connections = Connections(HERE)
    server.will_answer(b"one")
    server.will_send(answer(b"two"), "close")
    server.will_answer(b"three")
    with (
        connections.send(server.url, CALL, PATIENT) as first,
        connections.send(server.url, CALL, PATIENT) as second,
    ):
        bodies = [b"".join(first.chunks()), b"".join(second.chunks())]
        until(lambda: server.open_connections == 1)
    # What was given back last is used first: the closed one came back before it and is the oldest now.
    with connections.send(server.url, CALL, PATIENT) as third:
        bodies.append(b"".join(third.chunks()))

    assert bodies == [b"one", b"two", b"three"]
    assert len(connections._idle) == 1
    connections.close()


def test_idle_connections_of_a_loop_that_the_server_closed_are_given_up_too(server) -> None:
    async def call() -> tuple[list[bytes], int]:
        connections = AsyncConnections(HERE)
        async with (
            connections.send(server.url, CALL, PATIENT) as first,
            connections.send(server.url, CALL, PATIENT) as second,
        ):
            bodies = [await whole(first), await whole(second)]
            await asyncio.to_thread(until, lambda: server.open_connections == 1)
        async with connections.send(server.url, CALL, PATIENT) as third:
            bodies.append(await whole(third))
        kept = connections._lists[asyncio.get_running_loop()]
        return bodies, len(kept._idle)

    server.will_answer(b"one")
    server.will_send(answer(b"two"), "close")
    server.will_answer(b"three")

    assert asyncio.run(call()) == ([b"one", b"two", b"three"], 1)


async def whole(reply: object) -> bytes:
    return b"".join([piece async for piece in reply.chunks()])  # type: ignore[attr-defined]


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does; a test that waits for a minute has failed."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.005)


# Broken connections


@pytest.mark.parametrize("after_bytes", [0, 1, 100_000])
def test_a_connection_that_breaks_while_a_request_is_sent_is_lost(server, caller, after_bytes) -> None:
    server.will_greet("reset", after_bytes=after_bytes)

    with pytest.raises(TransportFault) as caught:
        caller.ask(server.url, LARGE_CALL)

    # Where nothing was read, the break may be seen while the connection is still being made.
    assert caught.value.kind in (("lost",) if after_bytes else ("lost", "connect"))


def test_what_a_server_says_before_it_breaks_off_a_request_that_is_too_large_is_read(server) -> None:
    server.will_greet(answer(b"too large", 413), "close", after_bytes=1000)

    assert SyncCaller(HERE).ask(server.url, LARGE_CALL) == (413, b"too large")


RESETS = {
    "before the answer": ("reset",),
    "in the status line": (b"HTTP/1.1 2", "reset"),
    "in a header": (b"HTTP/1.1 200 OK\r\nconte", "reset"),
    "after the head": (answer(b"", content_length="5"), "reset"),
    "in the body": (answer(b"abc", content_length="5"), "reset"),
    "in the size of a chunk": (chunked_head("text/plain") + b"1", "reset"),
    "in a chunk": (chunked_head("text/plain") + b"5\r\nabc", "reset"),
    "between chunks": (chunked_head("text/plain") + chunk(b"abc"), "reset"),
    "in the last chunk": (chunked_head("text/plain") + chunk(b"abc") + b"0\r\n", "reset"),
}


@pytest.mark.parametrize("end", ["reset", "close"])
@pytest.mark.parametrize("steps", RESETS.values(), ids=RESETS.keys())
def test_a_connection_that_breaks_at_any_point_of_an_answer_is_lost(server, caller, steps, end) -> None:
    server.will_send(*steps[:-1], end)

    with pytest.raises(TransportFault) as caught:
        caller.ask(server.url)

    assert caught.value.kind == "lost"


def test_half_of_a_compressed_body_is_garbled(server, caller) -> None:
    server.will_answer(gzip.compress(b"text " * 99)[:-9], content_encoding="gzip")

    with pytest.raises(TransportFault, match="ends too early") as caught:
        caller.ask(server.url)

    assert caught.value.kind == "garbled"


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"])
def test_what_is_no_http_is_lost(server, caller, said) -> None:
    server.will_send(said, "close")

    with pytest.raises(TransportFault) as caught:
        caller.ask(server.url)

    assert caught.value.kind == "lost"


def test_a_header_that_comes_twice_has_both_values(server) -> None:
    server.will_send(b"HTTP/1.1 200 OK\r\nVia: one\r\nvia: two\r\ncontent-length: 0\r\n\r\n")

    with Connections(HERE).send(server.url, CALL, PATIENT) as reply:
        assert reply.headers["via"] == "one, two"


# Large bodies


def test_a_large_body_arrives_whole_both_ways(server, caller) -> None:
    server.answers = lambda seen: (answer(seen.body),)

    assert caller.ask(server.url, LARGE_CALL) == (200, LARGE_CALL.body)


def test_a_loop_takes_no_more_than_a_bounded_part_of_what_nobody_reads(server) -> None:
    body = b"y" * (8 * 2**20)

    async def call() -> tuple[int, bytes]:
        wire = await AsyncWire.dial("127.0.0.1", server.port, PATIENT)
        await wire.write(b"GET / HTTP/1.1\r\n\r\n")
        await asyncio.to_thread(until, lambda: len(wire._unread) > MAX_UNREAD_BYTES)
        await asyncio.to_thread(time.sleep, 0.05)
        taken, read = len(wire._unread), bytearray()
        while data := await wire.read(65536):
            read += data
        await wire.aclose()
        await wire.aclose()
        return taken, bytes(read)

    server.will_send(body, "close")
    taken, read = asyncio.run(call())

    assert taken < 2 * MAX_UNREAD_BYTES + 65536
    assert read == body


def test_a_wire_that_was_closed_takes_nothing_more(server) -> None:
    async def call() -> bool:
        wire = await AsyncWire.dial("127.0.0.1", server.port, PATIENT)
        await wire.aclose()
        with pytest.raises(ConnectionResetError):
            await wire.write(b"x")
        return wire.readable

    assert asyncio.run(call())


# TLS and proxies


def trusting(path: object, **more: object) -> Destination:
    return Destination(
        **{"secure": True, "loopback": True, "key_env": "NO_SUCH_KEY", "ca_file": str(path), **more}
    )


def test_a_server_whose_certificate_is_trusted_is_asked_over_one_connection(
    tls_server, opened, authority_file
) -> None:
    tls_server.answers = lambda seen: (answer(seen.body),)
    caller = opened(trusting(authority_file))

    assert [caller.ask(tls_server.url, HttpCall(path="/", body=body))[1] for body in (b"1", b"2")] == [
        b"1",
        b"2",
    ]
    assert tls_server.connections == 1


def test_a_server_whose_certificate_nobody_signed_that_we_trust_is_not_asked(tls_server, caller) -> None:
    with pytest.raises(TransportFault, match="CERTIFICATE_VERIFY_FAILED") as caught:
        caller.ask(tls_server.url)

    assert caught.value.kind == "connect"
    assert tls_server.seen == []


def test_a_server_that_speaks_no_tls_is_not_connected(server, opened, authority_file) -> None:
    server.will_greet(b"HTTP/1.1 400 Bad Request\r\n\r\n", "close", after_bytes=1)

    with pytest.raises(TransportFault) as caught:
        opened(trusting(authority_file)).ask(server.url.replace("http:", "https:"))

    assert caught.value.kind == "connect"


def test_a_server_that_never_ends_its_handshake_is_not_waited_for(server, opened, authority_file) -> None:
    server.will_greet("stall")

    with pytest.raises(TransportFault) as caught:
        opened(trusting(authority_file)).ask(
            server.url.replace("http:", "https:"), waits=Waits(connect_s=0.2, first_s=60)
        )

    assert caught.value.kind == "connect_timeout"


def test_certificates_that_cannot_be_read_are_told_before_anything_is_sent(tls_server, opened) -> None:
    with pytest.raises(ConfigurationError, match="nowhere.pem"):
        opened(trusting("nowhere.pem")).ask(tls_server.url)

    assert tls_server.connections == 0


def test_a_proxy_passes_on_what_is_not_secret_by_tls(proxy, opened) -> None:
    proxy.will_answer(b"passed on")
    there = Destination(secure=False, loopback=False, key_env="NO_SUCH_KEY", proxy=proxy.origin)

    assert opened(there).ask("http://model.test/v1/x") == (200, b"passed on")
    (seen,) = proxy.seen
    assert (seen.path, seen.headers["host"]) == ("http://model.test/v1/x", "model.test")


def test_a_proxy_of_the_environment_lets_a_tunnel_through_and_sees_no_key(
    proxy, tls_server, opened, authority_file, monkeypatch
) -> None:
    monkeypatch.setenv("TUNNEL_TEST_KEY", "sk-canary-4711")
    monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "")
    proxy.tunnels["model.test:443"] = tls_server.port
    tls_server.answers = lambda seen: (answer(seen.headers["authorization"].encode()),)
    caller = opened(trusting(authority_file, loopback=False, key_env="TUNNEL_TEST_KEY"))

    assert [caller.ask("https://model.test/v1/x") for _ in range(2)] == [(200, b"Bearer sk-canary-4711")] * 2
    (seen,) = proxy.seen
    assert (seen.method, seen.path) == ("CONNECT", "model.test:443")
    assert seen.headers["proxy-authorization"] == "Basic YWRhOnNlY3JldA=="
    assert "authorization" not in seen.headers


def test_a_proxy_that_opens_no_tunnel_is_told_with_its_status(proxy, opened, authority_file) -> None:
    proxy.will_answer(b"who are you?", 407)

    with pytest.raises(TransportFault, match=rf"proxy 127\.0\.0\.1:{proxy.port}: it answered 407") as caught:
        opened(trusting(authority_file, loopback=False, proxy=proxy.origin)).ask("https://model.test/v1/x")

    assert caught.value.kind == "connect"


@pytest.mark.parametrize("steps", [("reset",), ("stall",)])
def test_a_proxy_that_breaks_is_named(proxy, opened, authority_file, steps) -> None:
    proxy.will_greet(*steps)

    with pytest.raises(TransportFault, match=rf"proxy 127\.0\.0\.1:{proxy.port}"):
        opened(trusting(authority_file, loopback=False, proxy=proxy.origin)).ask(
            "https://model.test/v1/x", waits=Waits(connect_s=60, first_s=0.2)
        )


def test_a_proxy_that_is_not_there_is_named(opened) -> None:
    there = Destination(secure=False, loopback=False, key_env="NO_SUCH_KEY", proxy="http://127.0.0.1:9")

    with pytest.raises(TransportFault, match=r"proxy 127\.0\.0\.1:9: ") as caught:
        opened(there).ask("http://model.test/v1/x")

    assert caught.value.kind == "connect"


def test_a_host_without_an_address_is_not_connected(opened) -> None:
    there = Destination(secure=False, loopback=False, key_env="NO_SUCH_KEY", proxy="direct")

    with pytest.raises(TransportFault) as caught:
        opened(there).ask("http://127.0.0.1.nip.invalid:1/")

    assert caught.value.kind == "connect"


# What others do meanwhile


@pytest.mark.parametrize("kind", [Connections, AsyncConnections])
def test_connections_of_another_process_are_not_used(server, kind) -> None:
    server.answers = lambda seen: (answer(b"here"),)
    kept = kind(HERE)

    def of_the_parent() -> None:
        kept._pid = -1

    if kind is Connections:
        for _ in range(2):
            with kept.send(server.url, CALL, PATIENT) as reply:
                assert b"".join(reply.chunks()) == b"here"
            of_the_parent()
        kept.close()
    else:

        async def twice() -> None:
            for _ in range(2):
                async with kept.send(server.url, CALL, PATIENT) as reply:
                    assert await whole(reply) == b"here"
                of_the_parent()

        asyncio.run(twice())

    assert server.connections == 2


class _TakenByOthers(deque):  # type: ignore[type-arg]
    """A list that other threads empty between a look and a grasp."""

    def pop(self) -> object:  # type: ignore[override]
        raise IndexError

    popleft = pop  # type: ignore[assignment]


def test_a_thread_that_finds_the_connections_taken_opens_one(server) -> None:
    server.answers = lambda seen: (answer(b"here"),)
    kept = Connections(HERE)
    kept._idle = _TakenByOthers([object()])

    with kept.send(server.url, CALL, PATIENT) as reply:
        assert b"".join(reply.chunks()) == b"here"

    assert server.connections == 1
    kept._idle[-1].close()


@pytest.mark.parametrize(
    "call",
    [
        HttpCall(path="/", body=b"", headers={"x-two": "lines\r\nx-own: yes"}),
        HttpCall(path="/", body=b"", headers={"x-zero": "\0"}),
        HttpCall(path="/", body=b"", method="GET /other"),
    ],
)
def test_a_request_that_would_become_another_is_not_sent(server, caller, call) -> None:
    with pytest.raises(TransportFault, match="no HTTP request"):
        caller.ask(server.url, call)

    assert server.seen == []


def test_a_connection_on_which_more_came_than_was_asked_for_is_not_used_again(server, caller) -> None:
    server.will_send(answer(b"first") + answer(b"nobody asked for this"))
    server.will_answer(b"second")

    assert [caller.ask(server.url)[1] for _ in range(2)] == [b"first", b"second"]
    assert server.connections == 2


def test_what_was_right_before_a_chunk_of_no_size_is_given_first(server) -> None:
    server.will_send(chunked_head("text/plain") + chunk(b"right") + b"zz\r\n")
    pieces = []

    with (
        pytest.raises(TransportFault, match="chunk"),
        Connections(HERE).send(server.url, CALL, PATIENT) as reply,
    ):
        pieces.extend(reply.chunks())

    assert b"".join(pieces) == b"right"
