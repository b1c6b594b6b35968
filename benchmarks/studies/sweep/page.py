"""``sweep.html``, which needs nothing but itself, its pictures as PNG files, and ``sweep.csv``, a row a method."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from berrypick import io as files
from berrypick.benchmarks.metrics import ceilings
from berrypick.benchmarks.metrics.robustness import MEASURES
from berrypick.benchmarks.metrics.table import METRICS
from berrypick.benchmarks.report import html
from berrypick.benchmarks.studies.sweep import crossing, pairs, plots, side_by_side, summary, trials
from berrypick.benchmarks.studies.sweep.compared import AT_EQUAL_TOKENS, NEVER, SPARED
from berrypick.benchmarks.studies.sweep.config import BASELINE
from berrypick.benchmarks.studies.sweep.lines import AT_END, GOES, LAST, REFINED, RISES
from berrypick.benchmarks.studies.sweep.summary import NOTHING, OF_CELLS, Spread
from berrypick.benchmarks.studies.sweep.tables import crossed, measured, paired
from berrypick.benchmarks.studies.sweep.trials import SKEWED, SPLITS, TrialState

PAGE: Final = "sweep.html"
TABLE: Final = "sweep.csv"
COMPARED: Final = "compared.csv"
#: The tracks of a sweep side by side.
BOTH: Final = "tracks.png"
SIDE_BY_SIDE: Final = (
    "Strategies while training, and accuracy under knock-outs",
    f"Above, the effective number of strategies among right episodes of one question: thin, of each step; thick, over "
    f"the last {side_by_side.TRAILING} steps; dashed, what a mixture of all scripts has in dev worlds. Below, exact "
    "matches of the start policy and of the trained ones in test worlds, with 95 % intervals over questions: as things "
    "are, and with one kind of page or one tool taken away.",
)
#: Picture -> heading, how to read it.
READING: Final = {
    "curves": (
        "While training",
        "Mean over seeds, with its 95 % interval as a band where there are three seeds or more. Reward that rises "
        "while strategies fall to 1 is collapse that pays; entropy of tokens may hold while ways do not.",
    ),
    "pareto": (
        "Right, and in how many ways",
        "Each method's final policy, and the start as a star. Further up is more often right, further right is more "
        "strategies in use. No other policy is better in both than those on the dashed line. Lines through a "
        "point are 95 % intervals.",
    ),
    "resilience": (
        "Before and after, with a way of finding things gone",
        "The share of exact matches in test worlds that is left when pages of a genre, a tool or the policy's own "
        "dominant move are taken away: of the start in grey, after training in colour. It is a share of what each "
        "policy had, so compare EM too.",
    ),
}
#: EM of plain cells, which stands in the tables of the splits.
PLAIN: Final = frozenset(f"EM_{split}" for split in (*SPLITS, SKEWED))
ABSOLUTE: Final = "absolute accuracy when one way of finding things is gone: what a policy can still do"
CROSSED: Final = (
    "difference with its 95 % interval from a crossed bootstrap of the seeds and the questions that both methods have; "
    f"better and worse where it excludes 0, no effect where the 90 % interval lies within {crossing.SHARE:g} "
    f"(strategies_D2: {crossing.STRATEGIES:g}), else undecided. With fewer than five seeds the variation between seeds "
    "is underestimated. One comparison in twenty excludes 0 by chance"
)
#: How to read the tables that hold trials against each other.
COST: Final = (
    f"as multiples of what {BASELINE} pays with the same seed: tokens generated, refinements included; seconds of "
    "rollout, of updates and of the whole step, which are those of a machine that ran other trials as well"
)
HARD: Final = (
    f"share of right answers at the questions that no rollout of the final policies of {BASELINE} with other seeds "
    "solves; needs two seeds. At equal steps: see what tokens cost, and more_rollouts, which spends as many"
)
EQUAL: Final = (
    "while training, at the last step before a run had generated as much as the leanest method of its seed did in all: "
    "trailing means of the reward, and of the share of questions that no rollout of a step solved (fewer is better); "
    "and of the reward as if groups that were dropped had not been generated, as a filter that knew would have it"
)
ROSE: Final = (
    f"mean over the last {LAST} steps less that over the first: reward; share of questions that no rollout of a step "
    "solved; chance that two episodes of a question begin with the same words; mean log-probability of the tokens of "
    "right episodes; mean probability of those of kept refinements under the prompt without their critique; how well "
    "the process critic still tells right episodes from wrong (AUC); rank correlation of R3 with the reward"
)
GO: Final = (
    f"means over the last {LAST} steps of training: searches and tokens an episode, chance that two episodes of a "
    "question begin with the same words, invalid share of turns, share of groups with differing rewards, shares of "
    "tokens that plan and that are within strategic phrases; and over all steps the share of right episodes among "
    "those that were played once more, under a critique or plainly"
)
AVERAGED: Final = "of each seed the mean of the differences above, then over seeds with their 95 % t interval"
PAIRED: Final = "mean difference over seeds that both have, with its 95 % t interval where there are two or more"


def write_page(swept: Path, out: Path | None = None) -> Path:
    """Write the page of a sweep, whole or not, with its pictures and ``sweep.csv``; returns the path of the page.

    Args:
        swept: folder of the sweep.
        out: where to write; the same folder when left out.

    Raises:
        BadInput: no sweep there, or a file of it does not fit; names file and field.
    """
    tracks, out = trials.tracks(trials.read(swept)), out or swept
    pictures = {track: plots.draw(runs) for track, runs in tracks.items()}
    if (both := side_by_side.draw(tracks)) is not None:
        files.write_bytes(out / BOTH, both)
    for track, drawn in pictures.items():
        for name, png in drawn.items():
            files.write_bytes(out / f"{track}-{name}.png", png)
    files.write_bytes(out / TABLE, table(tracks).encode())
    files.write_bytes(out / COMPARED, crossing.table(tracks).encode())
    files.write_bytes(out / PAGE, render(tracks, pictures, both).encode())
    return out / PAGE


def table(tracks: Mapping[str, Sequence[TrialState]]) -> str:
    """``sweep.csv``, a row a method; blank where there is no value.

    Of each measure: mean, ends of the interval, seeds, what the interval is over; then the same of ours less baseline.
    """
    found = [(track, row) for track, runs in tracks.items() for row in summary.rows(runs)]
    names = list(dict.fromkeys(name for _, row in found for name in row.measures))
    ends = [f"_{part}" for part in Spread._fields[1:]]
    ends = ["", *ends, *(f"_less_{BASELINE}{end}" for end in ("", *ends[:3]))]
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["track", "method", "seeds", *(name + end for name in names for end in ends)])
    for track, row in found:
        values = [
            part for name in names for part in (*row.measures.get(name, NOTHING), *row.less.get(name, NOTHING)[:4])
        ]
        lines.writerow([track, row.method, row.runs, *map(_plain, values)])
    return text.getvalue()


def _plain(value: float | str | None) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def render(
    tracks: Mapping[str, Sequence[TrialState]],
    pictures: Mapping[str, Mapping[str, bytes]],
    both: bytes | None = None,
) -> str:
    """The page as text; ``both`` is the picture of all tracks side by side, if there is one."""
    runs = [run for of_track in tracks.values() for run in of_track]
    return html.template(PAGE).substitute(
        title=escape(f"Sweep: {', '.join(tracks)}"),
        style=html.style(),
        facts=escape(f"{len(runs)} trials, {sum(run.result is not None for run in runs)} of them evaluated."),
        state=_state(runs),
        tracks=(html.picture(both, *SIDE_BY_SIDE) if both else "")
        + "\n".join(part for track in tracks for part in _track(track, tracks[track], pictures[track])),
        starts=paired("From one start less from another", PAIRED, pairs.between(tracks)),
        baseline=BASELINE,
        provenance="".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in _provenance(runs).items()),
        glossary="".join(f"<dt>{escape(name)}</dt><dd>{escape(help)}</dd>" for name, help in _glossary(runs)),
    )


def _state(runs: Sequence[TrialState]) -> str:
    """What failed, and what is missing."""
    rows = []
    for run in runs:
        if run.error is not None:
            last = run.error.strip().splitlines()[-1]
            rows.append(f"<li><b>{escape(run.trial.label)}</b> failed: <code>{escape(last)}</code></li>")
        elif run.result is None:
            steps = f"{len(run.lines)} steps so far" if run.lines else "not begun"
            steps = "not evaluated yet" if run.trial.config and len(run.lines) == run.trial.config.steps else steps
            rows.append(f"<li><b>{escape(run.trial.label)}</b> is missing: {steps}</li>")
    return f'<div class="state"><p>Not all is here.</p><ul>{"".join(rows)}</ul></div>' if rows else ""


def _track(track: str, runs: Sequence[TrialState], pictures: Mapping[str, bytes]) -> Iterator[str]:
    found = summary.rows(runs)
    yield f"<h2>{escape(track)}</h2><p>{escape(_facts(runs))}</p>"
    for name, png in pictures.items():
        kind, _, quantity = name.partition("_")
        heading, reading = READING[kind]
        heading += f": {plots.CURVES[quantity]}" if quantity else ""
        yield html.picture(png, f"{track}: {heading[0].lower()}{heading[1:]}", reading)
    for split, words in (SPLITS | {SKEWED: "Test worlds where pages state half of the facts each"}).items():
        note = f"{words}{_ceiling(runs, split)}"
        yield measured(f"{split} worlds", note, found, {f"{name}_{split}": name for name in OF_CELLS})
    yield crossed(f"Against {BASELINE}", CROSSED, crossing.comparisons(runs))
    absolute = [name for row in found for name in row.measures if name.startswith("EM_") and name not in PLAIN]
    for measure, words in (("EM", ABSOLUTE), ("retained_accuracy", MEASURES.help("retained_accuracy"))):
        shown = {name.replace("EM", measure, 1): name.removeprefix("EM_") for name in absolute}
        yield measured(f"{measure} under knock-outs", words, found, shown)
    kept = [name for row in found for name in row.measures if name.startswith("resilience_")]
    words = (
        f"share of EM in test worlds that is left; and in the last {LAST} steps of training, strategies_D2 and, in "
        "nats, the entropy of tokens, of those that plan and of the others"
    )
    shown = {name: name.removeprefix("resilience_").removesuffix("_at_end") for name in (*kept, *AT_END)}
    yield measured("What is left under knock-outs, and the end of training", words, found, shown)
    yield measured(
        "Cost of a step", COST, found, {f"cost_{name}": name for name in ("tokens", "rollout", "update", "step")}
    )
    yield measured(
        "Questions that the baseline never solves", HARD, found, {name: split for split, name in NEVER.items()}
    )
    shown = {name: name.partition("_")[0] for name in AT_EQUAL_TOKENS} | {SPARED: "reward, nothing generated in vain"}
    yield measured("At equal generated tokens", EQUAL, found, shown)
    shown = {name: name.removesuffix("_late") for name in (*GOES, REFINED)}
    yield measured("How episodes go", GO, found, shown)
    shown = {name: name.partition("_")[0] for name in RISES}
    yield measured("What rose while training", ROSE, found, shown)
    yield paired("With an addition less without it", PAIRED, pairs.added(runs))
    yield paired("The same, mean over what they stand on", AVERAGED, pairs.averaged(runs))
    yield paired("Less their controls", PAIRED, pairs.controlled(runs))


def _ceiling(runs: Sequence[TrialState], split: str) -> str:
    """The ceiling of strategies_D2 in the worlds of a split, in words; "" where none was measured."""
    cells = next((summary.plain_cells(run.result).get(split, []) for run in runs if run.result is not None), [])
    tops = [top.value for top in map(ceilings.ceiling_of, cells) if top is not None]
    return f"; ceiling of strategies_D2: {', '.join(f'{top:.2f}' for top in tops)}" if tops else ""


def _facts(runs: Sequence[TrialState]) -> str:
    config = next(run.trial.config for run in runs if run.trial.config)
    trial, seeds = runs[0].trial, sorted({run.trial.seed for run in runs if run.trial.config})
    options = "".join(f", {name}={value}" for name, value in config.options.items())
    return (
        f"{config.env}{options}, from {trial.start}: {config.steps} steps of {config.prompts_per_step} questions x "
        f"{config.group_size} rollouts, {config.minibatches_per_step} minibatches a step, learning rate {config.lr:g}, "
        f"unless trial.json of a run says otherwise. Seeds {', '.join(map(str, seeds))}. "
        f"Evaluated with suite {trial.suite}."
    )


def _glossary(runs: Sequence[TrialState]) -> Iterator[tuple[str, str]]:
    yield from ((name, ceilings.HELP if name == ceilings.NAME else METRICS.help(name)) for name in OF_CELLS)
    yield from ((name, MEASURES.help(name)) for name in MEASURES if name.startswith("resilience"))


def _provenance(runs: Sequence[TrialState]) -> dict[str, str]:
    """Every commit, device and set of versions that evaluated a part of the sweep."""
    sources = [run.result.provenance for run in runs if run.result is not None]
    said = {
        "commit": [
            f"{source.commit or 'not run from a source tree'}{' with uncommitted changes' if source.dirty else ''}"
            for source in sources
        ],
        "device": [", ".join(source.device.values()) for source in sources],
        "versions": [", ".join(f"{name} {version}" for name, version in source.versions.items()) for source in sources],
    }
    return {name: "; ".join(dict.fromkeys(texts)) for name, texts in said.items() if texts}
