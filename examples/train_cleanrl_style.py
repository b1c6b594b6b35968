"""PPO on the discrete track in one file, in the style of CleanRL: every line of the algorithm is here to be changed.

    pip install "berrypick[sb3]"
    python examples/train_cleanrl_style.py --steps 40000 --out runs/cleanrl

Illegal actions are masked out of the policy (``info["action_mask"]``). Prints a line per update and writes
``curve.csv`` (steps, seconds, mean reward and mean length of the last 100 episodes, entropy). After Huang et al. 2022,
"CleanRL: High-quality Single-file Implementations of Deep Reinforcement Learning Algorithms".
"""

from __future__ import annotations

import csv
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
import tyro
from gymnasium.vector import AutoresetMode
from torch import Tensor, nn
from torch.distributions import Categorical

import berrypick  # noqa: F401  (registers the environments)


@dataclass
class Args:
    """What to train on and how."""

    corpus: str = "almanac-tiny"
    """Almanac corpus: almanac-tiny (241 documents a world) or almanac-small (about 1,600)."""
    worlds: int = 4
    """Number of train worlds to draw questions from."""
    reward: str = "exact_match"
    """Reward to learn from: exact_match, f1, cost_aware or evidence."""
    steps: int = 40_000
    """Environment steps to train for, over all copies together."""
    envs: int = 8
    """Copies of the environment that step side by side, in one process."""
    rollout: int = 128
    """Steps of each copy between two updates."""
    epochs: int = 4
    """Passes over a rollout in one update."""
    minibatches: int = 4
    """Parts that a pass is cut into."""
    learning_rate: float = 1e-3
    """Step size of Adam; falls to 0 over the run."""
    gamma: float = 0.99
    """Discount of one turn."""
    trace: float = 0.95
    """Lambda of generalised advantage estimation."""
    clip: float = 0.2
    """Largest change of an action's probability that an update is paid for."""
    entropy: float = 0.01
    """Weight of the entropy bonus."""
    value: float = 0.5
    """Weight of the value loss."""
    gradient: float = 0.5
    """Largest norm of the gradient."""
    seed: int = 0
    """Of the tasks drawn, of the network and of its sampling."""
    out: Path | None = None
    """Folder for curve.csv; none: nothing is written."""


class Agent(nn.Module):
    """An actor and a critic, two layers of 64 units each."""

    def __init__(self, observations: int, actions: int) -> None:
        super().__init__()
        self.actor = nn.Sequential(*layers(observations), layer(64, actions, 0.01))
        self.critic = nn.Sequential(*layers(observations), layer(64, 1, 1.0))

    def policy(self, observation: Tensor, mask: Tensor) -> Categorical:
        """The distribution over the legal actions."""
        return Categorical(logits=self.actor(observation).masked_fill(~mask, -1e9))

    def worth(self, observation: Tensor) -> Tensor:
        """What is still to be won."""
        return self.critic(observation).squeeze(-1)


def layer(inputs: int, outputs: int, scale: float = 2**0.5) -> nn.Linear:
    """A linear layer with orthogonal weights."""
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight, scale)
    nn.init.zeros_(linear.bias)
    return linear


def layers(inputs: int) -> tuple[nn.Module, ...]:
    """The hidden layers."""
    return layer(inputs, 64), nn.Tanh(), layer(64, 64), nn.Tanh()


def make(args: Args) -> gymnasium.vector.VectorEnv:
    """Make the copies; an episode's end starts the next one within the same step."""
    return gymnasium.make_vec(
        "berrypick/AlmanacDiscrete-v0",
        num_envs=args.envs,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
        corpus=args.corpus,
        worlds=args.worlds,
        reward=args.reward,
    )


def masks(info: dict[str, Any]) -> Tensor:
    """Legal actions of each copy. Shape (envs, actions)."""
    return torch.as_tensor(np.stack(info["action_mask"]))


def advantages(args: Args, rewards: Tensor, values: Tensor, ends: Tensor, last: Tensor) -> Tensor:
    """Generalised advantage estimation (Schulman et al. 2016). All of shape (rollout, envs); ``last``: (envs,)."""
    out, following, gain = torch.zeros_like(rewards), last, torch.zeros_like(last)
    for step in reversed(range(len(rewards))):
        go_on = 1.0 - ends[step]
        error = rewards[step] + args.gamma * following * go_on - values[step]
        gain = error + args.gamma * args.trace * go_on * gain
        out[step], following = gain, values[step]
    return out


def update(args: Args, agent: Agent, adam: torch.optim.Optimizer, batch: dict[str, Tensor]) -> float:
    """One update: some passes of clipped policy gradient. Returns the mean entropy of the last one."""
    entropies = []
    size = len(batch["action"])
    for _ in range(args.epochs):
        entropies = []
        for part in torch.randperm(size).split(size // args.minibatches):
            b = {name: values[part] for name, values in batch.items()}
            policy = agent.policy(b["observation"], b["mask"])
            ratio = (policy.log_prob(b["action"]) - b["logprob"]).exp()
            gain = (b["gain"] - b["gain"].mean()) / (b["gain"].std() + 1e-8)
            clipped = ratio.clamp(1 - args.clip, 1 + args.clip)
            policy_loss = -torch.min(ratio * gain, clipped * gain).mean()
            value_loss = 0.5 * (agent.worth(b["observation"]) - b["return"]).square().mean()
            entropy = policy.entropy().mean()
            adam.zero_grad()
            (policy_loss + args.value * value_loss - args.entropy * entropy).backward()
            nn.utils.clip_grad_norm_(agent.parameters(), args.gradient)
            adam.step()
            entropies.append(entropy.item())
    return float(np.mean(entropies))


def train(args: Args) -> tuple[Agent, list[dict[str, float]]]:
    """Train; return the agent and one row an update."""
    torch.manual_seed(args.seed)
    envs = make(args)
    (features,), actions = envs.single_observation_space.shape, int(envs.single_action_space.n)
    agent = Agent(features, actions)
    adam = torch.optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)
    observation, info = envs.reset(seed=args.seed)
    last: deque[tuple[float, int]] = deque(maxlen=100)
    totals, lengths = np.zeros(args.envs), np.zeros(args.envs, int)
    updates, clock, curve = max(1, args.steps // (args.envs * args.rollout)), time.perf_counter(), []
    for number in range(updates):
        adam.param_groups[0]["lr"] = args.learning_rate * (1 - number / updates)
        rows: dict[str, list[Tensor]] = {name: [] for name in ("observation", "mask", "action", "logprob", "value")}
        rewards, ends = [], []
        for _ in range(args.rollout):
            seen, legal = torch.as_tensor(observation), masks(info)
            with torch.no_grad():
                policy, value = agent.policy(seen, legal), agent.worth(seen)
                action = policy.sample()
            row = (seen, legal, action, policy.log_prob(action), value)
            for values, tensor in zip(rows.values(), row, strict=True):
                values.append(tensor)
            observation, reward, terminated, truncated, info = envs.step(action.numpy())
            over = terminated | truncated
            rewards.append(torch.as_tensor(reward, dtype=torch.float32))
            ends.append(torch.as_tensor(over, dtype=torch.float32))
            totals, lengths = totals + reward, lengths + 1
            last += zip(totals[over].tolist(), lengths[over].tolist(), strict=True)
            totals[over], lengths[over] = 0.0, 0
        data = {name: torch.stack(values) for name, values in rows.items()}
        with torch.no_grad():
            after = agent.worth(torch.as_tensor(observation))
        gain = advantages(args, torch.stack(rewards), data["value"], torch.stack(ends), after)
        data |= {"gain": gain, "return": gain + data["value"]}
        entropy = update(args, agent, adam, {name: values.flatten(0, 1) for name, values in data.items()})
        reward, length = np.mean(last, axis=0).tolist() if last else (0.0, 0.0)
        steps, seconds = (number + 1) * args.envs * args.rollout, round(time.perf_counter() - clock, 1)
        curve.append({"steps": steps, "seconds": seconds, "reward": reward, "length": length, "entropy": entropy})
    envs.close()
    return agent, curve


def main(args: Args) -> None:
    """Train, print, write."""
    _, curve = train(args)
    for row in curve:
        print(", ".join(f"{name} {value:.4g}" for name, value in row.items()))
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        with (args.out / "curve.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(curve[0]))
            writer.writeheader()
            writer.writerows(curve)


if __name__ == "__main__":
    main(tyro.cli(Args, description=__doc__))
