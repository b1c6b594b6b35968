"""The folder of a training run: what is in it, and how it is read.

``config.json`` (``Config``), ``metrics.jsonl`` (one ``Line`` a step), ``checkpoints/``, ``policy/`` with the final
weights; ``grams.json``, ``critics.json`` and ``demonstrations.safetensors`` where a method needs them. Loads no torch,
so that a report can be written where nothing was trained.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from berrypick import io
from berrypick.agents.training.config import Config, upgrade
from berrypick.errors import BadInput
from berrypick.records import Record

CONFIG: Final = "config.json"
METRICS: Final = "metrics.jsonl"
CHECKPOINTS: Final = "checkpoints"
POLICY: Final = "policy"
#: What was mined before the first step, where the method asks for it (``text.ngrams``).
GRAMS: Final = "grams.json"
#: What was demonstrated before the first step, where the method imitates scripts (``demonstration_buffer``).
DEMONSTRATIONS: Final = "demonstrations.safetensors"
#: The critics that were trained before the first step, where the method asks for them (``treesearch.critics``).
CRITICS: Final = "critics.json"
#: The weights in ``policy/``, and in the folder of a start.
WEIGHTS: Final = "model.safetensors"

#: The share of the strategies that ``Line.strategies`` does not name.
OTHER: Final = "other"

#: What to do about a run that is not whole.
AGAIN: Final = "the same `berrypick train` command goes on from the last checkpoint"


class Line(Record):
    """One step, as ``metrics.jsonl`` has it; None where a value is not defined. Means are over episodes unless said.

    Attributes:
        step: number of the step.
        reward: mean.
        group_variance: mean over groups of the variance of rewards within one (of the whole group, not of a sample).
        informative_groups: share of groups whose rewards are not all the same.
        entropy: exact, in nats, mean over generated tokens.
        entropy_think: the same over tokens of a kind (``methods.batch.TOKEN_TYPES``).
        entropy_tool: see ``entropy_think``.
        entropy_query: see ``entropy_think``.
        entropy_answer: see ``entropy_think``.
        tokens: generated.
        tokens_think: generated, of a kind.
        tokens_tool: see ``tokens_think``.
        tokens_query: see ``tokens_think``.
        tokens_answer: see ``tokens_think``.
        logprob_correct: over rewarded episodes, mean of the mean log-probability of an episode's generated tokens when
            they were sampled: falling, it is the early warning of LLDS (arXiv 2512.04220).
        covariance: of log-probability when sampled and advantage, over generated tokens of the episodes trained on;
            entropy falls where it is positive (Cui et al. 2025, arXiv 2505.22617).
        clip_fraction: share of generated tokens that plain PPO with a range of .2 would clip, mean over updates. The
            range is the same for every method, so that runs compare; what a method itself does is its own business.
        clip_fraction_high: those of them with a ratio above 1.2 and a positive advantage.
        clip_fraction_low: those with a ratio below .8 and a negative advantage.
        approx_kl: mean over updates and generated tokens of ``(r - 1) - log r`` (Schulman 2020), r the ratio of
            probabilities now and when sampled.
        selected_tokens: share of generated tokens that the method's ``token_filter`` chose; ``marked`` in the file.
        loss: mean over updates.
        grad_norm: before clipping, mean over updates.
        lr: learning rate.
        strategies_D2: 1 / mean over groups with two or more grounded successes of the chance that two of them share a
            strategy (docs/design.md); None below ``diagnostics.FEWEST`` such groups, and where no two are alike.
        dominant_share: share of the commonest strategy among grounded successes.
        strategies: strategy -> share of the grounded successes, the commonest first; the rest under ``OTHER``.
        grounded: share of episodes.
        searches: mean.
        opens: mean.
        turns: mean.
        invalid: share of turns.
        unanswered: share of episodes.
        first_query_duplicates: chance that two episodes of a group begin with the same words, any order.
        episodes: played.
        selected: of them, trained on.
        seconds_rollout: playing.
        seconds_update: optimising.
        seconds_other: everything else.
        state: what the method's ``control`` made of this step's entropy, used in its updates.
        entropy_planning: as ``entropy``, over ``Batch.planning`` tokens.
        entropy_execution: the same over the others.
        tokens_planning: generated, ``Batch.planning``.
        tokens_strategic: generated, ``Batch.strategic``; None where none are known.
        tokens_dropped: generated in groups that were not trained on at all: what a filter that knew would have spared.
        reflection: see ``reflection.measured``.
        refinement: see ``augment.augmented``. No other value of a line counts what was played besides: it is not what
            the policy does by itself, or not at all questions alike.
        refresh: see ``demonstration_buffer.refresh``; no other value counts demonstrations.
        unsolved: share of groups without a reward above 0.
        critic_auc: see ``judging.critic_auc``.
    """

    step: int
    reward: float
    group_variance: float
    informative_groups: float
    entropy: float | None
    entropy_think: float | None
    entropy_tool: float | None
    entropy_query: float | None
    entropy_answer: float | None
    tokens: int
    tokens_think: int
    tokens_tool: int
    tokens_query: int
    tokens_answer: int
    logprob_correct: float | None
    covariance: float | None
    clip_fraction: float | None
    clip_fraction_high: float | None
    clip_fraction_low: float | None
    approx_kl: float | None
    selected_tokens: float | None = msgspec.field(name="marked")
    loss: float | None
    grad_norm: float | None
    lr: float
    strategies_D2: float | None
    dominant_share: float | None
    strategies: dict[str, float]
    grounded: float
    searches: float
    opens: float
    turns: float
    invalid: float
    unanswered: float
    first_query_duplicates: float | None
    episodes: int
    selected: int
    seconds_rollout: float
    seconds_update: float
    seconds_other: float
    state: dict[str, float]
    entropy_planning: float | None = None
    entropy_execution: float | None = None
    tokens_planning: int | None = None
    tokens_strategic: int | None = None
    tokens_dropped: int | None = None
    reflection: dict[str, float] = msgspec.field(default_factory=dict)
    refinement: dict[str, float] = msgspec.field(default_factory=dict)
    refresh: dict[str, float] = msgspec.field(default_factory=dict)
    unsolved: float | None = None
    critic_auc: float | None = None

    @property
    def generated(self) -> int:
        """Tokens that the step generated, those of refinements and further rollouts, kept or not, included."""
        return self.tokens + int(self.refinement.get("tokens", 0))


class Metrics(NamedTuple):
    """The steps of a run so far, and whether a half-written last line was left out."""

    lines: list[Line]
    cut: bool


def is_run(folder: Path) -> bool:
    """Whether a folder is a training run's, whole or not."""
    return (folder / METRICS).is_file()


def read_config(folder: Path) -> Config:
    """Read ``config.json``; BadInput names file and field."""
    path = _there(folder, CONFIG)
    return io.convert(upgrade(io.decode(path.read_bytes(), msgspec.json.Decoder(dict[str, Any]), path)), Config, path)


class _Made(msgspec.Struct):
    """What the files of what was made before the first step have in common."""

    tokens: int


_MADE: Final = msgspec.json.Decoder(_Made)


def generated_before(folder: Path) -> int:
    """Tokens that a run's policy had generated before the first step, for its n-grams or critics."""
    there = [path for name in (GRAMS, CRITICS) if (path := folder / name).is_file()]
    return sum(io.decode(path.read_bytes(), _MADE, path).tokens for path in there)


def read_metrics(folder: Path, *, unfinished: bool = False) -> Metrics:
    """Read ``metrics.jsonl``.

    Args:
        folder: of the run.
        unfinished: leave out a last line that was cut off, as ``kill -9`` may leave one, instead of raising.

    Raises:
        BadInput: no file, no whole line in it, a line that does not fit, or steps out of order; names file and line.
    """
    path = _there(folder, METRICS)
    *whole, rest = path.read_bytes().split(b"\n")
    if rest and not unfinished:
        raise BadInput(f"the line is cut off; {AGAIN}", file=path, line=len(whole) + 1)
    decoder = msgspec.json.Decoder(Line)
    lines = [io.decode(line, decoder, path, number) for number, line in enumerate(whole, 1)]
    if not lines:
        raise BadInput(f"holds no whole step yet; {AGAIN}", file=path)
    for number, (before, line) in enumerate(pairwise(lines), 2):
        if line.step <= before.step:
            raise BadInput(f"step {line.step} after step {before.step}", file=path, line=number, field="step")
    return Metrics(lines, bool(rest))


def _there(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise BadInput("is not there; `berrypick train METHOD --out DIR` writes it", file=folder / name)
    return folder / name
