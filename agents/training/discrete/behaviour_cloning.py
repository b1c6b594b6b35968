"""Behaviour cloning: a start for the discrete track that knows several ways, from policies that know one each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from berrypick import io, seeding
from berrypick.agents.discrete.agent import POLICIES, Policy, Script
from berrypick.agents.discrete.policy import WIDTH, SlotPolicy, make_policy, save
from berrypick.envs.discrete.env import AlmanacDiscrete

#: Policies that demonstrate, drawn uniformly. Chance, twice, keeps the start from being too good to improve.
TEACHERS: Final = ("full-name", "words", "initial-form", "byname", "dense", "whole-question", "random", "random")
#: Share of a script's episodes in which it goes on with the ways of ``fallbacks`` where its own have led nowhere.
#: Without them most ways would hardly ever succeed, and opening pages would make up most successes.
PERSISTENT: Final = 0.6
#: Train worlds of ``almanac-small`` in which the published start saw its demonstrations.
WORLDS: Final = range(32, 64)


@dataclass(frozen=True)
class Cloning:
    """How a start is made.

    Attributes:
        teachers: names of policies, drawn uniformly for each episode.
        seed: of tasks, teachers, weights and draws.
        episodes: demonstrations.
        steps: updates of Adam.
        size: decisions an update.
        lr: learning rate, falling to 0 along a line.
        width: units of a layer.
    """

    teachers: tuple[str, ...] = TEACHERS
    seed: int = 0
    episodes: int = 6000
    steps: int = 1500
    size: int = 128
    lr: float = 1e-3
    width: int = WIDTH


class Decisions(NamedTuple):
    """What the teachers saw, could do and did.

    Attributes:
        observation: shape (n, features), float32.
        legal: shape (n, actions), bool.
        action: shape (n,), int64.
    """

    observation: Tensor
    legal: Tensor
    action: Tensor

    def digest(self) -> str:
        """Hash of all decisions, for the model card."""
        sha = hashlib.sha256()
        for part in self:
            sha.update(part.numpy().tobytes())
        return sha.hexdigest()


def demonstrate(plan: Cloning, env: Any, on_progress: Callable[[int], None] = lambda _: None) -> Decisions:
    """Let teachers play, and keep the decisions of every episode, whatever became of it.

    Args:
        plan: how much.
        env: an ``AlmanacDiscrete``, wrapped or not; episode n asks its task draw (seed, n).
        on_progress: called after each episode with its number.
    """
    env = env.unwrapped
    kept: list[tuple[np.ndarray, np.ndarray, int]] = []
    for episode in range(plan.episodes):
        rng = seeding.rng(plan.seed, "demonstration", episode)
        teacher = _teacher(plan.teachers, rng)
        observation, info = env.reset(options={"question_id": env.tasks.draw(plan.seed, episode).question.id})
        over = False
        while not over:
            action = teacher(observation, info["action_mask"], rng)
            kept.append((observation, info["action_mask"], action))
            observation, _, terminated, truncated, info = env.step(action)
            over = terminated or truncated
        on_progress(episode)
    observations, masks, actions = zip(*kept, strict=True)
    return Decisions(*(torch.from_numpy(np.array(part)) for part in (observations, masks, actions)))


def _teacher(names: tuple[str, ...], rng: np.random.Generator) -> Policy:
    policy, others = POLICIES[names[rng.integers(len(names))]], POLICIES["fallbacks"]
    if isinstance(policy, Script) and isinstance(others, Script) and rng.random() < PERSISTENT:
        return Script(policy.object + others.object, policy.subject + others.subject)
    return policy


def clone(plan: Cloning, decisions: Decisions, on_step: Callable[[int, float], None] = lambda *_: None) -> SlotPolicy:
    """Train a policy to do as the teachers did, by cross-entropy.

    Args:
        plan: how.
        decisions: what is imitated.
        on_step: called after each update with its number and loss (nats a decision).
    """
    policy = make_policy(plan.seed, plan.width)
    adam = torch.optim.Adam(policy.parameters(), lr=plan.lr)
    for step in range(plan.steps):
        for group in adam.param_groups:
            group["lr"] = plan.lr * (1 - step / plan.steps)
        rows = seeding.rng(plan.seed, "training", step).integers(len(decisions.action), size=plan.size)
        observation, legal, action = (part[torch.from_numpy(rows)] for part in decisions)
        loss = -policy(observation, legal).gather(1, action[:, None]).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        on_step(step, float(loss.detach()))
    return policy.eval()


def write_start(plan: Cloning, out: Path, on_progress: Callable[[str, int, int], None] = lambda *_: None) -> str:
    """Make a start from demonstrations in ``WORLDS`` and write it into a folder, unless it is there already.

    Args:
        plan: how.
        out: the folder.
        on_progress: called after each episode and each update with what it was, its number, and how many there are.

    Returns:
        Hash of the demonstrations.
    """
    env = AlmanacDiscrete(corpus="almanac-small", worlds=WORLDS)
    decisions = demonstrate(plan, env, lambda episode: on_progress("episode", episode, plan.episodes))
    if not out.exists():
        policy = clone(plan, decisions, lambda step, _: on_progress("update", step, plan.steps))
        with io.new_folder(out) as draft:
            save(policy, draft)
    return decisions.digest()
