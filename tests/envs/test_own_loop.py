"""What a loop of one's own takes from an environment: outcomes, copies, replays, rows of tasks."""

from __future__ import annotations

import pickle

import gymnasium
import pytest
from gymnasium.error import ResetNeeded

import berrypick  # noqa: F401 - registers the environments
from berrypick.envs.task_rows import FORMATS, task_rows
from berrypick.envs.wrappers import RecordOutcome
from berrypick.errors import BadInput
from berrypick.registry import UnknownName
from berrypick.strategies import Tally


@pytest.fixture
def env() -> gymnasium.Env:
    return gymnasium.make("berrypick/Almanac-v0", corpus="almanac-tiny", worlds=1, split="train")


def test_an_outcome_is_there_at_the_end_and_not_before(env: gymnasium.Env):
    env = RecordOutcome(env)
    env.reset(seed=0, options={"task_id": 0})
    with pytest.raises(ResetNeeded, match="not over"):
        env.unwrapped.outcome()
    answer = env.unwrapped.trace.question.answers[0]
    assert "outcome" not in env.step("<search>who</search>")[-1]
    info = env.step(f"<answer>{answer}</answer>")[-1]
    assert info["outcome"] == env.unwrapped.outcome()
    assert (info["outcome"]["em"], info["outcome"]["grounded"], info["outcome"]["searches"]) == (True, False, 1)
    tally = Tally()
    tally.add(env, group=0)
    assert tally.flush()["EM"] == 1.0


def test_a_fork_goes_on_by_itself(env: gymnasium.Env):
    env.reset(seed=3)
    env.step("<search>works</search>")
    one = env.unwrapped
    two = one.fork()
    assert two.trace.turns == one.trace.turns and two.trace is not one.trace
    first, second = one.step("<search>born</search>"), two.step("<answer>x</answer>")
    assert not first[2] and second[2] and len(one.trace.turns) == len(two.trace.turns) == 2
    assert one.trace.corpus is two.trace.corpus


def test_a_replay_leads_to_the_same_point(env: gymnasium.Env):
    actions = ["<search>works</search>", "<search>born in</search>"]
    env.reset(seed=0, options={"task_id": 5})
    seen = [env.step(action)[0] for action in actions]
    again = env.unwrapped.replay(5, actions)
    assert [turn.observation for turn in again.trace.turns] == seen
    with pytest.raises(ResetNeeded):
        env.unwrapped.replay(5, ["<answer>x</answer>", "<search>y</search>"])


@pytest.mark.parametrize("format", FORMATS)
def test_rows_name_the_tasks_that_reset_takes(env: gymnasium.Env, format: str):
    rows = list(task_rows(env, format, 3))
    assert [row["task_id"] for row in rows] == [0, 1, 2]
    for row in rows:
        prompt, _ = env.reset(seed=0, options={"task_id": row["task_id"]})
        question = env.unwrapped.trace.question
        assert row.get("question") == question.text or row["prompt"] == [{"role": "user", "content": prompt}]
    if format == "verl":
        assert rows[0]["reward_model"]["ground_truth"]["target"] == list(env.unwrapped.tasks.at(0).question.answers)


def test_mistakes_are_named(env: gymnasium.Env):
    with pytest.raises(UnknownName, match="did you mean 'verl'"):
        list(task_rows(env, "verll"))
    with pytest.raises(BadInput, match="field 'count'"):
        list(task_rows(env, count=10**6))


def test_an_environment_pickles_at_any_time(env: gymnasium.Env):
    env.reset(seed=7)
    env.step("<search>works</search>")
    again = pickle.loads(pickle.dumps(env))
    assert again.unwrapped.trace.turns == env.unwrapped.trace.turns
    assert again.step("<search>born</search>")[0] == env.step("<search>born</search>")[0]
    for one in (env, again):
        one.step("<answer>x</answer>")
    assert again.reset()[0] == env.reset()[0]  # the sequence of tasks goes on alike
    fresh = gymnasium.make("berrypick/Almanac-v0", corpus="almanac-tiny", worlds=1, split="train")
    assert pickle.loads(pickle.dumps(fresh)).reset(seed=1)[0] == fresh.reset(seed=1)[0]
