"""A real server on loopback that says what a test tells it, byte for byte, and counts what reaches it.

It plays one script for each request, in the order in which they were given; ``answers`` is asked when none is
left. A script is a sequence of steps:

- bytes are sent as they are, each step in a send of its own;
- ``Drip(data)`` sends one byte at a time, ``Endless(data)`` the same again until the client leaves;
- ``"stall"`` says nothing more until the server ends, ``"reset"`` breaks the connection, ``"close"`` ends it;
- a ``threading.Event`` is waited for.

With ``tls`` it speaks TLS. Named as a proxy it answers requests for other hosts like its own, and lets CONNECT
through to where ``tunnels`` says.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = [
    "LAST_CHUNK",
    "Drip",
    "Endless",
    "LoopbackServer",
    "Seen",
    "Step",
    "answer",
    "chunk",
    "chunked_head",
    "event",
]

LONGEST_WAIT_S = 60.0  # a test that waits longer has failed; its server's threads end all the same
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True)
class Drip:
    """Bytes that come one by one, ``every_s`` seconds apart."""

    data: bytes
    every_s: float = 0.01


@dataclass(frozen=True)
class Endless:
    """Bytes that come again and again, until the client has left."""

    data: bytes


Step: TypeAlias = bytes | str | Drip | Endless | threading.Event
Script: TypeAlias = Sequence[Step]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request as it came; ``path`` is a whole URL where the client took the server for a proxy."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class LoopbackServer:
    """See the module. Made by ``LoopbackServer.running()``, or by the fixture ``server``."""

    port: int
    tls: ssl.SSLContext | None = None
    answers: Callable[[Seen], Script] | None = None
    scripts: list[Script] = field(default_factory=list)
    greetings: list[tuple[int, Script]] = field(default_factory=list)
    tunnels: dict[str, int] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    @contextmanager
    def running(cls, **settings: Any) -> Iterator[LoopbackServer]:
        """A server that ends with the block."""
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            server = cls(port=listener.getsockname()[1], **settings)
            thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
            thread.start()
            try:
                yield server
            finally:
                server.over.set()
                listener.shutdown(socket.SHUT_RDWR)
                thread.join()

    @property
    def origin(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    # What comes next

    def will_send(self, *steps: Step) -> None:
        """Play these steps when a request has been read."""
        self.scripts.append(steps)

    def will_answer(self, body: Any, status: int = 200, **headers: str) -> None:
        """Answer with a whole body: bytes, or data that becomes JSON."""
        self.will_send(answer(body, status, **headers))

    def will_stream(self, *events: Any, end: Script = (LAST_CHUNK,)) -> None:
        """Answer with server-sent events: texts or data become one event each, bytes are chunks as they are."""
        self.will_send(chunked_head("text/event-stream"), *(chunk(event(each)) for each in events), *end)

    def will_stream_lines(self, *lines: Any, end: Script = (LAST_CHUNK,)) -> None:
        """Answer with JSON lines: data becomes one line each, bytes are chunks as they are."""
        pieces = [each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in lines]
        self.will_send(chunked_head("application/x-ndjson"), *map(chunk, pieces), *end)

    def will_greet(self, *steps: Step, after_bytes: int = 0) -> None:
        """Play these steps to the next connection, when so many bytes of its request have come, then end it."""
        self.greetings.append((after_bytes, steps))

    # Serving

    def serve(self, listener: socket.socket) -> None:
        while not self.over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.attend, args=(connection, self.connections), daemon=True).start()

    def attend(self, connection: socket.socket, number: int) -> None:
        with self.lock:
            self.open_connections += 1
            greeting = self.greetings.pop(0) if self.greetings else None
        try:
            if greeting is not None:
                self.greet(connection, *greeting)
            elif self.tls is not None:
                self.talk(self.tls.wrap_socket(connection, server_side=True), number)
            else:
                self.talk(connection, number)
        except OSError:
            pass  # the client left, which is its right
        finally:
            connection.close()
            with self.lock:
                self.open_connections -= 1

    def greet(self, connection: socket.socket, after_bytes: int, steps: Script) -> None:
        while after_bytes > 0:
            after_bytes -= len(connection.recv(after_bytes)) or after_bytes
        self.play(connection, steps)

    def talk(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as incoming:
            while (seen := read_request(incoming, number)) is not None:
                with self.lock:
                    self.seen.append(seen)
                    tunnel = self.tunnels.get(seen.path) if seen.method == "CONNECT" else None
                    script = self.scripts.pop(0) if self.scripts and tunnel is None else None
                self.asked.set()
                if tunnel is not None:
                    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    pump(connection, tunnel)
                    return
                if script is None:
                    assert self.answers is not None, f"no script is left for {seen.method} {seen.path}"
                    script = self.answers(seen)
                if not self.play(connection, script):
                    return

    def play(self, connection: socket.socket, script: Script) -> bool:
        """Do what the script says; False when the connection is over."""
        for step in script:
            match step:
                case bytes():
                    connection.sendall(step)
                case Drip():
                    for position in range(len(step.data)):
                        connection.sendall(step.data[position : position + 1])
                        self.over.wait(step.every_s)
                case Endless():
                    while not self.over.is_set():
                        connection.sendall(step.data)
                case threading.Event():
                    step.wait(LONGEST_WAIT_S)
                case "stall":
                    self.over.wait(LONGEST_WAIT_S)
                    return False
                case _:
                    assert step in ("reset", "close"), f"no step is called {step!r}"
                    if step == "reset":
                        linger = struct.pack("ii", 1, 0)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    connection.shutdown(socket.SHUT_RD)
                    return False
        return True


def read_request(incoming: Any, connection: int) -> Seen | None:
    """The next request of a connection; None when it ended, or said no HTTP."""
    line = incoming.readline().decode("latin-1")
    if line.count(" ") != 2:
        return None
    method, path, _ = line.split(" ")
    headers = {}
    while (header := incoming.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = incoming.read(int(headers.get("content-length", "0")))
    return Seen(method=method, path=path, headers=headers, body=body, connection=connection)


def pump(connection: socket.socket, port: int) -> None:
    """Carry bytes between a connection and a port of this machine until either side ends."""
    with socket.socket() as other:
        other.connect(("127.0.0.1", port))

        def carry(source: socket.socket, target: socket.socket) -> None:
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the other direction has ended both

        back = threading.Thread(target=carry, args=(other, connection), daemon=True)
        back.start()
        carry(connection, other)
        back.join(LONGEST_WAIT_S)


def answer(body: Any, status: int = 200, **headers: str) -> bytes:
    """A whole answer; ``_`` in the names of headers is ``-``."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content-type": "application/json", "content-length": str(len(data))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + data


def chunked_head(content_type: str, status: int = 200, **headers: str) -> bytes:
    """The head of an answer whose body comes in chunks."""
    fields = {"content-type": content_type, "x-request-id": "req-7", "transfer-encoding": "chunked"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode()


def event(data: Any) -> bytes:
    """A server-sent event of a text or of data that becomes JSON; bytes stay as they are."""
    if isinstance(data, bytes):
        return data
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def chunk(data: bytes) -> bytes:
    """A chunk of a body with ``transfer-encoding: chunked``."""
    return b"%x\r\n%b\r\n" % (len(data), data)
