"""``phrases``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import tyro

from berrypick.cli.console import OUT, steps, table
from berrypick.cli.study.refine import difference, shown

if TYPE_CHECKING:
    from berrypick.benchmarks.studies.hicra.phrases import PhraseRow

Folder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SWEEP")]
Where = Annotated[
    Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: phrases.json in the folder of the sweep)")
]

_NUMBERS: Final = ("entropy, nats", "delta vs grpo", "in 100 tokens", "delta vs grpo ")


def phrases(sweep: Folder, out: Where = None) -> int:
    """Say how many strategic phrases the policies of a sweep say, and how evenly, against grpo with the same seed.

    The phrases are those that a trial of the sweep mined from the start (hicra_grams). Evaluated episodes are replayed,
    of every trial over as many generated tokens, for entropy grows with length. Prints a table a track and split, and
    writes it as JSON, with 95 % intervals over seeds.

    Args:
        sweep: the folder of a sweep on the text track.
        out: the file.
    """
    from berrypick.benchmarks.studies.hicra.phrases import PHRASES, measure, progress_steps, write

    with steps() as start_progress:
        found = measure(sweep, ["berrypick", "study", "phrases", str(sweep)], start_progress(progress_steps(sweep)))
    out = out or sweep / PHRASES
    write(out, found)
    for track, tokens in found.tokens.items():
        for split, count in tokens.items():
            title = f"{track}, {split} worlds: {found.grams[track]} phrases of {found.mined[track]}, {count} tokens"
            show(title, [row for row in found.rows if (row.track, row.split) == (track, split)])
    OUT.print(f"Numbers: {out}", markup=False, soft_wrap=True)
    return 0


def show(title: str, rows: Sequence[PhraseRow]) -> None:
    """Print the table of a track and split."""
    made = table(title, "method", *_NUMBERS, right=_NUMBERS)
    for row in rows:
        values = shown(row.entropy), difference(row.entropy_less), shown(row.rate), difference(row.rate_less)
        made.add_row(row.method, *values)
    OUT.print(made)
