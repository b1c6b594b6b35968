"""A critic's scores at the tokens of their turns, and how well they tell paid episodes from others."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods.batch import Batch
from berrypick.agents.training.text.process_rewards import FIRST, critic_auc, scores, trained
from berrypick.agents.treesearch import critics, samples
from berrypick.agents.treesearch.critics import Critics, Head
from berrypick.agents.treesearch.features import NAMES

#: Nothing but the number of turns counts: sigmoid(10 x turns / 10).
HEAD = Head(tuple(10.0 * (name == "turns") for name in NAMES), 0.0)
JUDGE = Critics(HEAD, HEAD, HEAD, NAMES, 1, 1)


def batch_of(reward: list[float], mask: list[list[int]], turn: list[list[int]]) -> Batch:
    zeros = torch.zeros(len(reward), len(mask[0]))
    return Batch(
        torch.tensor(reward), torch.zeros(len(reward)).long(), torch.zeros(len(reward)).long(),
        torch.tensor(mask).bool(), zeros, zeros, zeros.long(), torch.tensor(turn), zeros.bool(), zeros,
    )  # fmt: skip


def test_a_turns_score_stands_at_its_own_tokens(little_env):
    """Sigmoid of 1 is .7311, of 2 .8808; nothing where the environment spoke."""
    env = little_env()()
    env.reset(seed=0, options={"question_id": "q-alias"})
    env.step("nothing")
    env.step("nothing")
    found = scores(batch_of([0.0], [[0, 1, 1, 0, 1]], [[0, 0, 0, 1, 1]]), [env.trace], JUDGE)
    assert found[0].tolist() == pytest.approx([0, 0.7310586, 0.7310586, 0, 0.8807971])


def test_auc_is_of_last_turns():
    """Paid .6 and .3, not paid .5 and .2: pairs right 3 of 4. First turns would say 0."""
    batch = batch_of([1.0, 1.0, 0.0, 0.0], [[1, 1, 0]] * 4, [[0, 1, 1]] * 4)
    process = torch.tensor([[0.1, 0.6, 9.0], [0.1, 0.3, 0.0], [0.9, 0.5, 9.0], [0.9, 0.2, 0.0]])
    batch = replace(batch, extra={"process_reward": process})
    assert critic_auc(batch) == 0.75
    assert critic_auc(replace(batch, extra={})) is None
    assert critic_auc(replace(batch, reward=torch.ones(4))) is None


@pytest.mark.parametrize(("episodes", "questions"), [(1, 1), (8, 1), (9, 2), (512, 64)])
def test_critics_learn_from_as_many_episodes_as_asked_or_a_few_more(
    monkeypatch: pytest.MonkeyPatch, episodes: int, questions: int
):
    class Found:
        went, tokens = range(8 * questions), 77

        def examples(self) -> str:
            return "examples"

    def collect(player: object, seed: int, groups: range, size: int) -> Found:
        assert (player, seed, size) == ("player", 5, 8) and groups[0] == FIRST and len(groups) == questions
        return Found()

    monkeypatch.setattr(samples, "collect", collect)
    monkeypatch.setattr(critics, "fit", lambda *given: given)
    assert trained("player", 5, episodes) == ("examples", 8 * questions, 77)
