"""What training did to the weights: sparsity and rank of the update, and its overlap between runs.

Mukherjee et al. 2025 (arXiv 2505.11711) call a weight unchanged that differs by at most 1e-5 as bfloat16. As most of
that is rounding, every tolerance is reported together with dtypes, learning rate and steps. Embeddings stand apart: a
token that never occurs has no gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from berrypick.agents.training.run_dir import WEIGHTS
from berrypick.errors import BadInput
from berrypick.records import Record

if TYPE_CHECKING:
    from torch import Tensor

Array = npt.NDArray[np.float32]

#: Where embeddings are, by what their names hold.
EMBEDDINGS: Final = ("embed", "lm_head")
#: Quantiles of |difference| that are reported.
QUANTILES: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
#: Shares of the weights, those that moved most, whose overlap is reported.
TOP: Final = (0.05, 0.2)
#: Share of the energy (squared singular values) that a rank holds.
ENERGY: Final = 0.99


class Sparsity(Record):
    """A part of the weights.

    Attributes:
        weights: how many there are.
        unchanged: tolerance -> share of weights that moved by no more.
        quantiles: of |difference|, in order of ``QUANTILES``.
    """

    weights: int
    unchanged: dict[str, float]
    quantiles: tuple[float, ...]


class Rank(Record):
    """Ranks of the updates of matrices, each as a share of the highest that it could have.

    Attributes:
        matrices: how many there are, embeddings left out.
        energy: least, median and greatest number of singular values that hold ``ENERGY`` of the update.
        numeric: the same of those above float32's rounding.
    """

    matrices: int
    energy: tuple[float, float, float]
    numeric: tuple[float, float, float]


class Update(Record):
    """From the start to the final policy.

    Attributes:
        stored: dtypes of the files, start and final.
        body: all weights but embeddings.
        embeddings: None where there are none.
        rank: None where no matrix but an embedding moved.
    """

    stored: tuple[str, str]
    body: Sparsity
    embeddings: Sparsity | None
    rank: Rank | None


class Overlap(Record):
    """How far two runs moved the same weights.

    Attributes:
        share: of the weights, those that moved most in each run; also the overlap expected by chance.
        overlap: share of them that both have; None where a run moved fewer weights.
    """

    share: float
    overlap: float | None


class Weights(NamedTuple):
    """Tensors by name, and the dtypes they are stored in."""

    tensors: Mapping[str, Tensor]
    dtype: str


def load(folder: Path) -> Weights:
    """Read the weights of a policy's folder.

    Raises:
        BadInput: there are none, or the file is damaged.
        ImportError: torch and safetensors are not installed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / WEIGHTS
    if not path.is_file():
        raise BadInput("is not there", file=path)
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise BadInput(f"not a whole safetensors file: {error}", file=path) from error
    kinds = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in tensors.values()})
    return Weights({name: tensors[name] for name in sorted(tensors)}, " and ".join(kinds))


def compare(start: Weights, final: Weights) -> Update:
    """Describe the update; raises BadInput unless both have the same tensors."""
    body, embeddings = _names(start, final)
    return Update(
        (start.dtype, final.dtype),
        sparsity(start, final, body),
        sparsity(start, final, embeddings) if embeddings else None,
        ranks([moved(start, final, name) for name in body]),
    )


def _names(start: Weights, final: Weights) -> tuple[list[str], list[str]]:
    shapes, others = ({name: tuple(t.shape) for name, t in w.tensors.items()} for w in (start, final))
    different = sorted(name for name in shapes.keys() | others.keys() if shapes.get(name) != others.get(name))
    if different:
        raise BadInput(f"{different[0]} is {shapes.get(different[0])} at the start, {others.get(different[0])} later")
    apart = [name for name in shapes if any(part in name for part in EMBEDDINGS)]
    return [name for name in shapes if name not in apart], apart


def moved(start: Weights, final: Weights, name: str) -> Array:
    """A tensor's difference in float32."""
    difference = final.tensors[name].float() - start.tensors[name].float()
    return np.asarray(difference.numpy())


def sparsity(start: Weights, final: Weights, names: Sequence[str]) -> Sparsity:
    """Shares of unchanged weights under each tolerance, over some tensors together."""
    import torch

    old = torch.cat([start.tensors[name].flatten() for name in names])
    new = torch.cat([final.tensors[name].flatten() for name in names])
    size = (new.float() - old.float()).abs()
    unchanged = {
        "equal as bfloat16": new.bfloat16() == old.bfloat16(),
        "1e-5": size <= 1e-5,
        "1e-6": size <= 1e-6,
        "1e-7": size <= 1e-7,
        "1e-3 of the weight": size <= 1e-3 * old.float().abs(),
    }
    return Sparsity(
        len(size),
        {name: float(same.double().mean()) for name, same in unchanged.items()},
        tuple(float(value) for value in np.quantile(size.numpy(), QUANTILES)),
    )


def ranks(updates: Sequence[Array]) -> Rank | None:
    """Ranks of the updates that are matrices and not all zero."""
    energy, numeric = [], []
    for update in updates:
        if update.ndim == 2 and min(update.shape) > 1 and update.any():
            squares = _squares(update)
            held = np.cumsum(squares) / np.sum(squares)
            energy.append((int(np.searchsorted(held, ENERGY)) + 1) / len(squares))
            zero = squares[0] * (max(update.shape) * np.finfo(np.float32).eps) ** 2  # as in np.linalg.matrix_rank
            numeric.append(int(np.count_nonzero(squares > zero)) / len(squares))
    return Rank(len(energy), _spread(energy), _spread(numeric)) if energy else None


def _squares(update: Array) -> npt.NDArray[np.float64]:
    """Squared singular values, the greatest first: from the smaller Gram matrix, a fraction of an SVD's time."""
    wide = update.astype(np.float64) if update.shape[0] <= update.shape[1] else update.T.astype(np.float64)
    return np.linalg.eigvalsh(wide @ wide.T)[::-1].clip(min=0.0)


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return min(values), float(np.median(values)), max(values)


def overlaps(start: Weights, first: Weights, second: Weights) -> tuple[Overlap, ...]:
    """Overlap of the weights that moved most in two runs from one start, embeddings left out; BadInput as above."""
    body, _ = _names(start, first)
    _names(start, second)
    a, b = (np.concatenate([np.abs(moved(start, run, name)).ravel() for name in body]) for run in (first, second))
    return tuple(Overlap(share, overlap(a, b, share)) for share in TOP)


def overlap(first: Array, second: Array, share: float) -> float | None:
    """Share of the entries that are among the largest of both; None where so many are not above 0 in both."""
    count = round(share * len(first))
    if not 0 < count <= min(np.count_nonzero(first), np.count_nonzero(second)):
        return None
    a, b = (np.argpartition(-sizes, count - 1)[:count] for sizes in (first, second))
    return len(np.intersect1d(a, b, assume_unique=True)) / count
