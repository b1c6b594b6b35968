"""Trials of a sweep in pairs that share a seed: with and without an addition, from one start and from another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.result import BLANK
from berrypick.benchmarks.studies.sweep.config import BASELINE, START
from berrypick.benchmarks.studies.sweep.summary import Spread, by_seed, less, measures, spread
from berrypick.benchmarks.studies.sweep.trials import TrialState

#: Part of a name -> its controls: as much compute without its point, or what should make no difference.
CONTROLS: Final[Mapping[str, Sequence[str]]] = {
    "critique_grpo": ("more_rollouts", "critique_empty", "critique_noise"),
    "critique_answer": ("more_rollouts", "critique_empty", "critique_noise"),
    "hicra": ("hicra_random",),
    "hicra_grams": ("hicra_grams_random", "hicra_grams(kept=0.7)"),
}

#: What methods stand on where they are named without a base (their ``Addition.alone``).
ALONE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("clip_higher", "clip_cov", "kl_cov", "gppo", "ce_gppo", "forking_tokens", "erc"), "grpo_token"),
    **dict.fromkeys(("critique_grpo", "critique_verdict", "critique_answer"), "dr_grpo"),
    **dict.fromkeys(("critique_empty", "critique_noise", "more_rollouts"), "dr_grpo"),
}

_BySeed = Mapping[int, Mapping[str, Value]]


class Pair(NamedTuple):
    """Two sets of trials, seed by seed.

    Attributes:
        what: differs between them.
        where: what they share.
        seeds: planned in both.
        less: measure -> the first less the second, over the seeds that both have.
    """

    what: str
    where: str
    seeds: int
    less: dict[str, Spread]


def parts(method: str) -> frozenset[str]:
    """What a method's name is put together from, the baseline left out."""
    return frozenset(re.split(r"\+(?![^()]*\))", method.replace(" ", ""))) - {BASELINE}


def added(runs: Sequence[TrialState]) -> list[Pair]:
    """Methods of one track with an addition less those without it; additions that stand on two methods or more."""
    of_method, seeds = by_seed(runs), _seeds(runs)
    return [
        _pair(what, without, seeds[with_it] & seeds[without], of_method[with_it], of_method[without])
        for what, pairs in _additions(runs).items()
        for with_it, without in pairs
    ]


def averaged(runs: Sequence[TrialState]) -> list[Pair]:
    """The same, of each addition the mean over what it stands on, seed by seed; seeds that have all of it."""
    of_method, seeds = by_seed(runs), _seeds(runs)
    found = []
    for what, pairs in _additions(runs).items():
        planned = set.intersection(*(seeds[with_it] & seeds[without] for with_it, without in pairs))
        whole = [(of_method[with_it], of_method[without]) for with_it, without in pairs]
        names = dict.fromkeys(name for ours, _ in whole for own in ours.values() for name in own)
        gaps = {name: spread([_mean_gap(name, seed, whole) for seed in sorted(planned)]) for name in names}
        found.append(Pair(what, " and ".join(without for _, without in pairs), len(planned), gaps))
    return found


def _mean_gap(name: str, seed: int, pairs: Sequence[tuple[_BySeed, _BySeed]]) -> Value:
    gaps = [less(name, {seed: ours.get(seed, {})}, {seed: theirs.get(seed, {})}).value for ours, theirs in pairs]
    known = [gap for gap in gaps if gap is not None]
    return Value(sum(known) / len(known), None, None, 0) if len(known) == len(gaps) else BLANK


def composed(runs: Sequence[TrialState]) -> dict[str, frozenset[str]]:
    """Methods of a track -> their parts, in order of mention.

    What is there on the baseline by name too (``grpo+critique_grpo``) stands on ``ALONE`` where it is named alone.
    """
    methods = dict.fromkeys(run.trial.method for run in runs if run.trial.method != START)
    return {name: parts(name) | (_alone(name) if f"{BASELINE}+{name}" in methods else set()) for name in methods}


def _alone(method: str) -> set[str]:
    """The base that the parts of a name stand on by themselves."""
    return {ALONE[row] for part in parts(method) if (row := part.partition("(")[0]) in ALONE}


def _additions(runs: Sequence[TrialState]) -> dict[str, list[tuple[str, str]]]:
    """Addition -> pairs of methods with it and without it, where there are two or more."""
    methods = composed(runs)
    found: dict[str, list[tuple[str, str]]] = {}
    for with_it, whole in methods.items():
        for without, rest in methods.items():
            more = whole - rest
            if len(more) == 1 and rest < whole:
                found.setdefault(next(iter(more)), []).append((with_it, without))
    return {what: pairs for what, pairs in found.items() if len(pairs) > 1}


def controlled(runs: Sequence[TrialState]) -> list[Pair]:
    """Methods of one track less the same with a control in place of a part of them."""
    methods = composed(runs)
    named = {whole: method for method, whole in methods.items()}
    of_method, seeds = by_seed(runs), _seeds(runs)
    found = []
    for method, whole in methods.items():
        for part in sorted(whole):
            rest = whole - {part}
            for control in CONTROLS.get(part, ()):
                if other := named.get(rest | {control}):
                    what, where = f"{part} less {control}", "+".join(sorted(rest)) or BASELINE
                    both = seeds[method] & seeds[other]
                    found.append(_pair(what, where, both, of_method[method], of_method[other]))
    return found


def between(tracks: Mapping[str, Sequence[TrialState]]) -> list[Pair]:
    """Methods of one track less the same of another, where the two differ in their start alone.

    Measures that need the other trials of a track mean something within that track only, and are left out.
    """
    found = []
    for (one, ours), (other, theirs) in combinations(tracks.items(), 2):
        if ours[0].trial.start != theirs[0].trial.start and _elsewhere(ours) == _elsewhere(theirs):
            here, there = _seeds(ours), _seeds(theirs)
            found += [
                _pair(f"{one} less {other}", name, here[name] & there[name], _of(ours, name), _of(theirs, name))
                for name in here
                if name in there
            ]
    return found


def _elsewhere(runs: Sequence[TrialState]) -> object:
    """What trials of a track have in common beside their start."""
    config = next(run.trial.config for run in runs if run.trial.config)
    return config.env, config.options, config.steps, runs[0].trial.suite


def _seeds(runs: Sequence[TrialState]) -> dict[str, set[int]]:
    """Planned seeds of each method."""
    found: dict[str, set[int]] = {}
    for run in runs:
        found.setdefault(run.trial.method, set()).add(run.trial.seed)
    return found


def _of(runs: Sequence[TrialState], method: str) -> dict[int, dict[str, Value]]:
    return {run.trial.seed: own for run in runs if run.trial.method == method and (own := measures(run))}


def _pair(what: str, where: str, seeds: set[int], ours: _BySeed, theirs: _BySeed) -> Pair:
    names = dict.fromkeys(name for found in ours.values() for name in found)
    return Pair(what, where, len(seeds), {name: less(name, ours, theirs) for name in names})
