"""The process critic's score of each turn (AlphaLLM, ``methods.alphallm``), and what is measured with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from berrypick.agents.methods.base import Batch
from berrypick.agents.treesearch import critics
from berrypick.agents.treesearch.critics import Critics
from berrypick.envs.scoring.trace import Trace

if TYPE_CHECKING:
    from berrypick.agents.lm.player import Player

#: Questions that critics are trained on are drawn from this number on: other draws than a run's own, of the
#: same worlds, so some are the same.
FIRST: Final = 2**18
#: Rollouts of one of them.
SIZE: Final = 8


def trained(player: Player, seed: int, episodes: int) -> Critics:
    """Train critics from rollouts of a policy.

    Args:
        player: the policy and what it plays.
        seed: of the run.
        episodes: rollouts at least, ``SIZE`` a question.

    Raises:
        BadInput: all are right, or all wrong.
    """
    from berrypick.agents.treesearch import samples  # plays, and so loads what the discrete track needs not

    found = samples.collect(player, seed, range(FIRST, FIRST + math.ceil(episodes / SIZE)), SIZE)
    return critics.fit(found.examples(), len(found.went), found.tokens)


def judged(batch: Batch, traces: Sequence[Trace], judge: Critics) -> Batch:
    """Return a batch with ``process``."""
    process = torch.zeros(batch.mask.shape)
    for row, trace in enumerate(traces):
        own = batch.mask[row]
        process[row, own] = torch.from_numpy(judge.turns(trace)).float()[batch.chunk[row, own]]
    return replace(batch, process=process)


def critic_auc(batch: Batch) -> float | None:
    """How well the last turn's score tells paid episodes from others (area under the ROC curve).

    None where nothing was judged, or where all or none were paid.
    """
    paid = (batch.reward > 0).numpy()
    if batch.process is None or paid.all() or not paid.any():
        return None
    from sklearn.metrics import roc_auc_score

    place = torch.arange(batch.mask.shape[1])
    last = (place * batch.mask).argmax(dim=1)
    score = batch.process.gather(1, last[:, None])[:, 0]
    return float(roc_auc_score(paid, np.asarray(score)))
