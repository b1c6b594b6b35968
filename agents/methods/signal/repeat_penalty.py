"""Penalty for repeated queries (DeepDive, Lu et al. 2025, arXiv 2509.10446, names one and gives no formula).

R' = R - penalty * repeated / searches: the share of an episode's searches whose words an earlier one had. An episode
without a search loses nothing. The formula is ours.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition, Annotation
from berrypick.agents.methods.parameters import Size


def less_repeats(batch: Batch, *, penalty: float) -> Tensor:
    """Shape: the reward less the penalty."""
    share = batch.extra["repeats"] / batch.extra["searches"].clamp(min=1)
    return batch.reward - penalty * share.to(batch.reward.dtype)


def repeat_penalty(penalty: Size = 0.2) -> Addition:
    """Make the addition: ``penalty`` is what an episode loses whose searches all repeat one."""
    return Addition({"shape": partial(less_repeats, penalty=penalty)}, annotators=(Annotation("episode_facts"),))
