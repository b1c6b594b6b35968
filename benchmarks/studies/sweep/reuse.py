"""Trials that another sweep has run already: the same but for the name of their track."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from berrypick import io
from berrypick.benchmarks.result import canonical
from berrypick.benchmarks.studies.sweep import config
from berrypick.benchmarks.studies.sweep.config import EVALUATION, TRAINING, TRIAL, Plan, Trial
from berrypick.benchmarks.studies.sweep.runner import is_done


def reuse(plan: Plan, out: Path, others: Sequence[Path]) -> list[Trial]:
    """Copy what is done elsewhere and not here.

    Args:
        plan: what is to be run.
        out: folder of its sweep.
        others: folders of other sweeps.

    Returns:
        The trials that were copied.

    Raises:
        BadInput: one of the others is no folder of a sweep, or ``out`` holds trials that differ.
    """
    done = {
        _key(trial): folder / trial.place
        for folder in others
        for trial in config.planned(folder).trials
        if is_done(trial, folder)
    }
    with io.locked(out):
        config.claim(plan, out)
        wanted = [trial for trial in plan.trials if _key(trial) in done and not is_done(trial, out)]
        for trial in wanted:
            with io.locked(out / trial.place):  # a process of a sweep that was killed may be at work there still
                _copy(done[_key(trial)], trial, out / trial.place)
    return wanted


def _key(trial: Trial) -> bytes:
    return canonical(replace(trial, track=""))


def _copy(source: Path, trial: Trial, target: Path) -> None:
    """Put the copy in place of what was begun, all at once."""
    copy = target.with_name(f"{target.name}.copy")
    shutil.rmtree(copy, ignore_errors=True)  # of a call that was killed
    with io.new_folder(copy) as draft:
        for part in (TRAINING, EVALUATION):
            if (source / part).is_dir():
                shutil.copytree(source / part, draft / part)
        io.write_bytes(draft / TRIAL, canonical(trial))
    shutil.rmtree(target, ignore_errors=True)
    copy.rename(target)
