"""The tables of a collapse report, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from berrypick.agents.training.config import DTYPE
from berrypick.benchmarks.metrics import ceilings
from berrypick.benchmarks.report.html import DASH, number, table
from berrypick.benchmarks.studies.collapse.alarms import ALARMS, FALLS, PHASES, WINDOW, Watch, smooth
from berrypick.benchmarks.studies.collapse.plots import worded
from berrypick.benchmarks.studies.collapse.report import Collapse, Pair, Run
from berrypick.benchmarks.studies.collapse.weights import ENERGY, QUANTILES, Rank, Sparsity

#: Columns of the first table: heading -> what is shown of a step.
OVERVIEW: Mapping[str, str] = {
    "reward": "reward",
    "grounded": "grounded",
    "strategies_D2": "strategies_D2",
    "commonest": "dominant_share",
    "entropy": "entropy",
    "planning": "entropy_planning",
    "execution": "entropy_execution",
    "searches": "searches",
    "invalid": "invalid",
}


def overview(runs: Sequence[Run]) -> str:
    """The first steps and the last of each run."""
    rows = []
    for run in runs:
        means = {head: smooth([getattr(line, name) for line in run.lines]) for head, name in OVERVIEW.items()}
        first = {head: next((value for value in values if value is not None), None) for head, values in means.items()}
        pairs = [f"{number(first[head])} \u2192 {number(values[-1])}" for head, values in means.items()]
        seconds = sum(line.seconds_rollout + line.seconds_update + line.seconds_other for line in run.lines)
        top = ceilings.ceiling_of_training(run.config.env, run.config.options)
        ends = [number(top.value) if top else DASH, number(seconds / len(run.lines))]
        rows.append([run.label, str(len(run.lines)), *pairs, *ends])
    note = (
        "first step \u2192 trailing mean at the last; ceiling: strategies_D2 of hop_mixture in dev worlds. What a "
        "policy does at temperature 1 is its habit; what it can do is measured by `berrypick study ability`"
    )
    return table("Start and end", note, ["run", "steps", *OVERVIEW, "ceiling", "seconds a step"], rows)


def alarms(found: Sequence[Collapse]) -> str:
    """The step at which each alarm fired, and what it was to warn of."""
    head = ["run", *ALARMS, *(f"{name} fell" for name in FALLS), *(f"{name} halved" for name in PHASES), "fired before"]
    rows = []
    for each in found:
        steps = [*each.alarms.values(), *each.falls.values(), *each.phases.values()]
        rows.append([each.label, *map(_step, steps), "; ".join(warnings(each)) or DASH])
    return table("Alarms", "the step at which each fired; a dash means that it stayed silent", head, rows)


def rules() -> Iterable[tuple[str, str]]:
    """Yield what each column of the alarms means."""
    named: Mapping[str, Mapping[str, Watch]] = {"{}": ALARMS, "{} fell": FALLS, "{} halved": PHASES}
    for words, watches in named.items():
        yield from ((words.format(name), watch.rule) for name, watch in watches.items())


def warnings(found: Collapse) -> list[str]:
    """For each fall, which alarms came before it, and by how many steps."""
    said = []
    for fall, at in found.falls.items():
        if at is not None:
            ahead = [f"{name} by {at - step}" for name, step in found.alarms.items() if step is not None and step < at]
            said.append(f"{fall}: {', '.join(ahead) or 'none'}")
    return said


def _step(step: int | None) -> str:
    return DASH if step is None else str(step)


def credit(runs: Sequence[Run]) -> str:
    """What methods that weigh tokens and groups had to choose from: how much of it, and how well R3 ranks."""
    rows = []
    for run in runs:
        tokens = sum(line.tokens for line in run.lines)
        counts = (
            [getattr(line, f"tokens_{name}") for line in run.lines] for name in ("planning", "strategic", "dropped")
        )
        shares = [None if None in each else sum(each) / max(tokens, 1) for each in counts]
        ranks = [_mean([line.reflection.get(name) for line in run.lines]) for name in ("rank_r3", "rank_uniform")]
        rows.append([run.label, *map(number, (*shares, *ranks))])
    note = (
        "planning, in strategic n-grams, in groups that were not trained on (what a filter that had known would have "
        "spared): shares of the tokens generated; within groups, Spearman's correlation with reward: means over steps"
    )
    head = ["run", "planning", "strategic", "not trained on", "R3 and reward", "uniform mean and reward"]
    return table("Tokens, groups and reference answers", note, head, rows)


def added(runs: Sequence[Run]) -> str:
    """What refinements and demonstrations did, nothing where no run has any."""
    rows = []
    for run in runs:
        if not any(line.refinement or line.refresh for line in run.lines):
            continue
        tokens = sum(line.generated for line in run.lines)
        again = sum(line.refinement.get("tokens", 0.0) for line in run.lines)
        shown = sum(line.refresh.get("tokens", 0.0) for line in run.lines)
        series: list[list[float | None]] = [[line.unsolved for line in run.lines]]
        series += [[line.refinement.get(name) for line in run.lines] for name in ("solved", "probability")]
        series += [[line.refresh.get("loss") for line in run.lines]]
        ends = [f"{number(first)} \u2192 {number(last)}" for first, last in map(_ends, series)]
        rows.append([run.label, ends[0], number(again / max(tokens, 1)), *ends[1:3], f"{shown:,.0f}", ends[3]])
    if not rows:
        return ""
    note = (
        f"means over the first and last {WINDOW} steps that have a value: questions that no rollout solved; second "
        "attempts, as a share of the tokens generated, how many were right, and the probability of what was kept "
        "without the critique, which rises where it is taken in; tokens demonstrated, and their loss in nats"
    )
    head = ["run", "unsolved", "tried again", "right", "probability", "demonstrated", "loss"]
    return table("Second attempts and demonstrations", note, head, rows)


def _ends(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    known = [value for value in values if value is not None]
    return _mean(known[:WINDOW]), _mean(known[-WINDOW:])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def law(found: Sequence[Collapse]) -> str:
    """The fits, or why there are none."""
    head = ["run", "a", "b", "R\u00b2", "reward at no entropy", "predicted from", "RMSE of the rest", "last step", ""]
    rows = []
    for each in found:
        fit, early = each.law.fit, each.law.early
        row = [number(value, 3) for value in (fit.a, fit.b, each.law.r2, fit.b - fit.a)] if fit else [DASH] * 4
        row += [f"{early.steps} steps", number(early.rmse, 3), f"{early.final:+.3f}"] if early else [DASH] * 3
        rows.append([each.label, *row, f"not fitted: {each.law.reason}" if each.law.reason else ""])
    note = "on trailing means; errors are in units of reward, the last one prediction less truth"
    return table("R = -a exp(H) + b", note, head, rows)


def amplification(found: Sequence[Collapse]) -> Iterable[str]:
    """Yield the echo-chamber table of each run."""
    for each in found:
        part = each.amplification
        rows = [
            [worded(row.strategy), _step(row.rank), number(row.start), number(row.end), number(row.ratio)]
            for row in part.rows
        ]
        rows += [["not named in its step", DASH, *map(number, part.other), DASH]] if any(part.other) else []
        note = f"shares of the grounded successes of the first and last {part.ends} steps"
        if part.rows:
            rank = part.rows[0].rank
            note += f"; the one that won was {f'number {rank}' if rank else 'not named'} at the start"
        yield table(each.label, note, ["strategy", "rank at start", "start", "end", "end / start"], rows)


def sparsity(runs: Sequence[Run], found: Sequence[Collapse]) -> Iterable[str]:
    """Yield how many weights training left as they were, how far the others moved, and the ranks of the updates."""
    unchanged, moved, ranks = [], [], []
    tolerances: Sequence[str] = ()
    for run, each in zip(runs, found, strict=True):
        if each.update is None:
            continue
        stored = " \u2192 ".join(each.update.stored)
        kept = f"{DTYPE} in training, stored {stored}; lr {run.config.lr:g}, {len(run.lines)} steps"
        for name, part in (("", each.update.body), (", embeddings", each.update.embeddings)):
            if part is not None:
                tolerances = list(part.unchanged)
                unchanged.append([each.label + name, f"{part.weights:,}", *_shares(part), kept])
                moved.append([each.label + name, *(f"{value:.1e}" for value in part.quantiles)])
        if each.update.rank is not None:
            ranks.append([each.label, *_rank(each.update.rank)])
    if not unchanged:
        return
    note = "share of the weights that moved by no more than this"
    yield table("Weights left as they were", note, ["run", "weights", *tolerances, "kept as"], unchanged)
    yield table("How far weights moved", "quantiles", ["run", *(f"{q:.0%}" for q in QUANTILES)], moved)
    if ranks:
        note = "least, median and greatest over matrices, as a share of the highest possible; embeddings left out"
        head = ["run", "matrices", f"{ENERGY:.0%} of the energy", "numeric"]
        yield table("Rank of the update", note, head, ranks)


def _shares(part: Sparsity) -> list[str]:
    return [f"{share:.1%}" for share in part.unchanged.values()]


def _rank(rank: Rank) -> list[str]:
    return [str(rank.matrices), *(" / ".join(map(number, each)) for each in (rank.energy, rank.numeric))]


def overlaps(pairs: Sequence[Pair]) -> str:
    """How far runs from one start moved the same weights."""
    heads = [f"top {part.share:.0%} (chance {part.share:.2f})" for part in pairs[0].overlaps]
    rows = []
    for pair in pairs:
        shares = [number(part.overlap) for part in pair.overlaps]
        rows.append([f"{pair.first} and {pair.second}", "seed" if pair.seeds else "more", *shares])
    note = "share of the weights that moved most in one run that are among those of the other; embeddings left out"
    return table("Overlap of updates", note, ["runs", "differ in", *heads], rows)
