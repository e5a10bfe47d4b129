"""A real server on loopback that says what a test tells it, byte for byte."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from promptkit.messages import Message
from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, Request
from promptkit.schemas import OutputSchema

COLOUR = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "blue"]}},
    "required": ["colour"],
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class LoopbackServer:
    """Answers each request with the next script: bytes are sent, words are done.

    ``"stall"`` waits for the end of the test, ``"reset"`` breaks the connection, ``"close"`` ends it.
    """

    port: int
    scripts: list[tuple[bytes | str, ...]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def will_send(self, *steps: bytes | str) -> None:
        self.scripts.append(steps)

    def will_answer(self, body: Any, status: int = 200, **headers: str) -> None:
        self.will_send(answer(body, status, **headers))

    def will_stream(self, *events: Any, end: tuple[bytes | str, ...] = (b"0\r\n\r\n",)) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req-7\r\n"
        self.will_send(
            head + b"transfer-encoding: chunked\r\n\r\n", *(chunk(event) for event in events), *end
        )

    def serve(self, listener: socket.socket) -> None:
        while not self.over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as incoming:
            try:
                while (seen := read_request(incoming)) is not None:
                    self.seen.append(seen)
                    self.asked.set()
                    if not self.play(connection):
                        return
            except OSError:
                return

    def play(self, connection: socket.socket) -> bool:
        for step in self.scripts.pop(0):
            if isinstance(step, bytes):
                connection.sendall(step)
            elif step == "stall":
                self.over.wait(20)
                return False
            else:
                if step == "reset":
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.shutdown(socket.SHUT_RD)
                return False
        return True


def read_request(incoming: Any) -> Seen | None:
    line = incoming.readline().decode("latin-1")
    if line.count(" ") != 2:
        return None
    method, path, _ = line.split(" ")
    headers = {}
    while (header := incoming.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = incoming.read(int(headers.get("content-length", "0")))
    return Seen(method=method, path=path, headers=headers, body=body)


def answer(body: Any, status: int = 200, **headers: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content-type": "application/json", "content-length": str(len(data))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + data


def chunk(event: Any) -> bytes:
    if not isinstance(event, bytes):
        event = f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = LoopbackServer(port=listener.getsockname()[1])
        thread = threading.Thread(target=made.serve, args=(listener,), daemon=True)
        thread.start()
        yield made
        made.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def question() -> Request:
    return make_request(OutputSchema.from_json_schema(COLOUR, "colour"))


@pytest.fixture
def text_question() -> Request:
    return make_request(OutputSchema.text())


@pytest.fixture
def ask_for() -> Any:
    return make_request


def make_request(
    schema: OutputSchema[Any],
    *messages: Message,
    generation: GenerationConfig | None = None,
    constraints: tuple[Any, ...] = (),
) -> Request:
    return Request(
        messages=messages
        or (
            Message(role="system", content="Name the colour."),
            Message(role="user", content="Fire engine · «rot»"),
        ),
        output=OutputSpec(schema=schema, constraints=constraints),
        generation=generation or GenerationConfig(temperature=0, max_tokens=20),
        prompt=PromptRef(name="colour"),
    )
