"""Adaptive entropy coefficient (Skywork-OR1, He et al. 2025, arXiv 2505.22312): a bonus that a controller sets.

Once a step: c += step where the entropy is below target, else c -= step, kept within floor and ceiling; the loss gets
-c * token mean of H while the entropy is below target and nothing otherwise, so that it never pushes entropy down.

Paper: target 0.2, step 1e-4, ceiling 0.005, floor 0, start 0: fifty steps to the ceiling, in runs of thousands. Default
here: the same target, and twenty-five steps to 0.05, for runs of forty steps in which 0.03 held entropy (draft runs).
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.method import Addition, State
from berrypick.agents.methods.parameters import Positive, Size
from berrypick.agents.methods.tokens.entropy_bonus import mean_entropy
from berrypick.errors import BadInput


def controlled(state: State, entropy: float, *, target: float, step: float, floor: float, ceiling: float) -> State:
    """Control: move the coefficient by one step; ``active`` is 1 where the entropy is below the target, else 0."""
    below = entropy < target
    coefficient = state["coefficient"] + (step if below else -step)
    return {"coefficient": min(max(coefficient, floor), ceiling), "active": float(below)}


def gated_bonus(tokens: MicroBatch) -> Tensor:
    """Regularise: -coefficient * mean entropy while active."""
    return -tokens.state["coefficient"] * tokens.state["active"] * mean_entropy(tokens)


def adaptive_entropy(
    target: Positive = 0.2, step: Positive = 0.002, floor: Size = 0.0, ceiling: Size = 0.05
) -> Addition:
    """Make the addition.

    Args:
        target: mean entropy of generated tokens to hold, in nats.
        step: what the coefficient moves by in a step.
        floor: its least; what it starts from.
        ceiling: its most.

    Raises:
        BadInput: a floor above the ceiling.
    """
    if floor > ceiling:
        raise BadInput(f"adaptive_entropy takes at most ceiling ({ceiling}) as floor, got {floor}", field="method")
    control = partial(controlled, target=target, step=step, floor=floor, ceiling=ceiling)
    start = {"coefficient": floor, "active": 0.0}
    return Addition({"regularise": gated_bonus, "control": control}, state=start)
