"""``submit``, ``verify`` and ``board``: numbers that stand on replayed episodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import tyro

from berrypick.cli.bench import cores
from berrypick.cli.console import OUT, steps
from berrypick.cli.report import Runs
from berrypick.errors import BadInput

if TYPE_CHECKING:
    from berrypick.leaderboard.verify.submission import Verdict

Salt = Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="(default: everybody's worlds)")]
Paths = Annotated[
    list[Path], tyro.conf.Positional, tyro.conf.arg(metavar="PATH ...", help_behavior_hint="(one or more)")
]
Jobs = Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: number of cores)")]
FROM_RUNS: Final = "(default: what the runs say)"
Told = Annotated[str, tyro.conf.arg(metavar="STR", help_behavior_hint=FROM_RUNS)]
Said = Annotated[str, tyro.conf.arg(metavar="STR", help_behavior_hint="(default: none)")]
BOARD: Final = Path("leaderboard")
SUBMISSIONS: Final = BOARD / "submissions"


def submit(
    runs: Runs,
    name: Annotated[str, tyro.conf.arg(metavar="STR")],
    out: Path = SUBMISSIONS,
    agent: Told = "",
    model: Told = "",
    revision: Told = "",
    method: Said = "",
    start: Said = "",
    training_tokens: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: none)")] = None,
    hardware: Told = "",
    agent_url: Said = "",
    contact: Said = "",
    licence: str = "CC-BY-4.0",
    notes: Said = "",
    salt: Salt = None,
    jobs: Jobs = None,
) -> int:
    """Make a submission from runs of one agent on one suite, with seeds 0, 1 and 2.

    Every episode is replayed, and the numbers are those that replay gives. leaderboard/RULES.md says what they mean.

    Args:
        runs: run folders, one for each seed; of `berrypick bench`, or written by a loop of your own.
        name: of the submission: at most 64 small letters, digits, '.', '_' and '-'.
        out: folder in which the submission gets a folder of its name.
        agent: who played, where the runs' agents have different names.
        model: name or hub id of the model.
        revision: of the model: a commit, or a hash of its weights.
        method: how it was trained.
        start: what training started from.
        training_tokens: number of tokens that were trained on.
        hardware: what it ran on.
        agent_url: where the agent can be had, http or https.
        contact: whom to ask.
        licence: of the episodes.
        notes: anything else, on one line of at most 2000 characters.
        salt: private salt that the runs were played with.
        jobs: processes.
    """
    from berrypick.corpora import CORPORA, private_worlds
    from berrypick.leaderboard import submit as leaderboard_submit
    from berrypick.leaderboard.schema import About

    if salt:
        private_worlds.use(CORPORA, salt)
    about = About(
        model, revision, method, start, training_tokens, hardware, agent_url, contact, licence, notes
    )  # fmt: skip
    with steps() as start_progress:
        folder = leaderboard_submit.submit(
            runs, name, about, out, agent=agent or None, jobs=_jobs(jobs), start_progress=start_progress
        )
    OUT.print(f"Submission: {folder}", markup=False, soft_wrap=True)
    OUT.print(f"Check it with: berrypick verify {folder}", markup=False, soft_wrap=True)
    return 0


def verify(paths: Paths, salt: Salt = None, jobs: Jobs = None) -> int:
    """Replay submissions and compute every number again; exits with code 1 where one differs.

    What differs is printed with file, line, question and step. Nothing is written but corpora and indexes of the suite
    under BERRYPICK_HOME, where they are not there yet.

    Args:
        paths: submissions, or folders of submissions.
        salt: private salt that some of them were played with.
        jobs: processes.
    """
    from berrypick.corpora import CORPORA, private_worlds
    from berrypick.leaderboard.verify import submission

    if salt:
        private_worlds.use(CORPORA, salt)
    if not paths:
        raise BadInput("name at least one; `berrypick submit RUN ...` makes one", field="PATH")
    processes, failed = _jobs(jobs), 0
    for path in submission.find(paths):
        with steps() as start_progress:
            verdict = submission.verify(path, jobs=processes, start_progress=start_progress)
        _show(verdict)
        failed += bool(verdict.problems)
    return 1 if failed else 0


def board(
    submissions: Path = SUBMISSIONS, out: Path = BOARD, check: bool = False, restamp: bool = False, jobs: Jobs = None
) -> int:
    """Write the board from the submissions alone: README.md, leaderboard.csv and index.html.

    Args:
        submissions: folder of submissions.
        out: where to write.
        check: write nothing; exit with code 1 where a file is not what would be written.
        restamp: for maintainers: first verify each submission and write the versions of this release into its entry.
        jobs: processes that verify.
    """
    from berrypick.leaderboard.board import groups as boards
    from berrypick.leaderboard.board import write

    if restamp and not _restamp(submissions, _jobs(jobs)):
        return 1
    contents = write.render(boards.read(submissions))
    if check:
        old = write.stale(out, contents)
        for name in old:
            OUT.print(f"{out / name} is stale; `berrypick board write` writes it anew", markup=False, soft_wrap=True)
        return 1 if old else 0
    write.write(out, contents)
    OUT.print(f"Board: {out / write.PAGE}", markup=False, soft_wrap=True)
    return 0


def verify_all(folder: Path = BOARD, progress: Path = Path("runs/verify"), jobs: Jobs = None) -> int:
    """Verify every submission of a board with this source code, and write down what was found right (half an hour).

    The same command goes on after a kill. Submissions whose episodes stay with the keeper of a salt are left out.

    Args:
        folder: of the board, with its submissions.
        progress: folder for what this source code has verified so far.
        jobs: processes.
    """
    from berrypick.leaderboard.maintain import verify_all as maintain

    maintain.verify_all(folder, progress, _jobs(jobs))
    return 0


def baselines(
    out: Path = Path("runs/board"),
    suites: tuple[str, ...] = ("core", "robust", "real"),
    own: tuple[str, ...] = (),
    folder: Path = BOARD,
    jobs: Jobs = None,
) -> int:
    """Play and submit the project's own rows where they are missing, and write the board (half an hour).

    Args:
        out: folder for runs; finished cells in it are not played again.
        suites: suites that are played.
        own: agents of the project that play; all for all of them. None are four anchors.
        folder: of the board, with its submissions.
        jobs: processes.
    """
    from berrypick.leaderboard.baselines import ANCHORS
    from berrypick.leaderboard.maintain import baseline_rows

    baseline_rows.main(out, suites, own or ANCHORS, folder, _jobs(jobs))
    return 0


def golden() -> int:
    """Record the golden episodes anew; refused where behaviour changed and no version was raised."""
    from berrypick.benchmarks.golden.recording import FILE, update

    update()
    OUT.print(f"Golden episodes: {FILE}", markup=False, soft_wrap=True)
    return 0


def _restamp(submissions: Path, jobs: int) -> bool:
    """Restamp submissions; False where one was rejected."""
    from berrypick.leaderboard.maintain.restamp import restamp_all

    is_whole = True
    for one in restamp_all(submissions, jobs=jobs):
        OUT.print(f"{one.name}: {one.done or 'rejected'}", markup=False, soft_wrap=True)
        for problem in one.problems:
            OUT.print(f"  {problem}", markup=False, soft_wrap=True)
        is_whole &= not one.problems
    return is_whole


def _show(verdict: Verdict) -> None:
    from berrypick.leaderboard.untrusted import plain

    name = plain(verdict.path.resolve().name)
    if verdict.problems:
        OUT.print(f"{name}: rejected", style="bold red", markup=False, soft_wrap=True)
        for problem in verdict.problems:
            OUT.print(f"  {problem}", markup=False, soft_wrap=True)
        return
    drifted = f"; {verdict.drifted} steps with a dense list in another order" if verdict.drifted else ""
    OUT.print(f"{name}: replayed, {verdict.episodes} episodes{drifted}", style="green", markup=False, soft_wrap=True)
    for note in verdict.notes:
        OUT.print(f"  {note}; see leaderboard/RULES.md", markup=False, soft_wrap=True)


def _jobs(jobs: int | None) -> int:
    if jobs is not None and jobs < 1:
        raise BadInput(f"must be at least 1, got {jobs}", field="jobs")
    return cores() if jobs is None else jobs
