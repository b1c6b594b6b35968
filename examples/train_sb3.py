"""Train Stable-Baselines3's PPO on the discrete track, and say what it was worth before and after.

    pip install "berrypick[sb3]"
    python examples/train_sb3.py --steps 40000 --out runs/sb3

Prints and writes ``result.json`` (reward and exact match before and after, on questions of the train worlds and of
test worlds that it never saw) and ``curve.csv`` (steps, mean reward of the last 100 episodes).
"""

from __future__ import annotations

import csv
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import tyro
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env

import berrypick  # noqa: F401  (registers the environments)

ENV = "berrypick/AlmanacDiscrete-v0"


@dataclass
class Args:
    """What to train on and how long."""

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
    learning_rate: float = 1e-3
    """Step size of Adam."""
    entropy: float = 0.01
    """Weight of the entropy bonus."""
    eval_tasks: int = 200
    """Questions asked before and after, in each split; fewer where a split has fewer."""
    seed: int = 0
    """Of the tasks drawn, of the network and of its sampling."""
    out: Path | None = None
    """Folder for result.json and curve.csv; none: nothing is written."""


class Legal(gymnasium.ActionWrapper):
    """Plays a random legal action in place of an illegal one.

    PPO knows no masks, and nine of ten actions are illegal at any time: without this it meets too few right answers to
    learn from. (MaskablePPO of sb3-contrib asks the environment for ``action_masks()`` and needs no wrapper.)
    """

    def action(self, action: np.int64) -> np.int64:
        """Keep a legal action, replace another."""
        mask = self.env.unwrapped.action_masks()
        return action if mask[action] else self.np_random.choice(np.flatnonzero(mask))


class Curve(BaseCallback):
    """Remembers the mean reward of the last 100 episodes, once a rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        episodes = self.model.ep_info_buffer or ()
        if episodes:
            self.points.append((self.num_timesteps, float(np.mean([episode["r"] for episode in episodes]))))


def evaluate(model: PPO, args: Args, split: str) -> dict[str, float]:
    """Ask each question once, sampling from the policy; mean reward, exact match and turns."""
    made = gymnasium.make(ENV, corpus=args.corpus, worlds=args.worlds, split=split, reward=args.reward)
    env, inner = Legal(made), made.unwrapped
    env.reset(seed=args.seed)
    model.set_random_seed(args.seed)
    rewards, right, turns = [], [], []
    for task in range(min(args.eval_tasks, inner.tasks.count())):
        observation, _ = env.reset(options={"task_id": task})
        over, total = False, 0.0
        while not over:
            action, _ = model.predict(observation)
            observation, reward, terminated, truncated, _ = env.step(action)
            over, total = terminated or truncated, total + reward
        trace = inner.trace
        rewards.append(total)
        right.append(trace.answer in trace.question.answers)
        turns.append(len(trace.turns))
    return {
        "questions": len(rewards),
        "reward": float(np.mean(rewards)),
        "exact_match": float(np.mean(right)),
        "turns": float(np.mean(turns)),
    }


def train(args: Args) -> dict[str, Any]:
    """Train, and return the arguments, the evaluations before and after, the seconds and the curve."""
    arguments = {"corpus": args.corpus, "worlds": args.worlds, "reward": args.reward}
    # Without a word on the render mode the library asks for pictures, and Gymnasium warns that there are none.
    quiet = arguments | {"render_mode": None}
    envs = make_vec_env(ENV, n_envs=args.envs, seed=args.seed, env_kwargs=quiet, wrapper_class=Legal)
    model = PPO(
        "MlpPolicy",
        envs,
        learning_rate=args.learning_rate,
        n_steps=128,
        batch_size=256,
        n_epochs=4,
        ent_coef=args.entropy,
        seed=args.seed,
        device="cpu",
    )
    result: dict[str, Any] = {"arguments": asdict(args) | {"out": None if args.out is None else str(args.out)}}
    result["before"] = {split: evaluate(model, args, split) for split in ("train", "test")}
    curve, clock = Curve(), time.perf_counter()
    model.learn(args.steps, callback=curve)
    result["seconds"] = round(time.perf_counter() - clock, 1)
    result["after"] = {split: evaluate(model, args, split) for split in ("train", "test")}
    result["curve"] = curve.points
    return result


def write(result: dict[str, Any], out: Path) -> None:
    """Write result.json and curve.csv."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    with (out / "curve.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("steps", "reward"), *result["curve"]])


def main(args: Args) -> None:
    """Train, print, write."""
    result = train(args)
    for when in ("before", "after"):
        for split, numbers in result[when].items():
            print(f"{when:6} {split:5} " + ", ".join(f"{name} {value:.3g}" for name, value in numbers.items()))
    print(f"{args.steps} steps in {result['seconds']} s")
    if args.out is not None:
        write(result, args.out)


if __name__ == "__main__":
    main(tyro.cli(Args, description=__doc__))
