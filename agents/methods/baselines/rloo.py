"""RLOO (Kool et al. 2019; Ahmadian et al. 2024, arXiv 2402.14740): A = R - mean of the group's others; -A * sum_t lp.

The episode is one action: its log-probability is the sum over its tokens, unclipped. A group of one has no others, and
advantage 0.
"""

from __future__ import annotations

from dataclasses import replace

from berrypick.agents.methods.advantages import leave_one_out
from berrypick.agents.methods.losses import score_function
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.reductions import sequence_sum
from berrypick.agents.methods.seams import BASE


def rloo() -> Method:
    """Make the method."""
    return replace(BASE, name="rloo", advantage=leave_one_out, token_loss=score_function, reduce=sequence_sum)
