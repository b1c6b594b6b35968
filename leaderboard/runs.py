"""Run folders as submissions are made from them: those of ``berrypick bench``, and those of any other loop.

Another loop writes the same ``episodes.jsonl.gz`` and, in place of ``result.json``, a few words in ``run.json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from berrypick import io
from berrypick.benchmarks import result
from berrypick.benchmarks.cells import resolved
from berrypick.benchmarks.dominant_move import plain_of
from berrypick.benchmarks.result import Result
from berrypick.benchmarks.suites import Cell
from berrypick.envs.perturbations.knockouts import is_dominant_move
from berrypick.errors import BadInput
from berrypick.leaderboard.recorded import LINE_LIMIT, MEAN_LIMIT, Line, pack
from berrypick.leaderboard.schema import SALT
from berrypick.leaderboard.untrusted import lines, strict
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.scoring import replayed
from berrypick.records import Episode, Record

RUN: Final = "run.json"
_EPISODES: Final = msgspec.json.Decoder(Episode)


class Run(Record):
    """``run.json``: what a run's episodes do not say.

    Attributes:
        agent: who played.
        suite: what was played.
        seed: of the run; the faults of the environments follow from it.
        protocol: how actions are written.
        unread: numbers of cells that the agent does not read and that were not played.
        weights: hash of the agent's weights, "" where it has none in files.
        device: what it ran on, in words.
        salt: digest of the private salt in whose worlds it was played, "" for everybody's.
        schema: of the file.
    """

    agent: str
    suite: str
    seed: int
    protocol: str = "tags"
    unread: tuple[int, ...] = ()
    weights: str = ""
    device: str = ""
    salt: str = ""
    schema: Literal[1] = 1


def write_run(folder: Path, run: Run, episodes: Iterable[Episode]) -> None:
    """Write a run folder that ``berrypick submit`` takes, from the episodes of a loop of one's own.

    Args:
        folder: where; made where it is missing.
        run: what was played.
        episodes: in any order.
    """
    ordered = sorted(episodes, key=lambda one: (one.cell, one.question_id, one.rollout))
    io.write_bytes(folder / result.EPISODES, result.squeeze(io.jsonl(ordered)))
    io.write_bytes(folder / RUN, result.canonical(run))


def without_dominant_move(
    suite: str, number: int, seed: int, episodes: Iterable[Episode], protocol: str = "tags"
) -> Cell:
    """Return a cell of a suite with what ``no_dominant_move`` refuses filled in, for a loop of one's own.

    Args:
        suite: what is played.
        number: of the cell.
        seed: of the run.
        episodes: of the run so far, those of the plain cell among them, which is replayed.
        protocol: how actions are written.

    Raises:
        BadInput: an episode of the plain cell does not replay.
    """
    plan = Plan(suite, protocol)
    if not plan.cells[number].waits:
        return plan.cells[number]
    plain = plain_of(plan.cells, plan.cells[number])
    ordered = sorted((one for one in episodes if one.cell == plain), key=lambda one: (one.question_id, one.rollout))
    lines = (Line(Path(result.EPISODES), place, pack(one, seed), one) for place, one in enumerate(ordered, 1))
    tally = replayed(plan, lines, (seed,))
    if tally.problems:
        raise BadInput(f"cell {plain} does not replay: {tally.problems[0]}", field="episodes")
    return tally.resolved(seed, number)


def read_run(folder: Path) -> Run:
    """Read what was played from a run folder.

    Raises:
        BadInput: there is no run, or it was played with other cells than its suite has here, on a corpus of one's own,
            or with ``expose_gold``.
    """
    if (folder / RUN).is_file():
        return io.decode((folder / RUN).read_bytes(), msgspec.json.Decoder(Run), folder / RUN)
    if not (folder / result.RESULT).is_file():
        reason = f"no run here: neither {result.RESULT}, which `berrypick bench` writes, nor {RUN}"
        raise BadInput(reason, file=folder)
    found = result.read(folder)
    if found.barred:
        raise BadInput(f"is {found.barred}", file=folder / result.RESULT)
    protocol = found.config.cells[0].protocol if found.config.cells else "tags"
    salt = found.config.sources.get(SALT, "")
    _check_cells(found, Plan(found.suite, protocol, salt), folder / result.RESULT)
    return Run(
        found.agent,
        found.suite,
        found.seed,
        protocol,
        tuple(number for number, cell in enumerate(found.cells) if not cell.readable),
        found.config.sources.get("weights", ""),
        _words(found.provenance.device),
        salt,
    )


def _words(device: dict[str, str]) -> str:
    return f"{device.get('system', '')} {device.get('machine', '')}, {device.get('cores', '?')} cores".strip()


def _check_cells(found: Result, plan: Plan, path: Path) -> None:
    """Raise BadInput where a run's cells are not those of its suite."""
    if found.config.contract != plan.contract:
        reason = f"is {found.config.contract}, expected {plan.contract}; run it again with this release"
        raise BadInput(reason, file=path, field="config.contract")
    if found.config.cells != plan.cells:
        raise BadInput(f"suite {found.suite} has other cells here; run it again", file=path, field="config.cells")
    for number, (cell, asked) in enumerate(zip(found.cells, plan.cells, strict=True)):
        setup = msgspec.json.decode(msgspec.json.encode(resolved(asked)))
        for name, value in setup.items():
            measured = name == "knockouts" and any(map(is_dominant_move, asked.knockouts))
            if not measured and (said := cell.setup.get(name)) != value:
                hint = "; episodes played with the gold on show cannot be submitted" if name == "expose_gold" else ""
                reason = f"is {said!r}, the suite has {value!r}{hint}"
                raise BadInput(reason, file=path, field=f"cells[{number}].setup.{name}")


def read_lines(folder: Path, run: Run, plan: Plan) -> Iterator[Line]:
    """Read a run's episodes one by one; raises ``Rejected``, a BadInput, as for a submission."""
    path = folder / result.EPISODES
    for number, line in lines(path, LINE_LIMIT, MEAN_LIMIT * plan.episodes(1)):
        episode = strict(line, _EPISODES, path, number)
        yield Line(path, number, pack(episode, run.seed), episode)
