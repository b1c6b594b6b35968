"""What the adapters share, without any framework."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from berrypick.agents import make
from berrypick.agents.rollout import rollout
from berrypick.benchmarks.cells import outcomes_of
from berrypick.benchmarks.metrics.diversity import STRATEGIES_D2
from berrypick.corpora.store import Corpus
from berrypick.envs.scoring.outcome import Outcome, analyse
from berrypick.envs.search import SearchEnv
from berrypick.integrations.episodes import FEWEST, OVER, ToolEpisodes, aggregate, outcome_row


def arguments(corpus: Corpus) -> dict[str, object]:
    return {"corpus": str(corpus.path), "split": "test", "engines": ("bm25",)}


def test_tool_calls_play_an_episode_and_its_row_is_json(toy_corpus: Corpus):
    episode = ToolEpisodes(**arguments(toy_corpus))
    assert "Tessa Thornwell works based?" in episode.reset(task_id=0)
    assert "T. Thornwell." in episode.search("staff T. Thornwell", topk=1)
    assert "Northern Halvard Foundry" in episode.open("Staff of Northern Halvard Foundry (1)")
    episode.search("Northern Halvard Foundry based", engine="bm25")
    assert episode.answer("Quillport") == OVER and episode.is_over
    assert episode.search("more") == OVER
    row = episode.row()
    assert json.loads(json.dumps(row)) == row
    assert row["question_id"] == "q1" and row["em"] and row["turns"] == 4 and row["searches"] == 2
    assert row["reward"] == episode.reward == 1.0
    assert row["strategy"].endswith("answer")


def test_a_fork_plays_its_own_episode(toy_corpus: Corpus):
    first = ToolEpisodes(**arguments(toy_corpus))
    first.reset(task_id=0)
    second = first.fork()
    second.reset(task_id=1)
    second.answer("x")
    assert second.is_over and not first.is_over
    assert first.row()["question_id"] != second.row()["question_id"]


def test_in_tags_the_same_actions_give_the_same_row(toy_corpus: Corpus):
    rows = []
    for protocol in ("tools", "tags"):
        episode = ToolEpisodes(**arguments(toy_corpus), protocol=protocol)
        episode.reset(task_id=0)
        episode.search("staff <b> Thornwell & co")
        episode.open("Tessa Thornwell")
        episode.answer("Quillport")
        rows.append(episode.row())
    assert rows[0] == rows[1]


def test_averages_and_strategies_are_those_of_the_benchmark():
    def env() -> SearchEnv:
        return SearchEnv(corpus="almanac-tiny", worlds=1, split="train")

    one, tasks, rollouts = env(), range(40), 4
    rows, outcomes = [], dict[int, list[Outcome]]()
    for number, (_, trace) in enumerate(rollout(make("mixture"), env, tasks, rollouts, seed=0)):
        engines = one.engines_of(one.tasks.world(0))
        rows.append(outcome_row(trace, engines))
        outcomes.setdefault(tasks[number // rollouts], []).append(analyse(trace, engines))
    played = [outcomes_of(0, task, one.tasks.at(task), outcomes[task], rollouts) for task in tasks]
    said = aggregate(rows)
    assert sum(len(task.grounded) >= 2 for task in played) >= FEWEST
    assert said["episodes"] == 160 and said["em"] == np.mean([row["em"] for row in rows])
    assert said["strategies_D2"] == pytest.approx(1 / np.nanmean(STRATEGIES_D2.parts(played)))
    assert said["determinism"] == pytest.approx(1 / said["strategies_D2"])
    counts = Counter(outcome.strategy for task in played for outcome in task.grounded)
    assert said["dominant_share"] == max(counts.values()) / counts.total()


def test_few_groups_give_no_measure_of_strategies(toy_corpus: Corpus):
    episode, rows = ToolEpisodes(**arguments(toy_corpus)), []
    for _ in range(4):
        episode.reset(task_id=0)
        episode.answer("Quillport")
        rows.append(episode.row())
    assert aggregate(rows)["em"] == 1.0
    assert {"strategies_D2", "determinism", "dominant_share"}.isdisjoint(aggregate(rows))
    assert aggregate([]) == {"episodes": 0.0}
