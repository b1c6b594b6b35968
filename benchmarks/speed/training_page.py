"""The table of training steps: seconds, tokens a second and shares of the phases, ours against TRL's."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from operator import truediv
from typing import Final, NamedTuple

from berrypick.benchmarks.provenance import Provenance
from berrypick.benchmarks.speed.training_step import Step
from berrypick.records import Record


class Block(Record):
    """Steps of both trainers that were measured one after the other; ``peer`` is empty where TRL is not installed."""

    ours: tuple[Step, ...]
    peer: tuple[Step, ...]


class Report(Record):
    """What was measured, and with what.

    Attributes:
        provenance: command, commit, versions, machine.
        start: the policy.
        provisional: why these figures are not final, "" where they are.
        missing: why TRL was not measured, "" where it was.
        blocks: one seed each.
    """

    provenance: Provenance
    start: str
    provisional: str
    missing: str
    blocks: tuple[Block, ...]


class TrainingRow(NamedTuple):
    """One line of the table.

    Attributes:
        what: what it shows, for readers.
        unit: of the value.
        value: of a step.
        ratio: of our value and TRL's, above 1 where we are faster; None where neither is better.
        target: what the ratio should be (docs/design.md), None where it is only reported.
    """

    what: str
    unit: str
    value: Callable[[Step], float]
    ratio: Callable[[float, float], float] | None = None
    target: float | None = None


ROWS: Final = (
    TrainingRow("step", "s", lambda step: step.seconds, lambda ours, peer: peer / ours),
    TrainingRow("rollout", "generated tokens/s", lambda step: step.generated / step.rollout, truediv),
    TrainingRow("update", "tokens/s", lambda step: step.scored / step.update, truediv),
    TrainingRow(
        "rollout and update", "tokens/s", lambda step: step.scored / (step.rollout + step.update), truediv, 2.0
    ),
    TrainingRow("share of rollout", "%", lambda step: 100 * step.rollout / step.seconds),
    TrainingRow("share of update", "%", lambda step: 100 * step.update / step.seconds),
    TrainingRow("share of the rest", "%", lambda step: 100 * step.other / step.seconds),
    # Both must have played alike, or the rows above compare different things.
    TrainingRow("actions an episode", "", lambda step: step.turns / step.episodes),
    TrainingRow("generated tokens an episode", "", lambda step: step.generated / step.episodes),
    TrainingRow("all tokens an episode", "", lambda step: step.scored / step.episodes),
)
HEADER: Final = ("what", "unit", "berrypick", "TRL", "times faster", "range", "target", "")
_METHOD: Final = """\
One step: 12 questions x 8 rollouts of GRPO, one pass over them in 4 updates of 24 episodes, one thread, float32, no log
and no checkpoints. Both start from the same weights, ask the same tasks in the same order of the same SearchEnv, end an
action at the same tokens and limits, and learn at a rate so small (1e-8) that both go on playing the start. TRL runs
GRPOTrainer with `environment_factory` and `transformers` generation, gradient checkpointing off. Rollout is from the
choice of tasks to rewards; update is every forward and backward pass over the batch and the optimiser.

What differs, each as the trainer has it: TRL reads the whole conversation anew at every turn, we feed what is new; TRL
scores old log-probabilities in a pass of its own (counted as update), we keep them from sampling; both score four
episodes at once, which TRL pads to the longest of all 96, we to the longest of the four; TRL computes logits at every
place after the prompt, we where the policy wrote; TRL mixes the groups in an update, we keep them whole; among the
rollouts we name each episode's strategy, TRL computes advantages and statistics of its own.

Seconds are processor time of all threads, so that tokens/s are per core whatever else the machine does. Numbers are
medians over steps; "times faster" is the median over blocks, in each of which both were measured, the range that of the
blocks.
"""


def cells(row: TrainingRow, blocks: Sequence[Block]) -> tuple[str, ...]:
    """Write a row of the table."""
    ours = [_median(row, block.ours) for block in blocks]
    peer = [_median(row, block.peer) for block in blocks if block.peer]
    ratios = [row.ratio(*pair) for pair in zip(ours, peer, strict=True)] if row.ratio and peer else []
    value = statistics.median(ratios) if ratios else None
    verdict = ""
    if row.target is not None:
        verdict = "not measured" if value is None else "met" if value >= row.target else "missed"
    return (
        row.what,
        row.unit,
        _number(statistics.median(ours)),
        _number(statistics.median(peer)) if peer else "",
        "" if value is None else f"{_number(value)} x",
        f"{_number(min(ratios))}-{_number(max(ratios))}" if ratios else "",
        "" if row.target is None else f">= {row.target:g} x",
        verdict,
    )


def _median(row: TrainingRow, steps: Sequence[Step]) -> float:
    return statistics.median(row.value(step) for step in steps)


def _number(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def title(report: Report) -> str:
    """Say on one line what was run, on which machine."""
    made = report.provenance
    changed = " with changes" if made.dirty else ""
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    steps = sum(len(block.ours) for block in report.blocks)
    return (
        f"`{made.command}` at {(made.commit or 'no commit')[:10]}{changed}: {steps} steps of each in "
        f"{len(report.blocks)} blocks from `{report.start}`, {made.device['cores']} cores, {made.device['system']}; "
        f"{versions}."
    )


def notes(report: Report) -> str:
    """Say what is lacking, a paragraph each."""
    said = (("Provisional", report.provisional), ("TRL was not measured", report.missing))
    return "".join(f"{what}: {reason}.\n\n" for what, reason in said if reason)


def as_markdown(report: Report) -> str:
    """Return the report as a Markdown page."""
    lines = [HEADER, ("---",) * len(HEADER), *(cells(row, report.blocks) for row in ROWS)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"# Speed of training\n\n{title(report)}\n\n{notes(report)}{table}\n\n{_METHOD}"
