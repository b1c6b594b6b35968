"""Record the golden episodes, and compare this code with a recording.

A recording holds actions with the observations, rewards and outcomes that followed, metrics over these outcomes, and
the cells of every suite. ``differences`` replays it and says which version (``benchmarks/versions.py``) must be raised;
``make golden`` records anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from berrypick import corpora, io
from berrypick.benchmarks import cells
from berrypick.benchmarks.golden.scenes import PLAIN, QUESTION, SCENES, TOURS, Scene
from berrypick.benchmarks.metrics import robustness
from berrypick.benchmarks.metrics.table import METRICS, TaskOutcomes, Value
from berrypick.benchmarks.stats import intervals
from berrypick.benchmarks.suites import SUITES, cells_of, version_of
from berrypick.benchmarks.versions import PROTOCOL_VERSION, SCORER_VERSION
from berrypick.corpora.engines import kinds_in
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.scoring.outcome import Outcome, analyse
from berrypick.envs.scoring.trace import Turn
from berrypick.errors import BadInput
from berrypick.records import Record

FILE: Final = Path("tests/golden/episodes.json")
SEED: Final = 0
#: Dense scores differ by so much between machines.
DRIFT: Final = 2e-4
#: Rollouts of a task whose outcomes are drawn for the metrics.
_ROLLOUTS: Final = 16

PROTOCOL, SCORER, SUITE = "PROTOCOL_VERSION", "SCORER_VERSION", "REVISED"


class GoldenStep(Record):
    """One action and what followed.

    Attributes:
        action: as written.
        observation: number of the text in ``Golden.texts``.
        documents: ids, as listed or opened.
        scores: of these documents.
        dense: whether a dense engine was asked, whose scores differ in their last bits between machines.
    """

    action: str
    observation: int
    documents: tuple[str, ...]
    scores: tuple[float, ...]
    dense: bool


class GoldenEpisode(Record):
    """One episode with its outcome; ``prompt`` is a number of a text."""

    scene: str
    prompt: int
    steps: tuple[GoldenStep, ...]
    answer: str | None
    reward: float
    terminated: bool
    truncated: bool
    outcome: dict[str, Any]


class GoldenSuite(Record):
    """The cells of a suite, as published under a version."""

    version: int
    cells: list[dict[str, Any]]


class Golden(Record):
    """A recording.

    Attributes:
        protocol: ``PROTOCOL_VERSION`` when it was made.
        scorer: ``SCORER_VERSION`` when it was made.
        documents: hash of the documents that are searched.
        texts: prompts and observations, each once.
        episodes: in the order of ``SCENES``.
        metrics: over tasks whose outcomes are drawn from the episodes.
        suites: name -> its version and cells.
    """

    protocol: int
    scorer: int
    documents: str
    texts: tuple[str, ...]
    episodes: tuple[GoldenEpisode, ...]
    metrics: dict[str, Value]
    suites: dict[str, GoldenSuite]


class Difference(NamedTuple):
    """One way in which this code differs from a recording, and the version to raise."""

    version: str
    text: str

    def __str__(self) -> str:
        return f"{self.text}; if this is meant, raise {self.version} and run `make golden`"


def record() -> Golden:
    """Play every scene and compute the metrics."""
    texts: dict[str, int] = {}
    played = [_play(scene, texts) for scene in SCENES]
    return Golden(
        protocol=PROTOCOL_VERSION,
        scorer=SCORER_VERSION,
        documents=corpora.load(PLAIN.corpus).manifest.sha256["documents.jsonl"],
        texts=tuple(texts),
        episodes=tuple(episode for episode, _ in played),
        metrics=_metrics([outcome for _, outcome in played]),
        suites={
            name: GoldenSuite(version_of(name), msgspec.json.decode(msgspec.json.encode(cells_of(name))))
            for name in SUITES
        },
    )


def _play(scene: Scene, texts: dict[str, int]) -> tuple[GoldenEpisode, Outcome]:
    env = cells.search_env(scene.cell)
    env.reset(seed=rollout_seed(SEED, scene.rollout), options={"question_id": QUESTION})
    write = PROTOCOLS[scene.cell.protocol].write
    for action in TOURS[scene.tour]:
        if not env.simulation.over:
            env.step(action if isinstance(action, str) else write(action))
    trace = env.trace
    outcome = analyse(trace, env.engines)
    names = [document.id for document in trace.corpus.documents]
    episode = GoldenEpisode(
        scene.name,
        texts.setdefault(trace.prompt, len(texts)),
        tuple(_step(turn, names, texts) for turn in trace.turns),
        trace.answer,
        trace.reward,
        trace.terminated,
        trace.truncated,
        msgspec.json.decode(msgspec.json.encode(outcome)),
    )
    return episode, outcome


def _step(turn: Turn, names: Sequence[str], texts: dict[str, int]) -> GoldenStep:
    documents = tuple(names[position] for position in turn.docs)
    dense = bool(turn.engine) and "dense" in kinds_in(turn.engine)
    return GoldenStep(turn.raw, texts.setdefault(turn.observation, len(texts)), documents, turn.scores, dense)


def _metrics(outcomes: Sequence[Outcome]) -> dict[str, Value]:
    """Compute every metric over forty made-up tasks in a plain cell and in one with a knock-out."""
    knocked_out = replace(PLAIN, knockouts=("no_open",))
    plain = [one for scene, one in zip(SCENES, outcomes, strict=True) if scene.cell.plain]
    pools = plain, plain[len(plain) // 2 :]  # the second has fewer right answers, so that resilience is below 1
    env = cells.search_env(PLAIN)
    env.reset(options={"question_id": QUESTION})
    audit = env.trace.corpus.audit[QUESTION]
    tasks = [
        TaskOutcomes(
            cell=cell,
            task_id=number,
            question_id=f"{QUESTION}-{number:02d}",
            family="bridge",
            hops=3,
            routes=audit.routes,
            outcomes=tuple(pool[(7 * number + 3 * n + number * n) % len(pool)] for n in range(_ROLLOUTS)),
            survives=audit.survives,
        )
        for cell, pool in enumerate(pools)
        for number in range(PLAIN.tasks)
    ]
    setups = [{"knockouts": PLAIN.knockouts}, {"knockouts": knocked_out.knockouts}]
    parts = robustness.parts((PLAIN, knocked_out), setups, tasks)
    return intervals.summarise(tasks, METRICS, SEED, apart=[1]).overall | robustness.summarise(parts, SEED).overall


def differences(golden: Golden) -> Iterator[Difference]:
    """Say where this code behaves otherwise than a recording.

    Metrics and suites that the recording does not have are new, and no difference.
    """
    here = record()
    if golden.documents != here.documents:
        yield Difference(PROTOCOL, f"{PLAIN.corpus} has other documents (its builder changed)")
        return
    theirs = {episode.scene: episode for episode in golden.episodes}
    for ours in here.episodes:
        if ours.scene not in theirs:
            yield Difference("nothing", f"episode {ours.scene!r} is not recorded")
        else:
            yield from _other_episode(golden, theirs[ours.scene], here, ours)
    for name, value in golden.metrics.items():
        if not _same(value, here.metrics.get(name)):
            yield Difference(SCORER, f"metric {name}: recorded {value}, here {here.metrics.get(name)}")
    for name, suite in golden.suites.items():
        if name not in here.suites or (suite != here.suites[name] and suite.version == here.suites[name].version):
            yield Difference(f"{SUITE}[{name!r}]", f"suite {name}-v{suite.version} has other cells")


def _other_episode(
    golden: Golden, recorded: GoldenEpisode, here: Golden, played: GoldenEpisode
) -> Iterator[Difference]:
    """Say in what an episode went otherwise first, or else which parts of its outcome differ."""
    place = f"episode {recorded.scene!r}"
    for (what, said), (_, found) in zip(_course(golden, recorded), _course(here, played), strict=False):
        if said != found and not (isinstance(said, _Scores) and isinstance(found, _Scores) and said.near(found)):
            yield Difference(PROTOCOL, f"{place}, {what}: recorded {said!r}, here {found!r}")
            return
    for name, said in recorded.outcome.items():
        if said != (found := played.outcome.get(name)):
            yield Difference(SCORER, f"{place}, outcome {name}: recorded {said!r}, here {found!r}")


class _Scores(NamedTuple):
    values: tuple[float, ...]
    dense: bool

    def near(self, other: _Scores) -> bool:
        """Whether two dense lists differ by no more than two machines do."""
        pairs = zip(self.values, other.values, strict=False)
        alike = self.dense and other.dense and len(self.values) == len(other.values)
        return alike and all(abs(a - b) <= DRIFT + 1e-9 for a, b in pairs)


def _course(golden: Golden, episode: GoldenEpisode) -> Iterator[tuple[str, object]]:
    """Yield everything that happened in an episode with its name, in order."""
    yield "prompt", golden.texts[episode.prompt]
    yield "number of steps", len(episode.steps)
    for number, step in enumerate(episode.steps, 1):
        yield f"step {number}, action", step.action
        yield f"step {number}, observation", golden.texts[step.observation]
        yield f"step {number}, documents", step.documents
        yield f"step {number}, scores", _Scores(step.scores, step.dense)
    for name in ("answer", "reward", "terminated", "truncated"):
        yield name, getattr(episode, name)


def _same(recorded: Value, here: Value | None) -> bool:
    if here is None or recorded.n != here.n:
        return False
    pairs = ((recorded.value, here.value), (recorded.low, here.low), (recorded.high, here.high))
    return all(
        x is y is None or (x is not None and y is not None and math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-12))
        for x, y in pairs
    )


def read(path: Path = FILE) -> Golden:
    """Read a recording; BadInput names the field that does not fit."""
    return io.decode(path.read_bytes(), msgspec.json.Decoder(Golden), path)


def update(out: Path = FILE) -> None:
    """Record anew, where every change of behaviour has its version raised.

    Args:
        out: the recording.

    Raises:
        BadInput: behaviour changed and its version did not; the first difference is named.
    """
    if out.exists():
        golden = read(out)
        raised = {PROTOCOL: golden.protocol < PROTOCOL_VERSION, SCORER: golden.scorer < SCORER_VERSION, "nothing": True}
        for difference in differences(golden):
            if not raised.get(difference.version, False):
                raise BadInput(str(difference), file=out)
    io.write_bytes(out, msgspec.json.format(msgspec.json.encode(record()), indent=1) + b"\n")
