"""Make the project's own rows: play, submit, and write the board anew. What is there already is left as it is.

``berrypick board baselines``: hours.
After a kill the same command goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from berrypick import agents
from berrypick.benchmarks.run import folder_name, run
from berrypick.benchmarks.suites import cells_of
from berrypick.leaderboard import submit
from berrypick.leaderboard.baselines import ANCHORS, BASELINES, name_of
from berrypick.leaderboard.board import groups, write
from berrypick.leaderboard.schema import SEEDS, About
from berrypick.registry import UnknownName

FOLDER: Final = Path("leaderboard")
_CONSOLE: Final = Console(highlight=False)


def make(
    suites: Sequence[str], names: Sequence[str], out: Path, submissions: Path, jobs: int = 1
) -> Iterator[tuple[str, bool]]:
    """Make the missing submissions of some agents on some suites.

    An agent that reads none of a suite's cells has no row there.

    Args:
        suites: rows of ``SUITES``.
        names: agents of ``own.BASELINES``.
        out: where runs are kept; cells that are finished there are not played again.
        submissions: folder of submissions.
        jobs: processes.

    Yields:
        Name of a submission, and whether it was made just now.
    """
    for suite in suites:
        corpora = {cell.corpus for cell in cells_of(suite)}
        for agent in names:
            if not any(map(agents.make(agent).reads, corpora)):
                continue
            name = name_of(suite, agent)
            missing = not (submissions / name).exists()
            if missing:
                _submit(suite, agent, out / suite / folder_name(agent), submissions, jobs)
            yield name, missing


def _submit(suite: str, agent: str, out: Path, submissions: Path, jobs: int) -> None:
    runs = [run([agent], suite, seed, out / str(seed), jobs=jobs)[0] for seed in SEEDS]
    about = About(method="none", notes="made by make board-rows")
    submit.submit(runs, name_of(suite, agent), about, submissions, jobs=jobs)


def main(
    out: Path,
    suites: tuple[str, ...] = ("core", "robust", "real"),
    own: tuple[str, ...] = ANCHORS,
    board_folder: Path = FOLDER,
    jobs: int = 1,
) -> None:
    """Make the missing rows and write the board.

    Args:
        out: where runs are kept.
        suites: what is played.
        own: agents that play, of those that the project submits itself; ``all`` for all of them.
        board_folder: folder of the board, with its submissions.
        jobs: processes.

    Raises:
        UnknownName: an agent is none of the project's.
    """
    names = BASELINES if own == ("all",) else own
    for name in names:
        if name not in BASELINES:
            raise UnknownName("agent of the project", name, list(BASELINES))
    submissions = board_folder / "submissions"
    for name, new in make(suites, names, out, submissions, jobs):
        _CONSOLE.print(f"{name}: {'submitted' if new else 'there already'}", markup=False)
    write.write(board_folder, write.render(groups.read(submissions)))
    _CONSOLE.print(f"Board: {board_folder / write.PAGE}", markup=False)
