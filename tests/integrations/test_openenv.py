"""The server and the client of the real package, over WebSockets; its own validator; sessions side by side."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openenv.core", reason="pip install 'berrypick[openenv]'")

import uvicorn
from uvicorn.importer import ImportFromStringError, import_from_string

from berrypick.corpora.store import Corpus
from berrypick.errors import BadInput
from berrypick.integrations.episodes import ToolEpisodes
from berrypick.integrations.openenv import SearchAction, SearchClient, make_app


@pytest.fixture(scope="module")
def url(toy_corpus: Corpus) -> Iterator[str]:
    app = make_app(corpus=str(toy_corpus.path), split="test", engines=["bm25"])
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


PLAN = (
    SearchAction(tool="search", text="staff T. Thornwell", topk=1),
    SearchAction(tool="open", text="Staff of Northern Halvard Foundry (1)"),
    SearchAction(text='{"name": "answer", "arguments": {"text": "Quillport"}}'),
)


def test_an_episode_over_the_wire_is_that_of_the_environment(url: str, toy_corpus: Corpus):
    local = ToolEpisodes(corpus=str(toy_corpus.path), split="test", engines=["bm25"])
    expected = [local.reset(0), local.search(PLAN[0].text, topk=1), local.open(PLAN[1].text), local.answer("Quillport")]
    with SearchClient(base_url=url).sync() as client:
        results = [client.reset(task_id=0), *(client.step(action) for action in PLAN)]
        state = client.state()
    assert [result.observation.text for result in results] == expected
    assert [result.done for result in results] == [False, False, False, True]
    assert [result.reward for result in results] == [None, 0.0, 0.0, 1.0]
    assert results[-1].observation.outcome == local.row()
    assert all(result.observation.outcome is None for result in results[:-1])
    assert (state.step_count, state.question_id, state.searches_left, state.turns_left) == (3, "q1", 5, 7)


def test_sessions_play_side_by_side(url: str):
    async def play(task: int) -> tuple[str, float]:
        async with SearchClient(base_url=url) as client:
            begun = await client.reset(task_id=task)
            ended = await client.step(SearchAction(tool="answer", text="Quillport"))
            return begun.observation.question_id, ended.reward

    async def together() -> list[tuple[str, float]]:
        return await asyncio.gather(*(play(number % 3) for number in range(12)))

    said = asyncio.run(together())
    assert [name for name, _ in said] == ["q1", "q2", "q3"] * 4
    assert {reward for name, reward in said if name == "q1"} == {1.0}


def test_the_same_seed_draws_the_same_task(url: str):
    with SearchClient(base_url=url).sync() as client:
        drawn = [client.reset(seed=seed).observation.text for seed in (5, 5, 6, 7, 8, 9)]
    assert drawn[0] == drawn[1] and len(set(drawn)) > 1


def test_mistakes_reach_the_client_and_leave_the_session(url: str):
    with SearchClient(base_url=url).sync() as client:
        with pytest.raises(RuntimeError, match="there is no task 99"):
            client.reset(task_id=99)
        assert client.reset(task_id=1).observation.question_id == "q2"
        assert "Invalid action" in client.step(SearchAction(text="hm")).observation.text


def test_the_packages_validator_accepts_the_server(url: str):
    from openenv.cli._validation import validate_running_environment

    report = validate_running_environment(url)
    assert report["passed"], report


def test_uvicorn_finds_the_application_by_name(toy_corpus: Corpus):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = f'{{"corpus": "{toy_corpus.path}", "split": "test", "engines": ["bm25"]}}'
    command = [sys.executable, "-P", "-m", "uvicorn", "berrypick.integrations.openenv:app", "--port", str(port)]
    with subprocess.Popen(
        command, env={**os.environ, "BERRYPICK_ENV": arguments}, stderr=subprocess.DEVNULL
    ) as process:
        try:
            limit = time.monotonic() + 60
            while time.monotonic() < limit:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            with SearchClient(base_url=f"http://127.0.0.1:{port}").sync() as client:
                assert client.reset(task_id=0).observation.question_id == "q1"
        finally:
            process.terminate()


def test_malformed_arguments_are_refused(monkeypatch: pytest.MonkeyPatch):
    from berrypick.integrations import openenv

    monkeypatch.setenv("BERRYPICK_ENV", "[1]")
    monkeypatch.setattr(openenv, "_made", [])
    with pytest.raises(BadInput, match="JSON object"):
        import_from_string("berrypick.integrations.openenv:app")
    monkeypatch.setenv("BERRYPICK_ENV", "{}")
    with pytest.raises(ImportFromStringError):
        import_from_string("berrypick.integrations.openenv:nothing")


def test_a_native_session_puts_the_question_without_a_grammar(toy_corpus: Corpus):
    from berrypick.integrations.openenv import SearchEnvironment

    first = ToolEpisodes(corpus=str(toy_corpus.path), split="test", engines=["bm25"])
    seen: Any = SearchEnvironment(first, native=True).reset(task_id=0)
    assert "JSON" not in seen.text and seen.text.endswith("Tessa Thornwell works based?")
