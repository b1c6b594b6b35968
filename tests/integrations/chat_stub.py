"""A server of chat completions, streaming or not, that plays by a function of the messages so far."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Messages so far -> the next tool call, (name, arguments), or text.
Model = Callable[[list[dict[str, Any]]], tuple[str, dict[str, Any]] | str]


@contextmanager
def chat_server(model: Model) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the base URL and the list that requests are appended to."""
    requests: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(json.dumps({"object": "list", "data": [{"id": "stub", "object": "model"}]}), "application/json")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests.append(body)
            message = _message(model(body["messages"]), len(requests))
            finish = "tool_calls" if "tool_calls" in message else "stop"
            if body.get("stream"):
                self._send(_events(message, finish), "text/event-stream")
            else:
                whole = {"index": 0, "message": message, "finish_reason": finish}
                self._send(json.dumps(_completion("chat.completion", [whole])), "application/json")

        def _send(self, text: str, kind: str) -> None:
            data = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        server.server_close()


def searcher(answers: dict[str, str], question_of: Callable[[list[dict[str, Any]]], str]) -> Model:
    """Search with the question, then answer what ``answers`` says, "nobody" for an unknown question."""

    def model(messages: list[dict[str, Any]]) -> tuple[str, dict[str, Any]] | str:
        question = question_of(messages)
        results = sum(message["role"] == "tool" for message in messages)
        if results == 0:
            return "search", {"query": question, "topk": 2}
        return ("answer", {"text": answers.get(question, "nobody")}) if results == 1 else "Done."

    return model


def last_line(messages: list[dict[str, Any]]) -> str:
    """The question of a task's prompt."""
    asked = [message for message in messages if message["role"] == "user"][-1]["content"]
    text = asked if isinstance(asked, str) else "".join(part.get("text", "") for part in asked)
    return text.rpartition("Question: ")[2].strip()


def _message(said: tuple[str, dict[str, Any]] | str, number: int) -> dict[str, Any]:
    if isinstance(said, str):
        return {"role": "assistant", "content": said}
    function = {"name": said[0], "arguments": json.dumps(said[1])}
    call = {"id": f"call_{number}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _completion(kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    return {"id": "c1", "object": kind, "created": 1, "model": "stub", "choices": choices, "usage": usage}


def _events(message: dict[str, Any], finish: str) -> str:
    delta = dict(message)
    if "tool_calls" in delta:
        delta["tool_calls"] = [{"index": 0, **call} for call in delta["tool_calls"]]
    parts = [{"index": 0, "delta": delta, "finish_reason": None}, {"index": 0, "delta": {}, "finish_reason": finish}]
    lines = [f"data: {json.dumps(_completion('chat.completion.chunk', [part]))}\n\n" for part in parts]
    return "".join([*lines, "data: [DONE]\n\n"])
