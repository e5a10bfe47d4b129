"""What a dialect and the transport hand each other: a call, a reply, and the place it goes to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from promptkit.backends.prices import Prices

__all__ = ["Destination", "Endpoint", "ErrorWords", "HttpCall", "HttpReply", "TransportFault", "Waits"]

SHORTEST_WAIT_S = 0.001
"""The least that a phase is given: a socket with a timeout of 0 does not wait, and fails with other errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One HTTP request, before a key is put to it.

    Attributes:
        method: The HTTP method.
        path: Path below the endpoint's base URL, with a leading slash.
        headers: Headers by lower-case name; never the key.
        body: The body as it is sent.
    """

    path: str
    body: bytes = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """One HTTP answer, read whole.

    Attributes:
        status: The status code.
        headers: Headers by lower-case name.
        body: The body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where connections go.

    Attributes:
        secure: True for https.
        loopback: True for this machine, which no proxy can reach for us.
        key_env: Environment variable with the key; read for each request, kept nowhere.
        key_header: The header that holds the key, in lower case.
        key_prefix: What stands before the key in it.
        proxy: URL of the proxy between, or ``direct``; None for what the environment says.
        ca_file: File of the authorities that are trusted; None for what the environment says.
    """

    secure: bool
    loopback: bool
    key_env: str
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    proxy: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorWords:
    """What errors say about servers of one kind, and by what their errors are known.

    Attributes:
        server: What such a server is called.
        base: What base paths of its URL end in.
        schema: Words, in lower case, of an error that refuses the output's schema.
        schema_advice: What to do about such an error.
    """

    server: str = "an OpenAI-compatible server"
    base: str = "/v1"
    schema: tuple[str, ...] = ("response_format", "json_schema", "json schema", "failed to parse grammar")
    schema_advice: str = "Simplify the output's schema, or set enforce: prefer or off."


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a backend's calls go and what errors call it.

    Attributes:
        name: The backend's name as users write it, for example ``openai:gpt-5``.
        url: The whole URL that is called.
        model: The model's name as the server knows it.
        key_env: The environment variable that the key is read from.
        words: How errors speak of the server.
        prices: What its tokens cost; empty where that is not known.
    """

    name: str
    url: str
    model: str
    key_env: str
    words: ErrorWords = field(default_factory=ErrorWords)
    prices: Prices = ()


class Waits:
    """How long one call may still take, from when it is begun; its reader says when the answer goes on.

    Args:
        connect_s: Seconds for the connection.
        first_s: Seconds to the first token, or to the whole of an answer that is not streamed.
        stall_s: Seconds from one token to the next; None for ``first_s``.
        deadline: Time of ``time.monotonic()`` at which all must be over.

    Attributes:
        going_on: True when the answer has begun to go on.
    """

    __slots__ = ("_until", "connect_s", "deadline", "first_s", "going_on", "stall_s")

    def __init__(
        self, *, connect_s: float, first_s: float, stall_s: float | None = None, deadline: float | None = None
    ) -> None:
        self.connect_s = connect_s
        self.first_s = first_s
        self.stall_s = first_s if stall_s is None else stall_s
        self.deadline = deadline
        self.begin()

    def begin(self) -> None:
        """Count from now: the call is sent."""
        self.going_on = False
        self._until = time.monotonic() + self.first_s

    def go_on(self) -> None:
        """Count from now: a token has come, and who waits for it has taken it."""
        self.going_on = True
        self._until = time.monotonic() + self.stall_s

    @property
    def passed(self) -> bool:
        """True when the deadline has passed, or is nearer than timers are exact."""
        return self.deadline is not None and self.deadline - time.monotonic() < SHORTEST_WAIT_S

    @property
    def connect_wait_s(self) -> float:
        """Seconds that a connection may take now; never 0."""
        now = time.monotonic()
        return self._bounded(now + self.connect_s, now)

    @property
    def read_wait_s(self) -> float:
        """Seconds that the next bytes may take now; never 0, so that what has come already is taken."""
        return self._bounded(self._until, time.monotonic())

    def _bounded(self, until: float, now: float) -> float:
        if self.deadline is not None:
            until = min(until, self.deadline)
        return max(SHORTEST_WAIT_S, until - now)


FaultKind: TypeAlias = Literal["connect", "connect_timeout", "timeout", "lost", "garbled"]


class TransportFault(Exception):
    """Why no answer or no whole answer came.

    Attributes:
        kind: ``connect`` no connection; ``connect_timeout`` none in time; ``timeout`` no byte in time;
            ``lost`` the connection broke; ``garbled`` the bytes are no HTTP or do not decompress.
        detail: The reason as the operating system or the HTTP client gives it.
    """

    def __init__(self, kind: FaultKind, detail: str) -> None:
        self.kind: FaultKind = kind
        self.detail = detail
        super().__init__(f"{kind}: {detail}")
