"""``sweep.html``, which needs nothing but itself, its pictures as PNG files, and ``sweep.csv``, a row a method."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from berrypick import files
from berrypick.benchmarks import pages, sweep_numbers, sweep_plots
from berrypick.benchmarks.metrics import METRICS
from berrypick.benchmarks.pages import number
from berrypick.benchmarks.robustness import MEASURES
from berrypick.benchmarks.sweep import BASELINE
from berrypick.benchmarks.sweep_numbers import ENTROPY, NOTHING, OF_CELLS, SPLITS, Ran, Row, Spread, better

PAGE: Final = "sweep.html"
TABLE: Final = "sweep.csv"
#: Picture -> heading, how to read it.
READING: Final = {
    "curves": (
        "While training",
        "Mean over seeds, with its 95 % interval as a band where there are two seeds or more. Reward that rises while "
        "ways of searching fall to 1 is collapse that pays; entropy of tokens may hold while ways do not.",
    ),
    "pareto": (
        "Right, and in how many ways",
        "Each method's final policy, and the start as a star. Further up is more often right, further right is more "
        "ways of searching in use. No other policy is better in both than those on the dashed line. Lines through a "
        "point are 95 % intervals.",
    ),
    "resilience": (
        "Before and after, with a way of finding things gone",
        "The share of exact matches in test worlds that is left when pages of a genre, a tool or the policy's own "
        "favourite way are taken away: of the start in grey, after training in colour. It is a share of what each "
        "policy had, so compare EM too.",
    ),
}


def write_page(swept: Path, out: Path | None = None) -> Path:
    """Write the page of a sweep, whole or not, with its pictures and ``sweep.csv``; returns the path of the page.

    Args:
        swept: folder of the sweep.
        out: where to write; the same folder when left out.

    Raises:
        BadInput: no sweep there, or a file of it does not fit; names file and field.
    """
    tracks, out = sweep_numbers.tracks(sweep_numbers.read(swept)), out or swept
    pictures = {track: sweep_plots.draw(runs) for track, runs in tracks.items()}
    for track, drawn in pictures.items():
        for name, png in drawn.items():
            files.write_bytes(out / f"{track}-{name}.png", png)
    files.write_bytes(out / TABLE, table(tracks).encode())
    files.write_bytes(out / PAGE, render(tracks, pictures).encode())
    return out / PAGE


def table(tracks: Mapping[str, Sequence[Ran]]) -> str:
    """``sweep.csv``, a row a method; blank where there is no value.

    Of each measure: mean, ends of the interval, seeds, what the interval is over; then the same of ours less baseline.
    """
    found = [(track, row) for track, runs in tracks.items() for row in sweep_numbers.rows(runs)]
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


def render(tracks: Mapping[str, Sequence[Ran]], pictures: Mapping[str, Mapping[str, bytes]]) -> str:
    """The page as text."""
    runs = [run for of_track in tracks.values() for run in of_track]
    return pages.template(PAGE).substitute(
        title=escape(f"Sweep: {', '.join(tracks)}"),
        style=pages.style(),
        facts=escape(f"{len(runs)} trials, {sum(run.result is not None for run in runs)} of them evaluated."),
        state=_state(runs),
        tracks="\n".join(part for track in tracks for part in _track(track, tracks[track], pictures[track])),
        baseline=BASELINE,
        provenance="".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in _provenance(runs).items()),
        glossary="".join(f"<dt>{escape(name)}</dt><dd>{escape(help)}</dd>" for name, help in _glossary(runs)),
    )


def _state(runs: Sequence[Ran]) -> str:
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


def _track(track: str, runs: Sequence[Ran], pictures: Mapping[str, bytes]) -> Iterator[str]:
    found = sweep_numbers.rows(runs)
    yield f"<h2>{escape(track)}</h2><p>{escape(_facts(runs))}</p>"
    for name, png in pictures.items():
        kind, _, quantity = name.partition("_")
        heading, reading = READING[kind]
        heading += f": {sweep_plots.CURVES[quantity]}" if quantity else ""
        yield pages.picture(png, f"{track}: {heading[0].lower()}{heading[1:]}", reading)
    for split, words in SPLITS.items():
        yield _table(f"{split} worlds", words, found, {f"{name}_{split}": name for name in OF_CELLS})
    kept = [name for row in found for name in row.measures if name.startswith("resilience_")]
    words = "share of EM in test worlds that is left; and token entropy in the last step of training, nats"
    shown = {name: name.removeprefix("resilience_") for name in (*kept, ENTROPY)}
    yield _table("What is left under knock-outs, and entropy", words, found, shown)


def _facts(runs: Sequence[Ran]) -> str:
    config = next(run.trial.config for run in runs if run.trial.config)
    trial, seeds = runs[0].trial, sorted({run.trial.seed for run in runs if run.trial.config})
    options = "".join(f", {name}={value}" for name, value in config.options.items())
    return (
        f"{config.env}{options}, from {trial.start}: {config.steps} steps of {config.groups} questions x {config.size} "
        f"rollouts, {config.updates} updates a step, learning rate {config.lr:g}, unless trial.json of a run says "
        f"otherwise. Seeds {', '.join(map(str, seeds))}. Evaluated with suite {trial.suite}."
    )


def _table(caption: str, note: str, found: Sequence[Row], names: Mapping[str, str]) -> str:
    shown = {name: words for name, words in names.items() if any(name in row.measures for row in found)}
    if not shown:
        return ""
    head = "".join(f"<th>{escape(words).replace('_', '_<wbr>')}</th>" for words in shown.values())
    body = "".join(
        f"<tr><td>{escape(row.method)}</td><td>{_seeds(row)}</td>{''.join(_cell(row, name) for name in shown)}</tr>"
        for row in found
    )
    top = f"<caption>{escape(caption)} <span>{escape(note)}</span></caption>"
    return (
        f'<div class="scroll"><table>{top}<thead><tr><th>method</th><th>seeds</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _seeds(row: Row) -> str:
    return str(row.runs) if row.runs == row.trials else f"{row.runs} of {row.trials}"


def _cell(row: Row, name: str) -> str:
    of = row.measures.get(name, NOTHING)
    if of.value is None:
        return '<td class="blank">&ndash;</td>'
    mark = " q" if of.over == "questions" else ""
    interval = "" if of.low is None or of.high is None else f"{number(of.low)}&ndash;{number(of.high)}{mark}"
    fewer = f"<small>n = {of.n}</small>" if of.n < row.runs else ""
    return f"<td>{number(of.value)}<small>{interval}</small>{fewer}{_verdict(name, row.less.get(name, NOTHING))}</td>"


def _verdict(name: str, less: Spread) -> str:
    """Said only where the interval of the differences excludes 0."""
    if less.value is None or not less.sign:
        return ""
    word = {1: "better", -1: "worse", 0: "more" if less.sign > 0 else "less"}[less.sign * better(name)]
    return f'<small class="{word}">{less.value:+.2f} {word}</small>'


def _glossary(runs: Sequence[Ran]) -> Iterator[tuple[str, str]]:
    yield from ((name, METRICS.help(name)) for name in OF_CELLS)
    yield from ((name, MEASURES.help(name)) for name in MEASURES if name.startswith("resilience"))


def _provenance(runs: Sequence[Ran]) -> dict[str, str]:
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
