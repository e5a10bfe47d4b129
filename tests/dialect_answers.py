"""What servers of each dialect answer, from ``tests/answers``; each file cites the specification that it follows.

Every dialect tells the same stories: ``answer`` (the text TEXT), ``cut``, ``refusal``, ``filtered``, ``calls`` (of
a tool), ``late_error`` (in a stream) and ``errors``; a file leaves out what its dialect has no word for.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from loopback import Script, Seen, answer, chunk, chunked_head

__all__ = ["DIALECTS", "TEXT", "by_model", "emulation", "load", "pieces", "played"]

FOLDER = Path(__file__).parent / "answers"
DIALECTS = sorted(path.stem for path in FOLDER.glob("*.json"))
TEXT = '{"colour":"red"}'


def load(dialect: str) -> dict[str, Any]:
    """All that is known of a dialect's answers."""
    found: dict[str, Any] = json.loads((FOLDER / f"{dialect}.json").read_text(encoding="utf-8"))
    return found


def pieces(dialect: dict[str, Any], events: list[dict[str, Any]]) -> list[bytes]:
    """Events as the bytes of a stream: server-sent events or JSON lines."""
    return [_piece(event, lines=dialect.get("lines", False)) for event in events]


def _piece(event: dict[str, Any], *, lines: bool) -> bytes:
    if "raw" in event:
        return event["raw"].encode()
    data = json.dumps(event["data"], ensure_ascii=False)
    if lines:
        return f"{data}\n".encode()
    name = f"event: {event['event']}\n" if "event" in event else ""
    return f"{name}data: {data}\n\n".encode()


def played(dialect: dict[str, Any], story: str, *, stream: bool) -> Script:
    """The script of a story, whole or as a stream."""
    told = dialect[story]
    headers = {name.replace("-", "_"): value for name, value in dialect["headers"].items()}
    if not stream:
        return (answer(told["whole"], **headers),)
    body = map(chunk, pieces(dialect, told["stream"]))
    return (chunked_head(dialect["stream_type"], **headers), *body, b"0\r\n\r\n")


def emulation(dialect: str, story: str = "answer") -> Any:
    """For ``LoopbackServer(answers=...)``: tells the story to each caller, as the call asks for it."""
    known = load(dialect)
    return lambda seen: played(known, story, stream=_streams(seen))


def by_model(dialect: str) -> Any:
    """The same, telling the story that the call's model is named after; ``error-2`` is the third of the errors."""
    known = load(dialect)

    def answers(seen: Seen) -> Script:
        named = re.search(r"/models/([^:]+):", seen.path)
        story = named[1] if named else seen.json["model"]
        if story.startswith("error-"):
            fault = known["errors"][int(story.removeprefix("error-"))]
            headers = {name.replace("-", "_"): value for name, value in fault.get("headers", {}).items()}
            return (answer(fault["body"], fault["status"], **headers),)
        return played(known, story, stream=_streams(seen))

    return answers


def _streams(seen: Seen) -> bool:
    """Whether a call asks for a stream; Ollama's chat is one unless it says otherwise."""
    default = seen.path == "/api/chat"
    return "streamGenerateContent" in seen.path or bool(seen.json.get("stream", default))
