"""Demonstrations of the scripted agents in a run's own environment, in the tokens of the policy that is trained."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

import torch
from torch.nn.utils.rnn import pad_sequence

from berrypick.agents.lm.render import Script
from berrypick.agents.rollout import rollout
from berrypick.agents.scripted.agent import Scripted
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.agents.training.learner import DemonstrationBuffer
from berrypick.envs.scoring.outcome import is_grounded
from berrypick.envs.scoring.trace import Trace
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput

#: Episodes played side by side.
_TOGETHER: Final = 64


def demonstrate(env: SearchEnv, tasks: Sequence[int], script: Script, room: int | None) -> DemonstrationBuffer:
    """Let every script that reads an environment play some tasks once each; keep what is grounded and right.

    Args:
        env: the environment; copies of it are played.
        tasks: numbers of its tasks.
        script: writes the tokens.
        room: tokens that an episode may have, None for any number; longer ones are left out.

    Raises:
        BadInput: nothing is left.
    """
    corpus = env.tasks.world(0).corpus.name
    kept: list[tuple[list[int], list[bool], int]] = []
    for number, name in enumerate(STRATEGIES):
        agent = Scripted(name)
        if agent.reads(corpus):
            for _, trace in rollout(agent, lambda: copy.copy(env), tasks, 1, seed=0, batch=_TOGETHER):
                if is_grounded(trace):
                    kept.append((*written(trace, script), number))
    kept = [row for row in kept if room is None or len(row[0]) <= room]
    if not kept:
        raise none_right(len(tasks))
    ids, masks, numbers = zip(*kept, strict=True)
    return DemonstrationBuffer(
        pad_sequence([torch.tensor(mask) for mask in masks], True),
        {"ids": pad_sequence([torch.tensor(each) for each in ids], True)},
        torch.tensor(numbers),
    )


def written(trace: Trace, script: Script) -> tuple[list[int], list[bool]]:
    """An episode up to its last action: its tokens, and which of them were acted."""
    ids = script.opening(trace.prompt)
    mask = [False] * len(ids)
    for number, turn in enumerate(trace.turns):
        acted = script.encode(turn.raw)
        seen = [] if number + 1 == len(trace.turns) else script.reply(turn.observation, acted)
        ids += acted + seen
        mask += [True] * len(acted) + [False] * len(seen)
    return ids, mask


def none_right(questions: int) -> BadInput:
    """What to raise where no demonstration is left."""
    reason = f"no script is grounded and right at any of {questions} questions; ask more, or leave sft_refresh out"
    return BadInput(reason, field="method")
