"""A loop of one's own on the leaderboard: play a suite without berrypick's rollouts, write what ``submit`` takes.

    python examples/own_loop.py --suite quick --out runs/own
    berrypick submit runs/own/0 runs/own/1 runs/own/2 --name own-loop
    berrypick verify leaderboard/submissions/own-loop

Put your own policy into ``act``: it sees what the environment said and what it answered, and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import tyro

from berrypick.benchmarks.cells import choose, search_env
from berrypick.benchmarks.suites import cells_of
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.search import SearchEnv
from berrypick.leaderboard.runs import Run, without_dominant_move, write_run
from berrypick.leaderboard.schema import SEEDS
from berrypick.records import Episode, Step


def act(history: list[str]) -> str:
    """Search for the question as it stands, then answer with the title of the first document."""
    if len(history) == 1:
        return f"<search>{history[0].rpartition('Question: ')[2]}</search>"
    title = re.search(r"Title: (.*?)\)", history[-1])
    return f"<answer>{title[1] if title else 'unknown'}</answer>"


def play(env: SearchEnv, cell: int, task: int, rollout: int, seed: int) -> Episode:
    """Play one episode and record it."""
    observation, info = env.reset(seed=rollout_seed(seed, rollout), options={"task_id": task})
    history, steps, total, terminated, truncated = [observation], list[Step](), 0.0, False, False
    while not (terminated or truncated):
        action = act(history)
        observation, reward, terminated, truncated, info = env.step(action)
        total += reward
        shown = hashlib.sha256(observation.encode()).hexdigest()
        steps.append(Step(action, shown, info["doc_ids"], info["scores"], tokens=len(action.split())))
        history += [action, observation]
    ends = env.trace.answer, total, terminated, truncated
    return Episode(1, cell, info["question_id"], rollout, "ok", tuple(steps), *ends)


def main(out: Path, suite: str = "quick") -> None:
    """Play every episode that a suite asks for, for each seed of the leaderboard.

    Args:
        out: folder that gets one run folder for each seed.
        suite: what is played, such as quick or core.
    """
    for seed in SEEDS:
        episodes = list[Episode]()
        for number, cell in enumerate(cells_of(suite)):
            if cell.waits:  # what it refuses follows from what was played before
                cell = without_dominant_move(suite, number, seed, episodes)
            env = search_env(cell)
            tasks = choose(env.tasks, cell.tasks)
            episodes += [play(env, number, task, i, seed) for task in tasks for i in range(cell.rollouts)]
        write_run(out / str(seed), Run(agent="own-loop", suite=suite, seed=seed), episodes)


if __name__ == "__main__":
    tyro.cli(main)
