"""The collapse report of one training run, assembled from its folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from berrypick.agents import starts
from berrypick.agents.training import run_dir as folders
from berrypick.agents.training.config import Config
from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks.studies.collapse import alarms as series
from berrypick.benchmarks.studies.collapse import weights
from berrypick.benchmarks.studies.collapse.amplification import Amplification, amplification
from berrypick.benchmarks.studies.collapse.entropy_law import Law, law, points
from berrypick.benchmarks.studies.collapse.weights import Overlap, Update, Weights
from berrypick.errors import BadInput
from berrypick.records import Record


class Run(NamedTuple):
    """A training run as its folder has it: ``label`` tells it apart from the others of a report."""

    label: str
    folder: Path
    config: Config
    lines: list[Line]
    cut: bool


class Collapse(Record):
    """What became of one run.

    Attributes:
        label: see ``Run``.
        steps: that the folder holds.
        alarms: name -> step at which it fired, None where it stayed silent (``collapse_series.ALARMS``).
        falls: the same of what they are to warn of (``collapse_series.FALLS``).
        phases: the same of planning and execution (``collapse_series.PHASES``).
        law: of entropy and reward.
        amplification: of strategies.
        update: of the weights, None where it was not measured.
        unmeasured: why not, "" where it was.
    """

    label: str
    steps: int
    alarms: dict[str, int | None]
    falls: dict[str, int | None]
    phases: dict[str, int | None]
    law: Law
    amplification: Amplification
    update: Update | None
    unmeasured: str


class Pair(Record):
    """Two runs from one start: whether they differ in nothing but the seed, and where their updates coincide."""

    first: str
    second: str
    seeds: bool
    overlaps: tuple[Overlap, ...]


def read(paths: Sequence[Path]) -> list[Run]:
    """Read training runs, which need not be finished; BadInput names file and line."""
    configs = [folders.read_config(path) for path in paths]
    plain = [f"{config.method} seed {config.seed}" for config in configs]
    runs = []
    for path, config, label in zip(paths, configs, plain, strict=True):
        lines, cut = folders.read_metrics(path, unfinished=True)
        named = label if Counter(plain)[label] == 1 else f"{label} ({path})"
        runs.append(Run(named, path, config, lines, cut))
    return runs


def analyse(runs: Sequence[Run]) -> tuple[list[Collapse], list[Pair]]:
    """Analyse runs, and the updates of those that start from the same weights pair by pair."""
    trained = [_weights(run) for run in runs]
    found = [_analyse(run, of_run) for run, of_run in zip(runs, trained, strict=True)]
    pairs = [
        _pair(a, b, *first, second[1])
        for (a, first), (b, second) in combinations(zip(runs, trained, strict=True), 2)
        if not isinstance(first, str) and not isinstance(second, str)
        if a.config.start == b.config.start
    ]
    return found, pairs


def _pair(a: Run, b: Run, start: Weights, first: Weights, second: Weights) -> Pair:
    alone = {**_settings(a.config), "seed": b.config.seed} == _settings(b.config)
    return Pair(a.label, b.label, alone, weights.overlaps(start, first, second))


def _settings(config: Config) -> dict[str, object]:
    return {name: getattr(config, name) for name in config.__struct_fields__}


def _weights(run: Run) -> tuple[Weights, Weights] | str:
    """Start and final weights, or why there are none."""
    try:
        return weights.load(Path(starts.find(run.config.start))), weights.load(run.folder / folders.POLICY)
    except BadInput as error:
        return str(error)
    except ImportError:
        return "torch and safetensors are not installed here: `pip install berrypick[train]`"


def _analyse(run: Run, trained: tuple[Weights, Weights] | str) -> Collapse:
    return Collapse(
        label=run.label,
        steps=len(run.lines),
        alarms=series.fired(run.lines, series.ALARMS),
        falls=series.fired(run.lines, series.FALLS),
        phases=series.fired(run.lines, series.PHASES),
        law=law(*points(run.lines)),
        amplification=amplification(run.lines),
        update=None if isinstance(trained, str) else weights.compare(*trained),
        unmeasured=trained if isinstance(trained, str) else "",
    )
