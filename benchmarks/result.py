"""The result of one run: one agent, one suite, one seed. Read strictly, written canonically."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from berrypick import io
from berrypick.benchmarks.metrics.table import TaskOutcomes, Value
from berrypick.benchmarks.provenance import Provenance
from berrypick.benchmarks.suites import Cell, corpus_of, label
from berrypick.benchmarks.versions import Contract
from berrypick.errors import BadInput
from berrypick.records import Episode, Record

SCHEMA: Final = 1
RESULT: Final = "result.json"
EPISODES: Final = "episodes.jsonl.gz"
#: Not part of a submission: what replaying the episodes gives, kept so that comparing runs needs no replay.
OUTCOMES: Final = "outcomes.jsonl.gz"
#: Where there is nothing to say.
BLANK: Final = Value(None, None, None, 0)
Row = TypeVar("Row")


class Config(Record):
    """Everything that a run's numbers depend on. A folder holds one configuration.

    Attributes:
        schema: of the result.
        agent: its name.
        suite: its name.
        seed: of the agent's sampling and of the intervals.
        cells: the suite's cells.
        versions: of Python and of the packages that decide a number.
        sources: hashes of the source code, of weights, and of a private salt: cells that were run with others are not
            reused. Results are compared by ``contract``, never by these.
        contract: versions of suite, protocol and scorer.
        smoke_test: whether the cells have other numbers of questions or rollouts than the suite's.
        frozen: label of a cell that refuses a dominant move -> the (tool, form) of another agent that is refused
            instead, None for none.
    """

    schema: int
    agent: str
    suite: str
    seed: int
    cells: tuple[Cell, ...]
    versions: dict[str, str]
    sources: dict[str, str]
    contract: Contract = Contract()
    smoke_test: bool = False
    frozen: dict[str, tuple[str, str] | None] = msgspec.field(default_factory=dict)


class CellResult(Record):
    """One cell as it was run.

    Attributes:
        env: Gymnasium id.
        knockouts: see ``suites.Cell``.
        faults: see ``suites.Cell``.
        setup: what the environment was made with, defaults included.
        tasks: questions asked.
        rollouts: episodes per question.
        readable: whether the agent reads this corpus; where it does not, nothing was run and every metric is blank.
        errors: rollouts that failed; they count as unanswered.
        metrics: name -> estimate.
    """

    env: str
    knockouts: tuple[str, ...]
    faults: tuple[str, ...]
    tasks: int
    rollouts: int
    readable: bool
    errors: int
    setup: dict[str, Any]
    metrics: dict[str, Value]

    @property
    def label(self) -> str:
        """What tables and pictures call the cell."""
        return label(self.env, self.setup["corpus"], self.setup["split"], self.knockouts, self.faults)

    @property
    def where(self) -> str:
        """What is searched, whatever was changed in it."""
        return label(self.env, self.setup["corpus"], self.setup["split"], (), ())

    @property
    def change(self) -> str:
        """What was changed, "" where nothing was."""
        return " ".join((*self.knockouts, *self.faults))

    @property
    def plain(self) -> bool:
        """See ``suites.Cell``."""
        return not self.change


class QuestionResult(Record):
    """One question of one cell.

    Attributes:
        cell: index into ``Result.cells``.
        question_id: unique in the cell.
        family: kind of question.
        hops: facts the answer rests on.
        rollouts: episodes played.
        errors: episodes that failed.
        correct: episodes with the right answer.
        rounds: the same by the number of turns before the answer; entry 0 counts answers without any.
        strategies: strategy -> episodes with grounded success that used it.
        metrics: metric -> its value on this question, for metrics that have one.
    """

    cell: int
    question_id: str
    family: str
    hops: int
    rollouts: int
    errors: int
    correct: int
    rounds: tuple[int, ...]
    strategies: dict[str, int]
    metrics: dict[str, float | None]


class Result(Record):
    """``result.json``.

    Attributes:
        metrics: unweighted means over the cells without knock-outs and faults, blank where one of those is blank; and
            measures over the changed cells (``robustness``).
    """

    schema: int
    agent: str
    suite: str
    seed: int
    metrics: dict[str, Value]
    cells: tuple[CellResult, ...]
    questions: tuple[QuestionResult, ...]
    config: Config
    provenance: Provenance

    @property
    def errors(self) -> int:
        """Rollouts that failed, over all cells."""
        return sum(cell.errors for cell in self.cells)

    @property
    def barred(self) -> str:
        """Why the run cannot be submitted, whatever its numbers are; "" where nothing bars it."""
        if corpus_of(self.suite):
            return "a run on one corpus alone, which is no suite of the board, so it cannot be submitted"
        if self.config.smoke_test:
            return "a smoke test: other numbers of questions or rollouts than the suite has, so it cannot be submitted"
        if self.config.frozen:
            return "a run without the dominant move of another agent, so it cannot be submitted"
        return ""


def canonical(value: object) -> bytes:
    """Encode as JSON that is the same bytes for the same value: sorted keys, one blank of indent, a final newline."""
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1) + b"\n"


def write(folder: Path, result: Result, episodes: Iterable[Episode], tasks: Iterable[TaskOutcomes]) -> None:
    """Write a run folder's files; ``result.json`` comes last, so a folder that has it is whole."""
    ordered = sorted(episodes, key=lambda episode: (episode.cell, episode.question_id, episode.rollout))
    io.write_bytes(folder / EPISODES, squeeze(io.jsonl(ordered)))
    io.write_bytes(folder / OUTCOMES, squeeze(io.jsonl(tasks)))
    io.write_bytes(folder / RESULT, canonical(result))


def read(folder: Path) -> Result:
    """Read a run folder's result.

    Raises:
        BadInput: no result there, another schema, or a field that does not fit; names file and field.
    """
    path = _there(folder, RESULT)
    data = path.read_bytes()
    schema = io.decode(data, msgspec.json.Decoder(dict[str, Any]), path).get("schema")
    if schema != SCHEMA:
        raise BadInput(f"schema is {schema!r}, this version reads {SCHEMA}", file=path, field="schema")
    return io.decode(data, msgspec.json.Decoder(Result), path)


def read_episodes(folder: Path) -> list[Episode]:
    """Read a run folder's episodes, in order of cell, question and rollout; BadInput names file and line."""
    return _rows(_there(folder, EPISODES), Episode)


def read_outcomes(folder: Path) -> list[TaskOutcomes]:
    """Read the outcomes of a run folder, task by task; BadInput names file and line."""
    return _rows(_there(folder, OUTCOMES), TaskOutcomes)


def _there(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise BadInput("is not there; `berrypick bench AGENT --out DIR` writes it", file=folder / name)
    return folder / name


def _rows(path: Path, kind: type[Row]) -> list[Row]:
    decoder = msgspec.json.Decoder(kind)
    lines = _expand(path).splitlines()
    return [io.decode(line, decoder, path, number) for number, line in enumerate(lines, 1)]


def unpack(path: Path, kind: type[Row]) -> Row:
    """Read one compressed record; BadInput names file and field."""
    return io.decode(_expand(path), msgspec.json.Decoder(kind), path)


def _expand(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(f"not a whole gzip file ({error}); delete it and run again", file=path) from error


def squeeze(data: bytes) -> bytes:
    """Compress without a time stamp or a file name, so that equal data gives equal bytes."""
    return gzip.compress(data, mtime=0)
