"""``study failures``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from berrypick.cli.console import OUT, steps, table

Policy = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="POLICY")]


def failures(policy: Policy, suite: str = "quick", seed: int = 0, questions: int = 75, rollouts: int = 16) -> int:
    """Print where the episodes of a policy fail: evidence missing, evidence complete and answer wrong, or no answer.

    A recorded run is read and its actions are played again, which needs no model. Anything else is an agent that
    `berrypick list agents` lists, or a start or a folder with a language model; it is played in the plain cells of a
    suite. The default suite is `quick`.

    Args:
        policy: folder of a run, or an agent, a start or a folder with a policy.
        suite: where an agent is played.
        seed: of the agent's sampling and of the intervals.
        questions: questions in each cell where an agent is played.
        rollouts: episodes of each question where an agent is played.
    """
    from berrypick import agents
    from berrypick.benchmarks import result
    from berrypick.benchmarks.report.tables import number
    from berrypick.benchmarks.studies import failures as study
    from berrypick.benchmarks.suites import cells_of, reduced

    if (Path(policy) / result.RESULT).is_file():
        lines = study.table(study.replayed(Path(policy)), seed)
    else:
        agent = agents.make(policy if ":" in policy or policy in agents.AGENTS else f"lm:{policy}")
        cells = [cell for cell in reduced(cells_of(suite), questions, rollouts) if agent.reads(cell.corpus)]
        with steps() as start_progress:
            on_progress = start_progress(sum(cell.plain for cell in cells))
            lines = study.table(study.played(agent, cells, seed, on_progress), seed)
    heads = ("share", "95 %", "episodes")
    made = table(f"Where {policy} fails", "class", *heads, right=heads)
    for line in lines:
        between = f"{number(line.share.low)} to {number(line.share.high)}"
        made.add_row("  " * line.level + line.name, number(line.share.value), between, f"{line.episodes:,}")
    OUT.print(made)
    return 0
