"""A policy over numbers: what it may draw, its entropy, its files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from berrypick import agents
from berrypick.agents.discrete.policy import DESCRIPTION, WEIGHTS, choose, entropies, load, make_policy, sampler, save
from berrypick.envs.discrete.choices import CHOICES, PER_SLOT, SLOTS
from berrypick.envs.discrete.features import NAMES, SLOT
from berrypick.errors import BadInput, Damaged
from berrypick.registry import UnknownName
from berrypick.seeding import rng


def situations(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Observations in [0, 1], and masks with at least one legal action."""
    draw = rng(seed, "rollout", 0)
    observations = draw.random((count, len(NAMES)), np.float32)
    legal = draw.random((count, len(CHOICES))) < 0.1
    legal[:, 17] = True
    return torch.from_numpy(observations), torch.from_numpy(legal)


def logs(*probabilities: float) -> Tensor:
    return torch.tensor([probabilities]).log()


def test_illegal_actions_have_no_probability():
    observations, legal = situations(8)
    logprobs = make_policy(0)(observations, legal)
    assert logprobs.shape == (8, len(CHOICES)) and torch.equal(logprobs.isneginf(), ~legal)
    assert torch.allclose(logprobs.exp().sum(-1), torch.ones(8))


def test_rows_do_not_depend_on_their_batch():
    observations, legal = situations(64)
    policy = make_policy(0)
    alone = torch.cat([policy(observations[[row]], legal[[row]]) for row in range(64)])
    assert torch.allclose(policy(observations, legal).exp(), alone.exp(), atol=1e-6)


def test_what_is_learnt_of_a_slot_holds_for_all():
    """Without the weights of places, exchanged slots have exchanged actions."""
    policy = make_policy(0)
    policy.slot.weight.data[:, len(SLOT) :] = 0.0
    observations, _ = situations(1)
    legal = torch.ones(1, len(CHOICES), dtype=torch.bool)
    swapped = observations.clone()
    swapped[0, : len(SLOT)], swapped[0, len(SLOT) : 2 * len(SLOT)] = (
        observations[0, len(SLOT) : 2 * len(SLOT)],
        observations[0, : len(SLOT)],
    )
    here, there = (policy(some, legal)[0, : SLOTS * PER_SLOT].view(SLOTS, PER_SLOT) for some in (observations, swapped))
    assert torch.allclose(here[[1, 0, *range(2, SLOTS)]], there, atol=1e-5)
    assert not torch.allclose(here, there, atol=1e-3)


def test_entropy_by_hand():
    # -(1/2 ln 1/2 + 2 x 1/4 ln 1/4) = 3/2 ln 2; one legal action has none
    assert entropies(logs(0.5, 0.0, 0.25, 0.25)).item() == pytest.approx(1.5 * math.log(2))
    assert entropies(logs(0.0, 1.0, 0.0, 0.0)).item() == 0.0


def test_the_gradient_of_entropy_is_finite_where_actions_are_illegal():
    policy = make_policy(0)
    entropies(policy(*situations(4))).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in policy.parameters())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("uniform", "action"), [(0.0, 1), (0.249, 1), (0.25, 2), (0.749, 2), (0.751, 4), (1 - 2**-53, 4)]
)
def test_inverse_cdf_by_hand(uniform: float, action: int):
    # cumulative: 0, 1/4, 3/4, 3/4, 1, 1
    assert choose(logs(0.0, 0.25, 0.5, 0.0, 0.25, 0.0), [uniform]).tolist() == [action]


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 2**-60, 0.5, 1 - 2**-53]), st.floats(1.0, 60.0))
def test_illegal_actions_are_never_drawn(seed: int, uniform: float, scale: float):
    draw = np.random.default_rng(seed)
    legal = torch.from_numpy(draw.random((5, 12)) < 0.3)
    legal[:, draw.integers(12)] = True
    logits = torch.from_numpy(draw.standard_normal((5, 12)).astype(np.float32) * scale)
    drawn = choose(logits.masked_fill(~legal, -torch.inf).log_softmax(-1), [uniform] * 5)
    assert legal.gather(1, drawn[:, None]).all()


def test_a_decision_takes_one_uniform():
    observations, legal = situations(1)
    used, fresh = rng(0, "sampling", 3), rng(0, "sampling", 3)
    action = sampler(make_policy(0))(observations[0].numpy(), legal[0].numpy(), used)
    assert legal[0, action]
    fresh.random()
    assert used.bit_generator.state == fresh.bit_generator.state


def test_the_same_seed_gives_the_same_weights_and_the_same_files(tmp_path: Path):
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        save(make_policy(seed, width=8), tmp_path / name)
    one, same, other = (
        [(tmp_path / name / file).read_bytes() for file in (WEIGHTS, DESCRIPTION)] for name in ("one", "same", "other")
    )
    assert one == same and one[0] != other[0]


def test_making_weights_leaves_torchs_generator_alone():
    before = torch.random.get_rng_state()
    make_policy(1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_is_saved_is_loaded(tmp_path: Path):
    policy = make_policy(5, width=16)
    save(policy, tmp_path)
    observations, legal = situations(3)
    assert torch.equal(load(tmp_path)(observations, legal), policy(observations, legal))


@pytest.mark.parametrize("missing", [DESCRIPTION, WEIGHTS])
def test_a_folder_without_a_policy_says_what_is_missing(tmp_path: Path, missing: str):
    save(make_policy(0, width=8), tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(BadInput, match=f"no {missing} here") as error:
        agents.make(f"discrete:{tmp_path}")
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("observations", 307),
        ("actions", 189),
        ("observation_version", "0"),
        ("action_version", "0"),
        ("kind", "lm"),
        ("width", "wide"),
        ("sha256", None),
        ("more", 1),
    ],
)
def test_a_policy_for_other_numbers_is_refused_by_file_and_field(tmp_path: Path, field: str, value: Any):
    save(make_policy(0, width=8), tmp_path)
    path = tmp_path / DESCRIPTION
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | {field: value}))
    with pytest.raises(BadInput) as error:
        load(tmp_path)
    assert DESCRIPTION in str(error.value) and field in str(error.value)


def test_changed_weights_are_noticed(tmp_path: Path):
    save(make_policy(0, width=8), tmp_path)
    data = bytearray((tmp_path / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (tmp_path / WEIGHTS).write_bytes(bytes(data))
    with pytest.raises(Damaged, match=WEIGHTS):
        load(tmp_path)


def test_weights_of_another_width_are_refused(tmp_path: Path):
    save(make_policy(0, width=8), tmp_path)
    path = tmp_path / DESCRIPTION
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | {"width": 9}))
    with pytest.raises(Damaged, match="width 9"):
        load(tmp_path)


def test_a_folder_that_is_not_there_and_a_misspelt_name(tmp_path: Path):
    with pytest.raises(BadInput, match=f"no {DESCRIPTION} here"):
        agents.make(f"discrete:{tmp_path / 'nowhere'}")
    with pytest.raises(UnknownName, match="did you mean 'fallbacks'"):
        agents.make("discrete:fallback")
