"""Updates of weights: what did not move, what moved in both runs, and at which rank."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from berrypick import seeding
from berrypick.agents.training.run_dir import WEIGHTS
from berrypick.benchmarks.studies.collapse import weights
from berrypick.benchmarks.studies.collapse.weights import Weights
from berrypick.errors import BadInput

RNG = seeding.rng(0, "bootstrap", 0)
START = Weights(
    {
        "embed_tokens.weight": torch.tensor(RNG.normal(0, 0.02, (50, 8)), dtype=torch.float32),
        "layer.weight": torch.tensor(RNG.normal(0, 0.02, (8, 12)), dtype=torch.float32),
        "norm.weight": torch.ones(8),
    },
    "float32",
)


def changed(**differences: torch.Tensor) -> Weights:
    moved = {name.replace("__", "."): difference for name, difference in differences.items()}
    return Weights({name: value + moved.get(name, 0.0) for name, value in START.tensors.items()}, "float32")


def test_identical_weights_did_not_move():
    found = weights.compare(START, START)
    for part in (found.body, found.embeddings):
        assert part is not None and set(part.unchanged.values()) == {1.0} and set(part.quantiles) == {0.0}
    assert (found.body.weights, found.rank) == (8 * 12 + 8, None)
    assert found.embeddings is not None and found.embeddings.weights == 50 * 8


def test_tolerances_by_hand():
    old = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1e-6])
    new = old + torch.tensor([0.0, 1e-3, 1e-2, 0.0, 5e-8, 5e-7, 5e-6, 0.0])
    part = weights.sparsity(Weights({"w": old}, "float32"), Weights({"w": new}, "float32"), ["w"])
    # bfloat16 has 8 bits: next to 1 the spacing above is 2**-7, so 1.001 is 1 and 1.01 is not; 5e-8 is not 0.
    assert part.unchanged["equal as bfloat16"] == 4 / 8
    assert [part.unchanged[name] for name in ("1e-5", "1e-6", "1e-7")] == [6 / 8, 5 / 8, 4 / 8]
    # A thousandth of 1 is 1e-3, which 1.001 - 1 in float32 exceeds by rounding; of 0 it is nothing.
    assert part.unchanged["1e-3 of the weight"] == 3 / 8
    assert part.quantiles[-1] == pytest.approx(1e-2, rel=1e-3)


def test_embeddings_stand_apart():
    found = weights.compare(START, changed(embed_tokens__weight=torch.full((50, 8), 0.1)))
    assert found.body.unchanged["1e-7"] == 1.0
    assert found.embeddings is not None and found.embeddings.unchanged["1e-5"] == 0.0


def test_rank_of_the_update():
    one = torch.outer(torch.arange(1.0, 9), torch.arange(1.0, 13))
    # One of eight singular values holds everything.
    found = weights.compare(START, changed(layer__weight=one)).rank
    assert found is not None and (found.matrices, found.energy) == (1, (1 / 8, 1 / 8, 1 / 8))
    exact = weights.ranks([np.diag([10.0, 2.0, 1.0]).astype(np.float32), np.eye(2, dtype=np.float32)])
    # 100 of 105 is 95 %, 104 of 105 is 99.05 %: two of three. The identity needs both of its two.
    assert exact is not None and exact.energy == pytest.approx((2 / 3, 5 / 6, 1.0))
    assert exact.numeric == (1.0, 1.0, 1.0)


def test_ranks_are_those_of_the_singular_values():
    update = RNG.normal(0, 1e-5, (30, 6)).astype(np.float32) @ RNG.normal(0, 1, (6, 20)).astype(np.float32)
    values = np.linalg.svd(update.astype(np.float64), compute_uv=False)
    held = int(np.sum(np.cumsum(values**2) / np.sum(values**2) < weights.ENERGY)) + 1
    found = weights.ranks([update, update.T])
    assert found is not None and found.energy == (held / 20,) * 3
    assert found.numeric == (np.linalg.matrix_rank(update) / 20,) * 3 == (6 / 20,) * 3


def test_a_vector_and_a_matrix_that_stood_still_have_no_rank():
    assert weights.ranks([np.ones(5, dtype=np.float32), np.zeros((3, 3), dtype=np.float32)]) is None


def test_random_updates_overlap_by_chance():
    first, second = (seeding.rng(seed, "bootstrap", 1).random(100_000).astype(np.float32) for seed in (1, 2))
    for share in (0.05, 0.2):
        found = weights.overlap(first, second, share)
        # The standard deviation is sqrt(share (1 - share) / count) * (1 - share) at most: below .006 for 5,000.
        assert found == pytest.approx(share, abs=0.015)
    assert weights.overlap(first, first, 0.2) == 1.0


def test_overlap_by_hand():
    first = np.array([5, 4, 3, 2, 1, 1, 1, 1, 1, 1], dtype=np.float32)
    second = np.array([9, 0, 8, 0, 0, 0, 0, 0, 0, 1], dtype=np.float32)
    # The two largest are {0, 1} and {0, 2}.
    assert weights.overlap(first, second, 0.2) == 0.5
    # Of four, the second has only three that moved at all.
    assert weights.overlap(first, second, 0.4) is None
    assert weights.overlap(first, second, 0.01) is None


def test_overlaps_leave_embeddings_out():
    noise = torch.tensor(RNG.normal(0, 1, (8, 12)), dtype=torch.float32)
    a = changed(embed_tokens__weight=torch.full((50, 8), 1.0), layer__weight=noise)
    assert [found.overlap for found in weights.overlaps(START, a, a)] == [1.0, 1.0]
    assert [found.overlap for found in weights.overlaps(START, START, a)] == [None, None]


def test_other_tensors_are_an_error():
    other = Weights({**START.tensors, "norm.weight": torch.ones(9)}, "float32")
    with pytest.raises(BadInput, match=r"norm\.weight is \(8,\) at the start, \(9,\) later"):
        weights.compare(START, other)
    with pytest.raises(BadInput, match="None later"):
        weights.compare(START, Weights({}, "float32"))


def test_files_are_read_with_their_dtypes(tmp_path: Path):
    with pytest.raises(BadInput, match=r"model\.safetensors: is not there"):
        weights.load(tmp_path)
    save_file({"b": torch.ones(2, dtype=torch.bfloat16), "a": torch.ones(3)}, tmp_path / WEIGHTS)
    found = weights.load(tmp_path)
    assert list(found.tensors) == ["a", "b"] and found.dtype == "bfloat16 and float32"
    (tmp_path / WEIGHTS).write_bytes((tmp_path / WEIGHTS).read_bytes()[:20])
    with pytest.raises(BadInput, match="not a whole safetensors file"):
        weights.load(tmp_path)
