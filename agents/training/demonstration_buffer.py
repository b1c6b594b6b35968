"""The demonstration buffer: collected once before a run, kept in its folder, drawn from in supervised steps."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from berrypick import io, seeding
from berrypick.agents.methods.method import Refresh
from berrypick.agents.training.learner import DemonstrationBuffer, Learner
from berrypick.agents.training.update import Updater
from berrypick.errors import Damaged

#: Questions of the buffer are drawn from this number on: other draws than a run's own, of the
#: same worlds, so some are the same.
FIRST: Final = 2**18
_OURS: Final = ("mask", "script")


def kept(path: Path, learner: Learner, seed: int, questions: int) -> DemonstrationBuffer:
    """Read the buffer of a run, which is collected where there is none yet.

    Raises:
        BadInput: no script is right.
        Damaged: the file is no buffer; the message names it.
    """
    if not path.exists():
        buffer = learner.demonstrate(seed, FIRST, questions)
        inputs = {f"inputs.{name}": tensor for name, tensor in buffer.inputs.items()}
        io.write_bytes(path, safetensors.torch.save({"mask": buffer.mask, "script": buffer.script} | inputs))
    try:
        found = safetensors.torch.load(path.read_bytes())
        mask, script = (found.pop(name) for name in _OURS)
    except (SafetensorError, KeyError) as error:
        raise Damaged(f"not demonstrations ({error}); delete the file, it is then made again", file=path) from error
    return DemonstrationBuffer(mask, {name.removeprefix("inputs."): tensor for name, tensor in found.items()}, script)


def draw(buffer: DemonstrationBuffer, size: int, generator: np.random.Generator) -> Tensor:
    """Draw demonstrations with replacement: their scripts uniformly, then one of each script's. Shape (size,)."""
    of_script = [(buffer.script == number).nonzero().flatten() for number in torch.unique(buffer.script)]
    chosen = [of_script[number] for number in generator.integers(len(of_script), size=size)]
    return torch.stack([rows[int(generator.integers(len(rows)))] for rows in chosen])


def refresh(updater: Updater, buffer: DemonstrationBuffer, how: Refresh, seed: int, step: int) -> dict[str, float]:
    """Do the supervised steps that come after a step of a run.

    Returns:
        ``loss``, mean of -log p over demonstrated tokens, nats; ``tokens``, their number; ``episodes``, how many
        demonstrations they were of. Nothing where none are due.

    Raises:
        Diverged: a loss or gradient is NaN or infinite.
    """
    if (step + 1) % how.every:
        return {}
    generator = seeding.rng(seed, "demonstration", step)
    nats, tokens = 0.0, 0
    for _ in range(how.steps):
        rows = draw(buffer, how.batch, generator)
        nats += updater.imitate(buffer, rows, how.loss)
        tokens += int(buffer.mask[rows].sum())
    return {"loss": nats / tokens, "tokens": float(tokens), "episodes": float(how.steps * how.batch)}
