"""The learner of the discrete track: episodes in lockstep, one forward pass over all that run, a token a decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn

from berrypick import seeding
from berrypick.agents import starts
from berrypick.agents.discrete import policy as discrete_policy
from berrypick.agents.discrete.agent import POLICIES
from berrypick.agents.discrete.policy import choose, entropies
from berrypick.agents.methods.batch import TOKEN_TYPES, Batch
from berrypick.agents.training.config import Config
from berrypick.agents.training.learner import DemonstrationBuffer, RolloutBatch, Scorable
from berrypick.agents.training.strategy_ids import analyse_all, strategy_ids
from berrypick.agents.training.text.demonstrations import none_right
from berrypick.envs.discrete.choices import CHOICES, ENGINES
from berrypick.envs.discrete.codec import Mask
from berrypick.envs.discrete.features import Observation
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.scoring.outcome import is_grounded

_USES: Final = {"answer": "answer", "open": "tool"} | dict.fromkeys(ENGINES, "query")
#: action -> index into ``TOKEN_TYPES``
_KIND: Final = torch.tensor([TOKEN_TYPES.index(_USES[choice.tool]) for choice in CHOICES])
#: action -> whether it is planning: where to go is one decision with whom to ask about; an answer only copies.
_PLANNING: Final = torch.tensor([choice.tool != "answer" for choice in CHOICES])


@dataclass
class _Running:
    """An episode as it is played, and its decisions so far."""

    env: Any
    rng: np.random.Generator
    observation: Observation
    legal: Mask
    over: bool = False
    seen: list[Observation] = field(default_factory=list)
    could: list[Mask] = field(default_factory=list)
    did: list[int] = field(default_factory=list)
    old: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)

    def step(self, action: int, old: float, entropy: float) -> None:
        self.seen.append(self.observation)
        self.could.append(self.legal)
        self.did.append(action)
        self.old.append(old)
        self.entropy.append(entropy)
        self.observation, _, terminated, truncated, info = self.env.step(action)
        self.legal, self.over = info["action_mask"], terminated or truncated


class DiscreteLearner:
    """A ``SlotPolicy`` in environments of the discrete track; see ``Learner``.

    ``Batch.inputs`` holds ``observation`` (N, T, features), ``legal`` (N, T, actions) and ``action`` (N, T), with
    zeros where the mask is false.

    Args:
        module: what is trained.
        make_env: makes an ``AlmanacDiscrete``, wrapped or not; called as often as episodes run side by side.
    """

    def __init__(self, module: discrete_policy.SlotPolicy, make_env: Callable[[], Any]) -> None:
        self.module: nn.Module = module
        self._policy = module
        self._make_env = make_env
        self._envs = [make_env().unwrapped]
        self.limit: int = self._envs[0].setup.max_turns

    def play(self, seed: int, episode: int, groups: int, size: int) -> RolloutBatch:
        """See ``Learner.play``."""
        while len(self._envs) < groups * size:
            self._envs.append(self._make_env().unwrapped)
        tasks = self._envs[0].tasks
        asked = [tasks.draw(seed, episode + group).question.id for group in range(groups)]
        jobs = [(group, rollout) for group in range(groups) for rollout in range(size)]
        rows = [
            _start(env, asked[group], seed, episode + group, rollout)
            for env, (group, rollout) in zip(self._envs, jobs, strict=False)
        ]
        while running := [row for row in rows if not row.over]:
            self._act(running)
        traces = [row.env.trace for row in rows]
        outcomes = analyse_all(traces, [row.env.engines for row in rows])
        strategy_id = strategy_ids([trace.reward for trace in traces], outcomes)
        return RolloutBatch(_batch(rows, [group for group, _ in jobs], strategy_id), traces, outcomes)

    def demonstrate(self, seed: int, episode: int, questions: int) -> DemonstrationBuffer:
        """See ``Learner.demonstrate``; decisions of a policy of ``POLICIES``, chance left out."""
        env = self._make_env().unwrapped
        drawn = [env.tasks.draw(seed, episode + number).question.id for number in range(questions)]
        kept: list[_Running] = []
        scripts: list[int] = []
        for number, policy in enumerate(POLICIES[name] for name in POLICIES if name != "random"):
            for place, question in enumerate(dict.fromkeys(drawn)):
                row = _start(env, question, seed, episode + place, number)
                while not row.over:
                    row.step(policy(row.observation, row.legal, row.rng), 0.0, 0.0)
                if is_grounded(env.trace):
                    kept.append(row)
                    scripts.append(number)
        if not kept:
            raise none_right(questions)
        batch = _batch(kept, scripts, torch.tensor(scripts))
        return DemonstrationBuffer(batch.mask, batch.inputs, batch.strategy_id)

    def score(self, module: nn.Module, batch: Scorable, rows: Tensor) -> tuple[Tensor, Tensor]:
        """See ``Learner.score``."""
        mask, device = batch.mask[rows], next(module.parameters()).device
        flat = (batch.inputs[name][rows][mask].to(device) for name in ("observation", "legal", "action"))
        observation, legal, action = flat
        logprobs = module(observation, legal)
        mask, empty = mask.to(device), logprobs.new_zeros(mask.shape)
        own = logprobs.gather(1, action[:, None])[:, 0]
        return empty.masked_scatter(mask, own), empty.masked_scatter(mask, entropies(logprobs))

    def save(self, folder: Path) -> None:
        """See ``Learner.save``."""
        discrete_policy.save(self._policy, folder)

    @property
    def _device(self) -> torch.device:
        return next(self.module.parameters()).device

    @torch.no_grad()
    def _act(self, running: Sequence[_Running]) -> None:
        """Take one decision in each episode."""
        observations = torch.from_numpy(np.stack([row.observation for row in running]))
        legal = torch.from_numpy(np.stack([row.legal for row in running]))
        logprobs = self.module(observations.to(self._device), legal.to(self._device)).cpu()
        actions = choose(logprobs, [row.rng.random() for row in running])
        old = logprobs.gather(1, actions[:, None])[:, 0]
        for row, *decision in zip(running, actions.tolist(), old.tolist(), entropies(logprobs).tolist(), strict=True):
            row.step(*decision)


def make(config: Config) -> DiscreteLearner:
    """Make the learner of a run, with the weights of its start; see ``tracks``."""

    def make_env() -> Any:
        return gymnasium.make(config.env, disable_env_checker=True, **config.options)

    return DiscreteLearner(discrete_policy.load(Path(starts.find(config.start))), make_env)


def _start(env: Any, question: str, seed: int, episode: int, rollout: int) -> _Running:
    observation, info = env.reset(seed=rollout_seed(seed, rollout), options={"question_id": question})
    rng = seeding.rollout_rng(seed, "sampling", episode, rollout)
    return _Running(env, rng, observation, info["action_mask"])


def _batch(rows: Sequence[_Running], groups: Sequence[int], strategy_id: Tensor) -> Batch:
    lengths = torch.tensor([len(row.did) for row in rows])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]

    def padded(decisions: Sequence[Any], kind: type) -> Tensor:
        """Decisions of all episodes, end to end, where the mask is true."""
        flat = torch.from_numpy(np.asarray(decisions, kind))
        out = flat.new_zeros((*mask.shape, *flat.shape[1:]))
        out[mask] = flat
        return out

    action = padded([did for row in rows for did in row.did], np.int64)
    return Batch(
        reward=torch.tensor([row.env.trace.reward for row in rows], dtype=torch.float32),
        group=torch.tensor(groups),
        strategy_id=strategy_id,
        mask=mask,
        old_logprobs=padded([old for row in rows for old in row.old], np.float32),
        entropy=padded([entropy for row in rows for entropy in row.entropy], np.float32),
        token_type=_KIND[action] * mask,
        turn=torch.arange(mask.shape[1]).expand(mask.shape).clone(),
        planning=_PLANNING[action] & mask,
        uniform=padded([value for row in rows for value in row.rng.random(len(row.did))], np.float32),
        inputs={
            "observation": padded([seen for row in rows for seen in row.seen], np.float32),
            "legal": padded([could for row in rows for could in row.could], np.bool_),
            "action": action,
        },
    )
