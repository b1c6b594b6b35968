"""Demonstrations of second attempts that only a reader of the critique could make.

A success that finds everything anew (``refinements``) teaches next to nothing about a critique: whatever it says, the
pages say too. Here a script goes on from what the critique tells: from what the criticised attempt displayed, or
with the answer itself, before its own searches have shown it (docs/log/2026-11.md, 2026-11-29).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from berrypick import seeding
from berrypick.agents.critics import Attempt
from berrypick.agents.critics import make as make_critic
from berrypick.agents.critics.templates import refinement
from berrypick.agents.rollout import rollout
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.training.pretraining.demonstrations import (
    Demonstrations,
    drawn,
    make_env,
    pack,
    tokenize,
)
from berrypick.agents.training.pretraining.renaming import Renaming
from berrypick.agents.training.pretraining.second_attempts import TRIES, Altered, play_attempts
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.reading.reader import Passage
from berrypick.envs.reading.view import View, look
from berrypick.envs.scoring.rewards import exact_match
from berrypick.envs.scoring.trace import Trace

#: Chance that an answer that is known is given at a turn, once something was seen.
CERTAIN: Final = 0.5


class Recalling(Altered):
    """A script that remembers what an earlier attempt displayed.

    Args:
        script: how it searches.
        earlier: question -> what was displayed.
    """

    def __init__(self, script: str, earlier: Mapping[str, Sequence[Passage]]) -> None:
        super().__init__(script)
        self._earlier = earlier

    def choose(self, view: View, rng: np.random.Generator) -> Search | Open | Answer:
        """Do what the script does with all that it knows."""
        return self.script.decide(view, self._earlier[view.question])


class Told(Altered):
    """A script that knows the answers: it says so where it is stuck, and at times before.

    Args:
        script: how it searches.
        answers: question -> answer.
    """

    def __init__(self, script: str, answers: Mapping[str, str]) -> None:
        super().__init__(script)
        self._answers = answers

    def choose(self, view: View, rng: np.random.Generator) -> Search | Open | Answer:
        """Answer once something was seen, or do what the script does until it would answer."""
        action = self.script.decide(view)
        if isinstance(action, Answer) or (view.passages and rng.random() < CERTAIN):
            return Answer(self._answers[view.question])
        return action


def play_shortcuts(world: int, split: str) -> Demonstrations:
    """Play one world: where an attempt failed, ``TRIES`` scripts go on from what it displayed, and with the answer.

    Kept is what is right, breaks no rule, and writes no name and no number that was not read before.
    """
    from berrypick.agents.lm.tokenizer import make_tokenizer

    env, tokenizer = make_env(world, split), make_tokenizer()
    told = _telling(tokenizer.get_vocab())
    draw = seeding.rng(world, "shortcut", seeding.SPLITS[split])
    _, failed = play_attempts(env, draw)
    rows = []
    for number, own in enumerate(drawn(draw, env.tasks.count(), TRIES)):
        chosen = {task: failed[task][draw.integers(len(failed[task]))] for task in own if failed[task]}
        for critic, agent, tasks in (
            ("steps", Recalling(SCRIPTS[number], _displayed(chosen)), [t for t in chosen if _found(chosen[t])]),
            ("with_answer", Told(SCRIPTS[number], _answers(chosen)), list(chosen)),
        ):
            for task, (_, trace) in zip(tasks, rollout(agent, lambda: env, tasks, 1, seed=world, batch=1), strict=True):
                (critique,) = make_critic(critic)([chosen[task]], [0], [draw])
                assert critique is not None, "only judge models are silent"
                ids, mask = tokenize(refinement(trace.prompt, critique), trace, tokenizer)
                kept = exact_match(trace, trace.question) and all(turn.valid for turn in trace.turns)
                if kept and only_read(ids, mask, told):
                    rows.append((ids, mask, number))
    return pack(rows)


def only_read(ids: Sequence[int], mask: Sequence[bool], telling: np.ndarray) -> bool:
    """Whether each acted token that tells something of the world stands before it, read."""
    read: set[int] = set()
    for token, acted in zip(ids, mask, strict=True):
        if not acted:
            read.add(token)
        elif telling[token] and token not in read:
            return False
    return True


def _telling(vocabulary: Mapping[str, int]) -> np.ndarray:
    """Tokens of names, and numbers. Shape (tokens,), bool."""
    telling = Renaming(vocabulary).names
    telling[[token for word, token in vocabulary.items() if word.isdigit()]] = True
    return telling


def _displayed(chosen: Mapping[int, Attempt]) -> dict[str, tuple[Passage, ...]]:
    views = [look(_history(attempt.trace)) for attempt in chosen.values()]
    return {view.question: view.passages for view in views}


def _history(trace: Trace) -> list[str]:
    return [trace.prompt, *(text for turn in trace.turns for text in (turn.raw, turn.observation))]


def _answers(chosen: Mapping[int, Attempt]) -> dict[str, str]:
    return {attempt.trace.question.text: attempt.trace.question.answers[0] for attempt in chosen.values()}


def _found(attempt: Attempt) -> bool:
    """Whether it found a hop: without one there is nothing to go on from."""
    return any(first is not None for first in attempt.outcome.first_shown)
