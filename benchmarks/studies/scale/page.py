"""The page about scale: a table by size, fitted growth exponents, four panels, and the same as CSV.

The panels show search time, memory, what forms of a name find, and what agents answer, by number of documents.
"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from berrypick import io as files
from berrypick.benchmarks.provenance import Provenance
from berrypick.benchmarks.report import html
from berrypick.benchmarks.report.base import COLOURS, SOFT, STYLE, grid, png, short
from berrypick.benchmarks.studies.scale.measure import AGENTS, DEPTHS, ENGINES, FORMS, Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Figures of which the growth with the number of documents is fitted -> what they are.
GROWTH: Final[dict[str, str]] = {
    "build_s": "building, seconds",
    **{f"{engine}_p50_ms": f"{engine}: median search, ms" for engine in ENGINES},
    **{f"{engine}_resident_mib": f"{engine}: resident memory, MiB" for engine in ENGINES},
    **{f"{engine}_index_mib": f"{engine}: index on disk, MiB" for engine in ENGINES},
}
#: Rows of the table by size: heading -> (figure, what it is).
COST: Final[dict[str, str]] = {
    "documents": "documents",
    "documents_mib": "documents on disk, MiB",
    "build_corpus_s": "corpus built, without its audit, s",
    **{f"build_{engine}_s": f"{engine} index built, s" for engine in ENGINES},
    "build_s": "all built, s",
    "peak_mib": "peak memory while building, MiB",
    "load_ms": "corpus opened, ms",
    **{
        f"{engine}_{figure}": f"{engine}: {words}"
        for engine in ENGINES
        for figure, words in (
            ("index_mib", "index on disk, MiB"),
            ("open_ms", "index opened, ms"),
            ("first_ms", "first search, ms"),
            ("p50_ms", "search p50, ms"),
            ("p95_ms", "search p95, ms"),
            ("resident_mib", "resident memory with it, MiB"),
        )
    },
}
QUALITY: Final[dict[str, str]] = {
    "viable": "share of questions with a viable route",
    **{f"audit{depth}_s": f"audit at {depth}, s" for depth in DEPTHS},
    **{
        f"{engine}_{form}_R@{depth}": f"{engine}, {form} form: {genre} R@{depth}"
        for engine in ENGINES
        for form, genre in {"whole": "all gold", **FORMS}.items()
        for depth in DEPTHS
    },
}
PLAYED: Final[dict[str, str]] = {
    f"{agent}_{figure}": f"{agent}: {figure}" for agent in AGENTS for figure in ("EM", "hop_recall", "searches")
}
#: Engine to line style.
_DASHES: Final = {"bm25": "-", "dense": "--"}


class Growth(NamedTuple):
    """``figure ~ documents ** exponent``, fitted to logarithms by least squares, with its standard error."""

    exponent: float
    error: float


def fit(documents: Sequence[float], values: Sequence[float]) -> Growth:
    """Fit a power law.

    Args:
        documents: different positive numbers, two at least.
        values: a positive number for each.
    """
    from scipy.stats import linregress

    line = linregress(np.log10(documents), np.log10(values))
    return Growth(float(line.slope), float(line.stderr))


def growth(sizes: Mapping[str, Figures]) -> dict[str, Growth]:
    """The fitted growth of every row of ``GROWTH``."""
    documents = [figures["documents"] for figures in sizes.values()]
    return {name: fit(documents, [figures[name] for figures in sizes.values()]) for name in GROWTH}


def write(sizes: Mapping[str, Figures], source: Provenance, folder: Path) -> Path:
    """Write the page, its picture and its tables into a folder; returns the path of the page.

    Args:
        sizes: corpus -> its figures, smallest first.
        source: where the figures come from.
        folder: where to.
    """
    fitted = growth(sizes)
    picture = draw(sizes, fitted)
    files.write_bytes(folder / "scale.png", picture)
    rows = ((name, round(row["documents"]), key, f"{row[key]:.6g}") for name, row in sizes.items() for key in row)
    files.write_bytes(folder / "scale.csv", _csv(("corpus", "documents", "figure", "value"), rows))
    fits = ((name, f"{one.exponent:.4f}", f"{one.error:.4f}") for name, one in fitted.items())
    files.write_bytes(folder / "exponents.csv", _csv(("figure", "exponent", "standard_error"), fits))
    files.write_bytes(folder / "scale.html", render(sizes, fitted, picture, source).encode())
    return folder / "scale.html"


def render(sizes: Mapping[str, Figures], fitted: Mapping[str, Growth], picture: bytes, source: Provenance) -> str:
    """The page as text; it needs nothing but itself."""
    exponents = {GROWTH[name]: f"{one.exponent:.2f} &plusmn; {one.error:.2f}" for name, one in fitted.items()}
    body = "".join(f"<tr><td>{escape(name)}</td><td>{value}</td></tr>" for name, value in exponents.items())
    head = "<thead><tr><th>figure</th><th>exponent</th></tr></thead>"
    return html.template("scale.html").substitute(
        style=html.style(),
        picture=base64.b64encode(picture).decode(),
        exponents=f"<table>{head}<tbody>{body}</tbody></table>",
        tables="".join(_table(words, rows, sizes) for words, rows in _TABLES.items()),
        command=escape(source.command),
        commit=escape(f"{source.commit or 'unknown'}{' with uncommitted changes' if source.dirty else ''}"),
        device=escape(", ".join(source.device.values())),
        versions=escape(", ".join(f"{name} {version}" for name, version in source.versions.items())),
    )


_TABLES: Final = {"What it costs": COST, "What is found": QUALITY, "What agents make of it": PLAYED}


def _table(heading: str, rows: Mapping[str, str], sizes: Mapping[str, Figures]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in sizes)
    body = "".join(
        f"<tr><td>{escape(words)}</td>{''.join(f'<td>{number(row[name])}</td>' for row in sizes.values())}</tr>"
        for name, words in rows.items()
    )
    caption = f"<caption>{escape(heading)}</caption><thead><tr><th></th>{head}</tr></thead>"
    return f'<div class="scroll"><table>{caption}<tbody>{body}</tbody></table></div>'


def number(value: float) -> str:
    """Three digits that count, thousands set apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(head)
    lines.writerows(rows)
    return text.getvalue().encode()


def draw(sizes: Mapping[str, Figures], fitted: Mapping[str, Growth]) -> bytes:
    """Draw the figures of some sizes, smallest first; returns PNG bytes."""
    import matplotlib

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure, axes = grid(4, 6.4, 4.2)
        panels = _Panels(list(sizes.values()))
        panels.times(axes[0], fitted)
        panels.memory(axes[1], fitted)
        panels.recall(axes[2])
        panels.accuracy(axes[3])
        return png(figure)


class _Panels:
    def __init__(self, rows: Sequence[Figures]) -> None:
        self._rows = rows
        self._documents = [row["documents"] for row in rows]

    def times(self, axis: Axes, fitted: Mapping[str, Growth]) -> None:
        for engine, colour in zip(ENGINES, COLOURS, strict=False):
            self._line(axis, f"{engine}_p50_ms", f"{engine} p50 {_law(fitted[f'{engine}_p50_ms'])}", colour, "-")
            self._line(axis, f"{engine}_p95_ms", f"{engine} p95", colour, ":")
        self._dress(axis, "One search", "milliseconds", log=True)

    def memory(self, axis: Axes, fitted: Mapping[str, Growth]) -> None:
        for engine, colour in zip(ENGINES, COLOURS, strict=False):
            law = _law(fitted[f"{engine}_resident_mib"])
            self._line(axis, f"{engine}_resident_mib", f"{engine} resident {law}", colour, "-")
            self._line(axis, f"{engine}_index_mib", f"{engine} index on disk", colour, ":")
        self._line(axis, "peak_mib", "peak while building", SOFT, "-.")
        self._dress(axis, "Memory and disk", "MiB", log=True)

    def recall(self, axis: Axes) -> None:
        for (form, genre), colour in zip(FORMS.items(), COLOURS, strict=False):
            for engine, dashes in _DASHES.items():
                label = f"{form} finds {genre}" if engine == ENGINES[0] else None
                self._line(axis, f"{engine}_{form}_R@{DEPTHS[0]}", label, colour, dashes)
        self._dress(axis, f"What names find (R@{DEPTHS[0]}; dashed: dense)", f"recall@{DEPTHS[0]}")

    def accuracy(self, axis: Axes) -> None:
        for agent, colour in zip(AGENTS, COLOURS, strict=False):
            self._line(axis, f"{agent}_EM", short(agent), colour, "-")
        self._line(axis, "viable", "a viable route exists", SOFT, "-.")
        self._dress(axis, "What agents answer", "EM")

    def _line(self, axis: Axes, figure: str, label: str | None, colour: str, dashes: str) -> None:
        values = [row[figure] for row in self._rows]
        axis.plot(self._documents, values, dashes, color=colour, label=label, marker="o", ms=3.5, lw=1.5)

    def _dress(self, axis: Axes, title: str, label: str, *, log: bool = False) -> None:
        axis.set_xscale("log")
        axis.set(title=title, xlabel="documents", ylabel=label)
        if log:
            axis.set_yscale("log")
        else:
            axis.set_ylim(-0.03, 1.03)
        axis.legend(frameon=False, fontsize=7.5)


def _law(fitted: Growth) -> str:
    return f"(n^{fitted.exponent:.2f} ± {fitted.error:.2f})"
