"""Make rows of the policies of a sweep: each method with all seeds evaluated is one submission.

``python -P -m berrypick.leaderboard.maintain.sweep_rows SWEEP``: seconds a method.
What is there already is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import tyro
from rich.console import Console

from berrypick.benchmarks.studies.sweep import trials
from berrypick.benchmarks.studies.sweep.config import EVALUATION
from berrypick.benchmarks.studies.sweep.trials import TrialState
from berrypick.leaderboard import submit
from berrypick.leaderboard.baselines import name_of
from berrypick.leaderboard.board import groups, write
from berrypick.leaderboard.maintain.baseline_rows import FOLDER
from berrypick.leaderboard.schema import SEEDS, About

_CONSOLE: Final = Console(highlight=False)


def make(swept: Path, name: str, submissions: Path, jobs: int = 1) -> Iterator[tuple[str, bool]]:
    """Make the missing submissions of a sweep; methods without an evaluation of every seed have none.

    Args:
        swept: folder of the sweep.
        name: of the sweep, which stands in the rows' names.
        submissions: folder of submissions.
        jobs: processes that replay.

    Yields:
        Name of a submission, and whether it was made just now.
    """
    for track, runs in trials.tracks(trials.read(swept)).items():
        for method in dict.fromkeys(run.trial.method for run in runs):
            own = [run for run in runs if run.trial.method == method and run.result and run.trial.config]
            if sorted(run.trial.seed for run in own) != list(SEEDS):
                continue
            row = name_of(own[0].trial.suite, f"{name}-{track}-{method}")
            missing = not (submissions / row).exists()
            if missing:
                folders = [swept / run.trial.place / EVALUATION for run in own]
                submit.submit(folders, row, about(own), submissions, agent=f"lm:{track}/{method}", jobs=jobs)
            yield row, missing


def about(runs: Sequence[TrialState]) -> About:
    """What is stated of a method's policies; ``training_tokens`` is the mean of what a run generated and trained on."""
    trial = runs[0].trial
    assert trial.config is not None
    tokens = [run.before + sum(line.generated for line in run.lines) for run in runs]
    return About(
        method=trial.config.method,
        start=trial.start,
        training_tokens=round(sum(tokens) / len(tokens)),
        notes="one policy a seed, of a sweep: made by python -P -m berrypick.leaderboard.maintain.sweep_rows",
    )


def main(
    swept: Annotated[Path, tyro.conf.Positional],
    name: str | None = None,
    board_folder: Path = FOLDER,
    jobs: int = 1,
) -> None:
    """Make the missing rows of a sweep's policies and write the board.

    Args:
        swept: folder of the sweep.
        name: of the sweep in the rows' names; that of the folder by default.
        board_folder: folder of the board, with its submissions.
        jobs: processes.
    """
    for row, new in make(swept, name or swept.resolve().name, board_folder / "submissions", jobs):
        _CONSOLE.print(f"{row}: {'submitted' if new else 'there already'}", markup=False)
    write.write(board_folder, write.render(groups.read(board_folder / "submissions")))
    _CONSOLE.print(f"Board: {board_folder / write.PAGE}", markup=False)


if __name__ == "__main__":
    tyro.cli(main)
