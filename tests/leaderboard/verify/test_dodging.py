"""What ``no_favourite`` refuses, said in other words: whoever verifies a submission is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from berrypick import agents
from berrypick.agents.base import EpisodeView
from berrypick.benchmarks import result, run
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.envs.actions import Open, Search
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.reading.view import look
from berrypick.leaderboard import submit
from berrypick.leaderboard.schema import SEEDS, About
from berrypick.leaderboard.verify import submission

SUITE, FILLER = "dodged", "please "
PLAIN = Cell("berrypick/Almanac-v0", "almanac-small", worlds=1, tasks=24, rollouts=1)


class Names:
    """``scripted:names-only`` that searches for the names it would open; what is refused it says again with a filler.

    The script sees its own opens, and of a search that was said twice what the second brought.
    """

    def __init__(self, dodges: bool) -> None:
        self.name = "dodger" if dodges else "names"
        self._inner, self._dodges = agents.make("scripted:names-only"), dodges
        self._own: dict[int, dict[str, str]] = {}

    def reads(self, corpus: str) -> bool:
        return True

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        return [self._act(row, rng) for row, rng in zip(rows, rngs, strict=True)]

    def _act(self, row: EpisodeView, rng: np.random.Generator) -> str:
        view = look(row.history)
        last = view.actions[-1] if view.actions else None
        refused = isinstance(last, Search) and view.refusals[-1] and not last.query.startswith(FILLER)
        if self._dodges and refused and isinstance(last, Search):
            return view.write(Search(FILLER + last.query, last.engine, last.topk))
        if not view.actions:
            self._own[row.id] = {}
        own = self._own[row.id]
        kept = [row.history[0]]
        for text, observation in zip(row.history[1::2], row.history[2::2], strict=True):
            if FILLER in text:
                kept[-1] = observation
            else:
                kept += [own.get(text, text), observation]
        (said,) = self._inner.act([EpisodeView(row.id, tuple(kept))], [rng])
        action = PROTOCOLS[view.setup.protocol].parse(said)
        if not isinstance(action, Open):
            return said
        written = view.write(Search(action.title, "bm25", 3))
        own[written] = said
        return written


@pytest.fixture
def played(tmp_path: Path) -> Iterator[dict[bool, list[Path]]]:
    """Runs of both, one for each seed."""
    SUITES.add(SUITE, (PLAIN, replace(PLAIN, knockouts=("no_favourite",))), "for tests")
    for dodges in (False, True):
        agents.AGENTS.add(Names(dodges).name, lambda dodges=dodges: Names(dodges), "for tests")
    yield {
        dodges: [run.run([Names(dodges).name], SUITE, seed, tmp_path / f"{dodges}-{seed}")[0] for seed in SEEDS]
        for dodges in (False, True)
    }
    for table, names in ((SUITES, [SUITE]), (agents.AGENTS, [Names(False).name, Names(True).name])):
        for name in names:
            del table._rows[name], table._help[name]


def test_a_refused_way_said_in_other_words_is_told(played: dict[bool, list[Path]], tmp_path: Path):
    notes = {}
    for dodges, runs in played.items():
        path = submit.submit(runs, f"dodges-{dodges}".lower(), About(), tmp_path / "submissions")
        verdict = submission.verify(path)
        assert verdict.problems == ()
        notes[dodges] = verdict.notes
    kept = {
        dodges: [result.read(run).metrics["resilience_no_favourite"].value for run in runs]
        for dodges, runs in played.items()
    }
    assert max(kept[False]) == 0 and min(kept[True]) == 1, "as RULES.md says"
    assert notes[False] == ()
    (note,) = notes[True]
    found = re.match(
        r"cell 1 \(Almanac no_favourite\): (\d+) of (\d+) grounded successes rest on what is refused", note
    )
    assert found and int(found[1]) > int(found[2]) / 2
