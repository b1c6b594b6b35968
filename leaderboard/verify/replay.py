"""Replay the episodes of one question: play every action again, and say where a record tells something else.

Dense scores differ in their last bits between machines, so a dense list may have documents of nearly equal scores in
another order. There the replay goes on from the recorded list, as the policy did, and counts the step. Where scores
alone differ it does the same, and counts nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from berrypick.benchmarks.cells import search_env
from berrypick.benchmarks.suites import Cell
from berrypick.corpora.engines import Engine, kinds_in
from berrypick.envs.actions import Search
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.protocols import TOPK_LIMIT
from berrypick.envs.scoring.outcome import Outcome, analyse
from berrypick.envs.scoring.trace import Turn
from berrypick.envs.search import SearchEnv
from berrypick.envs.simulation import Request
from berrypick.leaderboard.untrusted import plain
from berrypick.records import Episode, Hit, Step

#: How far apart the scores of one document may be on two machines: one in the last digit, twice, as both are rounded.
DRIFT: Final = 2e-4
#: Hits beyond those shown among which a document is looked for that another machine ranked higher.
_DEEPER: Final = 20


class Job(NamedTuple):
    """The episodes of one question in one run, small enough to hand to another process.

    Attributes:
        cell: what was played, with what ``no_favourite`` refuses filled in.
        seed: of the run.
        task: the environment's number for the question.
        episodes: each with where it stands, in words.
    """

    cell: Cell
    seed: int
    task: int
    episodes: tuple[tuple[str, Episode], ...]


class Replayed(NamedTuple):
    """What became of a job.

    Attributes:
        outcomes: of the episodes that ran, in order; those with status "error" have none.
        problems: what differs, with where it stands.
        drifted: steps with a dense list in another order than here.
        moved: episodes with such a step.
        tokens: sum of what the steps say.
    """

    outcomes: tuple[Outcome, ...]
    problems: tuple[str, ...]
    drifted: int
    moved: int
    tokens: int


class Differs(Exception):
    """Where a record differs from its replay."""


def replay(job: Job) -> Replayed:
    """Replay a job in this process; environments are kept for the next one."""
    env = _env(job.cell)
    engines = env.engines_of(env.tasks.at(job.task).world)
    outcomes, problems = list[Outcome](), list[str]()
    drifted = moved = 0
    known = dict[Episode, tuple[Outcome, int]]()
    for place, episode in job.episodes:
        # Faults strike each rollout in its own way; without them what was played twice need be replayed once.
        one = episode if env.rules.faults else replace(episode, rollout=0)
        try:
            if one not in known:
                env.reset(seed=rollout_seed(job.seed, one.rollout), options={"task_id": job.task})
                steps = sum(_steps(env, one))
                _check_end(env, one)
                known[one] = analyse(env.trace, engines), steps
        except Differs as error:
            problems.append(f"{place}{error}")
            continue
        outcome, steps = known[one]
        drifted, moved = drifted + steps, moved + bool(steps)
        if episode.status == "ok":
            outcomes.append(outcome)
    tokens = sum(step.tokens for _, episode in job.episodes for step in episode.steps)
    return Replayed(tuple(outcomes), tuple(problems), drifted, moved, tokens)


@lru_cache(maxsize=32)
def _env(cell: Cell) -> SearchEnv:
    return search_env(cell)


def _steps(env: SearchEnv, episode: Episode) -> list[bool]:
    """Play the steps; returns of each whether its list came in another order.

    Raises:
        Differs: a step does not come back as recorded.
    """
    drifted = []
    for number, step in enumerate(episode.steps, 1):
        if env.simulation.over:
            raise Differs(f", step {number}: the episode was over before this step")
        turn, moved = _play(env, step)
        if problem := _difference(env, turn, step):
            raise Differs(f", step {number}: {problem}")
        drifted.append(moved)
    return drifted


def _play(env: SearchEnv, step: Step) -> tuple[Turn, bool]:
    """Play one step without the delays that faults make; returns the turn and whether its list has another order."""
    asked = env.ask(step.action)
    if isinstance(asked, Turn):
        env.settle(asked)
        return asked, False
    sources = _sources(env, asked)
    before = env.snapshot() if any("dense" in kinds_in(engine.name) for engine, _ in sources) else None
    env.settle(asked, asked.engine.search([asked.action.query], asked.k)[0])
    turn = env.trace.turns[-1]
    if before is None or not _difference(env, turn, step):
        return turn, False
    listed = _as_recorded(env, sources, turn, step)
    if listed is None:
        return turn, False
    env.restore(before)
    own, turn = turn, env.simulation.list_as(asked, listed, turn.faults)
    env.settle(turn)
    return turn, turn.docs != own.docs


def _sources(env: SearchEnv, request: Request) -> list[tuple[Engine, str]]:
    """Engines and queries that the list of a search may come from: a fault may list what the one before it found."""
    before = [turn for turn in env.trace.turns if isinstance(turn.action, Search) and turn.valid]
    earlier = [(turn.engine, turn.action.query) for turn in before[-1:] if isinstance(turn.action, Search)]
    stale = any(fault.name == "stale" for fault in env.rules.faults)
    return [(request.engine, request.action.query)] + [
        (env.engines[name], query) for name, query in earlier if stale and name in env.engines
    ]


def _as_recorded(env: SearchEnv, sources: Sequence[tuple[Engine, str]], turn: Turn, step: Step) -> list[Hit] | None:
    """The recorded list as hits, None where it is more than nearly equal scores in another order.

    An empty list has no order: where a fault emptied it, what was said about that is part of the observation.
    """
    if not step.doc_ids or not len(set(step.doc_ids)) == len(step.doc_ids) == len(step.scores) == len(turn.docs):
        return None
    positions = {document.id: position for position, document in enumerate(env.trace.corpus.documents)}
    own = [hit for engine, query in sources for hit in engine.search([query], TOPK_LIMIT + _DEEPER)[0]]
    listed = []
    for rank, (name, score) in enumerate(zip(step.doc_ids, step.scores, strict=True)):
        hit = Hit(positions.get(name, -1), score)
        here = [turn.scores[rank]] if hit.index == turn.docs[rank] else [h.score for h in own if h.index == hit.index]
        if not _near(score, turn.scores[rank]) or not any(_near(score, other) for other in here):
            return None
        listed.append(hit)
    return listed


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= DRIFT + 1e-9  # both are whole ten-thousandths, which binary fractions miss by a hair


def _difference(env: SearchEnv, turn: Turn, step: Step) -> str:
    """In what a step differs from its replay, "" for nothing."""
    documents = env.trace.corpus.documents
    if turn.raw != step.action:
        return "the action holds what no environment takes"
    if (shown := tuple(documents[position].id for position in turn.docs)) != step.doc_ids:
        return f"doc_ids are {_few(step.doc_ids)}, replay gives {_few(shown)}"
    if turn.scores != step.scores:
        return f"scores are {_few(step.scores)}, replay gives {_few(turn.scores)}"
    if hashlib.sha256(turn.observation.encode("utf-8", "surrogatepass")).hexdigest() != step.obs_sha256:
        return "obs_sha256 is of another observation than replay gives"
    return ""


def _few(values: Sequence[object]) -> str:
    """A list in a message: its first values."""
    return plain(f"[{', '.join(map(str, values[:10]))}{', ...' if len(values) > 10 else ''}]")


def _check_end(env: SearchEnv, episode: Episode) -> None:
    """Compare what an episode came to; one that failed earned nothing, wherever it stopped.

    Raises:
        Differs: a field is not what replay gives, or an episode that did not fail has not ended.
    """
    trace = env.trace
    failed = episode.status == "error"
    ends = {"answer": trace.answer, "reward": 0.0 if failed else trace.reward}
    ends |= {"terminated": trace.terminated, "truncated": trace.truncated}
    for name, value in ends.items():
        if (said := getattr(episode, name)) != value:
            raise Differs(f": {name} is {plain(repr(said))}, replay gives {plain(repr(value))}")
    if not failed and not env.simulation.over:
        raise Differs(f": status is 'ok', but the episode has not ended after {len(episode.steps)} steps")
