"""Ways of successes as numbers."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from berrypick.agents.discrete.agent import POLICIES
from berrypick.agents.rollout import rollout_numbers
from berrypick.agents.training import strategy_ids as module
from berrypick.agents.training.strategy_ids import analyse_all, strategy_ids
from berrypick.envs.discrete.env import AlmanacDiscrete
from berrypick.envs.scoring.outcome import Outcome, analyse
from berrypick.envs.scoring.trace import Trace

WHERE = {"corpus": "almanac-tiny", "worlds": 1, "families": "bridge"}


@pytest.fixture(scope="module")
def env() -> AlmanacDiscrete:
    env = AlmanacDiscrete(**WHERE)
    env.reset(options={"task_id": 0})
    return env


@pytest.fixture(scope="module")
def traces() -> list[Trace]:
    return [trace for _, trace in rollout_numbers(POLICIES["open"], lambda: AlmanacDiscrete(**WHERE), range(2), 1, 0)]


@pytest.fixture(scope="module")
def outcome(traces: list[Trace], env: AlmanacDiscrete) -> Outcome:
    return analyse(traces[0], env.engines)


def test_niches_by_hand(outcome: Outcome):
    page, words, guess = (
        msgspec.structs.replace(outcome, strategy=strategy, grounded=grounded)
        for strategy, grounded in ((("open", "answer"), True), (("bm25", "answer"), True), (("answer",), False))
    )
    outcomes = [words, page, guess, words, page, guess, page]
    # The first is unpaid and takes no number; pages come first of those that are, then guesses, then words.
    assert strategy_ids([0.0, 1.0, 1.0, 0.5, 1.0, 1.0, -0.1], outcomes).tolist() == [-1, 0, 1, 2, 0, 1, -1]


def test_guesses_of_different_strategies_share_a_niche(outcome: Outcome):
    guesses = [msgspec.structs.replace(outcome, strategy=(way,), grounded=False) for way in ("answer", "bm25")]
    assert strategy_ids([1.0, 1.0], guesses).tolist() == [0, 0]


def test_copies_are_taken_apart_once(traces: list[Trace], env: AlmanacDiscrete, monkeypatch: pytest.MonkeyPatch):
    calls: list[Trace] = []
    monkeypatch.setattr(module, "analyse", lambda trace, engines: calls.append(trace) or analyse(trace, engines))
    first, second = traces
    copy = replace(first, turns=list(first.turns))
    other = replace(first, turns=first.turns[:-1])
    episodes = [first, copy, second, other, copy]
    found = analyse_all(episodes, [env.engines] * 5)
    assert [id(trace) for trace in calls] == [id(first), id(second), id(other)]
    assert found == [analyse(trace, env.engines) for trace in episodes]


def test_no_episodes_have_no_niches():
    assert analyse_all([], []) == [] and strategy_ids([], []).tolist() == []
