"""An environment that searches the server plays the episodes of one that searches in process."""

from __future__ import annotations

from typing import Any

import pytest

from berrypick.agents import make
from berrypick.agents.rollout import rollout
from berrypick.corpora import load
from berrypick.corpora.engines import EngineFailed, open_engine
from berrypick.envs.observations import ENGINE_FAILED
from berrypick.envs.scoring.outcome import analyse
from berrypick.envs.search import SearchEnv

TASKS, ROLLOUTS = range(12), 2


def played(engines: tuple[str, ...], agent: str = "mixture", **arguments: Any) -> list[Any]:
    """Observations, and what became, of each episode in two worlds."""

    def env() -> SearchEnv:
        return SearchEnv(corpus="almanac-tiny", worlds=2, split="train", engines=engines, **arguments)

    one, found = env(), []
    for number, (_, trace) in enumerate(rollout(make(agent), env, TASKS, ROLLOUTS, seed=0)):
        world = one.tasks.at(TASKS[number // ROLLOUTS]).world
        found.append(([turn.observation for turn in trace.turns], analyse(trace, one.engines_of(world))))
    return found


def remote(server: Any, name: str, more: str = "") -> str:
    return f"{name}=http:{server.url}/{{corpus}}/{{split}}/{{world}}/retrieve?engine={name}{more}"


def test_episodes_and_strategies_are_those_of_the_local_engines(server: Any):
    local = played(("bm25", "dense"))
    assert played((remote(server, "bm25"), remote(server, "dense"))) == local
    moves = {move.partition("/")[0] for _, outcome in local for move in outcome.raw_moves}
    assert "bm25" in moves


def test_a_knockout_of_the_server_is_that_of_the_environment(server: Any):
    engines = tuple(remote(server, name, "&knockouts=no_profile") for name in ("bm25", "dense"))

    def first_lists(engines: tuple[str, ...], **arguments: Any) -> list[str]:
        # Pages that an agent opens are the environment's own, which the server's knock-out does not reach.
        return [observations[0] for observations, _ in played(engines, "scripted:names-only", **arguments)]

    knocked_out = first_lists(("bm25", "dense"), knockouts=("no_profile",))
    assert first_lists(engines) == knocked_out != first_lists(("bm25", "dense"))


def test_faults_of_the_server_are_told_and_end_no_episode(server: Any):
    engine = remote(server, "bm25", "&faults=error:0.5#retries=0")
    env = SearchEnv(corpus="almanac-tiny", worlds=1, split="train", engines=(engine,), search_budget=40, max_turns=60)
    env.reset(options={"task_id": 0})
    seen = [env.step(f"<search>founded by {number}</search>") for number in range(30)]
    failed = [info["faults"] == ("engine_failed",) for _, _, _, _, info in seen]
    assert 5 <= sum(failed) <= 25
    assert [ENGINE_FAILED in observation for observation, *_ in seen] == failed


def test_a_knocked_out_engine_fails_at_once(server: Any):
    corpus = load("almanac-tiny", "train", 1)
    engine = open_engine(f"http:{server.url}/almanac-tiny/train/1/retrieve?knockouts=no_bm25#wait=30", corpus)
    with pytest.raises(EngineFailed, match="bm25 is not available here"):
        engine.search(["Tessa"], 1)
