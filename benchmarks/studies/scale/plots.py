"""Four panels by number of documents: search time, memory, what forms of a name find, what agents answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final

from berrypick.benchmarks.report.base import COLOURS, SOFT, STYLE, grid, short
from berrypick.benchmarks.studies.scale.measure import AGENTS, DEPTHS, ENGINES, FORMS, Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from berrypick.benchmarks.studies.scale.page import Growth

#: Engine to line style.
_DASHES: Final = {"bm25": "-", "dense": "--"}


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
        target = BytesIO()
        figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


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
