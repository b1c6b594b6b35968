"""``bench`` and ``compare``."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import tyro

from berrypick.cli.console import ERR, OUT, steps, table
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

if TYPE_CHECKING:
    from rich.table import Table

    from berrypick.benchmarks.executor import Executor
    from berrypick.benchmarks.result import Result

Agents = Annotated[
    list[str], tyro.conf.Positional, tyro.conf.arg(metavar="AGENT ...", help_behavior_hint="(one or more)")
]
Run = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]

SUITE_HINT: Final = "(default: as many as the suite has)"
OUT_HINT: Final = "(default: runs/SUITE-SEED, for one agent runs/AGENT-SUITE-SEED)"

#: Columns of the table that ``bench`` prints for each cell; the report has more.
COLUMNS: Final = ("EM", "grounded", "pass@16", "strategies_D2", "searches")
#: Cells that fit under each other in a terminal.
MOST_CELLS: Final = 2
#: Agents whose knock-outs have a table each in a terminal.
MOST_AGENTS: Final = 3


def bench(
    agents: Agents,
    suite: str = "quick",
    seed: int = 0,
    protocol: str = "tags",
    salt: Annotated[
        Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="(default: everybody's worlds)")
    ] = None,
    questions: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint=SUITE_HINT)] = None,
    rollouts: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint=SUITE_HINT)] = None,
    dominant_move_of: Annotated[
        Path | None, tyro.conf.arg(metavar="RUN", help_behavior_hint="(default: each agent's own)")
    ] = None,
    out: Annotated[Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint=OUT_HINT)] = None,
    jobs: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: number of cores)")] = None,
    on: str = "local",
    overwrite: bool = False,
) -> int:
    """Run agents through a suite; write results, episodes and a report, and print a table.

    A run that was interrupted goes on where it stopped when the same command is given again.

    Args:
        agents: agents that `berrypick list agents` lists; patterns such as 'scripted:*' stand for several.
        suite: a suite that `berrypick list suites` lists, or corpus:NAME for one corpus alone.
        protocol: how agents write actions, tags or tools.
        seed: of the agents' sampling, 0 to 2**32 - 1; the questions belong to the suite.
        salt: file of a private salt: play in worlds drawn from it, which nobody has seen; the result holds its hash.
        questions: ask so many in each cell: a smoke test, which cannot be submitted.
        rollouts: play each question so often: likewise a smoke test.
        dominant_move_of: run of another agent: refuse its dominant move where the suite refuses one, so that agents are
            compared under the same knock-out; the result cannot be submitted.
        out: folder for the run; with several agents, each gets a folder in it.
        jobs: processes.
        on: local, or ray[:ADDRESS][?cpus=1&gpus=0]: what a worker needs; without an address, a cluster of this machine.
        overwrite: replace a run of another configuration that the folder holds.
    """
    from berrypick.benchmarks import result
    from berrypick.benchmarks.report import page as report_page
    from berrypick.benchmarks.run import run
    from berrypick.corpora import CORPORA, private_worlds

    names = expand(agents)
    if not names:
        raise BadInput("name at least one; `berrypick list agents` lists them", field="AGENT")
    out = out or default_out(names, suite, seed)
    drawn_from = private_worlds.use(CORPORA, salt) if salt else ""
    with steps() as start_progress:
        processes = cores() if jobs is None else jobs
        folders = run(
            names,
            suite,
            seed,
            out,
            protocol=protocol,
            salt=drawn_from,
            questions=questions,
            rollouts=rollouts,
            dominant_move_of=dominant_move_of,
            jobs=processes,
            overwrite=overwrite,
            executor=open_executor(on, processes),
            start_progress=start_progress,
        )
    runs = [result.read(folder) for folder in folders]
    page = report_page.write(runs, out)
    tell(runs, folders)
    OUT.print(f"Report: {page}", markup=False, soft_wrap=True)
    return 0


def tell(runs: Sequence[Result], folders: Sequence[Path]) -> None:
    """Print what came out of runs, what it took, and what failed."""
    OUT.print(summary(runs))
    if (kept := resilience(runs)) is not None:
        OUT.print(kept)
    if len(runs) <= MOST_AGENTS and (absolute := under_knockouts(runs)) is not None:
        OUT.print(absolute)
    OUT.print("strategies_D2: after the stroke its ceiling, which hop_mixture measures in the same cell.")
    OUT.print(
        "\u2013: too few questions to say, or a corpus the agent does not read. Intervals and more: in the report."
    )
    for reason in dict.fromkeys(one.barred for one in runs):
        if reason:
            OUT.print(f"This is {reason}.", markup=False, soft_wrap=True)
    for one, folder in zip(runs, folders, strict=True):
        if one.provenance.cost:
            OUT.print(f"{one.agent} took {spent(one.provenance.cost)}", markup=False, soft_wrap=True)
        if one.errors:
            ERR.print(f"{one.agent}: {one.errors} rollouts failed and count as misses; see {folder / 'errors.log'}")


def default_out(names: Sequence[str], suite: str, seed: int) -> Path:
    """Where a run goes that is given no folder."""
    from berrypick.benchmarks.run import folder_name

    return Path("runs") / "-".join([*map(folder_name, (*(names if len(names) == 1 else ()), suite)), str(seed)])


def open_executor(on: str, jobs: int) -> Executor | None:
    """Return what does the jobs: None for processes of this machine.

    Raises:
        UnknownName: no such executor.
        BadInput: its address or settings are malformed, or the extra ``ray`` is not installed.
    """
    kind = on.partition(":")[0].partition("?")[0]
    if kind not in ("local", "ray") or (kind == "local" and on != "local"):
        raise UnknownName("executor", on, ["local", "ray"])
    if kind == "local":
        return None
    try:
        from berrypick.integrations.ray import open_ray
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise BadInput("ray is not installed; pip install 'berrypick[ray]'", field="on") from error
    return open_ray(on.removeprefix("ray").removeprefix(":"), jobs)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def expand(patterns: Sequence[str]) -> list[str]:
    """Replace patterns by the agents that they match, in the order given, each once; raises UnknownName.

    The argument of a kind is no pattern: ``chat:http://[::1]:80/v1:m?temperature=0``.
    """
    from berrypick.agents import AGENTS, KINDS

    names: dict[str, None] = {}
    for pattern in patterns:
        is_pattern = any(letter in pattern for letter in "*?[") and pattern.partition(":")[0] not in KINDS
        found = fnmatch.filter(AGENTS, pattern) if is_pattern else [pattern]
        if not found:
            raise UnknownName("agent", pattern, list(AGENTS))
        names.update(dict.fromkeys(found))
    return list(names)


def spent(cost: Mapping[str, float]) -> str:
    """A cost in words: "1,920 requests, 3 retries"."""
    return ", ".join(f"{value:,.0f} {name.replace('_', ' ')}" for name, value in cost.items())


def summary(runs: Sequence[Result]) -> Table:
    """One row an agent under each plain cell's name, or with the means over them where there are many; 80 columns."""
    from berrypick.benchmarks.metrics import ceilings
    from berrypick.benchmarks.report import columns
    from berrypick.benchmarks.report.tables import number
    from berrypick.benchmarks.result import BLANK, CellResult

    plain = columns.plain(runs)
    shown = table(f"suite {runs[0].suite}, seed {runs[0].seed}", "agent", *COLUMNS, right=COLUMNS)
    for column in plain if len(plain) <= MOST_CELLS else [None]:
        shown.add_row(f"in {column.label}" if column else "mean over cells", style="bold")
        for run in runs:
            part = column.cells.get(run.agent) if column else run
            cells = [number(part.metrics.get(name, BLANK).value if part else None) for name in COLUMNS]
            found = ceilings.ceiling_of(part) if isinstance(part, CellResult) else None
            if found and part and part.metrics.get("strategies_D2", BLANK).value is not None:
                cells[COLUMNS.index("strategies_D2")] += f" / {number(found.value)}"
            shown.add_row(run.agent, *cells)
    return shown


def under_knockouts(runs: Sequence[Result]) -> Table | None:
    """EM under each knock-out with its interval, and EM_K / EM_0 beside it; None where the suite has none.

    A row is a cell of an agent, so that many agents make a long table; the report has it for any number.
    """
    from berrypick.benchmarks.report.tables import number
    from berrypick.benchmarks.result import BLANK

    heads = ("EM_K", "95 %", "EM_K / EM_0", "95 % ")
    shown = table("EM under knock-outs", "knock-out", *heads, right=heads)
    for run in runs:
        rows = [cell for cell in run.cells if "retained_accuracy" in cell.metrics]
        if rows:
            shown.add_row(f"of {run.agent}", style="bold")
        for cell in rows:
            parts = list[str]()
            for name in ("EM", "retained_accuracy"):
                value = cell.metrics.get(name, BLANK)
                parts += [number(value.value), f"{number(value.low)} to {number(value.high)}"]
            shown.add_row(cell.change, *parts)
    return shown if shown.row_count else None


def resilience(runs: Sequence[Result]) -> Table | None:
    """One row an agent: what is left under knock-outs, with EM beside it; None where the suite has none."""
    from berrypick.benchmarks.report.tables import number
    from berrypick.benchmarks.result import BLANK

    if not any("resilience_mean" in run.metrics for run in runs):
        return None
    heads = ("resilience", "worst resilience", "EM there")
    shown = table("knock-outs", "agent", *heads, "worst_knockout", right=heads)
    for run in runs:
        # Whatever has an EM of its own at the top level was knocked out.
        changes = [name.removeprefix("EM_") for name in run.metrics if name.startswith("EM_")]
        kept = {change: run.metrics[f"resilience_{change}"].value for change in changes}
        known = {change: value for change, value in kept.items() if value is not None}
        worst = min(known, key=lambda change: known[change], default="")
        values = (run.metrics.get(name, BLANK).value for name in ("resilience_mean", "resilience_worst", f"EM_{worst}"))
        shown.add_row(run.agent, *map(number, values), worst)
    return shown


def compare(first: Run, second: Run, seed: int = 0, matched: bool = False) -> int:
    """Compare two runs on the questions that both have; "better" is said only where the 95 % interval excludes 0.

    Args:
        first: a run folder.
        second: a run folder of the same suite.
        seed: of the resampling.
        matched: compare how diverse the first grounded successes of both are, as many of each on every question, so
            that the accuracy of neither plays a part; questions on which one has fewer than two are left out.
    """
    from berrypick.benchmarks.compare import compare as differences

    a, b, questions, rows = differences(first, second, seed, matched=matched)
    asked = f"{questions} questions" + (" with two successes or more in both, as many of each" if matched else "")
    title = f"{a.agent} less {b.agent}, suite {a.suite}: {asked}"
    shown = table(title, "metric", "difference", "95 % interval", "n", "", right=("difference", "n"))
    for name, row in rows.items():
        if row.value is not None:
            winner = {"first": a.agent, "second": b.agent}.get(row.better)
            between = "" if row.low is None or row.high is None else f"{row.low:+.3f} to {row.high:+.3f}"
            shown.add_row(name, f"{row.value:+.3f}", between, str(row.n), f"{winner} is better" if winner else "")
    OUT.print(shown)
    return 0 if shown.row_count else 1
