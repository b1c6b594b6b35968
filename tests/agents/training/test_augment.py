"""What is added to a step: which questions are played again, what is kept of it, and what a step's line says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.batch import Batch
from berrypick.agents.training.augment import advised, augmented, together
from berrypick.agents.training.batch_ops import is_off
from berrypick.agents.training.learner import RolloutBatch
from berrypick.errors import BadInput


def batch(reward: Sequence[float], group: Sequence[int], off: bool = False) -> Batch:
    count = len(reward)
    ones = torch.ones((count, 2))
    return Batch(
        torch.tensor(reward), torch.tensor(group), torch.where(torch.tensor(reward) > 0, 0, -1), ones.bool(),
        -ones, ones, ones.long(), 0 * ones.long(), ones.bool(), torch.arange(count)[:, None] / count * ones,
        off=torch.ones(count, dtype=torch.bool) if off else None, inputs={},
    )  # fmt: skip


class Stage:
    """A reader whose new episodes are paid as told, in order."""

    protocol, grams = "tags", None

    def __init__(self, *paid: float) -> None:
        self.paid, self.asked, self.read = paid, [], None

    def refine(self, seed, places, critiques) -> RolloutBatch:
        self.asked, self.read = list(places), critiques
        names = [f"new {place}" for place in range(len(places))]
        made = batch(self.paid[: len(places)], [0] * len(places), off=critiques is not None)
        return RolloutBatch(replace(made, old_logprobs=made.old_logprobs * 2), names, names)  # type: ignore[arg-type]


def step(*rewards: Sequence[float]) -> RolloutBatch:
    groups = [number for number, own in enumerate(rewards) for _ in own]
    names = [f"old {place}" for place in range(len(groups))]
    return RolloutBatch(batch([paid for own in rewards for paid in own], groups), names, names)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _words(monkeypatch):
    """Critics read traces, which these episodes have none of."""

    def silent(name):
        return lambda attempts, rows, rngs: [f"{name} on {attempts[row].trace}" for row in rows]

    monkeypatch.setattr("berrypick.agents.training.augment.make_critic", silent)


def test_one_refinement_joins_each_group_without_success():
    stage = Stage(0.0, 1.0, 0.0, 0.0)
    found = augmented(step([0, 0], [1, 0], [0, 0]), make("critique_grpo").augment, stage, seed=5, episode=20, size=2)
    # Groups 0 and 2, questions 20 and 22 of the run; their rollouts are numbered on from the two that were played.
    assert stage.asked == [(20, 2), (20, 3), (22, 2), (22, 3)]
    assert stage.read == ["steps on old 0", "steps on old 1", "steps on old 4", "steps on old 5"]
    # Kept: the success of group 0; of group 2 the one with the least uniform, the first.
    assert found.traces == [*(f"old {place}" for place in range(6)), "new 1", "new 2"] == found.outcomes
    assert found.batch.group.tolist() == [0, 0, 1, 1, 2, 2, 0, 2]
    assert found.batch.reward.tolist() == [0, 0, 1, 0, 0, 0, 1, 0]
    assert is_off(found.batch).tolist() == [False] * 6 + [True] * 2
    # 2 of 3 groups; 4 episodes of 2 tokens; 1 of 4 paid; of 6 + 2 episodes trained on a quarter of the tokens; e^-2
    # under the prompt that they are trained under.
    assert dict(found.refinement) == pytest.approx(
        {"groups": 2 / 3, "tokens": 8, "solved": 0.25, "kept": 2, "share": 0.25, "silent": 0, "probability": 0.1353353}
    )


def test_where_a_critic_is_silent_nothing_is_played_again(monkeypatch: pytest.MonkeyPatch):
    """Of four episodes the second and both of the last group get no critique: one refinement, three silent of four."""
    said = lambda name: lambda attempts, rows, rngs: ["look", None, None, None]  # noqa: E731
    monkeypatch.setattr("berrypick.agents.training.augment.make_critic", said)
    stage = Stage(1.0)
    found = augmented(step([0, 0], [1, 0], [0, 0]), make("critique_grpo").augment, stage, seed=5, episode=20, size=2)
    assert (stage.asked, stage.read) == ([(20, 2)], ["look"])
    assert found.batch.group.tolist() == [0, 0, 1, 1, 2, 2, 0]
    assert (found.refinement["silent"], found.refinement["groups"], found.refinement["kept"]) == (0.75, 1 / 3, 1)


def test_further_rollouts_are_all_kept_and_are_the_policys_own():
    stage = Stage(0.0, 1.0)
    found = augmented(step([1, 0], [0, 0]), make("more_rollouts").augment, stage, seed=5, episode=0, size=2)
    assert stage.read is None and stage.asked == [(1, 2), (1, 3)]
    assert found.batch.off is None and found.batch.group.tolist() == [0, 0, 1, 1, 1, 1]
    assert found.batch.more is not None and found.batch.more.tolist() == [False] * 4 + [True] * 2
    assert "probability" not in found.refinement and found.refinement["tokens"] == 4


def test_where_every_group_has_a_success_nothing_is_played():
    stage = Stage()
    before = step([1, 0], [0, 1])
    found = augmented(before, make("critique_grpo").augment, stage, seed=5, episode=0, size=2)
    assert not stage.asked and found.batch is before.batch
    assert found.refinement == {"groups": 0.0, "tokens": 0.0}


def test_rounds_add_up():
    rounds = [{"groups": 0.5, "tokens": 8.0, "solved": 0.25}, {"groups": 0.0, "tokens": 0.0}]
    assert together(rounds) == {"groups": 0.25, "tokens": 8.0, "solved": 0.25}


def test_another_critic_may_take_the_place_of_a_methods_own():
    stage, method = Stage(1.0, 0.0), make("critique_grpo")
    assert advised(method, "") is method
    how = advised(method, "lm:judge").augment
    assert how is not None
    augmented(step([1, 0], [0, 0]), how, stage, seed=5, episode=0, size=2)
    assert stage.read == ["lm:judge on old 2", "lm:judge on old 3"]


@pytest.mark.parametrize("name", ["grpo", "more_rollouts"])
def test_a_method_without_critiques_takes_no_critic(name: str):
    with pytest.raises(BadInput, match=f"'critic': is for methods with refinements, such as critique_grpo; {name}"):
        advised(make(name), "steps")
