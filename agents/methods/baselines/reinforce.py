"""REINFORCE (Williams 1992, Machine Learning 8): A = R - mean of all rewards of the step; loss -A * sum_t lp.

Neither groups nor ratios: from the second update of a step on, its gradient is that of an older policy's episodes.
"""

from __future__ import annotations

from dataclasses import replace

from berrypick.agents.methods.advantages import batch_centre
from berrypick.agents.methods.losses import score_function
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.reductions import sequence_sum
from berrypick.agents.methods.seams import BASE


def reinforce() -> Method:
    """Make the method."""
    return replace(BASE, name="reinforce", advantage=batch_centre, token_loss=score_function, reduce=sequence_sum)
