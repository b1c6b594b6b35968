"""The task in the real package, played by its mock model: tools, corrections, scores, strategies over epochs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="pip install 'berrypick[inspect]'")

from inspect_ai import eval as inspect_eval
from inspect_ai.model import ModelOutput, get_model
from inspect_ai.util import store_as

from berrypick.agents import make
from berrypick.agents.rollout import rollout
from berrypick.corpora.store import Corpus
from berrypick.envs.search import SearchEnv
from berrypick.integrations.episodes import aggregate
from berrypick.integrations.inspect import Rollout, search_task


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock model counts its tokens with a vocabulary that it would download."""
    monkeypatch.setattr("inspect_ai.model._model.count_text_tokens", lambda text: len(text) // 4 + 1)


def call(tool: str, **arguments: Any) -> ModelOutput:
    return ModelOutput.for_tool_call("mockllm/model", tool, arguments)


def text(said: str) -> ModelOutput:
    return ModelOutput.from_content("mockllm/model", said)


def play(task: Any, outputs: Any, folder: Path, **settings: Any) -> Any:
    model = get_model("mockllm/model", custom_outputs=outputs)
    (log,) = inspect_eval(
        task, model=model, log_dir=str(folder), display="none", max_samples=1, log_level="error", **settings
    )
    assert log.status == "success", log.error
    return log


def toy(corpus: Corpus, **more: Any) -> Any:
    return search_task(corpus=str(corpus.path), engines="bm25", **more)


def test_an_episode_is_scored_by_the_environment(toy_corpus: Corpus, tmp_path: Path):
    outputs = [
        call("search", query="staff T. Thornwell", topk=1),
        text("Let me think."),
        call("open", title="Staff of Northern Halvard Foundry (1)"),
        call("answer", text="Quillport"),
    ]
    log = play(toy(toy_corpus), outputs, tmp_path, limit=1)
    (sample,) = log.samples
    score = sample.scores["outcome"]
    row = score.metadata["berrypick"]
    assert row["question_id"] == sample.id == "q1"
    assert score.value["em"] == 1.0 and score.value["searches"] == 1.0 and score.value["invalid"] == 1.0
    assert score.answer == "Quillport" and row["turns"] == 4
    seen = [message.text for message in sample.messages if message.role in ("tool", "user")]
    assert seen[0].endswith("works based?") and "JSON" not in seen[0]
    assert "T. Thornwell." in seen[1] and "Invalid action" in seen[2]
    means = {metric.name: metric.value for scored in log.results.scores for metric in scored.metrics.values()}
    assert {"mean", "stderr"} <= set(means)


def test_turns_run_out_and_no_answer_is_wrong(toy_corpus: Corpus, tmp_path: Path):
    log = play(toy(toy_corpus, max_turns=3), [text("Hm.")] * 20, tmp_path, limit=1)
    value = log.samples[0].scores["outcome"].value
    assert value["em"] == 0.0 and value["turns"] == 3.0 and value["invalid"] == 3.0


def test_strategies_are_measured_over_epochs(tmp_path: Path):
    """Recorded episodes of ``mixture`` played again: the metrics are those of ``aggregate`` over the same rows."""

    def env() -> SearchEnv:
        return SearchEnv(corpus="almanac-tiny", split="train", protocol="tools")

    tasks, epochs = range(24), 3
    played = [trace for _, trace in rollout(make("mixture"), env, tasks, epochs, seed=1)]
    turns = {
        (trace.question.id, number % epochs): [turn.raw for turn in trace.turns] for number, trace in enumerate(played)
    }
    epoch_of: dict[str, int] = {}

    def model(messages: Any, tools: Any, choice: Any, config: Any) -> ModelOutput:
        rollout_now = store_as(Rollout)
        name = rollout_now.episode().env.trace.question.id
        if not rollout_now.actions:
            epoch_of[name] = epoch_of.get(name, -1) + 1
        raw = turns[name, epoch_of[name]][len(rollout_now.actions)]
        said = json.loads(raw[raw.index('{"') :])
        return call(said["name"], **said["arguments"])

    task = search_task(corpus="almanac-tiny", split="train")
    log = play(task, model, tmp_path, limit=len(tasks), epochs=epochs)
    rows = [sample.scores["outcome"].metadata["berrypick"] for sample in log.samples]
    assert len(rows) == len(tasks) * epochs
    expected = aggregate(rows)
    values = {name: found.value for scored in log.results.scores for name, found in scored.metrics.items()}
    for name in ("strategies_D2", "determinism", "dominant_share"):
        assert values[name] == pytest.approx(expected[name])
    assert sum(row["em"] for row in rows) == sum(trace.reward for trace in played)
