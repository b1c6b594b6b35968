"""Demonstrations of second attempts: a script's success, under the critique of another attempt that failed.

Without them a tiny policy never saw a critique, and `critique_grpo` would measure that. Failed attempts are scripts
that answer too early, with a title that they saw, and scripts that are stuck. Which critique is read is drawn, so that
policies know each kind; the critiques differ in what they tell, the demonstrations do not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from berrypick import seeding
from berrypick.agents.base import EpisodeView
from berrypick.agents.critics import Attempt
from berrypick.agents.critics import make as make_critic
from berrypick.agents.critics.templates import refinement
from berrypick.agents.rollout import rollout
from berrypick.agents.scripted.agent import Scripted
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.training.pretraining.demonstrations import (
    Demonstrations,
    drawn,
    make_env,
    pack,
    tokenize,
)
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.reading.view import View, look
from berrypick.envs.scoring.outcome import analyse
from berrypick.envs.search import SearchEnv

#: Scripts that play each question, drawn per question, well and hastily.
TRIES: Final = 3
#: Chance of an early answer at each turn of a hasty attempt that has seen something.
HASTE: Final = 0.4
#: Critiques that are demonstrated.
CRITICS: Final = ("indicative", "with_answer", "steps", "empty")


class Altered(ABC):
    """A script that does not always do what it would; ``choose`` says when.

    Args:
        script: how it searches.
    """

    def __init__(self, script: str) -> None:
        self.name = f"{type(self).__name__.lower()}:{script}"
        self.script = Scripted(script)

    def reads(self, corpus: str) -> bool:
        """What its script reads."""
        return self.script.reads(corpus)

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row."""
        views = [look(row.history) for row in rows]
        return [view.write(self.choose(view, rng)) for view, rng in zip(views, rngs, strict=True)]

    @abstractmethod
    def choose(self, view: View, rng: np.random.Generator) -> Search | Open | Answer:
        """Choose the next action of one episode."""


class Hasty(Altered):
    """A script that may answer at any turn, with a title that it has seen."""

    def choose(self, view: View, rng: np.random.Generator) -> Search | Open | Answer:
        """Answer early, or do what the script does."""
        titles = sorted({passage.title for passage in view.passages})
        if titles and rng.random() < HASTE:
            return Answer(titles[rng.integers(len(titles))])
        return self.script.decide(view)


def play_refinements(world: int, split: str) -> Demonstrations:
    """Play one world: successes of scripts, each under the critique of a failure at the same question."""
    from berrypick.agents.lm.tokenizer import make_tokenizer

    env, tokenizer = make_env(world, split), make_tokenizer()
    draw = seeding.rng(world, "critique", seeding.SPLITS[split])
    solved, failed = play_attempts(env, draw)
    rows = []
    for task, number, success in solved:
        if failed[task]:
            critique = _criticise(failed[task][draw.integers(len(failed[task]))], draw)
            prompt = refinement(success.trace.prompt, critique)
            rows.append((*tokenize(prompt, success.trace, tokenizer), number))
    return pack(rows)


def play_attempts(
    env: SearchEnv, draw: np.random.Generator
) -> tuple[list[tuple[int, int, Attempt]], defaultdict[int, list[Attempt]]]:
    """Play scripts, well and hastily: grounded successes with their task and script, and wrong attempts by task."""
    failed: defaultdict[int, list[Attempt]] = defaultdict(list)
    solved: list[tuple[int, int, Attempt]] = []
    for number, own in enumerate(drawn(draw, env.tasks.count(), TRIES)):
        for agent in (Scripted(SCRIPTS[number]), Hasty(SCRIPTS[number])):
            for task, attempt in zip(own, _attempts(agent, env, own), strict=True):
                if attempt.outcome.grounded:
                    solved.append((task, number, attempt))
                elif not attempt.outcome.em:
                    failed[task].append(attempt)
    return solved, failed


def _attempts(agent: Scripted | Hasty, env: SearchEnv, tasks: Sequence[int]) -> Iterator[Attempt]:
    for _, trace in rollout(agent, lambda: env, tasks, 1, seed=0, batch=1):
        yield Attempt(trace, analyse(trace, env.engines))


def _criticise(attempt: Attempt, draw: np.random.Generator) -> str:
    critic = make_critic(CRITICS[draw.integers(len(CRITICS))])
    (critique,) = critic([attempt], [0], [draw])
    assert critique is not None, "only judge models are silent"
    return critique
