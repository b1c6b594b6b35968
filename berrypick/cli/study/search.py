"""``search``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from berrypick.cli.console import OUT, steps, table

if TYPE_CHECKING:
    from berrypick.benchmarks.metrics.base import Value
    from berrypick.benchmarks.stats.bootstrap import Difference
    from berrypick.benchmarks.studies.alphallm.result import Compared, Result

Policy = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="POLICY")]
Where = Annotated[Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: runs/search-POLICY)")]


def search(
    policy: Policy = "tiny-diverse",
    out: Where = None,
    seed: int = 0,
    corpus: str = "almanac-small",
    worlds: int = 4,
    critic_train_questions: int = 64,
    eval_questions: int = 48,
    group_size: int = 8,
    distill_questions: int = 48,
    threshold: float = 0.5,
    greedy_questions: int = 120,
    tree_tokens: int = 600,
) -> int:
    """Search with a policy as AlphaLLM does, and measure what that is worth.

    Trains value, process and outcome critics from the policy's rollouts; says how well they judge episodes in other
    worlds, and what choosing by each and by their sum is worth; grows trees over turns, against plain rollouts of as
    many generated tokens; lets the policy imitate what either found, and plays it greedily without search. Some minutes
    on one core; the same command goes on where it was stopped. Writes critics.json, search.json, and policy/, which
    imitated the trees.

    Args:
        policy: a published start, or a folder with a policy.
        out: folder for it.
        seed: of all draws.
        corpus: a corpus with train and dev worlds.
        worlds: of each.
        critic_train_questions: train questions that critics learn from.
        eval_questions: dev questions that they are judged on, and that are searched.
        group_size: rollouts a question.
        distill_questions: train questions that are searched to be imitated.
        threshold: outcome score from which what was found is imitated.
        greedy_questions: dev questions that are played greedily.
        tree_tokens: least number of tokens that a tree generates.
    """
    from berrypick.agents.treesearch.tree import Search
    from berrypick.benchmarks.studies.alphallm.result import RESULT, Plan
    from berrypick.benchmarks.studies.alphallm.run import PROGRESS_STEPS, run

    plan = Plan(
        policy=policy,
        seed=seed,
        corpus=corpus,
        worlds=worlds,
        critic_train_questions=critic_train_questions,
        eval_questions=eval_questions,
        group_size=group_size,
        distill_questions=distill_questions,
        threshold=threshold,
        greedy_questions=greedy_questions,
        search=Search(tokens=tree_tokens),
    )
    out = out or Path("runs") / f"search-{Path(policy).name}"
    with steps() as start_progress:
        found = run(plan, out, start_progress(PROGRESS_STEPS))
    show(found)
    OUT.print(f"\nAll numbers: {out / RESULT}", markup=False, soft_wrap=True)
    return 0


def show(found: Result) -> None:
    """Print the tables."""
    judged = table("Critics, in worlds they did not learn in", "critic", "AUC", "Brier", "constant", "ECE", "n")
    for name, one in found.judged.items():
        auc = "\u2013" if one.auc is None else f"{one.auc:.3f}"
        judged.add_row(name, auc, f"{one.brier:.3f}", f"{one.brier_constant:.3f}", f"{one.ece:.3f}", str(one.n))
    OUT.print(judged)
    _compare(f"Best of {found.plan.group_size} rollouts, by", "sum", found.ranking)
    counts = ", ".join(f"{name} {found.tokens[name]:.0f} tokens" for name in found.tokens)
    _compare(f"Best found ({counts} a question)", "tree", found.search)
    if found.greedy is not None:
        counts = ", ".join(f"{name} {count} episodes" for name, count in found.imitated.items())
        _compare(f"Greedily, without search, after imitating ({counts})", "tree", found.greedy)
        made = table("Strategies left (strategies_D2)", "", "strategies", "95 %", "lost", "95 %")
        for name, value in found.ways.items():
            made.add_row(name, *_both(value), *(_both(less) if (less := found.ways_lost.get(name)) else ("", "")))
        OUT.print(made)


def _compare(title: str, first: str, found: Compared) -> None:
    made = table(title, "", "right", "95 %", f"{first} minus it", "95 %")
    for name, value in found.right.items():
        less = found.difference.get(name)
        row = [name, _number(value.value), f"{_number(value.low)} to {_number(value.high)}"]
        row += ["", ""] if less is None else [_number(less.value), f"{_number(less.low)} to {_number(less.high)}"]
        made.add_row(*row)
    OUT.print(made)


def _both(value: Value | Difference) -> tuple[str, str]:
    return _number(value.value), f"{_number(value.low)} to {_number(value.high)}"


def _number(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.3f}"
