"""The rollout loop: what it records, what an agent sees, and what becomes of failures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
import pytest

from berrypick import seeding
from berrypick.agents.base import EpisodeView
from berrypick.agents.baselines.random import Random
from berrypick.agents.rollout import Failure, RolloutError, rollout
from berrypick.envs.search import SearchEnv
from berrypick.records import Episode

Act = Callable[[EpisodeView, np.random.Generator], str]


class Agent:
    """An agent from a function of one row."""

    name = "test agent"

    def __init__(self, act: Act) -> None:
        self._act = act
        self.rows: list[EpisodeView] = []

    def reads(self, corpus: str) -> bool:
        return True

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        self.rows += rows
        return [self._act(row, rng) for row, rng in zip(rows, rngs, strict=True)]


def search_then_answer(row: EpisodeView, rng: np.random.Generator) -> str:
    if len(row.history) == 1:
        return "<think>so so</think> <search>Tessa Thornwell</search>"
    return f"<answer>{rng.integers(1000)}</answer>"


def play(agent: Any, make_env: Any, tasks: Sequence[int] = (0, 1), count: int = 3, **more: Any) -> list[Episode]:
    return [episode for episode, _ in rollout(agent, make_env, tasks, count, 7, **more)]


def test_an_episode_holds_what_happened(little_env):
    ((episode, trace),) = rollout(Agent(search_then_answer), little_env(), [0], 1, 7, cell=4)
    answer = str(seeding.rollout_rng(7, "rollout", 0, 0).integers(1000))
    search, last = episode.steps
    assert (episode.schema, episode.cell, episode.question_id, episode.rollout) == (1, 4, "q-bridge", 0)
    assert (episode.status, episode.answer, episode.reward) == ("ok", answer, 0.0)
    assert (episode.terminated, episode.truncated) == (True, False)
    assert search.action == "<think>so so</think> <search>Tessa Thornwell</search>"
    assert search.tokens == 4  # "<think>so", "so</think>", "<search>Tessa", "Thornwell</search>"
    assert search.obs_sha256 == hashlib.sha256(trace.turns[0].observation.encode()).hexdigest()
    assert search.doc_ids == ("p1", "b1", "p5")
    assert search.scores == trace.turns[0].scores and len(search.scores) == 3
    assert (last.doc_ids, last.scores, last.tokens) == ((), (), 1)
    assert last.obs_sha256 == hashlib.sha256(b"").hexdigest()


def test_tasks_are_outermost_and_in_the_order_given(little_env):
    episodes = play(Agent(search_then_answer), little_env(), (1, 0), 2)
    asked = [(episode.question_id, episode.rollout) for episode in episodes]
    assert asked == [("q-alias", 0), ("q-alias", 1), ("q-bridge", 0), ("q-bridge", 1)]


def test_neither_batch_nor_order_changes_a_byte(little_env):
    expected = play(Random(), little_env(), count=6)
    assert len({episode.steps for episode in expected}) > 6, "the episodes should differ"
    for batch in (1, 5, 64):
        assert play(Random(), little_env(), count=6, batch=batch) == expected
    turned = play(Random(), little_env(), (1, 0), 6, batch=4)
    assert [*turned[6:], *turned[:6]] == expected
    assert play(Random(), little_env(), (1,), 6) == expected[6:]


def test_an_agent_gets_text_and_its_own_generator_alone(little_env):
    seen: list[int] = []

    def act(row: EpisodeView, rng: np.random.Generator) -> str:
        seen.append(int(rng.integers(10**9)))
        return "<answer>x</answer>"

    agent = Agent(act)
    play(agent, little_env(expose_gold=True))
    draws = [seeding.rollout_rng(7, "rollout", task, n).integers(10**9) for task in (0, 1) for n in range(3)]
    assert seen == draws
    for row in agent.rows:
        assert type(row) is EpisodeView and type(row.id) is int
        assert all(type(text) is str for text in row.history)
        assert "Beacon Halvard Foundry" not in "".join(row.history)  # the bridge and the answer are not in the prompt


def test_histories_alternate_and_ids_are_never_reused(little_env):
    agent = Agent(search_then_answer)
    play(agent, little_env())
    play(agent, little_env())
    starts = [row for row in agent.rows if len(row.history) == 1]
    assert len({row.id for row in starts}) == len(starts) == 12
    for row in agent.rows:
        assert len(row.history) % 2 == 1
        if len(row.history) == 3:
            assert row.history[1] == search_then_answer(starts[0], np.random.default_rng([0, 0, 0]))
            assert row.history[2].startswith("<information>")


class Broken(RuntimeError):
    """What the tests throw."""


def failing_on_alias(row: EpisodeView, rng: np.random.Generator) -> str:
    if len(row.history) > 1 and "Lantern" in row.history[0]:
        raise Broken("no bynames please")
    return search_then_answer(row, rng)


@pytest.mark.parametrize("batch", [1, 4, 64])
def test_a_failing_row_is_recorded_and_takes_no_other_with_it(little_env, batch: int):
    failures: list[Failure] = []
    episodes = play(Agent(failing_on_alias), little_env(), batch=batch, failures=failures)
    assert episodes[:3] == play(Agent(search_then_answer), little_env(), (0,))
    assert [episode.status for episode in episodes] == ["ok"] * 3 + ["error"] * 3
    for episode in episodes[3:]:
        assert len(episode.steps) == 1, "the steps up to the failure are kept"
        assert (episode.answer, episode.reward, episode.terminated, episode.truncated) == (None, 0.0, False, False)
    assert [(failure.task, failure.rollout) for failure in failures] == [(1, 0), (1, 1), (1, 2)]
    assert all("Broken: no bynames please" in failure.traceback for failure in failures)


def test_without_a_list_the_first_failure_is_raised(little_env):
    with pytest.raises(RolloutError, match=r"rollout 0 of task 1 failed: .*no bynames please"):
        play(Agent(failing_on_alias), little_env())


def test_a_failure_of_every_rollout_is_raised(little_env):
    failures: list[Failure] = []
    with pytest.raises(RolloutError, match=r"all 3 rollouts .* the first with: .*no bynames please"):
        play(Agent(failing_on_alias), little_env(), (1,), failures=failures)
    assert len(failures) == 3


class BrokenEnv(gymnasium.Wrapper):
    """Its engine fails on the second step of the alias question."""

    def step(self, action: str) -> Any:
        if len(self.unwrapped.trace.turns) == 1 and "Lantern" in self.unwrapped.trace.prompt:
            raise Broken("the index is gone")
        return super().step(action)


def test_a_failing_step_is_recorded(little_env):
    make, failures = little_env(), []
    episodes = play(Agent(search_then_answer), lambda: BrokenEnv(make()), failures=failures)
    assert [episode.status for episode in episodes] == ["ok"] * 3 + ["error"] * 3
    assert [len(episode.steps) for episode in episodes] == [2, 2, 2, 1, 1, 1]
    assert "the index is gone" in failures[0].traceback


@pytest.mark.parametrize("actions", [["<answer>x</answer>"] * 9, [None]])
def test_an_agent_that_breaks_its_contract_fails(little_env, actions: list[Any]):
    class Wrong(Agent):
        def act(self, rows, rngs):
            return actions

    with pytest.raises(RolloutError, match="must return 1 strings"):
        play(Wrong(search_then_answer), little_env(), (0,), 1, failures=[])


def test_a_truncated_episode_ends(little_env):
    agent = Agent(lambda row, rng: "hm")
    (episode,) = play(agent, little_env(max_turns=4), (0,), 1)
    assert (episode.truncated, episode.terminated, episode.status, len(episode.steps)) == (True, False, "ok", 4)


def test_every_episode_has_a_trace_of_its_own(little_env):
    traces = [trace for _, trace in rollout(Agent(search_then_answer), little_env(), [0, 1], 3, 7, batch=2)]
    assert len({id(trace) for trace in traces}) == 6
    assert all(len(trace.turns) == 2 for trace in traces)


def test_environments_are_closed_even_when_the_caller_stops_early(little_env):
    closed: list[int] = []

    class Closing(SearchEnv):
        def close(self) -> None:
            closed.append(1)

    path = little_env()().tasks.corpus
    episodes = rollout(Agent(search_then_answer), lambda: Closing(corpus=path, split="test"), [0, 1], 2, 7, batch=2)
    next(episodes)
    episodes.close()
    assert len(closed) == 2


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"rollouts": 0}])
def test_sizes_below_one_are_refused(little_env, wrong: dict[str, int]):
    arguments = {"rollouts": 1, **wrong}
    with pytest.raises(ValueError, match="at least 1"):
        next(rollout(Random(), little_env(), [0], arguments.pop("rollouts"), 0, **arguments))


def test_no_tasks_no_episodes(little_env):
    assert play(Random(), little_env(), ()) == []
