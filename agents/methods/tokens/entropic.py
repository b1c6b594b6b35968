"""EntroPIC (2025, arXiv 2511.15248): a PI controller weighs rewarded and punished samples to hold a target entropy.

alpha = proportional * (H - target) + integral * sum over the steps of (H - target), H the mean entropy of a step's
generated tokens. Losses of tokens with A > 0 are weighted 1 + alpha, those with A < 0 1 - alpha: reinforcing what is
sampled lowers entropy, punishing it raises it. Written as a term -alpha * sum of weight |A| r, and alpha kept within
-1 and 1. Read in a summary: the gains are ours to search; the default target is the entropy of ``tiny-even``.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import surrogate, token_ratio
from berrypick.agents.methods.method import Addition, State
from berrypick.agents.methods.parameters import Positive, Size


def controlled(state: State, entropy: float, *, target: float, proportional: float, integral: float) -> State:
    """Control: the sum of errors, and alpha."""
    error = entropy - target
    total = state["error_sum"] + error
    return {"error_sum": total, "alpha": min(max(proportional * error + integral * total, -1.0), 1.0)}


def reweighed(tokens: MicroBatch) -> Tensor:
    """Regularise: what the weights 1 + alpha and 1 - alpha add to the losses of ratio r."""
    ratio = token_ratio(tokens.logprobs, tokens.old_logprobs)
    signless = surrogate(tokens, ratio, ratio) * tokens.advantage.where(tokens.mask, 0.0).sign()
    return tokens.state["alpha"] * (signless * tokens.weight).sum()


def entropic(target: Positive = 0.2, proportional: Size = 1.0, integral: Size = 0.01) -> Addition:
    """Make the addition.

    Args:
        target: mean entropy of generated tokens to hold, in nats.
        proportional: weight of a step's error.
        integral: weight of the sum of errors.
    """
    control = partial(controlled, target=target, proportional=proportional, integral=integral)
    return Addition({"regularise": reweighed, "control": control}, state={"error_sum": 0.0, "alpha": 0.0})
