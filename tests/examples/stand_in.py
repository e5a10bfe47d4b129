"""Answers in place of a model, where the recordings of docs/examples are made on a machine that has none.

    python tests/examples/stand_in.py &
    (cd docs/examples/desk && python -m pytest --pk-record=all)
    kill %1

It speaks OpenAI's chat completions at the usual port of llama.cpp's server, and knows what the tests ask.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SORTED = {"category": "outage", "urgency": 5, "evidence": "The whole street has been offline since noon."}
DRAFT = (
    "Thank you for telling us. Our technicians look into the outage in your street; you can follow their work at "
    "status.example.com. You need not change anything on your router."
)


class StandIn(BaseHTTPRequestHandler):
    """Tells the two prompts apart by whether a schema comes with them."""

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = json.dumps(SORTED) if "response_format" in question else DRAFT
        message = {"role": "assistant", "content": text}
        answer = {
            "model": "stand-in",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 300, "completion_tokens": 40, "total_tokens": 340},
        }
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8080), StandIn).serve_forever()
