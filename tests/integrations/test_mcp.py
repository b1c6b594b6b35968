"""A real MCP client plays: in memory, over standard input and output, and over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="pip install 'berrypick[mcp]'")

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from berrypick.corpora.store import Corpus
from berrypick.integrations.mcp import Games, server

VERSION = tuple(int(part) for part in version("mcp").split(".")[:2])
COMMAND = "import sys; from berrypick.cli.main import main; sys.exit(main(sys.argv[1:]))"


def arguments(corpus: Corpus) -> dict[str, Any]:
    return {"corpus": str(corpus.path), "split": "test", "engines": ("bm25",)}


def text(result: Any) -> str:
    return "".join(part.text for part in result.content)


async def play(client: Any) -> list[str]:
    """Answer the first question of the toy corpus."""
    calls = [
        ("reset", {"task_id": 0}),
        ("search", {"query": "staff T. Thornwell", "topk": 1}),
        ("open", {"title": "Staff of Northern Halvard Foundry (1)"}),
        ("answer", {"text": "Quillport"}),
        ("search", {"query": "more"}),
    ]
    return [text(await client.call_tool(name, given)) for name, given in calls]


def check(said: list[str]) -> None:
    assert "where Tessa Thornwell works based?" in said[0] and re.search(r"Episode: e\d+$", said[0])
    assert "T. Thornwell." in said[1]
    assert "Page (Title: Staff of Northern Halvard Foundry (1))" in said[2]
    assert said[3].endswith("The answer is right. Reward: 1.")
    assert said[4] == "The task is over."


def test_a_client_plays_and_sees_described_tools(toy_corpus: Corpus, tmp_path: Path):
    async def run() -> tuple[list[str], Any]:
        async with Client(server(Games(tmp_path / "log.jsonl", **arguments(toy_corpus)))) as client:
            return await play(client), await client.list_tools()

    said, tools = asyncio.run(run())
    check(said)
    named = {tool.name: tool for tool in tools.tools}
    assert set(named) == {"reset", "search", "open", "answer"}
    assert "best sentence" in named["search"].description
    assert named["search"].input_schema["required"] == ["query"]
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(row["question_id"], row["em"], row["episode"]) for row in rows] == [("q1", True, "e1")]


def test_mistakes_are_told_and_end_nothing(toy_corpus: Corpus):
    async def run() -> list[Any]:
        async with Client(server(Games(**arguments(toy_corpus)))) as client:
            calls = [
                ("search", {"query": "too early"}),
                ("reset", {"task_id": 99}),
                ("reset", {"task_id": 0}),
                ("search", {"query": "x", "episode": "e7"}),
                ("search", {"query": "x", "engine": "web"}),
                ("open", {"title": "never listed"}),
                ("search", {"query": 5}),
                ("answer", {"text": "wrong"}),
            ]
            return [await client.call_tool(name, given) for name, given in calls]

    said = asyncio.run(run())
    assert [result.is_error for result in said] == [True, True, False, True, False, False, True, False]
    assert "call reset first" in text(said[0]) and "there is no task 99" in text(said[1])
    assert "unknown engine" in text(said[4]) and "no such document" in text(said[5])
    assert text(said[7]).endswith("The answer is wrong. Reward: 0.")


def test_two_agents_of_one_server_play_side_by_side(toy_corpus: Corpus):
    async def run() -> list[str]:
        async with Client(server(Games(**arguments(toy_corpus)))) as client:
            names = []
            for task in (0, 1):
                prompt = text(await client.call_tool("reset", {"task_id": task}))
                names.append(prompt.rpartition(" ")[2])
            first = await client.call_tool("answer", {"text": "Quillport", "episode": names[0]})
            second = await client.call_tool("answer", {"text": "Quillport", "episode": names[1]})
            return [text(first), text(second)]

    first, second = asyncio.run(run())
    assert "right" in first and "wrong" in second


def test_without_a_task_each_reset_draws_another_one_the_same_in_every_run(toy_corpus: Corpus):
    def questions() -> list[str]:
        games = Games(**arguments(toy_corpus))
        return [games.reset().splitlines()[-2] for _ in range(12)]

    once = questions()
    assert once == questions()
    assert len(set(once)) == 3


@pytest.mark.skipif(VERSION < (2, 3), reason="the client of mcp below 2.3 takes no command")
def test_the_command_speaks_mcp_over_standard_output(toy_corpus: Corpus):
    command = ["-P", "-c", COMMAND, "serve", str(toy_corpus.path), "--mcp", "--engines", "bm25"]
    parameters = StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))

    async def run() -> list[str]:
        async with Client(parameters) as client:
            return await play(client)

    check(asyncio.run(run()))


def test_the_command_speaks_mcp_over_http(toy_corpus: Corpus):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-P", "-c", COMMAND, "serve", str(toy_corpus.path), "--mcp", "--engines", "bm25"]
    with subprocess.Popen([*command, "--transport", "http", "--port", str(port)]) as process:
        try:
            _wait(port)

            async def run() -> list[str]:
                async with Client(f"http://127.0.0.1:{port}/mcp") as client:
                    return await play(client)

            check(asyncio.run(run()))
        finally:
            process.terminate()


def _wait(port: int) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not start")
