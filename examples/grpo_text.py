"""GRPO on the text track in one file: what `berrypick train grpo` does, to the last digit, without its registries.

    python examples/grpo_text.py --steps 40                       # tiny-diverse in Almanac's train worlds
    python examples/grpo_text.py --start tiny-even --corpus almanac-even --lr 2e-4 --steps 100

Read it from the bottom: `train` is the loop, `play` samples, `advantages` is GRPO's estimate, `update` is one pass in
minibatches of whole groups. Only three things are borrowed: the environment, the rollout engine (`Session`, one KV
cache over all turns of an episode), and the numbering of random draws, so that a run is a function of its seed.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gymnasium
import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

import berrypick  # noqa: F401 - registers the environments
from berrypick import seeding
from berrypick.agents.lm.generation import Session
from berrypick.agents.lm.load import Policy, load, save
from berrypick.agents.lm.player import SessionPlay
from berrypick.agents.lm.render import Script
from berrypick.diversity import pairs_alike
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.scoring.outcome import analyse

CLIP, EPSILON = 0.2, 1e-6


@dataclass(frozen=True)
class Args:
    """What a run depends on.

    Attributes:
        start: a published start, or a folder with a policy.
        corpus: registered name of a corpus with train worlds.
        worlds: number of worlds that questions are drawn from.
        steps: rollout batches.
        seed: of questions, sampling and updates.
        prompts: questions a step.
        group: rollouts a question.
        minibatches: optimiser steps a rollout batch, each on whole groups.
        micro: episodes that are scored at once.
        lr: learning rate of Adam.
        max_norm: gradients are scaled down to this norm.
    """

    start: str = "tiny-diverse"
    corpus: str = "almanac-small"
    worlds: int = 8
    steps: int = 40
    seed: int = 0
    prompts: int = 12
    group: int = 8
    minibatches: int = 4
    micro: int = 4
    lr: float = 2e-4
    max_norm: float = 1.0


@dataclass(frozen=True)
class Rollouts:
    """The episodes of a step, padded on the right.

    Attributes:
        ids: tokens, what was read and what was generated. Shape (N, T), int64.
        mask: tokens that the policy generated. Shape (N, T), bool.
        old_logprobs: their log-probabilities when they were sampled. Shape (N, T).
        reward: exact match. Shape (N,).
        group: number of the question. Shape (N,), int64.
        strategies_D2: effective number of strategies among grounded successes of one question; None for too few.
    """

    ids: Tensor
    mask: Tensor
    old_logprobs: Tensor
    reward: Tensor
    group: Tensor
    strategies_D2: float | None


def play(policy: Policy, env: gymnasium.Env, args: Args, step: int) -> Rollouts:
    """Play each question of a step several times; all episodes run side by side, turn by turn."""
    first, tasks = step * args.prompts, env.unwrapped.tasks
    places = [(first + prompt, rollout) for prompt in range(args.prompts) for rollout in range(args.group)]
    envs = [copy.copy(env.unwrapped) for _ in places]
    for one, (prompt, rollout) in zip(envs, places, strict=True):
        number = tasks.number(tasks.draw(args.seed, prompt))
        one.reset(seed=rollout_seed(args.seed, rollout), options={"task_id": number})
    rngs = [seeding.rollout_rng(args.seed, "sampling", *place) for place in places]
    script = Script(policy.tokenizer, policy.ends)
    session = SessionPlay(Session.of(policy), script, envs, [script.opening(one.trace.prompt) for one in envs], rngs)
    for _ in session.turns():  # each turn: an action a row, a step of its environment, the observation fed back
        pass
    return Rollouts(
        ids=pad_sequence([torch.tensor(row.ids) for row in session.rows], batch_first=True),
        mask=pad_sequence([torch.tensor(row.mask) for row in session.rows], batch_first=True),
        old_logprobs=pad_sequence([torch.tensor(row.old_logprobs) for row in session.rows], batch_first=True),
        reward=torch.tensor([one.trace.reward for one in envs]),
        group=torch.tensor([prompt - first for prompt, _ in places]),
        strategies_D2=effective_strategies(envs, args.group),
    )


def effective_strategies(envs: list, size: int) -> float | None:
    """1 / the chance that two grounded successes of one question have the same strategy; None below four questions."""
    outcomes = [analyse(one.trace, one.engines) for one in envs]
    alike = []
    for start in range(0, len(outcomes), size):
        ways = [outcome.strategy for outcome in outcomes[start : start + size] if outcome.grounded]
        if len(ways) >= 2:
            alike.append(pairs_alike([ways.count(way) for way in set(ways)]))
    return len(alike) / sum(alike) if len(alike) >= 4 and sum(alike) else None


def advantages(reward: Tensor, group: Tensor) -> Tensor:
    """(R - mean) / (deviation + epsilon) within each group, exactly 0 where all rewards are equal. Shape (N,)."""
    result = torch.zeros_like(reward)
    for number in group.unique():
        rows = group == number
        rewards = reward[rows].double()
        if rewards.min() < rewards.max():
            deviation = rewards.var(correction=0).sqrt()
            result[rows] = ((rewards - rewards.mean()) / (deviation + EPSILON)).to(reward.dtype)
    return result


def minibatches(rollouts: Rollouts, count: int, rng: np.random.Generator) -> Iterator[Tensor]:
    """Rows of ``count`` parts of whole groups, groups in drawn order."""
    order = rng.permutation(rollouts.group.unique().numpy())
    for chosen in np.array_split(order, min(count, len(order))):
        yield torch.isin(rollouts.group, torch.from_numpy(chosen)).nonzero().flatten()


def logprobs(policy: Policy, ids: Tensor, mask: Tensor) -> Tensor:
    """Log-probabilities of the generated tokens, 0 elsewhere. Shapes (n, T)."""
    width = int(mask.any(0).nonzero().max()) + 1
    ids, here = ids[:, :width], mask[:, 1:width]
    logits = policy.model(input_ids=ids[:, :-1], use_cache=False, logits_to_keep=here).logits  # where one is generated
    logs = torch.log_softmax(logits.float() / policy.card.temperature, dim=-1)
    taken = logs.gather(1, ids[mask[:, :width]][:, None])[:, 0]
    return torch.zeros(mask.shape).masked_scatter(mask, taken)


def grpo_loss(new: Tensor, old: Tensor, advantage: Tensor, mask: Tensor, episodes: int) -> Tensor:
    """PPO's clipped loss; every episode weighs the same, whatever its length. A scalar.

    Args:
        new: log-probabilities now, with gradient. Shape (n, T).
        old: log-probabilities when sampled. Shape (n, T).
        advantage: of each episode. Shape (n,).
        mask: generated tokens. Shape (n, T).
        episodes: in the whole minibatch.
    """
    advantage = advantage[:, None].expand(mask.shape).where(mask, 0.0)
    ratio = (new.detach() - old).clamp(-20, 20).exp()
    value = torch.where(advantage > 0, ratio.clamp(max=1 + CLIP), ratio.clamp(min=1 - CLIP))
    stopped = (advantage > 0) & (ratio > 1 + CLIP) | (advantage < 0) & (ratio < 1 - CLIP)
    slope = ratio.masked_fill(stopped, 0.0)  # the gradient of min(r A, clip(r) A) with respect to log r, over A
    new = new.where(mask, 0.0)
    losses = (-advantage * (value + slope * (new - new.detach()))).where(mask, 0.0)
    return (losses * (mask.float() / mask.sum(dim=1, keepdim=True).clamp(min=1) / episodes)).sum()


def update(policy: Policy, optimiser: torch.optim.Optimizer, rollouts: Rollouts, args: Args, step: int) -> dict:
    """Pass once over the rollouts, an optimiser step for each minibatch; returns the mean loss and gradient norm."""
    advantage, losses, norms = advantages(rollouts.reward, rollouts.group), [], []
    rng = seeding.rng(args.seed, "training", step)
    for number, rows in enumerate(minibatches(rollouts, args.minibatches, rng)):
        optimiser.zero_grad()
        mask, total = rollouts.mask[rows], 0.0
        width = mask.shape[1]
        ends = torch.where(mask.any(1), width - mask.flip(1).int().argmax(1), 0)
        for places in torch.split(torch.argsort(ends, stable=True), args.micro):  # of about one length: little padding
            here, own = rows[places], mask[places]
            if not own.any():
                continue
            new = logprobs(policy, rollouts.ids[here], own)
            # The policy of the first minibatch is the one that sampled: its ratios are 1, not 1 but for rounding.
            old = new.detach() if number == 0 else rollouts.old_logprobs[here]
            loss = grpo_loss(new, old, advantage[here], own, len(rows))
            loss.backward()
            total += float(loss.detach())
        norms.append(float(torch.nn.utils.clip_grad_norm_(policy.model.parameters(), args.max_norm)))
        losses.append(total)
        optimiser.step()
    return {"loss": sum(losses) / len(losses), "grad_norm": sum(norms) / len(norms)}


def train(args: Args, out: Path) -> None:
    """Train; writes a line a step to ``metrics.jsonl``, and ``policy/``, which ``berrypick bench lm:OUT/policy`` plays.

    Raises:
        FileExistsError: ``out`` is there already.
    """
    out.mkdir(parents=True)
    env = gymnasium.make(
        "berrypick/Almanac-v0", disable_env_checker=True, corpus=args.corpus, split="train", worlds=args.worlds
    )
    policy = load(args.start, "float32")
    optimiser = torch.optim.Adam(policy.model.parameters(), lr=args.lr)
    with (out / "metrics.jsonl").open("w") as log:
        for step in range(args.steps):
            rollouts = play(policy, env, args, step)
            line = {"step": step, "reward": float(rollouts.reward.double().mean()), **{"D2": rollouts.strategies_D2}}
            line |= update(policy, optimiser, rollouts, args, step)
            print(json.dumps(line), file=log, flush=True)
            ways = "-" if line["D2"] is None else f"{line['D2']:.2f}"
            print(
                f"step {step}: reward {line['reward']:.3f}, strategies_D2 {ways}, loss {line['loss']:+.4f}", flush=True
            )
    (out / "policy").mkdir()
    save(policy, out / "policy")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in vars(Args()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default, help=f"({default})")
    parser.add_argument("--out", type=Path, default=Path("runs/grpo_text"), help="folder of the run (runs/grpo_text)")
    given = vars(parser.parse_args())
    train(out=given.pop("out"), args=Args(**given))


if __name__ == "__main__":
    main()
