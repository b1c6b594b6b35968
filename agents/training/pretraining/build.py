"""What the text starts have in common: demonstrations world by world, a policy that is fitted to them, one folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from berrypick import io
from berrypick.agents.lm.load import Card, pack, save
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training.pretraining.demonstrations import Demonstrations, collect, digest
from berrypick.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: Called with what was done, its number, and how many there are.
Progress = Callable[[str, int, int], None]

#: How the text starts are played: they read Almanac and write tags; no demonstrated action is longer.
CARD: Final = Card(corpora=("almanac",), protocols=("tags",), max_new_tokens=48)


class Source(NamedTuple):
    """Demonstrations of one kind.

    Attributes:
        folder: where they are kept.
        play: from a world's number and split to its demonstrations.
        worlds: train worlds of ``almanac-small``.
    """

    folder: str
    play: Callable[[int, str], Demonstrations]
    worlds: Sequence[int]


def write(
    made: dict[str, Any],
    sources: Sequence[Source],
    train: Callable[[Sequence[Demonstrations], Callable[[int, float], None]], PreTrainedModel],
    steps: int,
    out: Path,
    jobs: int,
    on_progress: Progress,
) -> str:
    """Make a start in ``out/policy``; goes on where an earlier call was stopped.

    Args:
        made: all that decides what comes out.
        sources: demonstrations.
        train: from these, and what is called after each step with its number and loss, to the policy.
        steps: in all.
        out: folder, which also holds the demonstrations.
        jobs: processes that collect demonstrations.
        on_progress: called after each world and each step.

    Returns:
        Hash of the demonstrations.

    Raises:
        BadInput: the folder holds another start, or one that was made otherwise.
    """
    claim(out, made)
    many = sum(len(source.worlds) for source in sources)
    seen = [
        collect(play, worlds, "train", out / folder, jobs=jobs, done=lambda world: on_progress(world, 0, many))
        for folder, play, worlds in sources
    ]
    model = train(seen, lambda step, loss: on_progress(f"loss {loss:.3f}", step + 1, steps))
    if not (out / "policy").exists():
        with io.new_folder(out / "policy") as draft:
            save(pack(model, make_tokenizer(), CARD), draft)
    return digest(*seen)


def claim(out: Path, made: dict[str, Any]) -> None:
    """Take a folder for a start; raises BadInput where it holds another, or the same made otherwise."""
    path, here = out / "start.json", msgspec.json.format(msgspec.json.encode(made)) + b"\n"
    if not path.exists():
        io.write_bytes(path, here)
    elif path.read_bytes() != here:
        raise BadInput("holds a start that was made otherwise; use another --out", file=path)
