"""What ``berrypick study refine`` does: the success of second attempts of one policy, as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from berrypick import io
from berrypick.agents.critics import CRITICS
from berrypick.benchmarks import provenance
from berrypick.benchmarks.provenance import Provenance
from berrypick.benchmarks.result import canonical
from berrypick.benchmarks.run import Progress
from berrypick.benchmarks.studies.critique.second_attempts import AttemptStats, Sizes, try_again
from berrypick.errors import BadInput
from berrypick.records import Record

if TYPE_CHECKING:
    from berrypick.agents.training.learner import TextLearner


class Refined(Record):
    """The file; attributes are the arguments of ``measure``, what it found, and where that comes from.

    Attributes:
        weights: hash of the policy's, "" for one of the hub.
        splits: what became of each split's questions.
    """

    policy: str
    weights: str
    env: str
    options: dict[str, Any]
    groups: int
    size: int
    seed: int
    critics: tuple[str, ...]
    splits: tuple[AttemptStats, ...]
    provenance: Provenance


def check(splits: Sequence[str], critics: Sequence[str], sizes: Sizes) -> None:
    """Raise BadInput or UnknownName for what cannot be measured."""
    for critic in critics:
        CRITICS[critic.partition(":")[0]]
    each_once("split", splits)
    each_once("critics", critics)
    sizes.check()


def each_once(field: str, values: Sequence[str]) -> None:
    """Raise BadInput where nothing is given, or something twice."""
    if not values or len(set(values)) < len(values):
        raise BadInput(f"must be one at least, each once; got {', '.join(values) or 'none'}", field=field)


def measure(
    policy: str,
    env: str,
    options: Mapping[str, Any],
    splits: Sequence[str],
    critics: Sequence[str],
    sizes: Sizes,
    command: Sequence[str],
    on_progress: Progress = lambda _: None,
) -> Refined:
    """Measure one policy of the text track.

    Args:
        policy: a published start or a folder.
        env: id of the environment.
        options: its arguments beside the split.
        splits: of the worlds that are played.
        critics: names that ``agents.critics.make`` takes.
        sizes: how much is played in each split.
        command: its words, for the file.
        on_progress: called after each batch of episodes with what was played.

    Raises:
        BadInput: a number is out of range, something is there twice, or the policy or environment cannot be used.
        UnknownName: no such critic, environment or split.
    """
    from berrypick.agents.lm.load import weights

    check(splits, critics, sizes)
    found = [
        try_again(learner, split, critics, sizes, on_progress)
        for split, learner in reading(policy, env, options, splits)
    ]
    source = provenance.collect(command, {}, {}, {})
    return Refined(policy, weights(policy), env, dict(options), *sizes, tuple(critics), tuple(found), source)


def reading(
    policy: str, env: str, options: Mapping[str, Any], splits: Sequence[str]
) -> Iterator[tuple[str, TextLearner]]:
    """A policy in the worlds of each split, as it plays and as it reads; BadInput where it plays in numbers."""
    from berrypick.agents.training.config import Config
    from berrypick.agents.training.tracks import make_learner, track_of

    if not track_of(env).is_text:
        raise BadInput(f"has to be in words, and {env} is in numbers; use the text track", field="env")
    for split in splits:
        yield split, cast("TextLearner", make_learner(Config("grpo", policy, env, {**options, "split": split})))


def write(path: Path, refined: Refined) -> None:
    """Write the file."""
    io.write_bytes(path, canonical(refined))
