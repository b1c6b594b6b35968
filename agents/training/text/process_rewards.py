"""The process critic's score of each turn (AlphaLLM, ``methods.alphallm``), and what is measured with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from berrypick import io
from berrypick.agents.methods.batch import Batch
from berrypick.agents.training.learner import RolloutBatch, TextLearner
from berrypick.agents.training.run_dir import CRITICS
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


class ProcessReward:
    """Annotator of AlphaLLM: ``process_reward``, shape (N, T), the critic's score of the turn a token belongs to.

    Args:
        episodes: rollouts of the start policy that the critics are trained on.
    """

    def __init__(self, episodes: float) -> None:
        self._episodes = int(episodes)

    def prepare(self, folder: Path, learner: TextLearner, seed: int) -> None:
        """Train the critics of the start policy once; read them where a run goes on."""
        path = folder / CRITICS
        if not path.exists():
            io.write_bytes(path, critics.encode(trained(learner.player, seed, self._episodes)))
        self._critics = critics.read(path)

    def annotate(self, rollouts: RolloutBatch) -> dict[str, Tensor]:
        """Score the turns of each episode."""
        return {"process_reward": scores(rollouts.batch, rollouts.traces, self._critics)}


def scores(batch: Batch, traces: Sequence[Trace], judge: Critics) -> Tensor:
    """Return the process critic's score of each token's turn, 0 outside the mask. Shape (N, T)."""
    found = torch.zeros(batch.mask.shape)
    for row, trace in enumerate(traces):
        own = batch.mask[row]
        found[row, own] = torch.from_numpy(judge.turns(trace)).float()[batch.turn[row, own]]
    return found


def critic_auc(batch: Batch) -> float | None:
    """How well the last turn's score tells paid episodes from others (area under the ROC curve).

    None where nothing was judged, or where all or none were paid.
    """
    paid = (batch.reward > 0).numpy()
    scored = batch.extra.get("process_reward")
    if scored is None or paid.all() or not paid.any():
        return None
    from sklearn.metrics import roc_auc_score

    place = torch.arange(batch.mask.shape[1])
    last = (place * batch.mask).argmax(dim=1)
    score = scored.gather(1, last[:, None])[:, 0]
    return float(roc_auc_score(paid, np.asarray(score)))
