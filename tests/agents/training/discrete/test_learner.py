"""The learner of the discrete track: what it plays is what the agent plays, and it scores its own tokens alike."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from berrypick import agents, seeding
from berrypick.agents.discrete.policy import load, make_policy, sampler
from berrypick.agents.methods.batch import TOKEN_TYPES
from berrypick.agents.rollout import rollout, rollout_numbers
from berrypick.agents.training.discrete.learner import DiscreteLearner
from berrypick.agents.training.learner import RolloutBatch
from berrypick.agents.training.strategy_ids import strategy_ids
from berrypick.envs.actions import Answer, Search
from berrypick.envs.discrete.choices import CHOICES
from berrypick.envs.discrete.env import AlmanacDiscrete
from berrypick.envs.scoring.outcome import analyse
from berrypick.envs.search import SearchEnv

WHERE = {"corpus": "almanac-tiny", "worlds": 2}
GROUPS, SIZE = 3, 4


def make_env() -> AlmanacDiscrete:
    return AlmanacDiscrete(**WHERE)


@pytest.fixture(scope="module")
def learner() -> DiscreteLearner:
    return DiscreteLearner(make_policy(0), make_env)


@pytest.fixture(scope="module")
def played(learner: DiscreteLearner) -> RolloutBatch:
    return learner.play(7, 20, GROUPS, SIZE)


def test_groups_are_the_tasks_drawn_for_their_episodes(learner: DiscreteLearner, played: RolloutBatch):
    tasks = make_env().tasks
    drawn = [tasks.draw(7, 20 + group).question.id for group in range(GROUPS) for _ in range(SIZE)]
    assert [trace.question.id for trace in played.traces] == drawn
    assert played.batch.group.tolist() == [group for group in range(GROUPS) for _ in range(SIZE)]
    assert learner.limit == 10


def test_rows_sample_from_generators_of_their_own(learner: DiscreteLearner, played: RolloutBatch):
    """The third rollout of the second group, played alone, decision by decision."""
    row = SIZE + 2
    env, draw = make_env(), seeding.rollout_rng(7, "sampling", 21, 2)
    policy = sampler(make_policy(0))
    observation, info = env.reset(options={"question_id": played.traces[row].question.id})
    over = False
    while not over:
        observation, _, terminated, truncated, info = env.step(policy(observation, info["action_mask"], draw))
        over = terminated or truncated
    assert env.trace.turns == played.traces[row].turns


def test_other_groups_beside_it_change_no_episode(learner: DiscreteLearner, played: RolloutBatch):
    alone = learner.play(7, 21, 1, SIZE)
    assert [trace.turns for trace in alone.traces] == [trace.turns for trace in played.traces[SIZE : 2 * SIZE]]


def test_the_same_seed_gives_the_same_bytes(played: RolloutBatch):
    again = DiscreteLearner(make_policy(0), make_env).play(7, 20, GROUPS, SIZE).batch
    for name in ("reward", "strategy_id", "mask", "old_logprobs", "entropy", "token_type", "turn"):
        assert getattr(again, name).numpy().tobytes() == getattr(played.batch, name).numpy().tobytes()
    for name, tensor in again.inputs.items():
        assert tensor.numpy().tobytes() == played.batch.inputs[name].numpy().tobytes()
    assert DiscreteLearner(make_policy(0), make_env).play(8, 20, 1, 1).traces[0].turns != played.traces[0].turns


def test_tokens_are_the_turns(played: RolloutBatch):
    batch = played.batch
    for row, trace in enumerate(played.traces):
        assert batch.mask[row].sum() == len(trace.turns) and batch.mask[row, : len(trace.turns)].all()
        assert batch.reward[row] == trace.reward
        for place, turn in enumerate(trace.turns):
            use = (
                "answer" if isinstance(turn.action, Answer) else "query" if isinstance(turn.action, Search) else "tool"
            )
            assert TOKEN_TYPES[batch.token_type[row, place]] == use and batch.turn[row, place] == place
            assert batch.planning[row, place] == (use != "answer") and 0 <= batch.uniform[row, place] < 1
            tool = CHOICES[batch.inputs["action"][row, place]].tool
            assert tool == (turn.engine or ("answer" if use == "answer" else "open"))
    assert batch.mask.shape[1] == max(len(trace.turns) for trace in played.traces)


def test_only_legal_actions_are_taken(played: RolloutBatch):
    batch = played.batch
    taken = batch.inputs["legal"].gather(2, batch.inputs["action"][:, :, None])[:, :, 0]
    assert torch.equal(taken, batch.mask)
    assert all(turn.valid for trace in played.traces for turn in trace.turns)


def test_scores_before_an_update_are_what_was_recorded(learner: DiscreteLearner, played: RolloutBatch):
    batch = played.batch
    new, entropy = learner.score(learner.module, batch, torch.arange(GROUPS * SIZE))
    assert torch.allclose(new, batch.old_logprobs, atol=1e-5) and torch.allclose(entropy, batch.entropy, atol=1e-5)
    assert (new[~batch.mask] == 0).all() and (entropy[~batch.mask] == 0).all()
    assert (new[batch.mask] < 0).any() and new.requires_grad and entropy.requires_grad


def test_scores_of_rows_are_rows_of_scores(learner: DiscreteLearner, played: RolloutBatch):
    rows = torch.tensor([5, 0, 5])
    for all_of, some in zip(
        learner.score(learner.module, played.batch, torch.arange(GROUPS * SIZE)),
        learner.score(learner.module, played.batch, rows),
        strict=True,
    ):
        assert torch.allclose(all_of[rows], some, atol=1e-6)


def test_another_module_scores_otherwise(learner: DiscreteLearner, played: RolloutBatch):
    new, _ = learner.score(make_policy(1), played.batch, torch.arange(2))
    assert not torch.allclose(new, played.batch.old_logprobs[:2], atol=1e-3)


def test_what_stands_where_the_mask_is_false_changes_nothing(learner: DiscreteLearner, played: RolloutBatch):
    batch, rows = played.batch, torch.arange(GROUPS * SIZE)
    assert not batch.mask.all()
    before = learner.score(learner.module, batch, rows)
    garbage = {name: tensor.clone() for name, tensor in batch.inputs.items()}
    garbage["observation"][~batch.mask] = torch.nan
    garbage["action"][~batch.mask] = 99
    after = learner.score(learner.module, type(batch)(**{**vars(batch), "inputs": garbage}), rows)
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_a_saved_policy_plays_in_text_what_it_plays_in_numbers(learner: DiscreteLearner, tmp_path: Path):
    learner.save(tmp_path)
    text = rollout(agents.make(f"discrete:{tmp_path}"), lambda: SearchEnv(**WHERE), range(6), 3, 7)
    numbers = rollout_numbers(sampler(load(tmp_path)), make_env, range(6), 3, 7)
    episodes = [episode for episode, _ in text]
    assert [episode for episode, _ in numbers] == episodes and len(episodes) == 18
    first = [[step.action for step in episode.steps] for episode in itertools.islice(episodes, 3)]
    assert first[0] != first[1] or first[1] != first[2]


def test_outcomes_and_niches_are_those_of_the_traces(played: RolloutBatch):
    env = make_env()
    for trace, outcome in zip(played.traces, played.outcomes, strict=True):
        world = env.tasks.named(trace.question.id).world
        assert outcome == analyse(trace, env.inner.engines_of(world))
    assert torch.equal(played.batch.strategy_id, strategy_ids(played.batch.reward.tolist(), played.outcomes))
    assert torch.equal(played.batch.strategy_id >= 0, played.batch.reward > 0)
