"""The taskset in the real package: its tools, its scores, and a whole ``vf-eval`` against a server that streams."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

vf = pytest.importorskip("verifiers.v1", reason="pip install 'berrypick[verifiers]'")

from chat_stub import chat_server, last_line, searcher

from berrypick.corpora.store import Corpus
from berrypick.integrations.episodes import ToolEpisodes, aggregate
from berrypick.integrations.verifiers import (
    SearchConfig,
    SearchState,
    SearchTask,
    SearchTools,
    load_environment,
    read_rows,
)


def config(corpus: Corpus, **more: Any) -> SearchConfig:
    return SearchConfig(id="berrypick-search", corpus=str(corpus.path), engines=["bm25"], **more)


def begin(task: SearchTask, name: str = "r1") -> tuple[SearchTools, Any]:
    """A rollout of a task and a server of tools that holds its state."""
    trace = SimpleNamespace(id=name, state=SearchState(), info={})
    asyncio.run(task.setup(trace, None))
    tools = SearchTools(vf.SharedToolsetConfig())
    tools._inert_state = trace.state
    return tools, trace


def test_the_name_that_verifiers_looks_for_exports_one_taskset():
    from verifiers.v1.utils.loaders import taskset_class

    assert taskset_class("berrypick-search").__name__ == "SearchTaskset"


def test_tasks_are_those_of_the_environment(toy_corpus: Corpus):
    tasks = list(load_environment(config(toy_corpus)))
    assert [task.data.task_id for task in tasks] == [0, 1, 2]
    assert tasks[0].data.prompt.endswith("Question: In which city is the company where Tessa Thornwell works based?")
    assert "JSON" not in tasks[0].data.prompt and len({task.key for task in tasks}) == 3
    assert [task.data.name for task in load_environment(config(toy_corpus)).take(1)] == ["q1"]


def test_tools_replay_the_state_and_the_reward_is_the_environments(toy_corpus: Corpus):
    task = next(iter(load_environment(config(toy_corpus))))
    tools, trace = begin(task)
    assert "T. Thornwell." in asyncio.run(tools.search("staff T. Thornwell", topk=1))
    assert not asyncio.run(task.is_over(trace))
    # Another server goes on from the state alone.
    other = SearchTools(vf.SharedToolsetConfig())
    other._inert_state = SearchState.model_validate_json(trace.state.model_dump_json())
    assert "Northern Halvard Foundry" in asyncio.run(other.open("Staff of Northern Halvard Foundry (1)"))
    assert len(other.state.actions) == 2
    assert asyncio.run(tools.answer("Quillport")) == "The task is over."
    assert asyncio.run(task.is_over(trace)) and asyncio.run(task.reward(trace)) == 1.0
    assert asyncio.run(tools.search("more")) == "The task is over." and len(trace.state.actions) == 2
    metrics = asyncio.run(task.outcome(trace))
    assert metrics["em"] == 1.0 and metrics["searches"] == 1.0 and metrics["turns"] == 2.0
    assert trace.info["berrypick"]["question_id"] == "q1"


def test_a_rollout_without_an_answer_scores_zero(toy_corpus: Corpus):
    task = next(iter(load_environment(config(toy_corpus))))
    _, trace = begin(task)
    assert asyncio.run(task.reward(trace)) == 0.0
    assert asyncio.run(task.outcome(trace))["turns"] == 0.0


def test_faults_differ_between_rollouts_and_not_between_servers(toy_corpus: Corpus):
    task = next(iter(load_environment(config(toy_corpus, faults=["dropout:0.5"]))))
    seen = []
    for name in ("a", "b", "c", "d", "a"):
        tools, trace = begin(task, name)
        seen.append([asyncio.run(tools.search("Northern Halvard Foundry", topk=10)) for _ in range(3)])
        assert trace.state.seed == zlib.crc32(name.encode())
    assert seen[0] == seen[4]
    assert len({tuple(each) for each in seen}) > 1


@pytest.mark.slow
def test_vf_eval_plays_against_a_server_that_streams(tmp_path: Path):
    """Eight rollouts through the command, its tool server and its null harness, which needs uv and its cache."""
    episode, answers = ToolEpisodes(corpus="almanac-tiny", split="test"), {}
    for task in range(4):
        episode.reset(task)
        question = episode.env.trace.question
        answers[question.text] = question.answers[0] if task % 2 == 0 else "nobody"
    with chat_server(searcher(answers, last_line)) as (url, requests):
        command = [
            *(str(Path(sys.executable).with_name("vf-eval")), "berrypick-search", "-m", "stub", "--no-push"),
            *("--select.limit", "4", "-r", "2", "-o", str(tmp_path)),
            *("--env.taskset.corpus", "almanac-tiny"),
            *("--env.agent.runtime.type", "subprocess", "--env.agent.harness.id", "null"),
            *("--client.base-url", url, "--client.api-key-var", "STUB_KEY"),
        ]
        environment = {**os.environ, "STUB_KEY": "none", "BERRYPICK_HOME": os.environ["BERRYPICK_HOME"]}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    (traces,) = tmp_path.rglob("traces.jsonl")
    rows = read_rows(traces)
    assert len(rows) == 8 and aggregate(rows)["em"] == 0.5
    assert {row["searches"] for row in rows} == {1}
    assert any(request.get("stream") for request in requests)
