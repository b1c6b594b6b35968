"""Checkpoints: weights, optimiser and step in one folder, written atomically, a bounded number kept. No pickle.

Nothing else has to be kept: every draw of a run is a function of (seed, step), so that a run that goes on from a
checkpoint is, bit by bit, the run that was never stopped.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from berrypick import io
from berrypick.errors import Damaged
from berrypick.records import Record

#: Checkpoints that are kept: the newest, and one to fall back on.
KEPT: Final = 2
_NAME: Final = re.compile(r"step-(\d{6,})")
_TENSORS: Final = "state.safetensors"
_STATE: Final = "state.json"


class Checkpoint(Record):
    """What stands beside the tensors.

    Attributes:
        step: steps done.
        state: numbers that the run carries from step to step.
        sha256: of the tensors' file.
    """

    step: int
    state: dict[str, float]
    sha256: str


def save(folder: Path, module: nn.Module, optimiser: torch.optim.Optimizer, step: int, state: dict[str, float]) -> None:
    """Write checkpoint ``folder/step-NNNNNN`` and remove all but the newest ``KEPT``."""
    tensors = {f"module.{name}": tensor for name, tensor in _own(module).items()} | _flat(optimiser)
    target = folder / f"step-{step:06d}"
    if not target.exists():
        with io.new_folder(target) as draft:
            save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, draft / _TENSORS)
            checkpoint = Checkpoint(step, state, io.sha256(draft / _TENSORS))
            io.write_bytes(draft / _STATE, msgspec.json.encode(checkpoint))
    for old in stored(folder)[:-KEPT]:
        shutil.rmtree(old)


def stored(folder: Path) -> list[Path]:
    """Checkpoints in a folder, oldest first."""
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(found, key=lambda path: int(path.name.split("-")[1]))


def restore(path: Path, module: nn.Module, optimiser: torch.optim.Optimizer) -> Checkpoint:
    """Load a checkpoint into a module and its optimiser, both made as they were when it was written.

    Raises:
        Damaged: the files are not what was written, or are of another module; the message names the folder.
    """
    hint = "delete this folder, the run then goes on from the checkpoint before, or starts anew"
    try:
        checkpoint = msgspec.json.decode((path / _STATE).read_bytes(), type=Checkpoint)
        if io.sha256(path / _TENSORS) != checkpoint.sha256:
            raise Damaged(f"{_TENSORS} is not what was written; {hint}", file=path)
        tensors = load_file(path / _TENSORS)
    except (msgspec.MsgspecError, UnicodeDecodeError, FileNotFoundError, SafetensorError) as error:
        raise Damaged(f"cannot be read ({error}); {hint}", file=path) from error
    try:
        _load(module, {name.removeprefix("module."): tensors.pop(name) for name in list(tensors) if name[0] == "m"})
        _unflatten(optimiser, tensors)
    except (RuntimeError, KeyError, ValueError) as error:
        raise Damaged(f"is of another policy or optimiser ({error}); use another folder", file=path) from error
    return checkpoint


def _own(module: nn.Module) -> dict[str, Tensor]:
    """Parameters once each: safetensors refuses tied weights, which a module lists under two names."""
    return dict(module.named_parameters()) | dict(module.named_buffers())


def _load(module: nn.Module, tensors: dict[str, Tensor]) -> None:
    own = _own(module)
    if own.keys() != tensors.keys():
        raise ValueError(f"names differ: {sorted(own.keys() ^ tensors.keys())[:3]}")
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)


def _flat(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    states: dict[int, dict[str, Any]] = optimiser.state_dict()["state"]
    return {
        f"optimiser.{number}.{key}": torch.as_tensor(value)
        for number, values in states.items()
        for key, value in values.items()
    }


def _unflatten(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        _, number, key = name.split(".")
        state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
