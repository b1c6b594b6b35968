"""The three critics of AlphaLLM (Tian et al. 2024, arXiv 2404.12253), each a logistic regression on an episode's trace.

The value critic says of any prefix how likely the episode ends right, the process critic whether its last turn leaves
the policy a fair chance, the outcome critic whether a whole episode was right. The paper trains three language models;
a policy of a million parameters is judged well enough by what can be counted, and in microseconds. They
see no gold and no confidence of the policy (``features``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from berrypick import io
from berrypick.agents.treesearch.features import NAMES, prefixes
from berrypick.envs.scoring.trace import Trace
from berrypick.errors import BadInput
from berrypick.records import Record

#: Their names, in the order in which everything of all three stands.
CRITIC_HEADS: Final = ("value", "process", "outcome")
#: Inverse strength of the penalty on weights.
_LOOSE: Final = 0.1


class Head(Record):
    """A logistic regression: sigmoid(bias + sum of weights x features).

    Attributes:
        weights: one for each of ``features.NAMES``.
        bias: added.
    """

    weights: tuple[float, ...]
    bias: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return probabilities. Shapes: (n, len(NAMES)); (n,)."""
        return np.asarray(1 / (1 + np.exp(-(features @ np.array(self.weights) + self.bias))))


class Scores(NamedTuple):
    """What the critics say of an episode so far, each between 0 and 1; ``process`` of its last turn, 0 before any."""

    value: float
    process: float
    outcome: float

    @property
    def total(self) -> float:
        """Their sum, with which states are backed up and episodes are ranked."""
        return self.value + self.process + self.outcome


class Critics(Record):
    """The three, as ``critics.json`` has them.

    Attributes:
        value: of a prefix.
        process: of a prefix, that is of the turn that it ends in.
        outcome: of a whole episode.
        features: ``features.NAMES`` as they were.
        episodes: that they were trained on.
        tokens: that the policy generated for it.
    """

    value: Head
    process: Head
    outcome: Head
    features: tuple[str, ...]
    episodes: int
    tokens: int

    def __post_init__(self) -> None:
        if self.features != NAMES:
            raise BadInput("were trained on other features than there are now; train them again", field="features")

    def score(self, trace: Trace) -> Scores:
        """Judge an episode where it stands."""
        now = prefixes(trace)[-1:]
        process = float(self.process(now)[0]) if trace.turns else 0.0
        return Scores(float(self.value(now)[0]), process, float(self.outcome(now)[0]))

    def turns(self, trace: Trace) -> np.ndarray:
        """Return the process critic's score of each turn. Shape (turns,)."""
        return self.process(prefixes(trace)[1:])


class Examples(NamedTuple):
    """What one critic learns from.

    Attributes:
        features: shape (n, len(NAMES)).
        label: shape (n,), bool.
    """

    features: np.ndarray
    label: np.ndarray


def fit(examples: Sequence[Examples], episodes: int, tokens: int) -> Critics:
    """Train the critics.

    Args:
        examples: of each of ``CRITIC_HEADS``.
        episodes: that they come from.
        tokens: that were generated for them.

    Raises:
        BadInput: all examples of a critic have one label.
    """
    heads = {kind: _head(kind, *each) for kind, each in zip(CRITIC_HEADS, examples, strict=True)}
    return Critics(**heads, features=NAMES, episodes=episodes, tokens=tokens)


def _head(kind: str, features: np.ndarray, label: np.ndarray) -> Head:
    from sklearn.linear_model import LogisticRegression

    if label.all() or not label.any():
        said = "right" if label.any() else "wrong"
        reason = f"all {len(label)} examples of the {kind} critic are {said}; use more episodes or another policy"
        raise BadInput(reason, field="episodes")
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    fitted = LogisticRegression(C=_LOOSE, max_iter=1000).fit((features - mean) / scale, label)
    weights = fitted.coef_[0] / scale
    bias = float(fitted.intercept_[0]) - float(weights @ mean)
    return Head(tuple(weights.tolist()), bias)


def read(path: Path) -> Critics:
    """Read ``critics.json``; BadInput names file and field."""
    return io.decode(path.read_bytes(), msgspec.json.Decoder(Critics), path)


def encode(critics: Critics) -> bytes:
    """The bytes of ``critics.json``."""
    return msgspec.json.format(msgspec.json.encode(critics)) + b"\n"
