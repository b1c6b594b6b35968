"""Our losses and TRL's own (``GRPOTrainer._compute_loss``) over the same tensors: value and gradient to 1e-6.

Skipped where TRL is not installed; ``make test-trl`` installs it. The batches have masks with holes, ratios beyond
every bound, and advantages of both signs. TRL's CISPO caps ratios at ``epsilon_high`` itself.
"""

from __future__ import annotations

import math
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from berrypick.agents.methods import make
from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.method import loss

trl = pytest.importorskip("trl")
ROWS, LENGTH, LIMIT = 12, 9, 20

#: Our method -> what TRL is told.
SAME: dict[str, dict[str, Any]] = {
    "grpo": {"loss_type": "grpo"},
    "grpo(high=0.28,dual=3)": {"loss_type": "grpo", "epsilon_high": 0.28, "delta": 3.0},
    "grpo_token": {"loss_type": "dapo"},
    "clip_higher": {"loss_type": "dapo", "epsilon_high": 0.28},
    "dr_grpo": {"loss_type": "dr_grpo"},
    "dapo": {"loss_type": "dapo", "epsilon_high": 0.28},
    "gspo": {"loss_type": "grpo", "importance_sampling_level": "sequence", "epsilon_low": 0.03, "epsilon_high": 0.04},
    "cispo": {"loss_type": "cispo", "epsilon_high": 5.0},
    "soft_sapo": {"loss_type": "sapo"},
    "kl_reference": {"loss_type": "grpo", "beta": 0.04},
    "dr_grpo+kl_reference(beta=0.1)": {"loss_type": "dr_grpo", "beta": 0.1},
    "dapo+kl_reference(beta=0.001)": {"loss_type": "dapo", "epsilon_high": 0.28, "beta": 0.001},
    "entropy_bonus": {"loss_type": "grpo", "entropy_coef": 0.01},
    "dapo+entropy_bonus(coefficient=0.1)": {"loss_type": "dapo", "epsilon_high": 0.28, "entropy_coef": 0.1},
}


def batch(seed: int) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    shape = (ROWS, LENGTH)
    new, entropy = (torch.randn(shape, generator=draw, dtype=torch.float64) - 1 for _ in range(2))
    old, reference = (new + 0.8 * torch.randn(shape, generator=draw, dtype=torch.float64) for _ in range(2))
    mask = torch.rand(shape, generator=draw) < 0.6
    mask[:, 0] = True  # every episode generated something
    advantage = torch.randn(ROWS, generator=draw, dtype=torch.float64)
    return {
        "new": new,
        "old": old,
        "reference": reference,
        "entropy": entropy.abs(),
        "mask": mask,
        "advantage": advantage,
    }


def ours(name: str, tensors: dict[str, Tensor]) -> tuple[float, Tensor, Tensor]:
    method, mask = make(name), tensors["mask"]
    new, entropy = (tensors[field].clone().requires_grad_() for field in ("new", "entropy"))
    advantage = tensors["advantage"][:, None].expand(mask.shape).where(mask, 0.0)
    good, none = tensors["advantage"] >= 0, torch.zeros_like(mask)
    count = int(mask.sum())
    tokens = MicroBatch(
        new, entropy, tensors["old"], tensors["entropy"], tensors["reference"], advantage, mask,
        method.reduce(mask, LIMIT).double(), none, none.long(), good, count, count, dict(method.state),
    )  # fmt: skip
    total = loss(method, tokens)
    gradients = torch.autograd.grad(total, (new, entropy), materialize_grads=True)
    return total.item(), *gradients


def theirs(tensors: dict[str, Tensor], settings: dict[str, Any]) -> tuple[float, Tensor, Tensor]:
    told = {"epsilon_low": 0.2, "epsilon_high": 0.2, "beta": 0.0, "delta": None, "entropy_coef": 0.0} | settings
    new, entropy = (tensors[field].clone().requires_grad_() for field in ("new", "entropy"))
    arguments = SimpleNamespace(
        delta=told["delta"], use_bias_correction_kl=False, sapo_temperature_pos=1.0, sapo_temperature_neg=1.05,
        steps_per_generation=1,
    )  # fmt: skip
    trainer = SimpleNamespace(
        aux_loss_enabled=False, top_entropy_quantile=1.0, off_policy_mask_threshold=None, use_vllm=False,
        importance_sampling_level=told.get("importance_sampling_level", "token"), beta=told["beta"],
        loss_type=told["loss_type"], epsilon_low=told["epsilon_low"], epsilon_high=told["epsilon_high"], args=arguments,
        model=SimpleNamespace(training=True), current_gradient_accumulation_steps=1, max_completion_length=LIMIT,
        accelerator=SimpleNamespace(
            num_processes=1, gather=lambda value: value, reduce=lambda value, reduction: value, sync_gradients=True
        ),
        _entropy_bonus_enabled=bool(told["entropy_coef"]), entropy_coef=told["entropy_coef"],
        use_adaptive_entropy=False,
        _metrics={"train": defaultdict(list)},
        _get_per_token_logps_and_entropies=lambda *_, **__: (new, entropy, None),
    )  # fmt: skip
    ids, mask = torch.zeros(tensors["mask"].shape, dtype=torch.long), tensors["mask"].double()
    inputs = {
        "prompt_ids": ids[:, :1], "prompt_mask": ids[:, :1], "completion_ids": ids,
        "completion_mask": torch.ones_like(ids), "tool_mask": mask,
        "advantages": tensors["advantage"], "old_per_token_logps": tensors["old"],
        "ref_per_token_logps": tensors["reference"], "num_items_in_batch": mask.sum(),
    }  # fmt: skip
    total = trl.GRPOTrainer._compute_loss(trainer, None, inputs)
    gradients = torch.autograd.grad(total, (new, entropy), materialize_grads=True)
    return total.item(), *gradients


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", SAME)
def test_loss_and_gradient_are_those_of_trl(name: str, seed: int):
    tensors = batch(seed)
    ratio = (tensors["new"] - tensors["old"]).exp()
    assert ratio.max() > 3 and ratio.min() < 0.5  # beyond every bound
    (value, to_new, to_entropy), (expected, new, entropy) = ours(name, tensors), theirs(tensors, SAME[name])
    if make(name).protected_seams != {"token_loss"} or name == "gspo":  # CISPO's value is written differently
        assert math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-7)
    assert torch.allclose(to_new, new, atol=1e-6) and torch.allclose(to_entropy, entropy, atol=1e-6)
    assert to_new.abs().max() > 1e-3


def test_the_advantage_is_that_of_trl():
    """TRL divides by the estimate of the deviation (ddof 1), plus 1e-4."""
    reward = torch.tensor([1.0, 0.0, 0.0, 0.5], dtype=torch.float64)
    found = make("grpo(ddof=1)").advantage(reward, torch.zeros(4, dtype=torch.long))
    expected = (reward - reward.mean()) / (reward.std() + 1e-4)
    assert torch.allclose(found, expected, atol=1e-3)
