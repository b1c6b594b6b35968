"""The collapse report: ``report.html``, which needs nothing but itself, its pictures, and its numbers as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

import msgspec

from berrypick import io
from berrypick.benchmarks.report import html
from berrypick.benchmarks.report.page import REPORT
from berrypick.benchmarks.result import canonical
from berrypick.benchmarks.studies.collapse import plots, tables
from berrypick.benchmarks.studies.collapse.alarms import WINDOW
from berrypick.benchmarks.studies.collapse.entropy_law import EARLY
from berrypick.benchmarks.studies.collapse.report import Collapse, Pair, Run, analyse

#: The analyses and the pairs, for programs.
NUMBERS: Final = "collapse.json"
#: Picture -> heading, how to read it.
READING: Final[Mapping[str, tuple[str, str]]] = {
    "strategies": (
        "Which strategies were in use",
        "How the grounded successes of a step divide among strategies. A river that becomes one colour has "
        "collapsed, however high its reward. A gap is a step without a grounded success.",
    ),
    "success": (
        "How often right, and in how many ways",
        "Thin, each step; thick, the trailing mean. D2 is the effective number of strategies on one question: 1 is "
        "always the same way. Dashed lines are alarms.",
    ),
    "entropy": (
        "Token entropy",
        "Exact entropy of what tokens were sampled from, by what a token is for. Planning (HICRA) is where to go: "
        "tools, engines, relations sought, thoughts; execution is the names that are copied, and answers. Entropy is "
        "no measure of strategies.",
    ),
    "law": (
        "Entropy against reward",
        "One point a step. The line is the exponential law fitted to all of them; the dashed one knew the first only.",
    ),
    "signals": (
        "Early signals",
        "A positive covariance is entropy about to be lost. Likelihood of rewarded episodes that falls for long, and "
        "gradients that grow, came before collapse in published runs. Clipping is counted at the range of PPO, .2, "
        "whatever the method does.",
    ),
    "update": (
        "How far weights moved",
        "A curve that starts late left many weights where they were; what did not move at all is not drawn.",
    ),
}


def write(runs: Sequence[Run], folder: Path) -> Path:
    """Write the report on training runs into a folder; returns the path of ``report.html``."""
    found, pairs = analyse(runs)
    pictures = plots.draw_all(runs, found)
    for name, png in pictures.items():
        io.write_bytes(folder / f"{name}.png", png)
    io.write_bytes(folder / NUMBERS, canonical({"runs": found, "pairs": pairs}))
    io.write_bytes(folder / REPORT, render(runs, found, pairs, pictures).encode())
    return folder / REPORT


def render(runs: Sequence[Run], found: Sequence[Collapse], pairs: Sequence[Pair], pictures: Mapping[str, bytes]) -> str:
    """The page as text."""
    drawn = {name: html.picture(pictures[name], *READING[name]) if name in pictures else "" for name in READING}
    return html.template("collapse.html").substitute(
        title=escape(title(runs)),
        style=html.style(),
        facts=escape(facts(runs)),
        overview=tables.overview(runs),
        strategies=drawn["strategies"],
        amplification="\n".join(tables.amplification(found)),
        success=drawn["success"],
        window=WINDOW,
        alarms=tables.alarms(found),
        rules="".join(f"<dt>{escape(name)}</dt><dd>{escape(rule)}</dd>" for name, rule in tables.rules()),
        entropy=drawn["entropy"],
        law_picture=drawn["law"],
        early=f"{EARLY:.0%}",
        law=tables.law(found),
        signals=drawn["signals"],
        credit=tables.credit(runs) + tables.added(runs),
        weights=weights(runs, found, pairs),
        update=drawn["update"],
        sources="\n".join(map(_source, runs)),
    )


def title(runs: Sequence[Run]) -> str:
    """What the report is about."""
    return f"Training: {runs[0].label}" if len(runs) == 1 else f"Training: {len(runs)} runs"


def facts(runs: Sequence[Run]) -> str:
    """Start, environment and sizes in one line, and what was left out."""
    configs = [run.config for run in runs]
    parts = dict.fromkeys(
        f"{config.env} from {config.start}: {config.prompts_per_step} questions x {config.group_size} rollouts a step, "
        f"{config.minibatches_per_step} updates."
        for config in configs
    )
    short = [f"{run.label} has {len(run.lines)} of {run.config.steps} steps." for run in runs]
    unfinished = [said for run, said in zip(runs, short, strict=True) if len(run.lines) < run.config.steps]
    cut = [f"{run.label}: the last line was cut off and is left out." for run in runs if run.cut]
    return " ".join([*parts, *unfinished, *cut])


def weights(runs: Sequence[Run], found: Sequence[Collapse], pairs: Sequence[Pair]) -> str:
    """Sparsity, ranks and overlaps, and why they were not measured where they were not."""
    missing = [f"{each.label}: not measured. {each.unmeasured}" for each in found if each.unmeasured]
    said = [f"<p>{escape(reason)}</p>" for reason in missing]
    return "\n".join([*said, *tables.sparsity(runs, found), *([tables.overlaps(pairs)] if pairs else [])])


def _source(run: Run) -> str:
    rows = msgspec.to_builtins(run.config)
    listed = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(_text(rows[name]))}</code></dd>" for name in rows)
    return f"<details><summary>{escape(run.label)}</summary><dl>{listed}</dl></details>"


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
