"""R3 (Direct Reasoning Optimization, Xu et al. 2025, arXiv 2506.13351): a reward that weighs reflective tokens.

l_ij = log pi(y_j | episode i up to its answer, y_<j), at least -10, is how likely the reference answer's token j was
where episode i came to answer; sigma_j is its standard deviation over the group. Tokens whose likelihood depends on the
reasoning get the weight:

R3_i = sum_j w_j l_ij, w_j = sigma_j / sum_k sigma_k, all equal where no token differs.

R'_i = outcome * R_i + weight * (R3_i + length * (1 - min(1, | |y| - |y_i| | / |y|))), y_i the answer that was given,
which R3 does not look at. The paper has no R_i, and length 0.001; here R_i is known and R3 tells apart what it pays
alike. pi is the policy that played. The paper leaves open how w grows with sigma; this is the plainest.

``r3_filter`` is the paper's query filter: a group is dropped where it is too hard, no episode having a mean rank below
``top`` over the ``worst`` share of its tokens, and where its largest sigma is among the lowest ``flat`` of the step.
Share, rank and quantile are not known here; search from the defaults. The paper filters questions that come again, and
so spares their rollouts; here a group is dropped after it was played: ``Line.tokens_dropped`` is what that would spare.

An answer of one token has nothing to weigh: R3 is its log-probability, and ranks as the uniform mean does.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import torch
from torch import Tensor

from berrypick.agents.methods.advantages import group_mean
from berrypick.agents.methods.batch import TOKEN_TYPES, Batch
from berrypick.agents.methods.method import Addition, Annotation
from berrypick.agents.methods.parameters import Fraction, Positive, Share, Size

#: Log-probabilities count as no lower: one token of a rare name would be all that differs.
LOWEST: Final = -10.0
_ANSWER: Final = TOKEN_TYPES.index("answer")


def likelihoods(batch: Batch) -> Tensor:
    """Return l, in double precision, NaN beyond an answer's end. Shape (N, J)."""
    return batch.extra["answer_logprobs"].double().clamp(min=LOWEST)


def spread(likelihood: Tensor, group: Tensor) -> Tensor:
    """Return sigma of each episode's group, 0 beyond an answer's end.

    Args:
        likelihood: l, NaN beyond an answer's end, which is the same within a group. Shape (N, J).
        group: as in ``Batch``.
    """
    each = likelihood.nan_to_num(0.0)
    return group_mean((each - group_mean(each, group)).square(), group).sqrt()


def reflection(likelihood: Tensor, group: Tensor) -> Tensor:
    """Return R3. Shape (N,); arguments as in ``spread``."""
    sigma, known = spread(likelihood, group), ~likelihood.isnan()
    weight = torch.where(sigma.sum(dim=1, keepdim=True) > 0, sigma, known.double())
    return (weight * likelihood.nan_to_num(0.0)).sum(dim=1) / weight.sum(dim=1)


def uniform_mean(likelihood: Tensor) -> Tensor:
    """Return the mean of l over an answer's tokens, which R3 is to be better than. Shape (N,)."""
    return likelihood.nanmean(dim=1)


def alike_in_length(batch: Batch, likelihood: Tensor) -> Tensor:
    """Return 1 - min(1, | |y| - |y_i| | / |y|). Shape (N,)."""
    wanted = (~likelihood.isnan()).sum(dim=1)
    given = ((batch.token_type == _ANSWER) & batch.mask).sum(dim=1)
    return 1 - ((wanted - given).abs() / wanted).clamp(max=1)


def reflective(batch: Batch, *, weight: float, length: float, outcome: float) -> Tensor:
    """Shape: the weighted sum of the reward, R3 and the length term."""
    likelihood = likelihoods(batch)
    own = reflection(likelihood, batch.group) + length * alike_in_length(batch, likelihood)
    return (outcome * batch.reward + weight * own).to(batch.reward.dtype)


def too_hard(batch: Batch, *, worst: float, top: float) -> Tensor:
    """Return which episodes are in a group none of which has a mean rank below ``top``. Shape (N,), bool.

    The mean is over the ``worst`` share of the reference answer's tokens, at least one.
    """
    rank = batch.extra["answer_ranks"].double()
    count = (~rank.isnan()).sum(dim=1)
    taken = (count * worst).ceil().long()
    highest = rank.nan_to_num(-1.0).sort(dim=1, descending=True).values
    counted = torch.arange(rank.shape[1], device=rank.device) < taken[:, None]
    reached = (highest.where(counted, 0.0).sum(dim=1) / taken < top).double()
    return group_mean(reached, batch.group) == 0


def too_flat(batch: Batch, *, flat: float) -> Tensor:
    """Return which episodes are in the ``flat`` share of groups with the lowest largest sigma. Shape (N,), bool."""
    largest = spread(likelihoods(batch), batch.group).amax(dim=1)
    groups, member = torch.unique(batch.group, return_inverse=True)
    of_group = torch.zeros(len(groups), dtype=largest.dtype).index_put((member,), largest)
    order = of_group.argsort(stable=True)
    return torch.isin(member, order[: int(flat * len(groups))])


def telling(batch: Batch, reward: Tensor, *, worst: float, top: float, flat: float) -> Tensor:
    """Select: episodes of groups that are neither too hard nor too flat."""
    return ~(too_hard(batch, worst=worst, top=top) | too_flat(batch, flat=flat))


def r3(weight: Size = 0.1, length: Size = 0.001, outcome: Size = 1.0) -> Addition:
    """Make the addition.

    Args:
        weight: of R3 and the length term; R3 is in nats.
        length: of the length term beside R3.
        outcome: of the environment's reward; 0 for the paper's.
    """
    shape = partial(reflective, weight=weight, length=length, outcome=outcome)
    return Addition({"shape": shape}, annotators=(Annotation("reference_answer"),))


def r3_filter(worst: Share = 0.25, top: Positive = 100.0, flat: Fraction = 0.1) -> Addition:
    """Make the addition that drops groups; parameters as above."""
    return Addition(
        {"select": partial(telling, worst=worst, top=top, flat=flat)}, annotators=(Annotation("reference_answer"),)
    )
